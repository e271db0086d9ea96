"""A request for a message, where the provider speaks OpenAI's chat or is translated from it.

The request becomes one for chat, takes the connection's own lane, and its answer becomes a message
again. So whatever chat can reach, Anthropic's clients can.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace

import orjson

from lmproxy.call import Call, Observed, Pieces, Reply
from lmproxy.errors import UpstreamInvalidResponse
from lmproxy.upstream.answers import json_object
from lmproxy.upstream.arguments import untranslatable
from lmproxy.upstream.connection import lane_not_available
from lmproxy.upstream.events import json_of, split_events
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
    except Exception as error:
        raise untranslatable() from error
    reply = await ask(replace(call, operation="chat", body=chat, headers=()))
    named = (NAMES.get(name, name) for name in observed.dropped_params)
    observed.dropped_params = tuple(dict.fromkeys((*dropped, *named)))
    if not isinstance(reply.body, bytes):
        if call.stream:
            events = MessageEvents(call.model, names)
            return replace(reply, body=MessageStream(reply.body, events))
        reply = replace(reply, body=await _whole(reply.body))
    return _plain(reply, call.model, names)


def _plain(reply: Reply, model: str, names: Mapping[str, str]) -> Reply:
    assert isinstance(reply.body, bytes)
    answer = json_object(reply.body)
    if answer is None:
        raise UpstreamInvalidResponse("The provider's answer is not a JSON object.")
    body = orjson.dumps(message(answer, model, names))
    return replace(reply, content_type=b"application/json", body=body)


async def _whole(pieces: Pieces) -> bytes:
    try:
        return b"".join([piece async for piece in pieces])
    finally:
        await pieces.aclose()


class MessageStream:
    """The events of a streamed answer. Takes over the blocks of chat's."""

    def __init__(self, blocks: Pieces, events: MessageEvents) -> None:
        self._blocks = blocks
        self._events = events
        self._ended = False

    def __aiter__(self) -> "MessageStream":
        return self

    async def __anext__(self) -> bytes:
        while not self._ended:
            try:
                block = await anext(self._blocks)
            except StopAsyncIteration:
                self._ended = True
                return self._events.end()
            chunks = filter(None, map(json_of, split_events(block)))
            events = b"".join(map(self._events.add, chunks))
            if events:
                return events
        raise StopAsyncIteration

    async def aclose(self) -> None:
        """Stop the provider if it is still answering. May be called twice."""
        await self._blocks.aclose()
