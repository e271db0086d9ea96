"""HTTP over a bare socket, for what no client library would send."""

import socket
from types import TracebackType
from typing import BinaryIO, Self

import httpx

from tests.harness.proxy import Proxy

TIMEOUT_S = 10
PIECE_BYTES = 64 * 1024


class Raw:
    """One TCP connection to a proxy. `with Raw(proxy) as raw`."""

    def __init__(self, proxy: Proxy, source: str = "127.0.0.1") -> None:
        """`source` is the loopback address that the proxy is to see."""
        self._socket = socket.create_connection(("127.0.0.1", proxy.port), TIMEOUT_S, (source, 0))
        self._file: BinaryIO = self._socket.makefile("rb")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._file.close()
        self._socket.close()

    def send(self, data: bytes) -> None:
        """Send bytes as they are; all of them, or `ConnectionError`."""
        self._socket.sendall(data)

    def send_while_taken(self, piece: bytes, most_bytes: int) -> int:
        """Send `piece` again and again until the proxy closes; how many bytes it took.

        The bytes that only the kernels hold are among them. Ends at `most_bytes`.
        """
        sent = 0
        try:
            while sent < most_bytes:
                sent += self._socket.send(piece)
        except ConnectionError:
            pass
        return sent

    def ask(self, method: str, path: str, *headers: bytes, body: bytes = b"") -> httpx.Response:
        """Send a request with these header lines, its length added, and return its answer."""
        self.send(request(method, path, *headers, b"Content-Length: %d" % len(body)) + body)
        return self.answer()

    def answer(self) -> httpx.Response:
        """The next answer, whole."""
        status_line = self._file.readline()
        assert status_line.startswith(b"HTTP/1.1 "), f"no answer but {status_line!r}"
        headers = list(self._headers())
        answer = httpx.Response(int(status_line.split()[1]), headers=headers)
        return httpx.Response(answer.status_code, headers=headers, content=self._body(answer))

    def is_closed(self) -> bool:
        """Whether the proxy has ended the connection; waits for it."""
        try:
            return self._file.read(1) == b""
        except ConnectionError:
            return True
        except TimeoutError:
            return False

    def _headers(self) -> list[tuple[bytes, bytes]]:
        headers = []
        while (line := self._file.readline().rstrip(b"\r\n")) != b"":
            name, _, value = line.partition(b":")
            headers.append((name, value.strip()))
        return headers

    def _body(self, answer: httpx.Response) -> bytes:
        if answer.headers.get("transfer-encoding") != "chunked":
            return self._file.read(int(answer.headers.get("content-length", "0")))
        pieces = []
        while size := int(self._file.readline(), 16):
            pieces.append(self._file.read(size))
            self._file.readline()
        self._file.readline()
        return b"".join(pieces)


def request(method: str, path: str, *headers: bytes) -> bytes:
    """The head of a request."""
    first = f"{method} {path} HTTP/1.1".encode()
    return b"\r\n".join([first, b"Host: 127.0.0.1", *headers, b"", b""])
