"""Is the peer still there? One TCP connection, and the moment its peer left."""

import asyncio
import socket
import struct
from collections.abc import Callable

from tests.provider.wire import MAX_HEAD_BYTES

_LINGER_ZERO = struct.pack("ii", 1, 0)


class Connection(asyncio.StreamReaderProtocol):
    """A stream with an event for its end.

    `gone` is set as soon as the peer sends FIN or RST, whether or not anybody is reading; and also
    when this side has closed, in which case `closed_here` is true. `lost` is set once the socket is
    closed.
    """

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    def __init__(
        self, opened: Callable[["Connection"], None], ended: Callable[["Connection"], None]
    ) -> None:
        self.gone = asyncio.Event()
        self.lost = asyncio.Event()
        self.closed_here = False
        self._opened = opened
        self._ended = ended
        super().__init__(asyncio.StreamReader(limit=MAX_HEAD_BYTES), self._connected)

    def eof_received(self) -> bool | None:
        self._end()
        return super().eof_received()

    def connection_lost(self, exc: Exception | None) -> None:
        self._end()
        super().connection_lost(exc)
        self.lost.set()

    def close(self) -> None:
        """End with FIN, after what has been written."""
        self.closed_here = True
        self.writer.close()

    def reset(self) -> None:
        """End with RST; what the kernel has not yet sent is dropped."""
        self.closed_here = True
        transport = self.writer.transport
        raw_socket = transport.get_extra_info("socket")
        if raw_socket is not None and raw_socket.fileno() >= 0:  # Else it is closed already.
            raw_socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _LINGER_ZERO)
        transport.abort()

    def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer
        self._opened(self)

    def _end(self) -> None:
        if not self.gone.is_set():
            self.gone.set()
            self._ended(self)
