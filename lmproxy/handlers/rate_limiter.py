"""So many requests in so many seconds, for each key, group, address or connection, or for all.

In the memory of one process: a restart begins anew.
"""

import math
import time
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Annotated, Literal

from pydantic import Field

from lmproxy.config.values import Seconds, Whole
from lmproxy.handlers.routed import Routed
from lmproxy.handlers.window import Window
from lmproxy.refusal import OpenAIHTTPException

Per = Literal["api_key", "connection", "group", "ip", "global"]
NOBODY = "anon"
"""Whom requests without a key, or without an address, are counted for."""

COUNTED_FOR: Mapping[Per, Callable[[Routed], str]] = MappingProxyType(
    {
        "api_key": lambda routed: routed.caller.key_id or NOBODY,
        "connection": lambda routed: routed.target.connection,
        "group": lambda routed: routed.caller.group,
        "ip": lambda routed: routed.arrival.address or NOBODY,
        "global": lambda _: "",
    }
)


class RateLimiter:
    """`class = "rate_limiter"`."""

    def __init__(
        self,
        max_requests: Annotated[Whole, Field(ge=1)] = 60,
        window_seconds: Seconds = 60.0,
        per: Per = "api_key",
        max_buckets: Annotated[Whole, Field(ge=1)] = 10_000,
    ) -> None:
        """Begin to count.

        Args:
            max_requests: how many.
            window_seconds: within which time.
            per: what each count is for. `ip` is the client's address as `trusted_proxies` has it.
            max_buckets: how many counts there are at once.
        """
        self.per = per
        self._words = f"Rate limit exceeded: {max_requests}/{window_seconds:g}s"
        self._key = COUNTED_FOR[per]
        self._window = Window(max_requests, window_seconds, max_buckets)

    def take(self, routed: Routed) -> tuple[str, float]:
        """`take_for` whom the request is counted for."""
        return self.take_for(self._key(routed))

    def take_for(self, key: str) -> tuple[str, float]:
        """Count a request; what `give_back` needs to count it no more.

        Raises:
            OpenAIHTTPException: 429, there are too many.
        """
        now = time.monotonic()
        wait_s = self._window.take(key, now)
        if wait_s:
            raise OpenAIHTTPException(
                self._words,
                status_code=429,
                error_type="rate_limit_error",
                code="rate_limit_exceeded",
                headers={"retry-after": str(math.ceil(wait_s))},
            )
        return key, now

    def give_back(self, key: str, at: float) -> None:
        """The request of `take` was refused by another."""
        self._window.give_back(key, at)
