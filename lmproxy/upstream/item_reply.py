"""How does what a function or a command gives become a reply, streamed or plain as was asked?

It gives texts, chunks, or one whole chat completion.
"""

import asyncio
import time
from collections.abc import AsyncGenerator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import orjson

from lmproxy import logs
from lmproxy.call import EVENTS, Call, Observed, Reply
from lmproxy.config import schema
from lmproxy.config.binding import where_raised
from lmproxy.errors import UpstreamInvalidResponse, UpstreamTimeout
from lmproxy.upstream.chat.events import StreamForm
from lmproxy.upstream.chat.form import ChatForm, Gathered
from lmproxy.upstream.given import Item
from lmproxy.upstream.lease import Lease, Leases
from lmproxy.upstream.usage import estimate, read_usage

log = logs.get(__name__)

Items = AsyncGenerator[str, None] | AsyncGenerator[Item, None]


@dataclass(frozen=True, slots=True)
class Source:
    """Who gives. `what` it is stands in errors: `function`."""

    what: str
    leases: Leases
    timeouts: schema.Timeouts

    async def reply(self, call: Call, items: Items, observed: Observed) -> Reply:
        """The answer to a chat request, made of `items`, which are closed with it.

        Raises:
            UpstreamFault: the items ended in one, or a deadline passed.
            Refused: the connection is busy.
        """
        lease = self.leases.take()
        if not call.stream:
            try:
                return await self._plain(call, items, observed)
            finally:
                await _close(items, lease)
        stream = ItemStream(self, call, items, observed, lease)
        try:
            await stream.first()
        except BaseException:
            await stream.aclose()
            raise
        return Reply(200, EVENTS, stream, observed)

    async def _plain(self, call: Call, items: Items, observed: Observed) -> Reply:
        gathered = Gathered()
        try:
            async with asyncio.timeout(self.timeouts.answer_s):
                async for item in items:
                    with self.reading():
                        gathered.add(item)
        except TimeoutError:
            raise self.too_late() from None
        observed.first_byte_at = observed.ended_at = time.monotonic()
        observed.finish_reason = gathered.finish_reason
        with self.reading():
            observed.delivered_bytes = len(gathered.content.encode())
            observed.usage = read_usage(gathered.usage) or estimate(call, observed)
            answer = gathered.answer(ChatForm(call.model), observed.usage)
            return Reply(200, b"application/json", orjson.dumps(answer), observed)

    @contextmanager
    def reading(self) -> Iterator[None]:
        """What is made of the items within. What nothing can be made of is not our bug.

        Raises:
            UpstreamInvalidResponse: one is no answer or chunk, or cannot be written as JSON.
        """
        try:
            yield
        except (AttributeError, LookupError, TypeError, ValueError) as error:
            log.error("no answer could be read", of=self.what, raised=where_raised(error))
            words = f"What the {self.what} behind this model gave cannot be read."
            raise UpstreamInvalidResponse(words) from error

    def too_late(self) -> UpstreamTimeout:
        """The error of a deadline that passed."""
        return UpstreamTimeout(f"The {self.what} behind this model took too long.")


class ItemStream:
    """A streamed answer."""

    def __init__(
        self,
        source: Source,
        call: Call,
        items: Items,
        observed: Observed,
        lease: Lease,
    ) -> None:
        """Takes over `items` and `lease`."""
        self._source = source
        self._call = call
        self._items = items
        self._observed = observed
        self._lease = lease
        self._ends_at = time.monotonic() + source.timeouts.total_s
        self._form = StreamForm(call)
        self._held = b""
        self._ended = False

    async def first(self) -> None:
        """Wait for the first piece, so that a failure still has a status of its own."""
        self._held = await self._next(self._source.timeouts.first_byte_s)
        self._observed.first_byte_at = time.monotonic()

    def __aiter__(self) -> "ItemStream":
        return self

    async def __anext__(self) -> bytes:
        block, self._held = self._held, b""
        block = block or await self._next(self._source.timeouts.silence_s)
        if not block:
            raise StopAsyncIteration
        self._observed.delivered_events += block.count(b"\n\n")
        self._observed.delivered_bytes += len(block)
        return block

    async def _next(self, patience_s: float) -> bytes:
        """The events of the next piece; at the end the last events, then `b""`."""
        events = b""
        while not events and not self._ended:
            item = await self._item(patience_s)
            with self._source.reading():
                events = self._end() if item is None else self._form.add(item)
        return events

    async def _item(self, patience_s: float) -> Item | None:
        try:
            async with asyncio.timeout(min(patience_s, self._ends_at - time.monotonic())):
                return await anext(self._items, None)
        except TimeoutError:
            raise self._source.too_late() from None

    def _end(self) -> bytes:
        self._ended = True
        observed = self._observed
        observed.usage = read_usage(self._form.usage) or estimate(self._call, observed)
        events = self._form.end(observed.usage)
        observed.finish_reason = self._form.finish_reason
        return events

    async def aclose(self) -> None:
        """Stop whoever gives, if it can be stopped."""
        if self._observed.ended_at is None:
            self._observed.ended_at = time.monotonic()
        await _close(self._items, self._lease)


async def _close(items: Items, lease: Lease) -> None:
    try:
        await items.aclose()
    finally:
        lease.give_back()
