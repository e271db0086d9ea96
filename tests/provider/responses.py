"""How does OpenAI's Responses API answer? Bodies, event streams and stored responses in its form.

https://platform.openai.com/docs/api-reference/responses
"""

import itertools
import json
from collections.abc import Iterable, Iterator
from typing import Any

from tests.provider.exchange import Behaviour, Exchange, makes_behaviour

CREATED = 1_760_000_000
USAGE = {
    "input_tokens": 9,
    "input_tokens_details": {"cached_tokens": 4},
    "output_tokens": 3,
    "output_tokens_details": {"reasoning_tokens": 1},
    "total_tokens": 12,
}


def text_item(text: str, status: str = "completed") -> dict[str, Any]:
    """A message of the model."""
    part = {"type": "output_text", "text": text, "annotations": [], "logprobs": []}
    content = [part] if status == "completed" else []
    return {
        "id": "msg_1",
        "type": "message",
        "status": status,
        "role": "assistant",
        "content": content,
    }


def response(
    text: str | None = "Hello there", response_id: str = "resp_1", **extra: Any
) -> dict[str, Any]:
    """A whole response; without a text it has no output yet, and no usage."""
    return {
        "id": response_id,
        "object": "response",
        "created_at": CREATED,
        "status": "in_progress" if text is None else "completed",
        "background": False,
        "error": None,
        "incomplete_details": None,
        "instructions": None,
        "max_output_tokens": None,
        "metadata": {},
        "model": "served-model",
        "output": [] if text is None else [text_item(text)],
        "parallel_tool_calls": True,
        "previous_response_id": None,
        "reasoning": {"effort": None, "summary": None},
        "store": True,
        "temperature": 1.0,
        "text": {"format": {"type": "text"}},
        "tool_choice": "auto",
        "tools": [],
        "top_p": 1.0,
        "truncation": "disabled",
        "usage": None if text is None else USAGE,
        "user": None,
        **extra,
    }


def events(pieces: Iterable[str] = ("Hello", " there"), **extra: Any) -> list[bytes]:
    """Every event of a whole stream; `extra` goes into its responses."""
    kept, number = list(pieces), itertools.count()
    text = "".join(kept)
    return [*_begin(number, **extra), *_text(number, kept), *_end(number, text, **extra)]


def _begin(number: Iterator[int], **extra: Any) -> Iterator[bytes]:
    for kind in ("response.created", "response.in_progress"):
        yield event(kind, next(number), response=response(None, **extra))


def _text(number: Iterator[int], pieces: list[str]) -> Iterator[bytes]:
    place = {"item_id": "msg_1", "output_index": 0, "content_index": 0}
    text = "".join(pieces)
    empty, full = ({**text_item(said)["content"][0]} for said in ("", text))
    opened = text_item("", "in_progress")
    yield event("response.output_item.added", next(number), output_index=0, item=opened)
    yield event("response.content_part.added", next(number), **place, part=empty)
    for piece in pieces:
        delta = {"delta": piece, "logprobs": []}
        yield event("response.output_text.delta", next(number), **place, **delta)
    done = {"text": text, "logprobs": []}
    yield event("response.output_text.done", next(number), **place, **done)
    yield event("response.content_part.done", next(number), **place, part=full)
    item = text_item(text)
    yield event("response.output_item.done", next(number), output_index=0, item=item)


def _end(number: Iterator[int], text: str, **extra: Any) -> Iterator[bytes]:
    whole = response(text, **extra)
    yield event(f"response.{whole['status']}", next(number), response=whole)


def event(kind: str, number: int, **fields: object) -> bytes:
    """One event."""
    data = json.dumps({"type": kind, "sequence_number": number, **fields}, ensure_ascii=False)
    return f"event: {kind}\ndata: {data}\n\n".encode()


def stream(pieces: Iterable[str] = ("Hello", " there"), **extra: Any) -> bytes:
    """The bytes of a whole stream."""
    return b"".join(events(pieces, **extra))


def flat_error(words: str, code: str | None = "server_error", number: int = 6) -> bytes:
    """An error within a stream, as the reference has it."""
    return event("error", number, code=code, message=words, param=None)


def nested_error(words: str, code: str | None = "server_error", number: int = 6) -> bytes:
    """An error within a stream, as OpenAI sends it."""
    inside = {"type": "server_error", "code": code, "message": words, "param": None}
    return event("error", number, error=inside)


@makes_behaviour
def breaks_off(*more: bytes, resets: bool = False) -> Behaviour:
    """A stream that ends after a piece of text and `more`, cleanly or not."""

    async def behave(exchange: Exchange) -> None:
        await exchange.start_stream()
        await exchange.send_chunk(begun() + b"".join(more))
        if resets:
            await exchange.reset()
        else:
            await exchange.end_stream(done=False)

    return behave


def begun() -> bytes:
    """A stream up to its first piece of text."""
    return b"".join(events()[:5])


async def good_answer(exchange: Exchange) -> None:
    """Answer a request for a response, streamed or not."""
    if exchange.request.is_stream:
        await exchange.start_stream()
        await exchange.send_chunk(stream())
        await exchange.end_stream(done=False)
    else:
        await exchange.send_json(200, response())
