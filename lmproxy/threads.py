"""Where does anybody's plain code run? In threads of its own, that a stop does not wait for.

asyncio's own threads are few and everybody's: functions that hang there would hold up whatever
else needs one, and the end of the process.
"""

import asyncio
import contextvars
import inspect
import threading
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import Any

MOST_THREADS = 64
"""Of one owner at once; more wait for one of them."""


class Threads:
    """Those of one owner; `name` is what each is called."""

    def __init__(self, name: str, most: int = MOST_THREADS) -> None:
        """`most` at once."""
        self._name = name
        self._free = asyncio.Semaphore(most)

    async def run(self, function: Callable[..., Any], *args: Any, **fields: Any) -> Any:
        """What `function` gives. If nobody waits for it any more, it runs to its end all the same.

        Raises:
            BaseException: whatever it raises.
            RuntimeError: no thread can be started.
        """
        await self._free.acquire()
        loop = asyncio.get_running_loop()
        done: asyncio.Future[tuple[Any, BaseException | None]] = loop.create_future()

        def end(given: Any, error: BaseException | None) -> None:
            self._free.release()
            if not done.done():
                done.set_result((given, error))

        def work() -> None:
            given, error = None, None
            try:
                given = function(*args, **fields)
            except BaseException as raised:  # noqa: BLE001 - told to who waits for it.
                error = raised
            with suppress(RuntimeError):  # The loop is closed: nobody waits.
                loop.call_soon_threadsafe(end, given, error)

        target = partial(contextvars.copy_context().run, work)
        try:
            threading.Thread(target=target, name=self._name, daemon=True).start()
        except BaseException:  # The machine has none left: nobody will call `end`.
            self._free.release()
            raise
        given, error = await done
        if error is not None:
            raise error
        return given

    async def call(self, function: Callable[..., Any], argument: Any) -> Any:
        """What a function of either kind gives: only what was written for the loop runs in it."""
        given = function(argument) if is_coroutine(function) else await self.run(function, argument)
        return await given if inspect.isawaitable(given) else given


def is_coroutine(function: Callable[..., Any]) -> bool:
    """Whether it is a coroutine function, or an instance with such a `__call__`."""
    return inspect.iscoroutinefunction(code_of(function))


def code_of(function: Callable[..., Any]) -> Any:
    """What runs when it is called: of an instance its method."""
    if isinstance(function, partial):
        return code_of(function.func)
    if inspect.isroutine(function) or inspect.isclass(function):
        return function
    return function.__call__  # type: ignore[operator]
