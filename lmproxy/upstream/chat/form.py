"""How does a chat answer look that we make ourselves? OpenAI's chat completion and its chunks.

For answers that no provider wrote in this form. `events` makes the events of a stream.
"""

import secrets
import time
from collections.abc import Iterator
from typing import Any

import orjson

from lmproxy.call import Call, Json, Usage

DONE = b"data: [DONE]\n\n"


class ChatForm:
    """The frame of one answer. `model` is the name that stands in it."""

    def __init__(self, model: str) -> None:
        """Make the answer's id and creation time."""
        self._id = f"chatcmpl-{secrets.token_hex(12)}"
        self._created = int(time.time())
        self._model = model

    def whole(self, choices: list[Json], usage: Usage) -> Json:
        """A plain answer."""
        return {**self.frame("chat.completion"), "choices": choices, "usage": usage_json(usage)}

    def frame(self, kind: str) -> Json:
        """What every answer and chunk says of itself."""
        return {
            "id": self._id,
            "object": kind,
            "created": self._created,
            "model": self._model,
        }


class Gathered:
    """A plain answer made of texts, chunks, or one whole answer."""

    def __init__(self) -> None:
        self._texts: list[str] = []
        self.finish_reason = "stop"
        self.usage: Any = None
        self._message: Json = {"role": "assistant"}
        self._whole: Json | None = None

    @property
    def content(self) -> str:
        """The text so far, put together."""
        return "".join(self._texts)

    def add(self, item: str | Json) -> None:
        """Take the next piece."""
        if isinstance(item, str):
            self._texts.append(item)
            return
        self.usage = item.get("usage") or self.usage
        choice = first_choice(item)
        if "message" in choice:
            self._whole = item
        self.finish_reason = choice.get("finish_reason") or self.finish_reason
        self._add_delta(choice.get("delta") or {})

    def _add_delta(self, delta: Json) -> None:
        self._texts.append(delta.get("content") or "")
        if delta.get("reasoning_content"):
            thoughts = self._message.get("reasoning_content", "")
            self._message["reasoning_content"] = thoughts + delta["reasoning_content"]
        for fragment in delta.get("tool_calls") or ():
            _join_tool_call(self._message.setdefault("tool_calls", []), fragment)

    def answer(self, form: ChatForm, usage: Usage) -> Json:
        """The whole answer."""
        if self._whole is not None:
            frame = form.whole([], usage)
            return {**frame, **self._whole, "model": frame["model"]}
        content = self.content or (None if "tool_calls" in self._message else "")
        message = {"refusal": None, **self._message, "content": content}
        choice = {"index": 0, "message": message, "finish_reason": self.finish_reason}
        choice["logprobs"] = None
        return form.whole([choice], usage)


def usage_json(usage: Usage) -> Json:
    """OpenAI's usage object."""
    return {
        "prompt_tokens": usage.prompt_tokens or 0,
        "completion_tokens": usage.completion_tokens or 0,
        "total_tokens": usage.total_tokens or 0,
    }


def wants_usage(call: Call) -> bool:
    """Whether the client asked for the usage chunk of a stream."""
    options = call.body.get("stream_options")
    return isinstance(options, dict) and bool(options.get("include_usage"))


def as_event(chunk: Json) -> bytes:
    """A chunk as a server-sent event."""
    return b"data: " + orjson.dumps(chunk) + b"\n\n"


def first_choice(answer: Json) -> Json:
    """The first choice of an answer or chunk; empty if it has none."""
    choices = answer.get("choices")
    choice = choices[0] if isinstance(choices, list) and choices else {}
    return choice if isinstance(choice, dict) else {}


def texts(messages: Any) -> Iterator[str]:
    """Every text in a list of chat messages, in order."""
    for message in messages if isinstance(messages, list) else ():
        content = message.get("content") if isinstance(message, dict) else None
        parts = content if isinstance(content, list) else [{"text": content}]
        for part in parts:
            text = part.get("text") if isinstance(part, dict) else None
            if isinstance(text, str):
                yield text


def _join_tool_call(calls: list[Json], fragment: Json) -> None:
    """Add a fragment of a tool call to the calls so far, by its index."""
    index = fragment.get("index", len(calls))
    while len(calls) <= index:
        calls.append({"id": None, "type": "function", "function": {"name": "", "arguments": ""}})
    call, function = calls[index], fragment.get("function") or {}
    call["id"] = fragment.get("id") or call["id"]
    call["function"]["name"] += function.get("name") or ""
    call["function"]["arguments"] += function.get("arguments") or ""
