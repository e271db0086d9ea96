"""How does an answer look as Anthropic's message, if a provider gave it as OpenAI's chat?

`events` makes the events of a stream. `tests/messages` holds both to each other, and to
LiteLLM's own translation but for what is listed there.
"""

import re
import secrets
from collections.abc import Iterator, Mapping
from typing import Any

import orjson

from lmproxy.call import Json
from lmproxy.upstream.call_ids import SIGNED
from lmproxy.upstream.chat.form import first_choice
from lmproxy.upstream.chat.said import as_signed, finish_reason, sound, thought_within
from lmproxy.upstream.usage import count

STOP_REASONS = {
    "stop": "end_turn",
    "length": "max_tokens",
    "tool_calls": "tool_use",
    "function_call": "tool_use",
    "content_filter": "refusal",
}
NOT_IN_IDS = re.compile("[^A-Za-z0-9_-]")
"""What an id of a tool use must not have, with Anthropic."""
PICTURE = "[A picture was made here. /v1/chat/completions and /v1/responses have it.]"
"""Stands where a model made a picture, for which a message has no place."""
TO_URL = str.maketrans("+/", "-_", "=")
FROM_URL = str.maketrans("-_", "+/")


def message(
    answer: Json, model: str, names: Mapping[str, str], stop_sequence: str | None = None
) -> Json:
    """A whole answer.

    Args:
        answer: a chat completion.
        model: the name that the client asked for.
        names: of tools, as the client wrote them, by what the provider was told.
        stop_sequence: the client's, at which it ended; `None` if at none, or nobody said so.

    Raises:
        UpstreamInvalidResponse: it cannot be read.
    """
    choice = first_choice(answer)
    said = sound(choice.get("message"))
    pictures = [{"type": "text", "text": PICTURE} for _ in said.get("images") or ()]
    content = [*_thoughts(said), *_texts(said), *pictures, *_calls(said, names)]
    return {
        **frame(model),
        "content": content,
        "stop_reason": stop_reason(
            finish_reason(choice),
            calls=bool(said.get("tool_calls")),
            refuses=bool(refusal_of(said)),
            stopped=stop_sequence is not None,
        ),
        "stop_sequence": stop_sequence,
        "usage": usage(answer.get("usage")),
    }


def frame(model: str) -> Json:
    """What a message says of itself. The id is ours: a provider's is none of Anthropic's."""
    return {
        "id": f"msg_{secrets.token_hex(12)}",
        "type": "message",
        "role": "assistant",
        "model": model,
    }


def stop_reason(reason: str | None, *, calls: bool, refuses: bool, stopped: bool) -> str:
    """Anthropic's word. Some providers say `stop` when a tool is called.

    Args:
        reason: OpenAI's word.
        calls: whether a tool is called.
        refuses: whether the model said that it refuses.
        stopped: whether one of the client's stop sequences is known to have ended the answer.
    """
    ours = STOP_REASONS.get(reason or "", "end_turn")
    if ours != "end_turn":
        return ours
    if refuses:
        return "refusal"
    if calls:
        return "tool_use"
    return "stop_sequence" if stopped else ours


def usage(counted: Any) -> Json:
    """Anthropic's counts: what a cache gave and took is beside the input, not within it."""
    counted = counted if isinstance(counted, dict) else {}
    details = counted.get("prompt_tokens_details")
    details = details if isinstance(details, dict) else {}
    read = details.get("cached_tokens") or counted.get("cache_read_input_tokens")
    written = details.get("cache_creation_tokens") or counted.get("cache_creation_input_tokens")
    read, written = count(read) or 0, count(written) or 0
    return {
        "input_tokens": max((count(counted.get("prompt_tokens")) or 0) - read - written, 0),
        "cache_creation_input_tokens": written,
        "cache_read_input_tokens": read,
        "output_tokens": count(counted.get("completion_tokens")) or 0,
    }


def tool_id(identifier: Any) -> str:
    """An id that Anthropic takes as well, should the conversation go on there."""
    text = identifier if isinstance(identifier, str) and identifier else _new_id()
    own, mark, signature = text.partition(SIGNED)
    return NOT_IN_IDS.sub("_", own) + mark + NOT_IN_IDS.sub("_", signature.translate(TO_URL))


def call_id(identifier: str) -> str:
    """The id that `tool_id` was made of, as far as a provider needs it again."""
    own, mark, signature = identifier.partition(SIGNED)
    padding = "=" * (-len(signature) % 4)
    return own + mark + signature.translate(FROM_URL) + padding


def refusal_of(said: Json) -> str | None:
    """The words with which a model refuses; `None` if it does not."""
    refusal = said.get("refusal")
    return refusal if isinstance(refusal, str) and refusal else None


def reasoning_of(said: Json) -> str | None:
    """What a model thought, where nobody signed it; `None` if nothing."""
    reasoning = said.get("reasoning_content") or said.get("reasoning")
    reasoning = reasoning or thought_within(said.get("content"))
    return reasoning if isinstance(reasoning, str) and reasoning else None


def thoughts_of(said: Json) -> list[Json]:
    """The signed or hidden thoughts of a message or delta."""
    found = said.get("thinking_blocks")
    blocks = found if isinstance(found, list) else []
    return [as_signed(block) for block in blocks if isinstance(block, dict)]


def _thoughts(said: Json) -> Iterator[Json]:
    blocks = thoughts_of(said)
    for block in blocks:
        if block.get("type") == "redacted_thinking":
            yield {"type": "redacted_thinking", "data": block.get("data") or ""}
        elif block.get("thinking") or block.get("signature"):
            yield _thought(block.get("thinking"), block.get("signature"))
    reasoning = reasoning_of(said)
    if reasoning and not blocks:
        yield _thought(reasoning, "")


def _thought(thinking: Any, signature: Any) -> Json:
    return {"type": "thinking", "thinking": thinking or "", "signature": signature or ""}


def _texts(said: Json) -> Iterator[Json]:
    """No empty one: Anthropic refuses it when it comes back."""
    for text in (said.get("content"), refusal_of(said)):
        if isinstance(text, str) and text:
            yield {"type": "text", "text": text}


def _calls(said: Json, names: Mapping[str, str]) -> Iterator[Json]:
    for called in said.get("tool_calls") or ():
        function = called.get("function") or {}
        name = function.get("name") or ""
        yield {
            "type": "tool_use",
            "id": tool_id(called.get("id")),
            "name": names.get(name, name),
            "input": _input(function.get("arguments")),
        }


def _input(arguments: Any) -> Json:
    """A model's arguments; what is no JSON object is kept as a text in one."""
    try:
        parsed = orjson.loads(arguments or "{}")
    except (orjson.JSONDecodeError, TypeError):
        return {"arguments": arguments}
    return parsed if isinstance(parsed, dict) else {"arguments": arguments}


def _new_id() -> str:
    return f"toolu_{secrets.token_hex(12)}"
