"""A conversation as LiteLLM carries it whole to a provider.

LiteLLM loses, joins or invents some parts of messages without a word. What can be said in a way
that it passes on is said so here, before it gets them; `fidelity` names what is lost all the same.
"""

from collections.abc import Iterator
from typing import Any

from lmproxy.call import Json

TAKE_REFUSALS = {"openai", "azure"}
"""Providers, by LiteLLM's names, that have a field for the assistant's refusal."""
TAKE_PARTS = {"openai", "azure", "anthropic", "bedrock", "openrouter"}
"""Providers that get each text of a tool's result by itself; for others LiteLLM joins them."""
TAKE_NO_EMPTY_TEXT = {"anthropic", "azure_ai", "bedrock", "databricks", "gemini", "vertex_ai"}
"""Providers for whom LiteLLM sends an empty text, or has the assistant say that it was empty."""
NO_ARGUMENTS = "{}"


def whole(messages: Any, provider: str) -> Any:
    """The messages in a form that keeps its meaning on the way to `provider`.

    Args:
        messages: a client's, of whatever types they are; taken over.
        provider: LiteLLM's name of it.
    """
    if not isinstance(messages, list):
        return messages
    names: dict[Any, Any] = {}
    return [_whole(message, provider, names) for message in messages]


def _whole(message: Any, provider: str, names: dict[Any, Any]) -> Any:
    if not isinstance(message, dict):
        return message
    role = message.get("role")
    if role == "assistant":
        return _said(message, provider, names)
    return _result(message, provider, names) if role == "tool" else message


def _said(message: Json, provider: str, names: dict[Any, Any]) -> Json:
    for call in _calls(message):
        function = call.get("function")
        if isinstance(function, dict):
            _put_arguments(function)
            if isinstance(call.get("id"), str):
                names[call["id"]] = function.get("name")
    if isinstance(message.get("function_call"), dict):
        _put_arguments(message["function_call"])
    if provider not in TAKE_REFUSALS:
        message = _without_refusal(message)
    if provider in TAKE_NO_EMPTY_TEXT and message.get("tool_calls"):
        message = {**message, "content": _without_empty_text(message.get("content"))}
    return message


def _calls(message: Json) -> Iterator[Json]:
    calls = message.get("tool_calls")
    return (c for c in (calls if isinstance(calls, list) else ()) if isinstance(c, dict))


def _put_arguments(function: Json) -> None:
    """Models that call without arguments may say nothing for them, which is no JSON."""
    arguments = function.get("arguments", "")
    if arguments is None or (isinstance(arguments, str) and not arguments.strip()):
        function["arguments"] = NO_ARGUMENTS


def _without_refusal(message: Json) -> Json:
    """A refusal is what the assistant said."""
    content = message.get("content")
    if isinstance(content, list):
        content = [_as_text(part) for part in content]
    refusal = message.get("refusal")
    if isinstance(refusal, str) and refusal:
        said = {"type": "text", "text": refusal}
        message = {name: value for name, value in message.items() if name != "refusal"}
        if isinstance(content, list):
            content = [*content, said]
        else:
            content = f"{content}\n{refusal}" if content else refusal
    return {**message, "content": content} if content is not None else message


def _as_text(part: Any) -> Any:
    if isinstance(part, dict) and part.get("type") == "refusal":
        return {"type": "text", "text": part.get("refusal")}
    return part


def _without_empty_text(content: Any) -> Any:
    """The content without texts that are empty; `None` if nothing is left."""
    if isinstance(content, str):
        return content if content.strip() else None
    if not isinstance(content, list):
        return content
    return [part for part in content if not _is_empty_text(part)] or None


def _is_empty_text(part: Any) -> bool:
    return _is_plain_text(part) and not part["text"].strip()


def _result(message: Json, provider: str, names: dict[Any, Any]) -> Json:
    content = message.get("content")
    if isinstance(content, list) and provider not in TAKE_PARTS:
        content = _joined(content)
        message = {**message, "content": content}
    if provider == "mistral" and not _without_empty_text(content) and not message.get("name"):
        # LiteLLM takes a nameless empty result for an empty word of the assistant's, and drops it.
        call = message.get("tool_call_id")
        name = names.get(call) if isinstance(call, str) else None
        message = {**message, "content": "", **({"name": name} if name else {})}
    return message


def _joined(parts: list[Any]) -> Any:
    """A tool's result with its texts as one, a line each; alone, they are the whole content."""
    texts = [part["text"] for part in parts if _is_plain_text(part)]
    if len(texts) < 2 or any("cache_control" in part for part in parts):
        return parts
    rest = [part for part in parts if not _is_plain_text(part)]
    text = "\n".join(texts)
    return [{"type": "text", "text": text}, *rest] if rest else text


def _is_plain_text(part: Any) -> bool:
    return (
        isinstance(part, dict) and part.get("type") == "text" and isinstance(part.get("text"), str)
    )
