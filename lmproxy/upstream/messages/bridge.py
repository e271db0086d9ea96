"""A request for a message, where the provider speaks OpenAI's chat or is translated from it.

The request becomes one for chat, takes the connection's own lane, and its answer becomes a message
again. So whatever chat can reach, Anthropic's clients can.
"""

from collections.abc import Awaitable, Callable
from dataclasses import replace

import orjson

from lmproxy import logs
from lmproxy.call import Call, Observed, Reply
from lmproxy.config.binding import where_raised
from lmproxy.errors import InvalidRequest
from lmproxy.upstream.arguments import untranslatable
from lmproxy.upstream.chat.bridged import BridgedStream, in_clients_words, whole_answer
from lmproxy.upstream.connection import lane_not_available
from lmproxy.upstream.litellm.door import Litellm
from lmproxy.upstream.messages.events import MessageEvents
from lmproxy.upstream.messages.form import message
from lmproxy.upstream.messages.request import NAMES, chat_body
from lmproxy.upstream.token_count import counted, estimated

log = logs.get(__name__)

Ask = Callable[[Call], Awaitable[Reply]]
Count = Callable[[Call], Awaitable[int | None]]
OpenDoor = Callable[[], Awaitable[Litellm]]


async def ask_as_chat(
    call: Call, model: str, provider: str | None, open_door: OpenDoor, observed: Observed, ask: Ask
) -> Reply:
    """The answer to `call`, had by asking `ask` for chat.

    Args:
        call: for a message.
        model: the provider's name of its model.
        provider: LiteLLM's name of the provider; `None` for one it does not know.
        open_door: loads LiteLLM, whose translation of the request is used.
        observed: what did not go on is added to it.
        ask: sends a chat request on the connection's lane.

    Raises:
        UpstreamFault: no answer came of it.
        Refused: nothing was sent.
    """
    chat, names = await _as_chat(call, model, provider, open_door, observed)
    with in_clients_words(observed, NAMES):
        reply = await ask(chat)
    if call.stream and not isinstance(reply.body, bytes):
        events = MessageEvents(call.model, names)

        def end() -> bytes:
            return events.end(reply.observed.stop_sequence)

        return replace(reply, body=BridgedStream(reply.body, events.add, end))
    answer = await whole_answer(reply)
    body = orjson.dumps(message(answer, call.model, names, reply.observed.stop_sequence))
    return replace(reply, content_type=b"application/json", body=body)


async def count_as_chat(
    call: Call,
    model: str,
    provider: str | None,
    open_door: OpenDoor,
    observed: Observed,
    count: Count,
) -> Reply:
    """The answer to `call`, for a count; see `ask_as_chat`.

    Args:
        count: has a chat request counted by the provider; `None` of a provider that cannot.
    """
    chat, _ = await _as_chat(call, model, provider, open_door, observed)
    with in_clients_words(observed, NAMES):
        tokens = await count(chat)
    if tokens is None:
        observed.dropped_params = ()
        return estimated(call, observed)
    return counted(tokens, observed)


async def _as_chat(
    call: Call, model: str, provider: str | None, open_door: OpenDoor, observed: Observed
) -> tuple[Call, dict[str, str]]:
    """`call` as one for chat, and its tools' names."""
    adapter = (await open_door()).messages
    if adapter is None:
        raise lane_not_available("litellm", call.operation)
    try:
        chat, names, dropped = chat_body(adapter, call.body, model, provider)
    except InvalidRequest:
        raise
    except Exception as error:
        log.info("a request cannot be translated", raised=where_raised(error))
        raise untranslatable() from error
    observed.dropped_params = tuple(dropped)  # Added to by whoever is asked, or refused there.
    return replace(call, operation="chat", body=chat, headers=()), names
