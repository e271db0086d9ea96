"""How do providers that are not OpenAI write an answer? The same few words in each one's form.

A `Form` has the parts that faults are made of: the events of a stream before its text, each piece
of text, the events at its end, a whole plain answer, and an error.
"""

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from tests.provider import answers
from tests.provider.wire import SeenRequest

Document = dict[str, Any]
PROMPT_TOKENS, COMPLETION_TOKENS = 9, 3


@dataclass(frozen=True)
class Form:
    """One provider's way of writing.

    Attributes:
        begin: events before the text.
        word: the event of one piece of text.
        end: events after the text, with the token counts unless they are left out.
        plain: a whole answer with this text.
        error: an error with a message and its kind, as refusals and streams have it.
        empty_successes: plain answers with status 200 that hold no answer, by name.
    """

    name: str
    begin: tuple[bytes, ...]
    word: Callable[[str], bytes]
    end: tuple[bytes, ...]
    plain: Callable[[str], Document]
    error: Callable[[int, str, str], Document]
    empty_successes: dict[str, Document]

    def stream(self, words: Iterable[str]) -> list[bytes]:
        """Every event of a whole stream."""
        return [*self.begin, *map(self.word, words), *self.end]


def form_of(request: SeenRequest) -> "Form":
    """The form that a client expects who asks for this path."""
    path = request.path.partition("?")[0]
    if path.endswith("/messages"):
        return ANTHROPIC
    return GEMINI if "enerateContent" in path or path.endswith(":countTokens") else OPENAI


def _event(document: Document) -> bytes:
    return b"data: %b\n\n" % json.dumps(document).encode()


def _named(document: Document) -> bytes:
    return b"event: %b\n%b" % (document["type"].encode(), _event(document))


def _openai() -> Form:
    first, *_, stop, usage = answers.chat_chunks(usage=answers.USAGE)
    return Form(
        name="openai",
        begin=(_event(first),),
        word=lambda text: _event(answers.chat_chunk({"content": text})),
        end=(_event(stop), _event(usage), b"data: [DONE]\n\n"),
        plain=answers.chat_answer,
        error=lambda _, message, kind: answers.error_answer(message, kind),
        empty_successes={
            "no choices": {"id": "chatcmpl-1", "object": "chat.completion"},
            "empty choices": answers.chat_answer(choices=[]),
        },
    )


def _anthropic_message(content: list[Document], reason: str | None, tokens: int) -> Document:
    return {
        "id": "msg_1",
        "type": "message",
        "role": "assistant",
        "model": answers.SERVED_MODEL,
        "content": content,
        "stop_reason": reason,
        "stop_sequence": None,
        "usage": {"input_tokens": PROMPT_TOKENS, "output_tokens": tokens},
    }


def _anthropic() -> Form:
    start = {"type": "message_start", "message": _anthropic_message([], None, 1)}
    block = {"type": "text", "text": ""}
    counts = {"output_tokens": COMPLETION_TOKENS}
    end = {"stop_reason": "end_turn", "stop_sequence": None}

    def word(text: str) -> bytes:
        delta = {"type": "text_delta", "text": text}
        return _named({"type": "content_block_delta", "index": 0, "delta": delta})

    def plain(text: str) -> Document:
        return _anthropic_message([{"type": "text", "text": text}], "end_turn", COMPLETION_TOKENS)

    return Form(
        name="anthropic",
        begin=(
            _named(start),
            _named({"type": "content_block_start", "index": 0, "content_block": block}),
            _named({"type": "ping"}),
        ),
        word=word,
        end=(
            _named({"type": "content_block_stop", "index": 0}),
            _named({"type": "message_delta", "delta": end, "usage": counts}),
            _named({"type": "message_stop"}),
        ),
        plain=plain,
        error=lambda _, message, kind: {
            "type": "error",
            "error": {"type": kind, "message": message},
            "request_id": "req_1",
        },
        empty_successes={
            "no content": {"id": "msg_1", "type": "message", "role": "assistant"},
            "empty content": _anthropic_message([], "end_turn", 0),
        },
    )


def _gemini_chunk(text: str | None, reason: str | None) -> Document:
    parts = [] if text is None else [{"text": text}]
    candidate: Document = {"content": {"parts": parts, "role": "model"}, "index": 0}
    if reason:
        candidate["finishReason"] = reason
    return {"candidates": [candidate], "modelVersion": answers.SERVED_MODEL, "responseId": "r1"}


def _gemini() -> Form:
    counts = {
        "promptTokenCount": PROMPT_TOKENS,
        "candidatesTokenCount": COMPLETION_TOKENS,
        "totalTokenCount": PROMPT_TOKENS + COMPLETION_TOKENS,
    }
    return Form(
        name="google",
        begin=(),
        word=lambda text: _event(_gemini_chunk(text, None)),
        end=(_event(_gemini_chunk("", "STOP") | {"usageMetadata": counts}),),
        plain=lambda text: _gemini_chunk(text, "STOP") | {"usageMetadata": counts},
        error=lambda status, message, kind: {
            "error": {"code": status, "message": message, "status": kind}
        },
        empty_successes={
            "no candidates": {"modelVersion": answers.SERVED_MODEL},
            "empty candidates": {"candidates": [], "modelVersion": answers.SERVED_MODEL},
        },
    )


OPENAI, ANTHROPIC, GEMINI = _openai(), _anthropic(), _gemini()
