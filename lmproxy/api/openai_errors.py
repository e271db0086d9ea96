"""How does OpenAI say that something went wrong? The error object of its API reference.

`{"error": {"message", "type", "param", "code"}}`, plain or as the data of a last event. What else a
provider put into its error object stands beside these four.
"""

import orjson

from lmproxy.api.exchange import Header
from lmproxy.errors import InvalidKey, MethodNotAllowed, ProxyError


def error_body(error: ProxyError) -> bytes:
    """The error object as JSON."""
    fields = {
        **error.details,
        "message": error.message,
        "type": error.kind,
        "param": error.param,
        "code": error.code,
    }
    return orjson.dumps({"error": fields})


def error_event(error: ProxyError) -> bytes:
    """The error object as a server-sent event."""
    return b"data: " + error_body(error) + b"\n\n"


def error_headers(error: ProxyError) -> list[Header]:
    """Headers that go with an error: on 401 and 405 those of RFC 9110, 15.5.2 and 15.5.6."""
    headers: list[Header] = [(b"content-type", b"application/json")]
    if isinstance(error, InvalidKey):
        headers.append((b"www-authenticate", b"Bearer"))
    if isinstance(error, MethodNotAllowed):
        headers.append((b"allow", ", ".join(error.allowed).encode()))
    if error.retry_after_s is not None:
        headers.append((b"retry-after", str(error.retry_after_s).encode()))
    return headers
