"""How much may a request bring before anybody has looked at it? A head of bounded size.

uvicorn keeps every header until the last one is there, whoever sends them. Bytes are counted here
only while a head is awaited; a request that comes in one piece costs a comparison.
"""

from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol

from lmproxy import logs
from lmproxy.api.dialect import error_headers
from lmproxy.api.openai_dialect import OPENAI
from lmproxy.errors import InvalidRequest, Refused, TooLarge
from lmproxy.gateway import new_request_id

log = logs.get(__name__)

MOST_HEAD_BYTES = 32 * 1024
MOST_HEADERS = 100
MOST_TARGET_BYTES = 8 * 1024

HEAD, BODY, WHOLE = range(3)
"""What is awaited: the end of a head, the end of a body, or nothing."""


class Receiving(HttpToolsProtocol):
    """One connection of a client, as far as requests come in on it."""

    url = b""
    _refusal: Refused | None = None
    _phase = HEAD
    _head_bytes = 0
    """Of the head that is awaited, or after a body's last piece: of its trailers."""
    _body_came = False

    def data_received(self, data: bytes) -> None:
        """Read on, no more of a head than may be kept."""
        if self._phase == WHOLE:
            self._phase, self._head_bytes = HEAD, 0
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
        self._phase = BODY

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
