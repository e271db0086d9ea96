"""What of Anthropic's request can OpenAI's chat say? LiteLLM's translation, and what it leaves out.

Before it: blocks it passes over in silence are made into such as it knows, or named. After it:
pictures in tool results are put where chat providers look for them, and thoughts go only to
providers that take them back.
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import orjson

from lmproxy.call import Json
from lmproxy.errors import InvalidRequest
from lmproxy.upstream.messages.form import call_id
from lmproxy.upstream.messages.thoughts import forget_thoughts

if TYPE_CHECKING:
    from lmproxy.upstream.litellm.messages import MessagesAdapter

KNOWN_BLOCKS = {"text", "image", "document", "tool_use", "tool_result", "thinking"}
KNOWN_BLOCKS |= {"redacted_thinking"}
OF_A_TOOL = {"name", "description", "input_schema", "cache_control", "strict", "type"}
"""What of a tool of the client's own goes on; LiteLLM would put the rest into its parameters."""
SEARCHES = "web_search"
"""Begins the kinds of the one such tool that chat has a field for."""
OF_A_DOCUMENT = ("title", "context", "citations")
"""What of a document chat has no place for."""
PDF = "data:application/pdf;"
LONGEST_USER = 64
"""OpenAI refuses a longer `user`; Claude Code's is."""
NAMES = {
    "reasoning_effort": "thinking",
    "stop": "stop_sequences",
    "user": "metadata.user_id",
    "web_search_options": "tools[].web_search",
    "response_format": "output_config.format",
    "parallel_tool_calls": "tool_choice.disable_parallel_tool_use",
}
"""What the client calls the fields that a translation may leave out."""


def chat_body(
    adapter: "MessagesAdapter", body: Json, model: str, provider: str | None
) -> tuple[Json, dict[str, str], list[str]]:
    """The body of a chat request, the tools' names, and what of the request is not in it.

    Raises:
        InvalidRequest: chat has no place for a medium in it.
        Exception: LiteLLM tripped over it.
    """
    dropped: list[str] = []
    fresh = orjson.loads(orjson.dumps(body))
    fresh["messages"] = [_readable(message, dropped) for message in fresh["messages"]]
    if isinstance(fresh.get("tools"), list):
        _choose_tools(fresh, provider, model, dropped)
    chat, names = adapter.chat(fresh, model, provider)
    messages = list(_with_pictures(chat["messages"]))
    forget_thoughts(messages, provider, model, dropped)
    chat["messages"] = messages
    _settle(chat, body, dropped)
    _keep_schema(chat, body)
    _set_effort(chat, body, dropped)
    if b'"cache_control"' in orjson.dumps(body) and b'"cache_control"' not in orjson.dumps(chat):
        dropped.append("cache_control")
    return chat, names, dropped


def _settle(chat: Json, body: Json, dropped: list[str]) -> None:
    """Fields whose values mean something else in chat, or cannot stand there."""
    choice = body.get("tool_choice")
    if isinstance(choice, dict) and choice.get("disable_parallel_tool_use"):
        chat["parallel_tool_calls"] = False
    if chat.get("service_tier") not in (None, "auto"):
        dropped.append("service_tier")
        del chat["service_tier"]
    user = chat.get("user")
    if user is not None and (not isinstance(user, str) or len(user) > LONGEST_USER):
        dropped.append("metadata.user_id")
        del chat["user"]
    if chat.get("stream"):
        chat["stream_options"] = {"include_usage": True}


def _keep_schema(chat: Json, body: Json) -> None:
    """Ask for what the client's schema says. OpenAI's strict form has no optional properties.

    LiteLLM makes all of them required.
    """
    form = (chat.get("response_format") or {}).get("json_schema")
    config = body.get("output_config")
    asked = config.get("format") if isinstance(config, dict) else None
    asked = asked or body.get("output_format")
    schema = asked.get("schema") if isinstance(asked, dict) else None
    if isinstance(form, dict) and _has_optional(schema):
        form["schema"] = schema
        form.pop("strict", None)


def _has_optional(schema: Any) -> bool:
    """Whether an object in it may go without one of its properties."""
    if isinstance(schema, list):
        return any(map(_has_optional, schema))
    if not isinstance(schema, dict):
        return False
    properties, required = schema.get("properties"), schema.get("required") or []
    if isinstance(properties, dict) and any(name not in required for name in properties):
        return True
    return any(map(_has_optional, schema.values()))


def _set_effort(chat: Json, body: Json, dropped: list[str]) -> None:
    """Claude thinks when told an effort in chat's words, though here it was not told to think."""
    config = body.get("output_config")
    effort = config.get("effort") if isinstance(config, dict) else None
    if effort and "reasoning_effort" not in chat:
        if "thinking" in chat or "claude" in chat["model"].lower():
            dropped.append("output_config.effort")
        else:
            chat["reasoning_effort"] = effort
    if chat.get("reasoning_effort") == "max":  # Anthropic's alone; `xhigh` few models take.
        chat["reasoning_effort"] = "high"


def _choose_tools(fresh: Json, provider: str | None, model: str, dropped: list[str]) -> None:
    """Leave out the tools that only Claude knows without being told what they are."""
    knows = provider == "anthropic" or "claude" in model.lower()
    kinds = [None if knows else _own_kind(tool) for tool in fresh["tools"]]
    dropped += [f"tools[].{kind}" for kind in kinds if kind]
    told = zip(fresh["tools"], kinds, strict=True)
    fresh["tools"] = [_plain_tool(tool, dropped) for tool, kind in told if not kind]
    choice = fresh.get("tool_choice")
    named = choice.get("name") if isinstance(choice, dict) else None
    is_gone = any(kinds) and named not in [None, *map(_name, fresh["tools"])]
    if choice and (is_gone or not fresh["tools"]):
        del fresh["tool_choice"]
        dropped.append("tool_choice")
    if not fresh["tools"]:
        del fresh["tools"]


def _own_kind(tool: Any) -> str | None:
    """What Anthropic calls a tool that it describes to Claude itself; `None` for another.

    https://docs.anthropic.com/en/docs/agents-and-tools/tool-use/overview
    """
    kind = tool.get("type") if isinstance(tool, dict) and "input_schema" not in tool else None
    if not isinstance(kind, str) or kind in ("custom", "function") or kind.startswith(SEARCHES):
        return None
    return kind


def _name(tool: Any) -> Any:
    return tool.get("name") if isinstance(tool, dict) else None


def _plain_tool(tool: Any, dropped: list[str]) -> Any:
    """Without what tells Anthropic when to load or call a tool of the client's; that is named."""
    if not isinstance(tool, dict) or "input_schema" not in tool:
        return tool
    dropped += [f"tools[].{name}" for name in tool if name not in OF_A_TOOL]
    return {name: value for name, value in tool.items() if name in OF_A_TOOL}


def _readable(message: Any, dropped: list[str]) -> Any:
    content = message.get("content") if isinstance(message, dict) else None
    if not isinstance(content, list):
        return message
    blocks = [new for block in content for new in _readable_block(block, dropped)]
    return {**message, "content": blocks}


def _readable_block(block: Any, dropped: list[str]) -> Iterator[Any]:
    """The block as LiteLLM knows it; nothing, and its name, for one that chat has no word for."""
    kind = block.get("type") if isinstance(block, dict) else None
    if kind == "document":
        dropped += [f"messages[].document.{name}" for name in OF_A_DOCUMENT if block.get(name)]
    if kind == "document" and (text := _document_text(block.get("source"))) is not None:
        yield {**_cached(block), "type": "text", "text": text}
    elif kind == "tool_reference":  # What Claude Code answers to a search for tools.
        yield {
            **_cached(block),
            "type": "text",
            "text": f"{block.get('tool_name')} can be called now.",
        }
    elif kind == "tool_use":
        yield {**block, "id": call_id(str(block.get("id")))}
    elif kind == "tool_result":
        if block.get("is_error"):
            dropped.append("messages[].is_error")
        result = _readable(block, dropped)
        yield {**result, "tool_use_id": call_id(str(block.get("tool_use_id")))}
    elif not isinstance(block, dict) or (isinstance(kind, str) and kind in KNOWN_BLOCKS):
        _check_source(kind, block)
        yield block
    else:
        dropped.append(f"messages[].{kind if isinstance(kind, str) else 'type'}")


def _check_source(kind: Any, block: Any) -> None:
    """Refuse what LiteLLM would leave out, or take for a picture.

    Raises:
        InvalidRequest: a file that only Anthropic has, or a document by URL.
    """
    source = block.get("source") if kind in ("image", "document") else None
    where = source.get("type") if isinstance(source, dict) else None
    if where == "file" or (where == "url" and kind == "document"):
        raise InvalidRequest(
            f"This model's provider takes no {kind}s by {'URL' if where == 'url' else 'file id'}. "
            "Send the data in base64.",
            code="unsupported_content",
            param="messages",
        )


def _cached(block: Json) -> Json:
    return {"cache_control": block["cache_control"]} if "cache_control" in block else {}


def _document_text(source: Any) -> str | None:
    """The text of a document that is one; `None` for a file."""
    if not isinstance(source, dict):
        return None
    if source.get("type") == "text":
        return str(source.get("data") or "")
    content = source.get("content")
    if source.get("type") != "content":
        return None
    if isinstance(content, str):
        return content
    parts = content if isinstance(content, list) else []
    return "\n".join(str(part.get("text") or "") for part in parts if isinstance(part, dict))


def _with_pictures(messages: list[Json]) -> Iterator[Json]:
    """The messages; pictures of tool results follow them as the user's: chat has them nowhere else.

    PDF files are put as chat has them.
    """
    waiting: list[Json] = []
    for message in messages:
        content = message.get("content")
        parts = [_as_file(part) for part in content] if isinstance(content, list) else content
        if message["role"] == "tool" and isinstance(parts, list):
            waiting += [part for part in parts if part.get("type") != "text"]
            texts = "\n".join(part["text"] for part in parts if part.get("type") == "text")
            yield {**message, "content": texts or "See the next message."}
            continue
        if waiting and message["role"] == "user":
            own = parts if isinstance(parts, list) else [{"type": "text", "text": parts}]
            parts, waiting = [*waiting, *own], []
        elif waiting and message["role"] != "tool":
            yield {"role": "user", "content": waiting}
            waiting = []
        yield {**message, "content": parts}
    if waiting:
        yield {"role": "user", "content": waiting}


def _as_file(part: Json) -> Json:
    url = part["image_url"].get("url", "") if part.get("type") == "image_url" else ""
    if not url.startswith(PDF):
        return part
    return {"type": "file", "file": {"filename": "document.pdf", "file_data": url}}
