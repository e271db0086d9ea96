"""A Python function as a model: `api_type = "function"`.

It may be a plain function (run in a thread, off the loop), a coroutine function, or a generator of
either kind for streams. It gets the prompt first: one text, or with `chat_mode` the list of
messages; then by name those request fields that its signature takes. It gives a text or a whole
chat completion (a table with `choices`); a generator gives texts or whole chunks. Whichever the
client asked for, streamed or plain, is made of what it gives.
"""

import asyncio
import inspect
import time
from collections.abc import AsyncGenerator, Callable, Iterator
from typing import Any

import orjson

from lmproxy import logs
from lmproxy.call import Call, Json, Observed, Reply
from lmproxy.config import schema
from lmproxy.config.binding import BindError, Misfit, Spec, resolve_class
from lmproxy.errors import UpstreamFault, UpstreamInvalidResponse, UpstreamTimeout
from lmproxy.upstream.chat.events import StreamForm
from lmproxy.upstream.chat.form import ChatForm, Gathered, texts
from lmproxy.upstream.connection import Common, Connection, not_offered
from lmproxy.upstream.lease import Lease
from lmproxy.upstream.usage import estimate, read_usage

log = logs.get(__name__)

Item = str | Json
EXHAUSTED = object()


class Function(Connection):
    """`api_type = "function"`."""

    def __init__(self, common: Common, inference_func: str, chat_mode: bool = False) -> None:
        """Import the function.

        Args:
            common: what every connection has.
            inference_func: its dotted path.
            chat_mode: give it the messages instead of their text.

        Raises:
            Misfit: there is no such function.
        """
        super().__init__(common)
        self._function = _import(inference_func)
        self._takes = frozenset(_names(self._function))
        self._chat_mode = chat_mode
        self._timeouts = common.settings.timeouts

    def lane(self, operation: str) -> str:
        """`function`: there is no provider and nothing to translate."""
        return "estimate" if operation == "count_tokens" else "function"

    async def ask(self, call: Call, model: str, observed: Observed) -> Reply:
        """Call the function; see `Connection.ask`."""
        if call.operation != "chat":
            raise not_offered(call)
        items = self._items(call, model)
        lease = self._leases.take()
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

    async def _items(self, call: Call, model: str) -> AsyncGenerator[Item, None]:
        """What the function gives, piece by piece; its own errors become `UpstreamFault`."""
        try:
            async for item in _each(self._function, self._arguments(call, model)):
                if not isinstance(item, str | dict):
                    raise UpstreamInvalidResponse("The function gave neither a text nor a table.")
                yield item
        except (UpstreamFault, GeneratorExit):
            raise
        except Exception as error:
            log.exception("the function of a connection failed", connection=self.name)
            raise UpstreamFault("The function behind this model failed.") from error

    def _arguments(self, call: Call, model: str) -> tuple[Any, Json]:
        messages = call.body["messages"]
        prompt = messages if self._chat_mode else "\n".join(texts(messages))
        fields = {**call.body, "model": model}
        taken = fields if "**" in self._takes else self._takes & fields.keys()
        return prompt, {name: fields[name] for name in taken if name != "messages"}


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


async def _each(
    function: Callable[..., Any], arguments: tuple[Any, Json]
) -> AsyncGenerator[Any, None]:
    """Its value, or all that it yields. Only what was written for the loop runs in it."""
    prompt, fields = arguments
    given = (
        function(prompt, **fields)
        if inspect.isasyncgenfunction(function) or inspect.iscoroutinefunction(function)
        else await asyncio.to_thread(function, prompt, **fields)
    )
    if inspect.isawaitable(given):
        given = await given
    if inspect.isasyncgen(given):
        async for item in given:
            yield item
    elif inspect.isgenerator(given):
        while (item := await asyncio.to_thread(next, given, EXHAUSTED)) is not EXHAUSTED:
            yield item
    else:
        yield given


def _names(function: Callable[..., Any]) -> Iterator[str]:
    """The request fields a function takes by name; `**` if it takes any."""
    for parameter in list(inspect.signature(function).parameters.values())[1:]:
        if parameter.kind is parameter.VAR_KEYWORD:
            yield "**"
        elif parameter.kind in (parameter.POSITIONAL_OR_KEYWORD, parameter.KEYWORD_ONLY):
            yield parameter.name
