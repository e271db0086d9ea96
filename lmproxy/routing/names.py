"""Which texts are model names? Checked before routing, because names reach logs, headers and URLs.

ASCII only, so that no two names look alike; no `..`, `//` or trailing `/`, so that no name climbs
a URL's path; nothing that a wildcard pattern gives a meaning to.
"""

import re
from functools import lru_cache

from lmproxy.errors import InvalidRequest

LONGEST = 128
WELL_FORMED = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:@+/-]{0,127}")


def is_model_name(name: str) -> bool:
    """Whether `name` may be routed."""
    return len(name) <= LONGEST and _is_well_formed(name)


@lru_cache(maxsize=4096)
def _is_well_formed(name: str) -> bool:
    return (
        WELL_FORMED.fullmatch(name) is not None
        and ".." not in name
        and "//" not in name
        and not name.endswith("/")
    )


def check_model_name(name: str) -> None:
    """Raise `InvalidRequest` (400 `invalid_model_name`) unless `name` may be routed."""
    if not is_model_name(name):
        raise InvalidRequest(
            "This is not a model name. Names have 1 to 128 characters: letters, digits and . _ : @ "
            "+ / -, starting with a letter or digit, without '..', '//' or a '/' at the end.",
            code="invalid_model_name",
            param="model",
        )
