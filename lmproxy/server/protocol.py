"""HTTP/1.1 as uvicorn speaks it, and what uvicorn leaves out.

- An application hears of a leaving client by a call instead of a task that waits for `receive`.
- A client that takes nothing more of its answer is cut off (`[server] client_stall_s`).
- An application can cut an answer that cannot be completed.
- An answer's head goes out with its first bytes: `outgoing`.
- Trailers never become headers.
- A request has its bounds while it comes in: `receiving`.
"""

import asyncio
import fcntl
import struct
import termios
from collections.abc import Callable
from typing import Any

from uvicorn.protocols.http.httptools_impl import RequestResponseCycle
from uvicorn.server import ServerState

from lmproxy.api.exchange import CLIENT_EXTENSION
from lmproxy.server.outgoing import Outgoing
from lmproxy.server.receiving import Config, Receiving

LEAST_BYTES_PER_S = 34
"""A client that takes less while more waits for it counts as one that takes nothing."""


class Protocol(Receiving):
    """One connection of a client."""

    def __init__(
        self,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        """As uvicorn calls it."""
        super().__init__(config, server_state, app_state, _loop)
        self._stall_s = config.bounds.client_stall_s
        self._stall_timer: asyncio.TimerHandle | None = None
        self._pending = 0
        self._stalled = False
        self._lost = False
        self._tell: Callable[[bool], None] | None = None

    def on_headers_complete(self) -> None:
        """Hand the headers over for good, and the connection with them.

        uvicorn appends a chunked body's trailers to the list that the request already holds, so a
        credential after the body would count (RFC 9110, 6.5.1 forbids that).
        """
        super().on_headers_complete()
        self.headers = []
        self.scope["extensions"] = {CLIENT_EXTENSION: _Client(self, self.cycle)}  # type: ignore[dict-item]
        self.cycle.send = Outgoing(self.cycle).send  # type: ignore[assignment, method-assign]

    def tell_of_leaving(self, tell: Callable[[bool], None] | None) -> None:
        """Call `tell` once when the client leaves, at once if it has left; `None`: no more."""
        self._tell = tell
        if self._lost:
            self._say_lost()

    def connection_lost(self, exc: Exception | None) -> None:
        """The client left, or we cut it off."""
        super().connection_lost(exc)
        self._lost = True
        self._stop_stall_timer()
        self._say_lost()

    def pause_writing(self) -> None:
        """More waits for the client than is held for it: from now on it has to take some."""
        super().pause_writing()
        self._expect_progress()

    def resume_writing(self) -> None:
        """The client took it."""
        super().resume_writing()
        self._stop_stall_timer()

    def on_response_complete(self) -> None:
        """An answer is out, as far as it is ours; where it is the last one, all of it in time."""
        super().on_response_complete()
        if self.transport.is_closing():
            self._expect_the_end()

    def timeout_keep_alive_handler(self) -> None:
        """Close an idle connection."""
        super().timeout_keep_alive_handler()
        self._expect_the_end()

    def close(self) -> None:
        """Close the connection when the client has taken what was sent."""
        self.transport.close()
        self._expect_the_end()

    def _expect_the_end(self) -> None:
        """Closing waits for the client to take what is left; not for ever."""
        if not self._lost:
            self._expect_progress()

    def _say_lost(self) -> None:
        tell, self._tell = self._tell, None
        if tell:
            tell(self._stalled)

    def _expect_progress(self) -> None:
        self._stop_stall_timer()
        self._pending = self._waiting_bytes()
        self._stall_timer = self.loop.call_later(self._stall_s, self._check_progress)

    def _check_progress(self) -> None:
        taken = self._pending - self._waiting_bytes()
        if taken >= self._stall_s * LEAST_BYTES_PER_S:
            self._expect_progress()
        else:
            self._stalled = True
            self.transport.abort()

    def _waiting_bytes(self) -> int:
        """What the client has not taken yet, of what is held here and by the kernel.

        The kernel alone may hold megabytes, and asks us for more only when a third of it is gone.
        """
        transport = self.transport
        descriptor = transport.get_extra_info("socket").fileno()
        try:
            held = struct.unpack("i", fcntl.ioctl(descriptor, termios.TIOCOUTQ, bytes(4)))[0]
        except OSError:  # Not on every system is this asked of sockets.
            held = 0
        return transport.get_write_buffer_size() + int(held)

    def _stop_stall_timer(self) -> None:
        if self._stall_timer is not None:
            self._stall_timer.cancel()
            self._stall_timer = None


class _Client:
    """The client of one request: `api.exchange.Client`."""

    __slots__ = ("_cycle", "_protocol")

    def __init__(self, protocol: Protocol, cycle: RequestResponseCycle) -> None:
        self._protocol = protocol
        self._cycle = cycle

    @property
    def is_late(self) -> bool:
        return self._protocol.late is self._cycle

    def on_leaving(self, tell: Callable[[bool], None] | None) -> None:
        self._protocol.tell_of_leaving(tell)

    def cut(self) -> None:
        self._protocol.tell_of_leaving(None)
        self._cycle.disconnected = True  # uvicorn would log an answer that was left incomplete.
        self._protocol.close()
