"""Is the client still there? One task per request waits for it to leave, and then stops the work.

The server tells only who asks (`http.disconnect`), and answers on its own only for streams; without
this a plain request would run to its end for nobody.
"""

import asyncio
from types import TracebackType

from lmproxy.api.exchange import Receive
from lmproxy.errors import ClientGone
from lmproxy.tasks import spawn


class ClientWatch:
    """`async with` around the work: raises `ClientGone` inside it when the client leaves.

    To be entered when the body has been read.
    """

    def __init__(self, receive: Receive) -> None:
        """`receive` is ASGI's."""
        self._receive = receive
        self._gone = False

    async def __aenter__(self) -> None:
        work = asyncio.current_task()
        assert work is not None
        self._work = work
        self._watch = spawn(self._wait(), "client watch")

    async def _wait(self) -> None:
        while (await self._receive())["type"] != "http.disconnect":
            pass
        self._gone = True
        self._work.cancel()

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._watch.cancel()
        if self._gone and self._work.uncancel() == 0 and kind is asyncio.CancelledError:
            raise ClientGone from None
