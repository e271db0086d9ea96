"""What a key check said lately. A key is asked about once at a time, however many requests bear it.

Keys are known here by their digest. The memory is bounded: what was said longest ago goes first.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

from lmproxy import tasks

T = TypeVar("T")


class Verdicts(Generic[T]):
    """Verdicts by digest, of a yes as of a no."""

    def __init__(self, most: int, keep_s: Callable[[T], float]) -> None:
        """Keep `most` of them, each for `keep_s` of it; 0 remembers nothing."""
        self._most = most
        self._keep_s = keep_s
        self._known: dict[bytes, tuple[float, T]] = {}
        self._asking: dict[bytes, asyncio.Future[T]] = {}

    async def get(self, digest: bytes, ask: Callable[[], Awaitable[T]]) -> T:
        """The verdict, remembered or asked for. What `ask` raises is raised and not remembered."""
        known = self._known.get(digest)
        if known is not None and time.monotonic() < known[0]:
            return known[1]
        asking = self._asking.get(digest)
        if asking is None:
            asking = self._asking[digest] = asyncio.get_running_loop().create_future()
            tasks.spawn(self._ask(digest, ask, asking), "key check")
        await asyncio.wait({asking})  # Whoever leaves takes nothing from the others.
        return asking.result()

    async def _ask(
        self, digest: bytes, ask: Callable[[], Awaitable[T]], asking: asyncio.Future[T]
    ) -> None:
        try:
            verdict = await ask()
            self._remember(digest, verdict)
            asking.set_result(verdict)
        except Exception as error:  # noqa: BLE001 - it is raised where it is waited for.
            asking.set_exception(error)
            asking.exception()  # Seen, though everybody may have left.
        finally:
            del self._asking[digest]
            asking.cancel()  # Does nothing unless this was.

    def _remember(self, digest: bytes, verdict: T) -> None:
        keep_s = self._keep_s(verdict) if self._most > 0 else 0
        self._known.pop(digest, None)
        if keep_s > 0:
            while len(self._known) >= self._most:
                del self._known[next(iter(self._known))]
            self._known[digest] = (time.monotonic() + keep_s, verdict)
