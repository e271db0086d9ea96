"""How does a provider answer with pictures, sound and texts? In OpenAI's form, at its paths."""

import base64
import json
from collections.abc import Iterable
from typing import Any

from tests.provider import answers
from tests.provider.exchange import Behaviour, Exchange, Gate, makes_behaviour

PNG = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)
IMAGE_USAGE = {
    "input_tokens": 10,
    "input_tokens_details": {"image_tokens": 0, "text_tokens": 10},
    "output_tokens": 272,
    "total_tokens": 282,
}
TEXT_USAGE = {
    "type": "tokens",
    "input_tokens": 14,
    "input_token_details": {"audio_tokens": 14, "text_tokens": 0},
    "output_tokens": 5,
    "total_tokens": 19,
}
SPOKEN = "Say hello."


def pictures(**more: Any) -> dict[str, Any]:
    """An answer with one picture."""
    data = [{"b64_json": base64.b64encode(PNG).decode()}]
    return {"created": answers.CREATED, "data": data, "usage": IMAGE_USAGE, **more}


def transcription(**more: Any) -> dict[str, Any]:
    """A transcription in JSON."""
    return {"text": SPOKEN, "usage": TEXT_USAGE, **more}


@makes_behaviour
def sound(
    pieces: Iterable[bytes], gate: Gate | None = None, content_type: str = "audio/mpeg"
) -> Behaviour:
    """Answer with these pieces of sound; after the first, wait for the gate."""
    first, *others = pieces

    async def behave(exchange: Exchange) -> None:
        kind = ("Content-Type", content_type)
        await exchange.send_head(headers=[kind, ("Transfer-Encoding", "chunked")])
        await exchange.send_chunk(first)
        if gate is not None:
            await exchange.wait_for(gate)
        for piece in others:
            await exchange.send_chunk(piece)
        await exchange.end_stream(done=False)

    return behave


@makes_behaviour
def text(body: str, content_type: str = "text/plain; charset=utf-8") -> Behaviour:
    """Answer with a text that is no JSON."""
    data = body.encode()

    async def behave(exchange: Exchange) -> None:
        length = ("Content-Length", str(len(data)))
        await exchange.send_head(headers=[("Content-Type", content_type), length])
        await exchange.send_raw(data)

    return behave


@makes_behaviour
def typed_events(
    events: Iterable[dict[str, Any]], *, done: bool = False, pause_s: float = 0
) -> Behaviour:
    """Answer with a stream of these events, with a pause before the last."""
    *before, last = events

    async def behave(exchange: Exchange) -> None:
        await exchange.start_stream()
        for event in before:
            await exchange.send_chunk(as_event(event))
        if pause_s:
            await exchange.pause(pause_s)
        await exchange.send_chunk(as_event(last))
        await exchange.end_stream(done=done)

    return behave


def as_event(event: dict[str, Any]) -> bytes:
    """As OpenAI writes events that have a type."""
    return f"event: {event['type']}\ndata: {json.dumps(event)}\n\n".encode()
