"""A client on a bare socket that can leave in every way there is."""

import json
import socket
import struct
import time
from typing import Any, Self

from tests.conftest import TEAM_KEY, chat
from tests.harness.proxy import Proxy
from tests.harness.raw import request

TIMEOUT_S = 10
PIECE_BYTES = 64 * 1024
RST = struct.pack("ii", 1, 0)
"""Linger, for no time: closing resets the connection."""


class Leaver:
    """One chat request. `with Leaver(proxy, model) as client`."""

    def __init__(
        self,
        proxy: Proxy,
        model: str,
        *,
        stream: bool = False,
        path: str = "/v1/chat/completions",
        body: dict[str, Any] | None = None,
    ) -> None:
        """Connects; `x-request-id` is the model's name, so that the record can be found.

        `body` is of a request other than chat, at `path`.
        """
        self._socket = socket.create_connection(("127.0.0.1", proxy.port), TIMEOUT_S)
        document = chat(model, stream=stream) if body is None else {"model": model, **body}
        self._body = json.dumps(document).encode()
        self._path = path
        self.request_id = model.replace("/", "-")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._socket.close()

    def ask(self, length: int | None = None) -> None:
        """Send the request; announce a body of `length` bytes instead of its own."""
        head = request(
            "POST",
            self._path,
            b"Content-Type: application/json",
            f"Authorization: Bearer {TEAM_KEY}".encode(),
            f"x-request-id: {self.request_id}".encode(),
            f"Content-Length: {length or len(self._body)}".encode(),
        )
        self._socket.sendall(head + self._body)

    def read_until(self, text: bytes) -> bytes:
        """What came, as soon as `text` is in it."""
        heard = b""
        while text not in heard:
            piece = self._socket.recv(PIECE_BYTES)
            assert piece, heard
            heard += piece
        return heard

    def leave(self) -> float:
        """Close (FIN), and return the moment."""
        self._socket.close()
        return time.monotonic()

    def reset(self) -> float:
        """Close with RST, and return the moment."""
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RST)
        return self.leave()

    def half_close(self) -> float:
        """Say that nothing more will be sent, and return the moment."""
        self._socket.shutdown(socket.SHUT_WR)
        return time.monotonic()

    def read_to_end(self) -> bytes:
        return b"".join(iter(lambda: self._socket.recv(PIECE_BYTES), b""))
