"""How does a client's API say what is no answer? An error, a sign of life, the end of a stream.

Each dialect is one of these, made in a file of its own, and an `Endpoint` carries it: nothing else
here knows which dialect a client speaks.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from lmproxy.call import Json
from lmproxy.errors import (
    InvalidKey,
    LaneNotAvailable,
    MethodNotAllowed,
    NoWebsocket,
    ProxyError,
    UpstreamAuthError,
)
from lmproxy.refusal import OpenAIHTTPException

LASTING = (InvalidKey, LaneNotAvailable, UpstreamAuthError)
"""Errors that are the same a minute later: somebody has to act first."""


@dataclass(frozen=True, slots=True)
class Dialect:
    """The words of one API.

    Attributes:
        name: the word for it in records.
        header: its clients send it, whatever they ask for; `None` if nothing tells them.
        status: an error's HTTP status.
        error: the body of an error. The text is the request's id, as the client hears it.
        error_event: an error as the last event of a stream, whose last block of events is given.
        ping: an event or comment that clients skip.
        model: an entry of the list of models in its form, made of OpenAI's.
        models: the list, or the page of it that a query asks for, made of OpenAI's entries.
        ends: whether a block of events that went out completes a stream.
        id_headers: headers in which its clients look for the request's id.
    """

    name: str
    header: bytes | None
    status: Callable[[ProxyError], int]
    error: Callable[[ProxyError, str], bytes]
    error_event: Callable[[ProxyError, str, bytes], bytes]
    ping: bytes
    ends: Callable[[bytes], bool]
    model: Callable[[Json], Json]
    models: Callable[[list[Json], Mapping[str, str]], Json]
    id_headers: tuple[bytes, ...] = (b"x-request-id",)


def error_headers(error: ProxyError) -> list[tuple[bytes, bytes]]:
    """Headers that go with an error: on 401, 405 and 426 those of RFC 9110, 15.5.

    Claude Code and the SDKs of OpenAI and Anthropic do what `x-should-retry` says.
    """
    headers = [(b"content-type", b"application/json")]
    if isinstance(error, InvalidKey):
        headers.append((b"www-authenticate", b"Bearer"))
    if isinstance(error, MethodNotAllowed):
        headers.append((b"allow", ", ".join(error.allowed).encode()))
    if isinstance(error, NoWebsocket):
        headers += ((b"upgrade", b"HTTP/1.1"), (b"connection", b"upgrade"))
    if isinstance(error, LASTING):
        headers.append((b"x-should-retry", b"false"))
    if isinstance(error, OpenAIHTTPException):
        headers += error.headers
    if error.retry_after_s is not None:
        headers.append((b"retry-after", str(error.retry_after_s).encode()))
    return headers
