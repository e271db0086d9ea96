"""What the fake provider says, made once, in the wire formats of three providers.

Every answer is a whole HTTP/1.1 message, ready to be written. A stream is a head, the chunks of a
burst, or for a paced stream a function that makes the chunk of one event.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass

EVENTS = 200
"""Content events of a burst."""
PACED_EVENTS = 100
PLAIN_BYTES = 700
"""Length of the body of OpenAI's plain answer."""

WORDS = ("The ", "answer ", "is ", "some", "where ", "between ", "the ", "lines, ", "as ever")


@dataclass(frozen=True, slots=True)
class Format:
    """One provider's answers.

    Attributes:
        plain: head and body.
        head: of a stream.
        opening: chunks before the first content event of a stream.
        event: the chunk of a content event with this text.
        closing: chunks after the last one, the empty one included.
        burst: a whole stream.
    """

    plain: bytes
    head: bytes
    opening: bytes
    event: Callable[[str], bytes]
    closing: bytes
    burst: bytes


STREAM_HEAD = (
    b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream; charset=utf-8\r\n"
    b"cache-control: no-cache\r\nx-request-id: req_benchmark\r\ntransfer-encoding: chunked\r\n\r\n"
)


def chunk(data: bytes) -> bytes:
    return b"%x\r\n%b\r\n" % (len(data), data)


def whole(body: bytes) -> bytes:
    return (
        b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\nx-request-id: req_benchmark\r\n"
        b"content-length: %d\r\n\r\n%b" % (len(body), body)
    )


def dump(value: object) -> str:
    return json.dumps(value, separators=(",", ":"))


def form(
    plain: object, opening: list[str], event: Callable[[str], str], closing: list[str]
) -> Format:
    """A format from the texts of its events."""
    first = b"".join(chunk(text.encode()) for text in opening)
    last = b"".join(chunk(text.encode()) for text in closing) + b"0\r\n\r\n"
    middle = b"".join(chunk(event(WORDS[n % len(WORDS)]).encode()) for n in range(EVENTS))
    return Format(
        plain=whole(dump(plain).encode()),
        head=STREAM_HEAD,
        opening=first,
        event=lambda text: chunk(event(text).encode()),
        closing=last,
        burst=STREAM_HEAD + first + middle + last,
    )


def openai(*, counted: bool) -> Format:
    """`counted`: with the chunk that a stream has when `include_usage` was asked for."""
    usage = {"prompt_tokens": 61, "completion_tokens": 83, "total_tokens": 144}
    shared = {"id": "chatcmpl-benchmark000000000000", "created": 1767225600, "model": "gpt-4o-mini"}

    def event(delta: object, finish: str | None = None) -> str:
        choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish}
        value = {**shared, "object": "chat.completion.chunk", "choices": [choice]}
        return f"data: {dump(value)}\n\n"

    def answer(text: str) -> dict[str, object]:
        message = {"role": "assistant", "content": text, "refusal": None}
        choice = {"index": 0, "message": message, "logprobs": None, "finish_reason": "stop"}
        return {**shared, "object": "chat.completion", "choices": [choice], "usage": usage}

    count = {**shared, "object": "chat.completion.chunk", "choices": [], "usage": usage}
    last = [f"data: {dump(count)}\n\n"] if counted else []
    filling = PLAIN_BYTES - len(dump(answer("")))
    return form(
        answer(padded(filling)),
        [event({"role": "assistant", "content": ""})],
        lambda text: event({"content": text}),
        [event({}, "stop"), *last, "data: [DONE]\n\n"],
    )


def padded(length: int) -> str:
    return ("".join(WORDS) * 20)[:length]


def anthropic() -> Format:
    usage = {"input_tokens": 61, "output_tokens": 83}
    message: dict[str, object] = {
        "id": "msg_benchmark",
        "type": "message",
        "role": "assistant",
        "model": "claude-4-5",
        "content": [],
        "stop_reason": None,
        "stop_sequence": None,
        "usage": usage,
    }

    def event(kind: str, **more: object) -> str:
        return f"event: {kind}\ndata: {dump({'type': kind, **more})}\n\n"

    text = {"type": "text", "text": padded(400)}
    block = {"type": "text", "text": ""}
    stop = {"stop_reason": "end_turn", "stop_sequence": None}
    return form(
        {**message, "content": [text], "stop_reason": "end_turn"},
        [
            event("message_start", message=message),
            event("content_block_start", index=0, content_block=block),
            event("ping"),
        ],
        lambda part: event(
            "content_block_delta", index=0, delta={"type": "text_delta", "text": part}
        ),
        [
            event("content_block_stop", index=0),
            event("message_delta", delta=stop, usage={"output_tokens": 83}),
            event("message_stop"),
        ],
    )


def google() -> Format:
    usage = {"promptTokenCount": 61, "candidatesTokenCount": 83, "totalTokenCount": 144}

    def answer(text: str, **more: object) -> dict[str, object]:
        content = {"role": "model", "parts": [{"text": text}]}
        shared = {"modelVersion": "gemini-2.5-flash", "responseId": "benchmark"}
        candidate = {"index": 0, "content": content, **more}
        return {"candidates": [candidate], "usageMetadata": usage, **shared}

    def event(text: str, **more: object) -> str:
        return f"data: {dump(answer(text, **more))}\r\n\r\n"

    return form(
        answer(padded(400), finishReason="STOP"), [], event, [event("", finishReason="STOP")]
    )
