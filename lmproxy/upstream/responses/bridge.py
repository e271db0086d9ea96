"""A request for a Response, where the provider has only chat or is translated from it.

The request becomes one for chat, takes the connection's own lane, and its answer becomes a Response
again. So whatever chat can reach, clients of the Responses API can, Codex among them.
"""

from collections.abc import Awaitable, Callable
from dataclasses import replace

import orjson

from lmproxy.call import Call, Observed, Reply
from lmproxy.upstream.chat.bridged import BridgedStream, in_clients_words, whole_answer
from lmproxy.upstream.chat.form import first_choice
from lmproxy.upstream.responses.events import ResponseEvents
from lmproxy.upstream.responses.form import ended, frame, output, usage
from lmproxy.upstream.responses.request import NAMES, chat_request

Ask = Callable[[Call], Awaitable[Reply]]


async def ask_as_chat(
    call: Call, model: str, provider: str | None, observed: Observed, ask: Ask, *, is_relayed: bool
) -> Reply:
    """The answer to `call`, had by asking `ask` for chat.

    Args:
        call: for a response.
        model: the provider's name of its model.
        provider: LiteLLM's name of the provider; `None` for one it does not know.
        observed: what did not go on is added to it.
        ask: sends a chat request on the connection's lane.
        is_relayed: whether that lane is the relay.

    Raises:
        UpstreamFault: no answer came of it.
        Refused: nothing was sent.
    """
    request = chat_request(call.body, model, provider, is_relayed=is_relayed)
    chat = replace(call, dialect="openai", operation="chat", body=request.body, headers=())
    observed.dropped_params = tuple(request.dropped)  # Added to by whoever is asked.
    with in_clients_words(observed, NAMES):
        reply = await ask(chat)
    begun = frame(call.body, call.model, request.tools)
    if call.stream and not isinstance(reply.body, bytes):
        events = ResponseEvents(begun, request.tools, wants_logprobs=request.wants_logprobs)
        stream = BridgedStream(reply.body, events.add, lambda: events.end(observed.usage))
        return replace(reply, body=stream)
    answer = await whole_answer(reply)
    items = output(answer, request.tools, wants_logprobs=request.wants_logprobs)
    counted = usage(answer.get("usage"), observed.usage)
    response = ended(begun, items, first_choice(answer).get("finish_reason"), counted)
    return replace(reply, content_type=b"application/json", body=orjson.dumps(response))
