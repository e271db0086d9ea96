"""How does a provider answer that works? Good behaviours, and behaviours made of others."""

import base64
import struct
from collections import deque
from collections.abc import Iterable
from typing import Any

from tests.provider import answers, anthropic, responses
from tests.provider.exchange import Behaviour, Exchange, Gate, Headers, makes_behaviour
from tests.provider.forms import OPENAI, form_of
from tests.provider.wire import SeenRequest

VECTOR = (0.25, -0.5, 1.0)
GOOGLE_COUNT = 31
"""How many tokens any request has to Google."""


async def good_answer(exchange: Exchange) -> None:
    """Answer chat and responses, streamed or not, embeddings, the list of models; else 404.

    Chat is answered in the form of Anthropic or Google on their paths, a count likewise.
    """
    path = exchange.request.path.partition("?")[0]
    if path.endswith(":countTokens"):
        await exchange.send_json(200, {"totalTokens": GOOGLE_COUNT})
    elif form_of(exchange.request) is not OPENAI:
        await in_its_form(exchange)
    elif path.endswith("/chat/completions"):
        await _chat(exchange, ["Hello", " there"])
    elif path.endswith("/messages/count_tokens"):
        await anthropic.good_answer(exchange)
    elif path.endswith("/responses"):
        await responses.good_answer(exchange)
    elif path.endswith("/embeddings"):
        await exchange.send_json(200, answers.embeddings_answer(_vectors(exchange.request)))
    elif path.endswith("/models"):
        model = {"id": answers.SERVED_MODEL, "object": "model", "created": answers.CREATED}
        await exchange.send_json(200, {"object": "list", "data": [model]})
    else:
        await exchange.send_json(404, answers.error_answer("Unknown path", "invalid_request_error"))


async def in_its_form(exchange: Exchange) -> None:
    """Answer chat in the form that the path belongs to."""
    form = form_of(exchange.request)
    if not exchange.request.is_stream:
        await exchange.send_json(200, form.plain("Hello there"))
        return
    await exchange.start_stream()
    for event in form.stream(["Hello", " there"]):
        await exchange.send_chunk(event)
    await exchange.end_stream(done=False)


async def echo(exchange: Exchange) -> None:
    """Answer chat with the text of the last message, streamed word by word if a stream is asked."""
    request = exchange.request.json or {}
    text: str = request["messages"][-1]["content"]
    first, *others = text.split(" ")
    await _chat(exchange, [first, *(f" {word}" for word in others)])


@makes_behaviour
def plain(body: object, headers: Headers = ()) -> Behaviour:
    """Answer 200 with this; bytes as they are, the rest as JSON."""

    async def behave(exchange: Exchange) -> None:
        await exchange.send_json(200, body, headers)

    return behave


@makes_behaviour
def stream(data: bytes, piece_bytes: int | None = None) -> Behaviour:
    """Answer with the bytes of a whole event stream, in pieces cut also inside characters."""

    async def behave(exchange: Exchange) -> None:
        await exchange.start_stream()
        step = piece_bytes or len(data)
        for start in range(0, len(data), step):
            await exchange.send_chunk(data[start : start + step])
        await exchange.end_stream(done=False)

    return behave


@makes_behaviour
def chunks(documents: Iterable[dict[str, Any]], interval_s: float = 0.0) -> Behaviour:
    """Answer with a stream of these events and `[DONE]`, with a pause after each."""
    events = list(documents)

    async def behave(exchange: Exchange) -> None:
        await exchange.start_stream()
        for event in events:
            await exchange.send_event(event)
            if interval_s:
                await exchange.pause(interval_s)
        await exchange.end_stream()

    return behave


@makes_behaviour
def in_turn(*behaviours: Behaviour) -> Behaviour:
    """Give each request the next behaviour, and the last one to all that follow."""
    waiting = deque(behaviours)

    async def behave(exchange: Exchange) -> None:
        chosen = waiting.popleft() if len(waiting) > 1 else waiting[0]
        await chosen(exchange)

    return behave


@makes_behaviour
def held(gate: Gate, behaviour: Behaviour = good_answer) -> Behaviour:
    """Send nothing until the gate is open."""

    async def behave(exchange: Exchange) -> None:
        await exchange.wait_for(gate)
        await behaviour(exchange)

    return behave


@makes_behaviour
def stream_held(gate: Gate, pieces: Iterable[str] = ("Hello", " there")) -> Behaviour:
    """Stream the role and the first piece, and the rest once the gate is open."""
    events = answers.chat_chunks(pieces)

    async def behave(exchange: Exchange) -> None:
        await exchange.start_stream()
        for event in events[:2]:
            await exchange.send_event(event)
        await exchange.wait_for(gate)
        for event in events[2:]:
            await exchange.send_event(event)
        await exchange.end_stream()

    return behave


async def _chat(exchange: Exchange, pieces: list[str]) -> None:
    request = exchange.request
    if not request.is_stream:
        await exchange.send_json(200, answers.chat_answer("".join(pieces)))
        return
    options = (request.json or {}).get("stream_options") or {}
    usage = answers.USAGE if options.get("include_usage") else None
    await chunks(answers.chat_chunks(pieces, usage))(exchange)


def _vectors(request: SeenRequest) -> list[object]:
    asked = request.json or {}
    count = len(asked["input"]) if isinstance(asked.get("input"), list) else 1
    if asked.get("encoding_format") == "base64":
        encoded = base64.b64encode(struct.pack(f"<{len(VECTOR)}f", *VECTOR)).decode()
        return [encoded] * count
    return [list(VECTOR)] * count
