"""What does a message of chat say, or a piece of one? Its fields, each of one kind.

Servers write some of them in ways of their own: texts in parts, thoughts among them, arguments as
an object. What nobody can read is the provider's fault, whoever would have to read it next.
"""

from collections.abc import Iterator
from typing import Any

import orjson

from lmproxy.call import Json
from lmproxy.errors import UpstreamInvalidResponse

INVENTED = {"mistral"}
"""LiteLLM's signatures of thoughts that nobody signed."""


def sound(said: Any) -> Json:
    """What a message or delta says: texts that are texts, thoughts and calls that are whole tables.

    Raises:
        UpstreamInvalidResponse: a field of it is of a kind that says nothing.
    """
    if not said:
        return {}
    if not isinstance(said, dict):
        raise _odd("message")
    if len(said) == 1 and isinstance(said.get("content"), str):  # As nearly all pieces are.
        return said
    thought = _text(said, "reasoning_content") or _text(said, "reasoning")
    return {
        "content": _content(said),
        "refusal": _text(said, "refusal"),
        "reasoning_content": thought or thought_within(said.get("content")),
        "thinking_blocks": [_thought(block) for block in _tables(said, "thinking_blocks")],
        "images": _tables(said, "images"),
        "tool_calls": list(_calls(said)),
    }


def finish_reason(choice: Json) -> str | None:
    """Why an answer ended; `None` as long as it does not say.

    Raises:
        UpstreamInvalidResponse: it says so in no text.
    """
    return _text(choice, "finish_reason")


def thought_within(content: Any) -> str:
    """The thoughts among the parts of a message: Mistral's models think there."""
    parts = content if isinstance(content, list) else ()
    thoughts = (
        part.get("thinking")
        for part in parts
        if isinstance(part, dict) and part.get("type") == "thinking"
    )
    return "".join(text for thought in thoughts for text in _texts(thought))


def _texts(content: Any) -> Iterator[str]:
    """The text of a content, or those of its parts."""
    parts = content if isinstance(content, list) else [{"text": content}]
    for part in parts:
        text = part.get("text") if isinstance(part, dict) else None
        if isinstance(text, str):
            yield text


def _content(said: Json) -> str | None:
    content = said.get("content")
    return "".join(_texts(content)) if isinstance(content, list) else _text(said, "content")


def as_signed(block: Json) -> Json:
    """A thought without the signature, if that is LiteLLM's own."""
    signature = block.get("signature")
    is_invented = isinstance(signature, str) and signature in INVENTED
    return {**block, "signature": None} if is_invented else block


def _thought(block: Json) -> Json:
    return {name: _text(block, name) for name in ("type", "thinking", "signature", "data")}


def _calls(said: Json) -> Iterator[Json]:
    """The calls; the only one of a server that says it as OpenAI did before there were tools."""
    called = _tables(said, "tool_calls")
    if not called and said.get("function_call"):
        called = [{"function": said["function_call"]}]
    yield from map(_call, called)


def _call(called: Json) -> Json:
    """A call, or a fragment of one. Some servers give the arguments as an object."""
    index, identifier, function = called.get("index"), called.get("id"), called.get("function")
    function = {} if function is None else function
    if not isinstance(function, dict):
        raise _odd("function")
    arguments = function.get("arguments")
    if isinstance(arguments, dict):
        arguments = orjson.dumps(arguments).decode()
    elif not isinstance(arguments, str | None):
        raise _odd("arguments")
    return {
        "index": index if isinstance(index, int) else 0,
        "id": identifier if isinstance(identifier, str) else None,
        "function": {"name": _text(function, "name"), "arguments": arguments},
    }


def _text(table: Json, name: str) -> str | None:
    value = table.get(name)
    if value and not isinstance(value, str):
        raise _odd(name)
    return value or None


def _tables(table: Json, name: str) -> list[Json]:
    value = table.get(name) or []
    if not isinstance(value, list) or not all(isinstance(one, dict) for one in value):
        raise _odd(name)
    return value


def _odd(name: str) -> UpstreamInvalidResponse:
    return UpstreamInvalidResponse(f"The '{name}' of the provider's answer cannot be read.")
