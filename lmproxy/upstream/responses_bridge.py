"""A request for a response, where the provider speaks OpenAI's chat or is translated from it."""

from collections.abc import Awaitable, Callable

from lmproxy.call import Call, Observed, Reply
from lmproxy.upstream.connection import lane_not_available
from lmproxy.upstream.litellm_door import Door

Ask = Callable[[Call], Awaitable[Reply]]


async def ask_as_chat(
    call: Call, model: str, provider: str | None, door: Door, observed: Observed, ask: Ask
) -> Reply:
    """The answer to `call`, had by asking `ask` for chat.

    Raises:
        LaneNotAvailable: always, as yet.
    """
    del model, provider, door, observed, ask
    raise lane_not_available("litellm", call.operation)
