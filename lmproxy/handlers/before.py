"""The operator's list of handlers, run for one request.

A request that any of them refuses is in no limiter's count, whichever came first. They run once;
only the limits of connections are looked at again, when a request moves on to another one.
"""

from collections.abc import Sequence

from lmproxy.call import Call, Json
from lmproxy.handlers.calling import Handler
from lmproxy.handlers.editing import edited
from lmproxy.handlers.rate_limiter import RateLimiter
from lmproxy.handlers.routed import Routed
from lmproxy.refusal import OpenAIHTTPException
from lmproxy.request_context import RequestContext

Step = Handler | RateLimiter
Taken = tuple[RateLimiter, str, float]
"""What to give back: for whom a limiter counted a request, and when."""


class Before:
    """Every handler of a config that runs before a provider is asked."""

    def __init__(self, steps: Sequence[Step]) -> None:
        """`steps` in the order in which they run."""
        self._steps = tuple(steps)
        self._of_connections = [
            step for step in steps if isinstance(step, RateLimiter) and step.per == "connection"
        ]
        self.calls_others = any(isinstance(step, Handler) for step in steps)
        """Whether a function of the operator's is among them; limiters change nothing."""

    async def run(self, routed: Routed, extra: Json) -> tuple[Call, str]:
        """The call as the handlers leave it, and the provider's name of the model it is for.

        Args:
            routed: the request.
            extra: for handlers to write into.

        Raises:
            OpenAIHTTPException: one of them says no.
            Unavailable: one of them failed; nobody knows what it would have said.
        """
        taken: list[Taken] = []
        context: RequestContext | None = None
        try:
            for step in self._steps:
                if isinstance(step, RateLimiter):
                    taken.append((step, *step.take(routed)))
                else:
                    context = context or routed.context(extra)
                    await step.call(context)
            return edited(routed, context) if context else (routed.call, routed.target.model)
        except BaseException:
            _give_back(taken)
            raise

    def move_on(self, connection: str) -> None:
        """Count a request that is to be asked here now, after `run`, for this connection as well.

        Raises:
            OpenAIHTTPException: its limit is reached.
        """
        taken: list[Taken] = []
        try:
            for limiter in self._of_connections:
                key, at = limiter.take_for(connection)
                taken.append((limiter, key, at))
        except OpenAIHTTPException:
            _give_back(taken)
            raise


def _give_back(taken: Sequence[Taken]) -> None:
    for limiter, key, at in taken:
        limiter.give_back(key, at)
