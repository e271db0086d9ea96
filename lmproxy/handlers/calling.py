"""Call one function of anybody's: `async` ones in the loop, others in a thread; never for long.

Whatever goes wrong in it, the request goes nowhere: it may be the one that had to be refused.
"""

import asyncio
from collections.abc import Callable
from typing import Any

from lmproxy import logs
from lmproxy.config.binding import where_raised
from lmproxy.errors import Unavailable
from lmproxy.refusal import OpenAIHTTPException, Unsayable
from lmproxy.request_context import RequestContext
from lmproxy.threads import Threads

log = logs.get(__name__)

LONGEST_HANDLER_S = 5.0


class Handler:
    """A function of a `RequestContext`."""

    def __init__(
        self, function: Callable[[RequestContext], Any], name: str, threads: Threads
    ) -> None:
        """`name` is for the log."""
        self._function = function
        self._name = name
        self._threads = threads

    async def call(self, context: RequestContext) -> None:
        """Call it.

        Raises:
            OpenAIHTTPException: it says no.
            Unavailable: it failed or took too long.
        """
        try:
            async with asyncio.timeout(LONGEST_HANDLER_S) as limit:
                await self._threads.call(self._function, context)
        except OpenAIHTTPException:
            raise
        except Unsayable as error:
            raise failed(context.id, str(error), handler=self._name) from None
        except (Exception, SystemExit) as error:  # noqa: BLE001 - anybody's code may raise anything.
            late = f"it took longer than {LONGEST_HANDLER_S:g} s" if limit.expired() else None
            raise failed(context.id, late or where_raised(error), handler=self._name) from None


def failed(request_id: str | None, reason: str, **more: str) -> Unavailable:
    """The error of a request whose handlers left it without a yes or no; says why in the log."""
    log.error("a request handler failed", id=request_id, reason=reason, **more)
    return Unavailable(
        "The proxy cannot serve this request: a rule of its operator's could not be applied. "
        "Whoever runs the proxy finds the reason in its log.",
        code="handler_failed",
    )
