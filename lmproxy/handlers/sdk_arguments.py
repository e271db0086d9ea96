"""What of `llm_params` is no field of the request? What handlers tell the SDK of OpenAI beside it.

lm-proxy's gave it `extra_headers` and `extra_body`, and had no prompt in `llm_params`: a handler
may leave another table there, with no more than the fields that it knows.
"""

from typing import Any

from lmproxy.call import Json
from lmproxy.config.values import HEADER_NAME
from lmproxy.handlers.headers_forwarder import BEGINNINGS, FRAMING

HEADERS, BODY = "extra_headers", "extra_body"
ARGUMENTS = (HEADERS, BODY)
"""Of clients they are fields that no provider has: no handler sees them."""
KEPT = ("messages", "input", "prompt", "stream")
"""Fields that stay if handlers left none of the name: what is asked, and how."""
CREDENTIALS = {"authorization", "api-key", "cookie", "x-api-key"}
LONGEST_VALUE = 8192


class Unsendable(ValueError):
    """A handler left what cannot go on. Its text names no value, so that it can be logged."""


def fields_of(before: Json, after: Json) -> Json:
    """The request's fields that handlers left in `after`; `before` is what they were given.

    Raises:
        Unsendable: `extra_body` is no table.
    """
    more = after.get(BODY)
    if more is not None and not isinstance(more, dict):
        raise Unsendable(f"a handler left an {BODY} that is no table")
    kept = {name: before[name] for name in KEPT if name in before}
    said = {name: value for name, value in after.items() if name not in ARGUMENTS}
    return {**kept, **said, **(more or {})}


def headers_of(after: Json) -> tuple[tuple[str, str], ...]:
    """What goes on beside the request, with lower-case names.

    Raises:
        Unsendable: one is a credential or frames the request, or cannot be written.
    """
    given = after.get(HEADERS)
    if given is not None and not isinstance(given, dict):
        raise Unsendable(f"a handler left {HEADERS} that are no table")
    return tuple(_header(*item) for item in (given or {}).items() if item[1] is not None)


def _header(name: Any, value: Any) -> tuple[str, str]:
    known, text = str(name).lower(), str(value)
    ours = known in FRAMING | CREDENTIALS or known.startswith(BEGINNINGS)
    if ours or not HEADER_NAME.fullmatch(known):
        raise Unsendable(f"a handler left a header that never goes on: {known[:64]!a}")
    if not (text.isascii() and text.isprintable() and len(text) <= LONGEST_VALUE):
        raise Unsendable(f"the value of a handler's header {known} cannot be sent")
    return known, text
