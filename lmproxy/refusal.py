"""How does a handler of the operator's say no? With the exception that lm-proxy's handlers raised.

`from lmproxy import OpenAIHTTPException`. It is answered in the client's dialect.
"""

import re
from collections.abc import Mapping

from lmproxy.errors import Refused

HEADER = re.compile(r"retry-after|x-[a-z0-9-]{1,60}")
OURS = ("x-oai-proxy-", "x-request-id")
LONGEST_HEADER = 1024


class Unsayable(ValueError):
    """What cannot be answered to a client. Its text names no value, so that it can be logged."""


class OpenAIHTTPException(Refused):
    """Raised by a handler, refuses the request.

    Attributes:
        headers: name, lower-case, and value of what is sent along.
    """

    def __init__(
        self,
        message: str,
        status_code: int = 400,
        error_type: str = "invalid_request_error",
        code: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        """Say what the client is told.

        Args:
            message: in the operator's words; it goes to the client as it is.
            status_code: 400 to 599.
            error_type: the `type` of OpenAI's error object. Anthropic's follows the status.
            code: for programs; `None` for none.
            headers: `Retry-After` and those that begin with `X-`.

        Raises:
            Unsayable: the status is no error, or a header is none of these.
        """
        if not 400 <= int(status_code) <= 599:
            raise Unsayable("the status_code of a refusal has to be one from 400 to 599")
        super().__init__(_sayable(message))
        self.status = int(status_code)
        self.kind = _sayable(error_type)
        self.code = None if code is None else _sayable(code)
        self.headers = tuple(dict(map(_header, (headers or {}).items())).items())

    @property
    def status_code(self) -> int:
        """`status`, in lm-proxy's word."""
        return self.status


def _sayable(text: object) -> str:
    """As UTF-8 can say it: half a surrogate becomes `?`."""
    return str(text).encode("utf-8", "replace").decode()


def _header(given: tuple[str, str]) -> tuple[bytes, bytes]:
    name, value = str(given[0]).lower(), str(given[1])
    if not HEADER.fullmatch(name) or name.startswith(OURS):
        raise Unsayable("a refusal's headers are Retry-After and X-..., but none of the proxy's")
    if not (value.isascii() and value.isprintable() and len(value) <= LONGEST_HEADER):
        raise Unsayable(f"the value of a refusal's header {name} cannot be sent")
    return name.encode(), value.encode()
