"""A Python function as a model: `api_type = "function"`, or a dotted path alone, or `class`.

It may be a plain function (run in a thread, off the loop), a coroutine function, a generator of
either kind, or an instance that can be called. It gives a text or a whole chat completion; a
generator gives texts or whole chunks. Whichever the client asked for, streamed or plain, is made of
what it gives; `inference` says what it gets.
"""

import asyncio
import time
from collections.abc import AsyncGenerator, Callable
from typing import Any

import orjson

from lmproxy.call import Call, Observed, Reply
from lmproxy.config import schema
from lmproxy.config.binding import BindError, Misfit, Spec, resolve_class
from lmproxy.errors import UpstreamTimeout
from lmproxy.upstream.chat.events import StreamForm
from lmproxy.upstream.chat.form import ChatForm, Gathered
from lmproxy.upstream.connection import Common, Connection, not_offered
from lmproxy.upstream.given import Item
from lmproxy.upstream.inference import Inference
from lmproxy.upstream.lease import Lease
from lmproxy.upstream.usage import estimate, read_usage


class Called(Connection):
    """A connection that calls somebody's function."""

    def __init__(self, common: Common, inference: Inference) -> None:
        """`inference` knows the function and what it gets."""
        super().__init__(common)
        self._inference = inference
        self._timeouts = common.settings.timeouts

    def lane(self, operation: str) -> str:
        """`function`: there is no provider and nothing to translate."""
        return "estimate" if operation == "count_tokens" else "function"

    async def ask(self, call: Call, model: str, observed: Observed) -> Reply:
        """Call the function; see `Connection.ask`."""
        if call.operation != "chat":
            raise not_offered(call)
        lease = self._leases.take()
        items = self._inference.items(self.name, call, model)
        if not call.stream:
            try:
                return await self._plain(call, items, observed)
            finally:
                await items.aclose()
                lease.give_back()
        stream = FunctionStream(call, items, observed, lease, self._timeouts)
        try:
            await stream.first()
        except BaseException:
            await stream.aclose()
            raise
        return Reply(200, b"text/event-stream; charset=utf-8", stream, observed)

    async def close(self) -> None:
        """Nothing is held."""

    async def _plain(
        self, call: Call, items: AsyncGenerator[Item, None], observed: Observed
    ) -> Reply:
        gathered = Gathered()
        try:
            async with asyncio.timeout(self._timeouts.answer_s):
                async for item in items:
                    gathered.add(item)
        except TimeoutError:
            raise UpstreamTimeout("The function behind this model took too long.") from None
        observed.first_byte_at = observed.ended_at = time.monotonic()
        observed.delivered_bytes = len(gathered.content.encode())
        observed.usage = read_usage(gathered.usage) or estimate(call, observed)
        observed.finish_reason = gathered.finish_reason
        answer = gathered.answer(ChatForm(call.model), observed.usage)
        return Reply(200, b"application/json", orjson.dumps(answer), observed)


class Function(Called):
    """`api_type = "function"`."""

    def __init__(
        self,
        common: Common,
        inference_func: str | Callable[..., Any],
        chat_mode: bool = False,
    ) -> None:
        """Import the function.

        Args:
            common: what every connection has.
            inference_func: its dotted path; in a Python config also itself.
            chat_mode: give it the messages instead of their text.

        Raises:
            Misfit: there is no such function.
        """
        function = _import(inference_func) if isinstance(inference_func, str) else inference_func
        try:
            inference = Inference(function, by_messages=chat_mode, alone=False)
        except (TypeError, ValueError):
            raise Misfit("inference_func", "takes no prompt", None) from None
        super().__init__(common, inference)


class FunctionStream:
    """A streamed answer made of what a function gives."""

    def __init__(
        self,
        call: Call,
        items: AsyncGenerator[Item, None],
        observed: Observed,
        lease: Lease,
        timeouts: schema.Timeouts,
    ) -> None:
        """Takes over `items` and `lease`."""
        self._call = call
        self._items = items
        self._observed = observed
        self._lease = lease
        self._timeouts = timeouts
        self._ends_at = time.monotonic() + timeouts.total_s
        self._form = StreamForm(call)
        self._held = b""
        self._ended = False

    async def first(self) -> None:
        """Wait for the first piece, so that a failure still has a status of its own."""
        self._held = await self._next(self._timeouts.first_byte_s)
        self._observed.first_byte_at = time.monotonic()

    def __aiter__(self) -> "FunctionStream":
        return self

    async def __anext__(self) -> bytes:
        block, self._held = self._held, b""
        block = block or await self._next(self._timeouts.silence_s)
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
            events = self._end() if item is None else self._form.add(item)
        return events

    async def _item(self, patience_s: float) -> Item | None:
        try:
            async with asyncio.timeout(min(patience_s, self._ends_at - time.monotonic())):
                return await anext(self._items, None)
        except TimeoutError:
            raise UpstreamTimeout("The function behind this model took too long.") from None

    def _end(self) -> bytes:
        self._ended = True
        observed = self._observed
        observed.usage = read_usage(self._form.usage) or estimate(self._call, observed)
        events = self._form.end(observed.usage)
        observed.finish_reason = self._form.finish_reason
        return events

    async def aclose(self) -> None:
        """Stop the function, if it is a generator."""
        if self._observed.ended_at is None:
            self._observed.ended_at = time.monotonic()
        await self._items.aclose()
        self._lease.give_back()


def _import(dotted: str) -> Callable[..., Any]:
    try:
        function: Callable[..., Any] = resolve_class(Spec(dotted, {}, ()), {}, "inference_func")
    except BindError as error:
        _, message, hint = error.found[0]
        raise Misfit("inference_func", message, hint) from None
    return function
