"""A request for a message, where the provider speaks OpenAI's chat or is translated from it.

The request becomes one for chat, takes the connection's own lane, and its answer becomes a message
again. So whatever chat can reach, Anthropic's clients can.
"""

from collections.abc import Awaitable, Callable
from dataclasses import replace

import orjson

from lmproxy.call import Call, Observed, Reply
from lmproxy.errors import InvalidRequest
from lmproxy.upstream.arguments import untranslatable
from lmproxy.upstream.bridged import BridgedStream, whole_answer
from lmproxy.upstream.connection import lane_not_available
from lmproxy.upstream.litellm_door import Door
from lmproxy.upstream.message_events import MessageEvents
from lmproxy.upstream.message_form import message
from lmproxy.upstream.messages_request import NAMES, chat_body

Ask = Callable[[Call], Awaitable[Reply]]


async def ask_as_chat(
    call: Call, model: str, provider: str | None, door: Door, observed: Observed, ask: Ask
) -> Reply:
    """The answer to `call`, had by asking `ask` for chat.

    Args:
        call: for a message.
        model: the provider's name of its model.
        provider: LiteLLM's name of the provider; `None` for one it does not know.
        door: to LiteLLM, whose translation of the request is used.
        observed: what did not go on is added to it.
        ask: sends a chat request on the connection's lane.

    Raises:
        UpstreamFault: no answer came of it.
        Refused: nothing was sent.
    """
    adapter = (await door.open()).messages
    if adapter is None:
        raise lane_not_available("litellm", call.operation)
    try:
        chat, names, dropped = chat_body(adapter, call.body, model, provider)
    except InvalidRequest:
        raise
    except Exception as error:
        raise untranslatable() from error
    observed.dropped_params = tuple(dropped)  # Added to by whoever is asked, or refused there.
    reply = await ask(replace(call, operation="chat", body=chat, headers=()))
    named = (NAMES.get(name, name) for name in observed.dropped_params)
    observed.dropped_params = tuple(dict.fromkeys(named))
    if call.stream and not isinstance(reply.body, bytes):
        events = MessageEvents(call.model, names)

        def end() -> bytes:
            return events.end(reply.observed.stop_sequence)

        return replace(reply, body=BridgedStream(reply.body, events.add, end))
    answer = await whole_answer(reply)
    body = orjson.dumps(message(answer, call.model, names, reply.observed.stop_sequence))
    return replace(reply, content_type=b"application/json", body=body)
