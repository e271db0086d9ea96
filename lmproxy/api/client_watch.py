"""Is the client still there? If it leaves, the work for it is stopped.

Our server calls when a client leaves. Others tell only who asks (`http.disconnect`): there, one
task per request waits for it, which costs 20 µs of CPU, a tenth of a plain request.
"""

import asyncio
from types import TracebackType

from lmproxy.api.exchange import Exchange
from lmproxy.errors import ClientGone, ClientStalled
from lmproxy.tasks import spawn


class ClientWatch:
    """`with` around the work: raises `ClientGone` inside it when the client leaves.

    To be entered when the body has been read.
    """

    def __init__(self, exchange: Exchange) -> None:
        """Nothing is watched yet."""
        self._exchange = exchange
        self._left: type[ClientGone] | None = None
        self._watch: asyncio.Task[None] | None = None

    def __enter__(self) -> None:
        work = asyncio.current_task()
        assert work is not None
        self._work = work
        if self._exchange.client is not None:
            self._exchange.client.on_leaving(self._stop)
        else:
            self._watch = spawn(self._wait(), "client watch")

    async def _wait(self) -> None:
        while (await self._exchange.receive())["type"] != "http.disconnect":
            pass
        self._stop(False)

    def _stop(self, stalled: bool) -> None:
        self._left = ClientStalled if stalled else ClientGone
        self._work.cancel()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._watch is not None:
            self._watch.cancel()
        elif self._exchange.client is not None:
            self._exchange.client.on_leaving(None)
        if self._left and self._work.uncancel() == 0 and kind is asyncio.CancelledError:
            raise self._left from None
