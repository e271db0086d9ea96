"""How is somebody's function asked, and what does it give, piece by piece?

There are two ways to declare one, and each says what it gets. By `inference_func`: the prompt as
one text or the messages, and those request fields that its signature takes. Alone, or as a class:
the messages, the fields with the `model` among them, and for a stream a `callback` to give pieces
to. A parameter of a name that is no field of chat is the operator's own: clients fill it only if
the operator says so. Only what was written for the loop runs in it; all else has a thread.
"""

import asyncio
import inspect
from collections.abc import AsyncGenerator, Callable
from collections.abc import Set as AbstractSet
from contextlib import aclosing
from typing import Any

from lmproxy import logs
from lmproxy.call import Call, Json
from lmproxy.errors import UpstreamFault
from lmproxy.tasks import spawn
from lmproxy.threads import Threads, code_of, is_coroutine
from lmproxy.upstream.chat.form import texts
from lmproxy.upstream.chat_fields import FIELDS
from lmproxy.upstream.given import Item, as_item, without_text

log = logs.get(__name__)

EXHAUSTED = object()
OURS = frozenset({"messages", "model", "callback", "self"})
"""Parameters that no client fills."""
BY_NAME = (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)
MOST_WAITING = 16
"""Pieces that a callback has taken and no client yet; then it waits."""


class Inference:
    """A function, and what it gets."""

    def __init__(self, function: Callable[..., Any], *, by_messages: bool, alone: bool) -> None:
        """Look at its signature.

        Args:
            function: of any kind, or an instance that can be called.
            by_messages: give it the messages instead of their text.
            alone: declared without `inference_func`.

        Raises:
            TypeError: it takes no prompt.
            ValueError: it has no signature.
        """
        self._function = function
        self.by_messages = by_messages
        """Whether it gets more of the messages than their texts."""
        parameters = list(inspect.signature(function).parameters.values())
        if not parameters or parameters[0].kind is inspect.Parameter.KEYWORD_ONLY:
            raise TypeError
        self.names = {named.name: named for named in parameters[1:] if named.kind in BY_NAME}
        """Its parameters that are given by name."""
        self.takes_any = any(p.kind is p.VAR_KEYWORD for p in parameters)
        """Whether it takes fields of any other name."""
        self._filled = OURS | {parameters[0].name}
        self._in_loop = is_coroutine(function) or inspect.isasyncgenfunction(code_of(function))
        takes_callback = self.takes_any or "callback" in self.names
        self._has_callback = alone and takes_callback and is_coroutine(function)
        self._says_model = alone or "model" in self.names
        self._threads = Threads("function")

    def hears(self, name: str, passed: AbstractSet[str]) -> bool:
        """Whether a client may say a field; `passed`: those besides chat's that it may."""
        if name in self._filled:
            return False
        return name in FIELDS | passed if name in self.names else self.takes_any

    def lacks(self, given: AbstractSet[str]) -> list[str]:
        """Parameters that every call needs and nobody gives, if not as one of `given`."""
        known = FIELDS | self._filled | given
        needed = (n for n, parameter in self.names.items() if parameter.default is parameter.empty)
        return [name for name in needed if name not in known]

    async def items(self, name: str, call: Call, model: str) -> AsyncGenerator[Item, None]:
        """What the function gives for `call`; `name`: of its connection, for the log.

        Raises:
            UpstreamFault: it failed, or gave what is no answer.
        """
        prompt, fields = self._arguments(call, model)
        streams = call.stream and self._has_callback
        given = self._called_back(prompt, fields) if streams else self._each(prompt, fields)
        try:
            async for item in given:
                yield as_item(item)
        except (UpstreamFault, GeneratorExit):
            raise
        except (Exception, SystemExit) as error:
            log.exception("the function of a connection failed", connection=name)
            raise UpstreamFault("The function behind this model failed.") from error
        finally:
            await _let_go(given, name)

    def _arguments(self, call: Call, model: str) -> tuple[Any, Json]:
        messages = call.body["messages"]
        prompt = messages if self.by_messages else "\n".join(texts(messages))
        fields = {
            name: value
            for name, value in call.body.items()
            if value is not None and name not in self._filled
        }
        if self._says_model:
            fields["model"] = model
        if not self.takes_any:
            fields = {name: fields[name] for name in self.names if name in fields}
        return prompt, fields

    async def _each(self, prompt: Any, fields: Json) -> AsyncGenerator[Any, None]:
        """Its value, or all that it yields."""
        function = self._function
        given = (
            function(prompt, **fields)
            if self._in_loop
            else await self._threads.run(function, prompt, **fields)
        )
        if inspect.isawaitable(given):
            given = await given
        if inspect.isasyncgen(given):
            async with aclosing(given):
                async for item in given:
                    yield item
        elif inspect.isgenerator(given):
            try:
                while (item := await self._threads.run(next, given, EXHAUSTED)) is not EXHAUSTED:
                    yield item
            except GeneratorExit:  # Its `finally` has no place in the loop either.
                await self._threads.run(given.close)
                raise
        else:
            yield given

    async def _called_back(self, prompt: Any, fields: Json) -> AsyncGenerator[Any, None]:
        """What it gives its callback, and then what it returns of which that was not part."""
        pieces: asyncio.Queue[Any] = asyncio.Queue()
        room = asyncio.Semaphore(MOST_WAITING)

        async def callback(piece: Any) -> None:
            await room.acquire()
            pieces.put_nowait(piece)

        async def run() -> Any:
            try:
                return await self._function(prompt, **fields, callback=callback)
            except (Exception, SystemExit) as error:  # noqa: BLE001 - raised where its pieces are read.
                return Failed(error)
            finally:
                pieces.put_nowait(EXHAUSTED)

        running = spawn(run(), "the function of a connection")
        try:
            said = False
            while (piece := await pieces.get()) is not EXHAUSTED:
                room.release()
                said = True
                yield piece
            given = await running
            if isinstance(given, Failed):
                raise given.error
            if not said:
                yield given
            elif given is not None:
                yield without_text(as_item(given))
        finally:
            running.cancel()


async def _let_go(given: AsyncGenerator[Any, None], name: str) -> None:
    """Close it. What fails then, when nobody reads any more, is for the log alone."""
    try:
        await given.aclose()
    except (Exception, SystemExit):
        log.exception("the function of a connection did not end well", connection=name)


class Failed:
    """What a function raised, on its way to where that is read."""

    def __init__(self, error: BaseException) -> None:
        self.error = error
