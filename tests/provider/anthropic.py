"""How does Anthropic answer? Bodies, event streams and refusals in the form of its API.

https://docs.anthropic.com/en/api/messages
"""

import json
from collections.abc import Iterable
from typing import Any

from tests.provider.exchange import Behaviour, Exchange, Headers, makes_behaviour

MESSAGE_ID = "msg_01"
USAGE = {
    "input_tokens": 9,
    "cache_creation_input_tokens": 5,
    "cache_read_input_tokens": 20,
    "cache_creation": {"ephemeral_5m_input_tokens": 5, "ephemeral_1h_input_tokens": 0},
    "output_tokens": 3,
    "service_tier": "standard",
}


def message(
    content: Iterable[dict[str, Any]] | str = "Hello there",
    stop_reason: str | None = "end_turn",
    **extra: object,
) -> dict[str, Any]:
    """A whole answer; a text is one block."""
    blocks = [{"type": "text", "text": content}] if isinstance(content, str) else list(content)
    return {
        "id": MESSAGE_ID,
        "type": "message",
        "role": "assistant",
        "model": "claude-served",
        "content": blocks,
        "stop_reason": stop_reason,
        "stop_sequence": None,
        "usage": USAGE,
        **extra,
    }


def begin(**usage: object) -> bytes:
    """The event that begins a stream, and the ping after it."""
    started = {**USAGE, "output_tokens": 1, **usage}
    opened = {**message([], None), "usage": started}
    return event("message_start", message=opened) + event("ping")


def text_block(index: int, pieces: Iterable[str]) -> bytes:
    """The events of a text."""
    start = event("content_block_start", index=index, content_block={"type": "text", "text": ""})
    deltas = (
        event("content_block_delta", index=index, delta={"type": "text_delta", "text": piece})
        for piece in pieces
    )
    return start + b"".join(deltas) + event("content_block_stop", index=index)


def tool_block(index: int, tool_id: str, name: str, pieces: Iterable[str]) -> bytes:
    """The events of a tool use; the pieces are its input's JSON."""
    block = {"type": "tool_use", "id": tool_id, "name": name, "input": {}}
    deltas = (
        event(
            "content_block_delta",
            index=index,
            delta={"type": "input_json_delta", "partial_json": piece},
        )
        for piece in pieces
    )
    start = event("content_block_start", index=index, content_block=block)
    return start + b"".join(deltas) + event("content_block_stop", index=index)


def end(stop_reason: str = "end_turn", output_tokens: int = 3) -> bytes:
    """The two events that end a stream."""
    delta = {"stop_reason": stop_reason, "stop_sequence": None}
    counted = event("message_delta", delta=delta, usage={"output_tokens": output_tokens})
    return counted + b'event: message_stop\ndata: {"type":"message_stop"     }\n\n'


def event(kind: str, **fields: object) -> bytes:
    """One event."""
    data = json.dumps({"type": kind, **fields}, ensure_ascii=False)
    return f"event: {kind}\ndata: {data}\n\n".encode()


WHOLE_STREAM = begin() + text_block(0, ["Hello", " ", "there 😀"]) + end()


def error(kind: str, words: str, **extra: object) -> dict[str, Any]:
    """An error."""
    return {"type": "error", "error": {"type": kind, "message": words, **extra}}


@makes_behaviour
def refusal(status: int, kind: str, words: str, headers: Headers = ()) -> Behaviour:
    """Answer with an error."""
    kept = [("request-id", "req_of_anthropic"), *headers]

    async def behave(exchange: Exchange) -> None:
        await exchange.send_json(status, error(kind, words), kept)

    return behave


@makes_behaviour
def breaks_off(*, resets: bool = False) -> Behaviour:
    """A stream that ends, cleanly or not, after a text."""

    async def behave(exchange: Exchange) -> None:
        await exchange.start_stream()
        await exchange.send_chunk(begin() + text_block(0, ["Hello"]))
        if resets:
            await exchange.reset()
        else:
            await exchange.end_stream(done=False)

    return behave


@makes_behaviour
def fails_midway(kind: str = "overloaded_error", words: str = "Overloaded") -> Behaviour:
    """A stream with an error after a text."""

    async def behave(exchange: Exchange) -> None:
        await exchange.start_stream()
        await exchange.send_chunk(begin() + text_block(0, ["Hello"]))
        failed = json.dumps(error(kind, words))
        await exchange.send_chunk(f"event: error\ndata: {failed}\n\n".encode())
        await exchange.end_stream(done=False)

    return behave


async def good_answer(exchange: Exchange) -> None:
    """Answer a request for a message, streamed or not, or for a count."""
    headers = [("request-id", "req_of_anthropic")]
    if exchange.request.path.partition("?")[0].endswith("/count_tokens"):
        await exchange.send_json(200, {"input_tokens": 34}, headers)
    elif exchange.request.is_stream:
        await exchange.start_stream(headers)
        await exchange.send_chunk(WHOLE_STREAM)
        await exchange.end_stream(done=False)
    else:
        await exchange.send_json(200, message(), headers)
