"""Who is using this connection? Counts requests under way and limits them.

A lease is taken before the provider is asked and given back when its answer has ended, however it
ended.
"""

from collections.abc import Callable

from lmproxy.errors import Unavailable


class Lease:
    """One use of a connection."""

    __slots__ = ("_on_return",)

    def __init__(self, on_return: Callable[[], None]) -> None:
        """`on_return` is called once."""
        self._on_return: Callable[[], None] | None = on_return

    def give_back(self) -> None:
        """End this use. May be called twice."""
        on_return, self._on_return = self._on_return, None
        if on_return:
            on_return()


class Leases:
    """The uses of one connection. `most` is its `concurrency`, `None` for any number."""

    def __init__(self, most: int | None) -> None:
        self._most = most
        self.under_way = 0

    def take(self) -> Lease:
        """Begin a use.

        Raises:
            Unavailable: 503 `connection_busy`; `most` are under way. Other connections are not
                affected, which is what the limit is for.
        """
        if self._most is not None and self.under_way >= self._most:
            raise Unavailable(
                "Too many requests to this model's provider are under way. Try again shortly.",
                code="connection_busy",
                retry_after_s=1,
            )
        self.under_way += 1
        return Lease(self._returned)

    def _returned(self) -> None:
        self.under_way -= 1
