"""One request and its answer, as the server hands them over (ASGI 3, HTTP).

Headers are kept as bytes; a header that decides something and comes twice is refused, because two
readers of the same request could each take another one.
"""

import re
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterable, MutableMapping
from typing import Any, Protocol, TypeAlias

from lmproxy.api.dialect import Dialect
from lmproxy.api.openai_dialect import OPENAI
from lmproxy.api.policy import HttpPolicy
from lmproxy.call import Arrival
from lmproxy.errors import (
    ClientGone,
    InvalidRequest,
    NotAllowed,
    RequestTimeout,
    TooLarge,
    UnsupportedContent,
    WrongHost,
)

Message: TypeAlias = MutableMapping[str, Any]
Receive: TypeAlias = Callable[[], Awaitable[Message]]
Send: TypeAlias = Callable[[Message], Awaitable[None]]
Header: TypeAlias = tuple[bytes, bytes]

REQUEST_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")
DRAINED_BYTES = 64 * 1024
"""An unread body up to this size is skipped by the server; a larger one ends the connection."""

CLIENT_EXTENSION = "oai_proxy.client"
"""The ASGI extension under which our own server hands over a `Client`."""


class Client(Protocol):
    """The client's connection, as far as one request has to do with it."""

    @property
    def is_late(self) -> bool:
        """Whether the body did not come in time; who waits for it is woken by an empty piece."""

    def on_leaving(self, tell: Callable[[bool], None] | None) -> None:
        """Call `tell` once when the client leaves, at once if it has; `None`: call nobody.

        Its argument: whether the client was cut off because it took nothing more.
        """

    def cut(self) -> None:
        """End the connection in the middle of an answer, so that nobody takes it for a whole."""


class Exchange:
    """What one request says, and the means to answer it."""

    def __init__(self, scope: Message, receive: Receive, send: Send, policy: HttpPolicy) -> None:
        """`scope`, `receive` and `send` are ASGI's."""
        self.method: str = scope["method"]
        self.path_params: dict[str, str] = scope.get("path_params", {})
        self.path: str = scope["path"]
        self.query: bytes = scope.get("query_string", b"")
        self.receive = receive
        self.send = send
        self.policy = policy
        self.dialect: Dialect = OPENAI
        """In which the client is answered."""
        self.client: Client | None = scope.get("extensions", {}).get(CLIENT_EXTENSION)
        """`None` under another server than ours."""
        self.last_events = b""
        """The block of a streamed answer's events that went out last."""
        self._raw: list[Header] = scope["headers"]
        self.headers: dict[bytes, bytes] = dict(self._raw)
        self._peer: str | None = scope["client"][0] if scope.get("client") else None
        self._body_read = False
        self._sent: list[Header] | None = None

    @property
    def started(self) -> bool:
        """Whether the status line is out."""
        return self._sent is not None

    @property
    def streams_events(self) -> bool:
        """Whether what follows the status line is an event stream."""
        return dict(self._sent or ()).get(b"content-type", b"").startswith(b"text/event-stream")

    def arrival(self, operation: str) -> Arrival:
        """The request as it is known before anything is checked."""
        agent = self.headers.get(b"user-agent")
        return Arrival(
            dialect=self.dialect.name,
            operation=operation,
            method=self.method,
            path=self.path,
            address=self.policy.address(self._peer, self._all(b"x-forwarded-for")),
            user_agent=agent.decode("latin-1") if agent else None,
            client_request_id=self.client_request_id,
        )

    @property
    def client_request_id(self) -> str | None:
        """The client's `x-request-id`, if it can be sent back as it is."""
        value = self.text(b"x-request-id")
        return value if value and REQUEST_ID.fullmatch(value) else None

    def text(self, name: bytes) -> str | None:
        """A header as text, `None` if it is not there."""
        value = self.headers.get(name)
        return None if value is None else value.decode("latin-1")

    def going_on(self, names: Iterable[bytes]) -> tuple[tuple[str, str], ...]:
        """Those of the client's headers, for a provider; one of several lines as one."""
        if self.headers.keys().isdisjoint(names):
            return ()
        return tuple(
            (name.decode(), b", ".join(self._all(name)).decode("latin-1"))
            for name in names
            if self.headers.get(name)
        )

    def _all(self, name: bytes) -> list[bytes]:
        """Every value of a header, in order; for the few that may come in several lines."""
        return [value for key, value in self._raw if key == name] if name in self.headers else []

    def check_headers(self) -> None:
        """Refuse a wrong host and headers that could be read two ways.

        Raises:
            WrongHost: `Host` is none of `allowed_hosts`.
            NotAllowed: a page asks that may not.
            InvalidRequest: two Hosts, or one credential header twice, even with the same in it.
            UnsupportedContent: two content types or two content encodings.
        """
        self._check_place()
        if len(self.headers) == len(self._raw):
            return
        names = [name for name, _ in self._raw]
        if names.count(b"host") > 1:
            raise InvalidRequest("The request carries two Host headers.")
        if any(names.count(name) > 1 for name in (b"authorization", b"x-api-key", b"api-key")):
            raise InvalidRequest(
                "The request carries the same credential header twice.",
                code="ambiguous_credentials",
            )
        for name, what in ((b"content-type", "types"), (b"content-encoding", "encodings")):
            if names.count(name) > 1:
                raise UnsupportedContent(f"The request carries two content {what}.")

    def _check_place(self) -> None:
        policy = self.policy
        if not policy.serves(self.text(b"host") or ""):
            hint = " It needs [server] allowed_hosts." if policy.anybody else ""
            raise WrongHost(f"This host name is not served here.{hint}")
        if b"origin" in self.headers and not policy.hears(self.text(b"origin") or ""):
            raise NotAllowed(
                "Pages of this origin may not ask a proxy that asks for no key. "
                "Whoever runs it may name the origin in [server] allowed_origins.",
                code="origin_not_allowed",
            )

    async def body(self) -> bytes:
        """The whole body.

        Raises:
            TooLarge: it passed the limit; the rest is not read.
            RequestTimeout: it did not come in time.
            ClientGone: the client left before its end.
        """
        limit = self.policy.max_body_bytes
        self._check_declared(limit)
        pieces, size = [], 0
        while True:
            message = await self.receive()
            if message["type"] == "http.disconnect":
                raise ClientGone
            pieces.append(message.get("body", b""))
            size += len(pieces[-1])
            if size > limit:
                raise _too_large(limit)
            if not message.get("more_body", False):
                self._body_read = True
                return pieces[0] if len(pieces) == 1 else b"".join(pieces)
            self._check_in_time()

    async def pieces(self, limit: int) -> AsyncGenerator[bytes, None]:
        """The body as it arrives, none of it kept here; raises as `body` does."""
        self._check_declared(limit)
        size, more = 0, True
        while more:
            message = await self.receive()
            if message["type"] == "http.disconnect":
                raise ClientGone
            piece = message.get("body", b"")
            size += len(piece)
            if size > limit:
                raise _too_large(limit)
            more = message.get("more_body", False)
            if more:
                self._check_in_time()
            yield piece
        self._body_read = True

    def _check_in_time(self) -> None:
        if self.client is not None and self.client.is_late:
            raise RequestTimeout("The request's body did not come in time. Send it again.")

    def _check_declared(self, limit: int) -> None:
        declared = self.headers.get(b"content-length", b"0")
        if declared.isdigit() and int(declared[:20]) > limit:
            raise _too_large(limit)

    async def send_whole(self, status: int, headers: Iterable[Header], body: bytes) -> None:
        """Send a complete answer."""
        length = (b"content-length", str(len(body)).encode())
        await self.send_start(status, (*headers, length, *self._farewell()))
        await self.send({"type": "http.response.body", "body": body})

    async def send_start(self, status: int, headers: Iterable[Header]) -> None:
        """Send the status line and headers, at the latest with what has to follow at once."""
        self._sent = [*headers]
        await self.send({"type": "http.response.start", "status": status, "headers": self._sent})

    async def send_piece(self, piece: bytes) -> None:
        """Send a part of the body; more follows."""
        await self.send({"type": "http.response.body", "body": piece, "more_body": True})

    async def send_end(self) -> None:
        """End the body."""
        await self.send({"type": "http.response.body", "body": b""})

    def cut(self) -> None:
        """End an answer that cannot be completed where its form has no word for that.

        Under another server than ours it is for the server to do, when the application returns.
        """
        if self.client is not None:
            self.client.cut()

    def _farewell(self) -> tuple[Header, ...]:
        """Close the connection rather than read a large body that nobody wants."""
        if self._body_read or self.method in ("GET", "HEAD"):
            return ()
        declared = self.headers.get(b"content-length", b"")
        chunked = b"transfer-encoding" in self.headers
        late = self.client is not None and self.client.is_late
        small = (
            not late and not chunked and (not declared or int(declared[:20] or 0) <= DRAINED_BYTES)
        )
        return () if small else ((b"connection", b"close"),)


def _too_large(limit: int) -> TooLarge:
    return TooLarge(f"The request body is larger than the {limit} bytes allowed here.")
