"""One request with the official SDK, and what its user got of it, in pieces or whole."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import openai

WEATHER = {
    "type": "function",
    "function": {
        "name": "weather",
        "description": "The weather in a city.",
        "parameters": {
            "type": "object",
            "properties": {"city": {"type": "string"}},
            "required": ["city"],
        },
    },
}


@dataclass
class Heard:
    """What arrived.

    Attributes:
        id: the proxy's, which is its record's.
        calls: tool calls as a client sends them back, in the order of their indices.
        reasons: every finish reason that was said.
        usages: every token count that was given.
        pieces: how many events had choices.
        error: what the SDK raised in the middle of a stream.
    """

    id: str
    text: str = ""
    reasoning: str = ""
    calls: list[dict[str, Any]] = field(default_factory=list)
    reasons: list[str] = field(default_factory=list)
    usages: list[Any] = field(default_factory=list)
    pieces: int = 0
    error: openai.APIError | None = None

    @property
    def counts(self) -> list[tuple[int, int, int]]:
        """Tokens of every token count: of the prompt, of the answer, of both."""
        return [(u.prompt_tokens, u.completion_tokens, u.total_tokens) for u in self.usages]

    def message(self) -> dict[str, Any]:
        """The assistant's message, for the next request."""
        return {"role": "assistant", "content": self.text or None, "tool_calls": self.calls}


def user(text: str) -> list[Any]:
    """The messages of a user who says this."""
    return [{"role": "user", "content": text}]


def ask(
    client: openai.OpenAI, model: str, messages: list[Any], *, stream: bool, **fields: Any
) -> Heard:
    """Send it and read the answer to its end."""
    create = client.chat.completions.with_raw_response.create
    raw = create(model=model, messages=messages, stream=stream, **fields)
    heard = Heard(raw.headers["x-request-id"])
    answer: Any = raw.parse()
    if stream:
        _read(heard, answer)
        return heard
    heard.usages = [answer.usage]
    (choice,) = answer.choices
    heard.text = choice.message.content or ""
    heard.reasoning = getattr(choice.message, "reasoning_content", None) or ""
    heard.calls = [call.model_dump() for call in choice.message.tool_calls or ()]
    heard.reasons = [choice.finish_reason]
    return heard


def _read(heard: Heard, chunks: Iterator[Any]) -> None:
    try:
        for chunk in chunks:
            heard.usages += [chunk.usage] if chunk.usage else []
            for choice in chunk.choices:
                heard.pieces += 1
                heard.reasons += [choice.finish_reason] if choice.finish_reason else []
                _add(heard, choice.delta)
    except openai.APIError as error:
        heard.error = error


def _add(heard: Heard, delta: Any) -> None:
    heard.text += delta.content or ""
    heard.reasoning += getattr(delta, "reasoning_content", None) or ""
    for piece in delta.tool_calls or ():
        if piece.index == len(heard.calls):
            function = {"name": piece.function.name, "arguments": ""}
            heard.calls.append({"id": piece.id, "type": piece.type, "function": function})
        assert piece.id in (None, heard.calls[piece.index]["id"])
        heard.calls[piece.index]["function"]["arguments"] += piece.function.arguments or ""
