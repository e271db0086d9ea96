"""Which models do the providers list? Asked when somebody wants to know, then remembered.

However many want to know, a provider is asked once at a time and for a few seconds at most. One
that fails keeps the list it gave last, and is left in peace for a while.
"""

import asyncio
import math
import time
from collections.abc import Callable, Collection, Iterable, Mapping

from lmproxy import logs, tasks
from lmproxy.config.binding import where_raised
from lmproxy.errors import ProxyError
from lmproxy.upstream.connection import Connection

log = logs.get(__name__)

ASKED_FOR_S = 5.0
"""How long a provider is waited for, all pages of its list together."""
LEFT_ALONE_S = 30.0
"""How long a provider that failed is not asked again, at most."""

NOTHING: tuple[str, ...] = ()


class Catalogue:
    """The lists of all connections."""

    def __init__(
        self,
        connections: Iterable[Connection],
        keep_s: float,
        wait_s: float = ASKED_FOR_S,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Asks nobody yet. A list is good for `keep_s` of `clock`, and waited for `wait_s`."""
        self._shelves = {c.name: Shelf(c, keep_s, wait_s, clock) for c in connections}

    async def lists(self, wanted: Collection[str]) -> Mapping[str, tuple[str, ...]]:
        """The names on the lists of these connections, all asked at the same time.

        A list is empty where the connection is switched off, has none, or never gave it.
        """
        if not wanted:
            return {}
        found = await asyncio.gather(*(self._shelves[name].names() for name in wanted))
        return dict(zip(wanted, found, strict=True))

    async def close(self) -> None:
        """Stop asking."""
        await asyncio.gather(*(shelf.close() for shelf in self._shelves.values()))


class Shelf:
    """One connection's list."""

    def __init__(
        self, connection: Connection, keep_s: float, wait_s: float, clock: Callable[[], float]
    ) -> None:
        self._connection = connection
        self._clock = clock
        self._keep_s = keep_s
        self._wait_s = wait_s
        self._names = NOTHING
        self._good_until = -math.inf
        self._asking: asyncio.Task[None] | None = None
        self._trouble: str | None = None
        """The code of what was wrong last time, as the log was told."""

    async def names(self) -> tuple[str, ...]:
        """The list, as new as it can be had."""
        if not self._connection.enabled:
            return NOTHING
        if self._connection.names is not None:
            return self._connection.names
        if self._clock() >= self._good_until:
            if self._asking is None:
                self._asking = tasks.spawn(self._ask(), f"models of {self._connection.name}")
            await asyncio.wait({self._asking})  # Whoever leaves takes nothing from the others.
        return self._names

    async def _ask(self) -> None:
        try:
            async with asyncio.timeout(self._wait_s):
                self._names = tuple(await self._connection.models() or NOTHING)
        except TimeoutError:
            self._failed("upstream_timeout", "The provider did not list its models in time.")
        except ProxyError as error:
            self._failed(error.name, error.message)
        except Exception as error:  # noqa: BLE001 - anybody's connection kind may raise anything.
            self._failed("internal_error", where_raised(error))
        else:
            self._succeeded()
        finally:
            self._asking = None

    def _succeeded(self) -> None:
        self._good_until = self._clock() + self._keep_s
        if self._trouble is not None:
            self._trouble = None
            log.info("a provider lists its models again", connection=self._connection.name)

    def _failed(self, trouble: str, reason: str) -> None:
        self._good_until = self._clock() + min(LEFT_ALONE_S, self._keep_s)
        if trouble != self._trouble:
            self._trouble = trouble
            log.warning(
                "a provider did not list its models",
                connection=self._connection.name,
                code=trouble,
                reason=reason,
                still_listed=len(self._names),
            )

    async def close(self) -> None:
        """Stop asking; whoever waits gets what there is."""
        asking = self._asking
        if asking is not None:
            asking.cancel()
            await asyncio.wait({asking})
