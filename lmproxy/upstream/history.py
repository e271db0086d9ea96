"""A conversation as LiteLLM carries it whole to a provider.

LiteLLM loses, joins or invents some parts of messages without a word. What can be said in a way
that it passes on is said so here, before it gets them; `fidelity` names what is lost all the same.
"""

from collections.abc import Iterator
from typing import Any

import orjson

from lmproxy.call import Json
from lmproxy.errors import InvalidRequest

TAKE_REFUSALS = {"openai", "azure"}
"""Providers, by LiteLLM's names, that have a field for the assistant's refusal."""
TAKE_PARTS = {"openai", "azure", "anthropic", "bedrock", "openrouter"}
"""Providers that get each text of a tool's result by itself; for others LiteLLM joins them."""
TAKE_NO_EMPTY_TEXT = {"anthropic", "azure_ai", "bedrock", "databricks", "gemini", "vertex_ai"}
"""Providers for whom LiteLLM sends an empty text, or has the assistant say that it was empty."""
JOINS_TEXTS = {"azure_ai", "deepseek", "mistral", "ollama_chat"}
"""Providers who get a message's texts as one: LiteLLM puts nothing between them."""
JOINS_SYSTEMS_TEXTS = {*JOINS_TEXTS, "gemini", "vertex_ai"}
WANT_A_USER = {"anthropic", "bedrock", "gemini", "vertex_ai"}
"""Providers that answer to somebody: LiteLLM refuses what only the system says, or adds a user."""
WANT_TABLES = {"anthropic", "bedrock", "gemini", "ollama_chat", "vertex_ai"}
"""Providers that take a call's arguments as a table, not as a text."""
SYSTEM = ("system", "developer")
NO_ARGUMENTS = "{}"


def whole(messages: Any, provider: str) -> Any:
    """The messages in a form that keeps its meaning on the way to `provider`.

    Args:
        messages: a client's, of whatever types they are; taken over.
        provider: LiteLLM's name of it.

    Raises:
        InvalidRequest: a message's role or content is of no type that OpenAI takes.
    """
    if not isinstance(messages, list):
        return messages
    for at, message in enumerate(messages):
        _check(message, at)
    if provider in WANT_A_USER:
        messages = _with_a_user(messages)
    names: dict[Any, Any] = {}
    return [_whole(message, provider, names) for message in messages]


def _check(message: Any, at: int) -> None:
    """LiteLLM takes what it does not know for something else, or for nothing."""
    if not isinstance(message, dict):
        return
    if not isinstance(message.get("role"), str):
        name, what = f"messages[{at}].role", "a text"
    elif not isinstance(message.get("content"), str | list | None):
        name, what = f"messages[{at}].content", "a text or a list of parts"
    else:
        return
    raise InvalidRequest(f"'{name}' must be {what}.", code="invalid_type", param=name)


def _with_a_user(messages: list[Any]) -> list[Any]:
    """The last word is a user's if the system has them all."""
    if not messages or any(not _is_the_systems(message) for message in messages):
        return messages
    return [*messages[:-1], {**messages[-1], "role": "user"}]


def _is_the_systems(message: Any) -> bool:
    return isinstance(message, dict) and message.get("role") in SYSTEM


def _whole(message: Any, provider: str, names: dict[Any, Any]) -> Any:
    if not isinstance(message, dict):
        return message
    role = message.get("role")
    if role == "tool":
        return _result(message, provider, names)
    if provider in (JOINS_SYSTEMS_TEXTS if role in SYSTEM else JOINS_TEXTS):
        message = {**message, "content": _a_line_each(message.get("content"))}
    if role == "assistant":
        return _said(message, provider, names)
    if provider in TAKE_NO_EMPTY_TEXT and isinstance(message.get("content"), list):
        message = {**message, "content": _without_empty_text(message["content"]) or []}
    return message


def _a_line_each(content: Any) -> Any:
    """The content with a line's end after each text but the last one."""
    texts = [p for p in content if _is_plain_text(p)] if isinstance(content, list) else []
    if len(texts) < 2:
        return content
    last = texts[-1]
    return [
        {**part, "text": f"{part['text']}\n"}
        if _is_plain_text(part) and part is not last and part["text"][-1:] not in ("", "\n")
        else part
        for part in content
    ]


def _said(message: Json, provider: str, names: dict[Any, Any]) -> Json:
    for call in _calls(message):
        function = call.get("function")
        if isinstance(function, dict):
            _put_arguments(function, provider)
            if isinstance(call.get("id"), str):
                names[call["id"]] = function.get("name")
    if isinstance(message.get("function_call"), dict):
        _put_arguments(message["function_call"], provider)
    if message.get("tool_calls") == []:
        message = {name: value for name, value in message.items() if name != "tool_calls"}
    if provider not in TAKE_REFUSALS:
        message = _without_refusal(message)
    if provider == "anthropic" or (provider in TAKE_NO_EMPTY_TEXT and message.get("tool_calls")):
        message = {**message, "content": _without_empty_text(message.get("content"))}
    return message


def _calls(message: Json) -> Iterator[Json]:
    calls = message.get("tool_calls")
    return (c for c in (calls if isinstance(calls, list) else ()) if isinstance(c, dict))


def _put_arguments(function: Json, provider: str) -> None:
    """Models that call without arguments may say nothing for them, which is no JSON.

    What they said otherwise stays what they said, inside a table where only that will do: an answer
    that was cut short ends in the middle of them.
    """
    arguments = function.get("arguments", "")
    if arguments is None:
        function["arguments"] = NO_ARGUMENTS
    elif isinstance(arguments, str):
        if arguments.strip() in ("", "null"):
            function["arguments"] = NO_ARGUMENTS
        elif provider in WANT_TABLES and not isinstance(said := _as_json(arguments), dict):
            function["arguments"] = orjson.dumps({"arguments": said}).decode()


def _as_json(text: str) -> Any:
    """What a text says as JSON; itself, if it is none."""
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError:
        return text


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
    if content is None:
        content = ""
        message = {**message, "content": content}
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
