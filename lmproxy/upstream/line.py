"""Is anybody at the other end? The connection an answer arrives on: its silence and its loss.

What the HTTP client leaves to its user.
"""

import asyncio

import aiohttp
from aiohttp.client_proto import ResponseHandler

from lmproxy.upstream.posting import Answer


class Line:
    """The connection of one answer, until `let_go`."""

    def __init__(self, response: Answer | aiohttp.ClientResponse) -> None:
        """Watches for the loss of the connection, if the answer is not complete already.

        aiohttp 3.14 forgets whoever reads an answer when its chunked coding turns out to be
        garbled: that read would wait for ever, for the timeout of reads is switched off as well.
        """
        self._response = response
        protocol = self._protocol
        self._lost = protocol.closed if protocol is not None else None
        if self._lost is not None:
            self._lost.remove_done_callback(_hear)  # A connection serves many answers: once each.
            self._lost.add_done_callback(_hear)
            self._lost.add_done_callback(self._fail)

    @property
    def _protocol(self) -> ResponseHandler | None:
        """`None` once the answer has arrived whole; the connection may serve another by then."""
        connection = self._response.connection
        return None if connection is None else connection.protocol

    def limit_silence(self, limit_s: float) -> None:
        """From now on, no read of this answer may wait longer than `limit_s`."""
        protocol = self._protocol
        if protocol is not None:
            protocol.read_timeout = limit_s
            protocol.start_timeout()

    def let_go(self) -> None:
        """Give the connection back, or cut it if the answer is not complete. Twice is once."""
        if self._lost is not None:
            self._lost.remove_done_callback(self._fail)
        self._response.close()

    def _fail(self, _: asyncio.Future[None]) -> None:
        content = self._response.content
        if content.exception() is None and not content.is_eof():
            content.set_exception(aiohttp.ClientPayloadError("the connection was lost"))


def _hear(lost: asyncio.Future[None]) -> None:
    """Take the error of a lost connection; the loop reports one that nobody took."""
    if not lost.cancelled():
        lost.exception()
