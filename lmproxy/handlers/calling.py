"""Call one function of anybody's: `async` ones in the loop, others in a thread; never for long.

Whatever goes wrong in it, the request goes nowhere: it may be the one that had to be refused.
"""

import asyncio
import inspect
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from lmproxy import logs
from lmproxy.config.binding import where_raised
from lmproxy.errors import Unavailable
from lmproxy.refusal import OpenAIHTTPException, Unsayable
from lmproxy.request_context import RequestContext

log = logs.get(__name__)

LONGEST_HANDLER_S = 5.0
MOST_THREADS = 64
"""Of plain functions at once; more wait for one of them, as long as their own time lasts."""


class Handler:
    """A function of a `RequestContext`."""

    def __init__(
        self, function: Callable[[RequestContext], Any], name: str, threads: "Threads"
    ) -> None:
        """`name` is for the log."""
        self._function = function
        self._name = name
        self._threads = threads
        self._is_async = _is_async(function)

    async def call(self, context: RequestContext) -> None:
        """Call it.

        Raises:
            OpenAIHTTPException: it says no.
            Unavailable: it failed or took too long.
        """
        try:
            async with asyncio.timeout(LONGEST_HANDLER_S) as limit:
                await self._called(context)
        except OpenAIHTTPException:
            raise
        except Unsayable as error:
            raise failed(context.id, str(error), handler=self._name) from None
        except (Exception, SystemExit) as error:  # noqa: BLE001 - anybody's code may raise anything.
            late = f"it took longer than {LONGEST_HANDLER_S:g} s" if limit.expired() else None
            raise failed(context.id, late or where_raised(error), handler=self._name) from None

    async def _called(self, context: RequestContext) -> None:
        if self._is_async:
            await self._function(context)
            return
        given = await self._threads.run(self._function, context)
        if inspect.isawaitable(given):
            await given


def failed(request_id: str | None, reason: str, **more: str) -> Unavailable:
    """The error of a request whose handlers left it without a yes or no; says why in the log."""
    log.error("a request handler failed", id=request_id, reason=reason, **more)
    return Unavailable(
        "The proxy cannot serve this request: a rule of its operator's could not be applied. "
        "Whoever runs the proxy finds the reason in its log.",
        code="handler_failed",
    )


class Threads:
    """Threads that a stop does not wait for: a function that hangs must not keep the process."""

    def __init__(self, most: int = MOST_THREADS) -> None:
        """`most` at once."""
        self._free = asyncio.Semaphore(most)

    async def run(self, function: Callable[[Any], Any], argument: Any) -> Any:
        """What `function` gives. If nobody waits for it any more, it runs to its end all the same.

        Raises:
            BaseException: whatever it raises.
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
                given = function(argument)
            except BaseException as raised:  # noqa: BLE001 - told to who waits for it.
                error = raised
            with suppress(RuntimeError):  # The loop is closed: nobody waits.
                loop.call_soon_threadsafe(end, given, error)

        threading.Thread(target=work, name="handler", daemon=True).start()
        given, error = await done
        if error is not None:
            raise error
        return given


def _is_async(function: Any) -> bool:
    call = getattr(function, "__call__", function)  # noqa: B004 - an instance's method.
    return inspect.iscoroutinefunction(function) or inspect.iscoroutinefunction(call)
