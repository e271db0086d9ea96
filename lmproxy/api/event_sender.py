"""A streamed answer to the client: events as they come, comments in the silences.

The status line waits for the provider's first event, so that a refusal still has its own status;
but no longer than `stream_head_wait_s`, because idle hops give up. From then on the dialect's ping
goes out after every `ping_interval_s` of silence. What is written ends between two events, so it
fits in anywhere. One timer per stream, moved on lazily: an event costs no timer.
"""

import asyncio
from collections.abc import Callable
from types import TracebackType

from lmproxy.api.exchange import Exchange, Header
from lmproxy.call import EVENTS, Reply
from lmproxy.tasks import spawn

UNBUFFERED: tuple[Header, ...] = ((b"cache-control", b"no-cache"), (b"x-accel-buffering", b"no"))
"""Tell reverse proxies to pass events on as they come; the second is nginx's."""


class EventSender:
    """One event stream. `with` ends its timer."""

    def __init__(self, exchange: Exchange, headers: Callable[[], list[Header]]) -> None:
        """`headers` gives our own headers once they are needed, for the route is known late."""
        self._exchange = exchange
        self._headers = headers
        self._loop = asyncio.get_running_loop()
        self._quiet_since = self._loop.time()
        self._pinging: asyncio.Task[None] | None = None

    @property
    def started(self) -> bool:
        """Whether the status line is out."""
        return self._exchange.started

    @property
    def has_content(self) -> bool:
        """Whether an event is out."""
        return bool(self._exchange.last_events)

    @property
    def is_done(self) -> bool:
        """Whether the stream's own end is out: the client has everything."""
        return self._exchange.dialect.ends(self._exchange.last_events)

    def __enter__(self) -> "EventSender":
        self._arm(self._exchange.policy.stream_head_wait_s)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._timer.cancel()
        if self._pinging:
            self._pinging.cancel()

    async def pass_on(self, reply: Reply) -> None:
        """Send everything `reply` streams.

        Raises:
            UpstreamFault: the provider failed midway.
        """
        assert not isinstance(reply.body, bytes)
        try:
            await self._start(reply.content_type)
            async for block in reply.body:
                self._quiet_since = self._loop.time()
                await self._exchange.send_piece(block)
                self._exchange.last_events = block
        finally:
            await reply.body.aclose()

    async def fail(self, event: bytes) -> None:
        """Send an error event and end. No `[DONE]`: half an answer is not a whole one."""
        await self._exchange.send_piece(event)
        await self.end()

    async def end(self) -> None:
        """End the answer."""
        await self._exchange.send_end()

    async def _start(self, content_type: bytes) -> None:
        if self._pinging:
            await self._pinging
        if self.started:
            return
        headers = ((b"content-type", content_type), *UNBUFFERED, *self._headers())
        await self._exchange.send_start(200, headers)

    def _arm(self, wait_s: float) -> None:
        self._timer = self._loop.call_later(wait_s, self._on_time)

    def _on_time(self) -> None:
        policy = self._exchange.policy
        patience_s = policy.ping_interval_s if self.started else policy.stream_head_wait_s
        left_s = self._quiet_since + patience_s - self._loop.time()
        if left_s > 0:
            self._arm(left_s)
        else:
            self._pinging = spawn(self._ping(), "stream ping")

    async def _ping(self) -> None:
        if not self.started:
            headers = ((b"content-type", EVENTS), *UNBUFFERED, *self._headers())
            await self._exchange.send_start(200, headers)
        await self._exchange.send_piece(self._exchange.dialect.ping)
        self._quiet_since = self._loop.time()
        self._arm(self._exchange.policy.ping_interval_s)
