"""How much may a request bring, and how long may it take, before anybody has looked at it?

uvicorn keeps every header until the last one is there, whoever sends them, and waits for ever.
Bytes are counted here only while a head is awaited, and a connection has one timer, which looks
from time to time at what it waits for: a request that comes in one piece costs a comparison.
"""

import asyncio
from typing import Any

import uvicorn
from uvicorn.protocols.http.httptools_impl import (
    STATUS_LINE,
    HttpToolsProtocol,
    RequestResponseCycle,
)
from uvicorn.server import ServerState

from lmproxy import logs
from lmproxy.api.dialect import error_headers
from lmproxy.api.openai_dialect import OPENAI
from lmproxy.config.schema import Server
from lmproxy.errors import InvalidRequest, Refused, RequestTimeout, TooLarge
from lmproxy.gateway import new_request_id

log = logs.get(__name__)

MOST_HEAD_BYTES = 32 * 1024
MOST_HEADERS = 100
MOST_TARGET_BYTES = 8 * 1024

HEAD, BODY, WHOLE = range(3)
"""What is awaited: the end of a head, the end of a body, or nothing."""


class Config(uvicorn.Config):
    """uvicorn's, and ours."""

    bounds = Server()


class Receiving(HttpToolsProtocol):
    """One connection of a client, as far as requests come in on it."""

    late: RequestResponseCycle | None = None
    """The request whose body did not come in time."""
    url = b""
    _refusal: Refused | None = None
    _phase = HEAD
    _head_bytes = 0
    """Of the head that is awaited, or after a body's last piece: of its trailers."""
    _body_came = False

    def __init__(
        self,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        """As uvicorn calls it."""
        super().__init__(config, server_state, app_state, _loop)
        self._bounds = config.bounds
        self._look_s = min(self._bounds.request_head_s, self._bounds.request_body_s)
        self._since: float | None = None
        self._body_bytes = 0

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """A client is there, and has to say something."""
        super().connection_made(transport)
        self._since = self.loop.time()
        self._timer = self.loop.call_later(self._look_s, self._look)

    def connection_lost(self, exc: Exception | None) -> None:
        """There is nobody to wait for."""
        super().connection_lost(exc)
        self._timer.cancel()

    def data_received(self, data: bytes) -> None:
        """Read on, no more of a head than may be kept."""
        if self._phase == WHOLE:
            self._phase, self._head_bytes, self._since = HEAD, 0, None
        if self._phase == HEAD and self._head_bytes + len(data) > MOST_HEAD_BYTES:
            self._read_large(data)
        else:
            self._read(data)

    def _read(self, data: bytes) -> None:
        self._body_came = False
        super().data_received(data)
        if self._phase != WHOLE:
            self._count(data)

    def _count(self, data: bytes) -> None:
        if self._since is None:
            self._since, self._body_bytes = self.loop.time(), 0
        self._body_bytes += len(data)
        self._head_bytes = 0 if self._body_came else self._head_bytes + len(data)
        if self._phase == BODY and self._head_bytes > MOST_HEAD_BYTES:
            self._refuse(_too_large(b""))

    def _read_large(self, data: bytes) -> None:
        """Read what may hold too large a head, or a head and much of a body."""
        room = MOST_HEAD_BYTES - self._head_bytes
        self._read(data[:room])
        if self.transport.is_closing():
            return
        if self._phase == HEAD:
            self._refuse(_too_large(self.url))
        else:
            self.data_received(data[room:])

    def on_headers_complete(self) -> None:
        """Judge a head before anything is made of it."""
        if len(self.headers) > MOST_HEADERS or len(self.url) > MOST_TARGET_BYTES:
            self._refusal = _too_large(self.url)
            raise ValueError  # So that the parser stops: uvicorn calls `send_400_response`.
        super().on_headers_complete()
        self._phase, self._since = BODY, None

    def on_body(self, body: bytes) -> None:
        """A part of a body: what came is no head and no trailer."""
        self._body_came = True
        super().on_body(body)

    def on_message_complete(self) -> None:
        """A request is there."""
        super().on_message_complete()
        self._phase = WHOLE

    def send_400_response(self, msg: str) -> None:
        """Refuse what cannot be read, in the words of every other refusal."""
        self._refuse(self._refusal or InvalidRequest(msg))

    def close(self) -> None:
        """Close the connection when the client has taken what was sent."""
        self.transport.close()

    @property
    def _is_amid_an_answer(self) -> bool:
        """Whether part of an answer is out; with requests in line behind it, for all we know."""
        cycle = self.cycle
        begun = bool(cycle) and cycle.response_started and not cycle.response_complete
        return begun or bool(self.pipeline)

    def _look(self) -> None:
        """Judge whether what is awaited is late; look again when it would be, or after a while."""
        if self.transport.is_closing():
            return
        left_s = self._left_s()
        if left_s <= 0:
            self._end_waiting()
            left_s = self._look_s
        self._timer = self.loop.call_later(min(left_s, self._look_s), self._look)

    def _left_s(self) -> float:
        """How long what is awaited may still take."""
        now, bounds = self.loop.time(), self._bounds
        if self._phase == WHOLE or self._since is None:
            return self._look_s
        if self._is_not_waiting():
            self._since, self._body_bytes = now, 0
        if self._phase == HEAD:
            return self._since + bounds.request_head_s - now
        earned_s = self._body_bytes / bounds.request_body_bytes_per_s
        return self._since + bounds.request_body_s + earned_s - now

    def _is_not_waiting(self) -> bool:
        """Whether it is for us to go on: to read, or to answer what came before."""
        cycle = self.cycle
        under_way = self._phase == HEAD and bool(cycle) and not cycle.response_complete
        return under_way or self.flow.read_paused or self._is_amid_an_answer

    def _end_waiting(self) -> None:
        if self._phase == BODY and not self.cycle.response_complete:
            self.late = self.cycle  # The application hears of it where it reads on.
            self.cycle.message_event.set()
        elif self._phase == HEAD and self._head_bytes:
            self._refuse(RequestTimeout("The request's head did not come in time."))
        else:
            self.close()

    def _refuse(self, error: Refused) -> None:
        """Answer with an error and close; in the midst of another answer only close."""
        request_id = new_request_id()
        address = self.client[0] if self.client else None
        log.info("refused a connection", code=error.code, address=address, id=request_id)
        if not self._is_amid_an_answer:
            self.transport.write(_answer(error, request_id))
        self.close()


def _answer(error: Refused, request_id: str) -> bytes:
    body = OPENAI.error(error, request_id)
    headers = (
        *error_headers(error),
        (b"content-length", b"%d" % len(body)),
        (b"connection", b"close"),
        *((name, request_id.encode()) for name in OPENAI.id_headers),
    )
    lines = (b"%b: %b\r\n" % header for header in headers)
    return b"".join((STATUS_LINE[error.status], *lines, b"\r\n", body))


def _too_large(target: bytes) -> TooLarge:
    if len(target) > MOST_TARGET_BYTES:
        error = TooLarge(
            f"The request's address is longer than {MOST_TARGET_BYTES} bytes.", code="uri_too_long"
        )
        error.status = 414
    else:
        error = TooLarge(
            f"The request's headers are larger than {MOST_HEAD_BYTES} bytes, or more than "
            f"{MOST_HEADERS}.",
            code="headers_too_large",
        )
        error.status = 431
    return error
