"""What of Anthropic's request can OpenAI's chat say? LiteLLM's translation, and what it leaves out.

Before it: blocks it passes over in silence are made into such as it knows, or named (`blocks`).
After it: pictures in tool results are put where chat providers look for them, and thoughts go only
to providers that take them back (`thoughts`).
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import orjson

from lmproxy.call import Json
from lmproxy.upstream import call_ids
from lmproxy.upstream.messages.blocks import readable
from lmproxy.upstream.messages.thoughts import forget_thoughts, in_order, keeps_order

if TYPE_CHECKING:
    from lmproxy.upstream.litellm.messages import MessagesAdapter

OF_A_TOOL = {"name", "description", "input_schema", "cache_control", "strict", "type"}
"""What of a tool of the client's own goes on; LiteLLM would put the rest into its parameters."""
OF_A_SEARCH = {"type", "name", "cache_control"}
"""What of a search the translation has read, or looks for itself."""
SEARCHES = "web_search"
"""Begins the kinds of the one such tool that chat has a field for."""
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
    "messages[].reasoning_content": "messages[].thinking",
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
    turns = [readable(message, dropped) for message in fresh["messages"]]
    if keeps_order(provider, model):
        turns = [part for turn in turns for part in in_order(turn)]
    fresh["messages"] = turns
    if isinstance(fresh.get("tools"), list):
        _choose_tools(fresh, provider, model, dropped)
    chat, names = adapter.chat(fresh, model, provider)
    messages = list(_with_pictures(chat["messages"]))
    forget_thoughts(messages, provider, model, dropped)
    dropped += ["messages[].thinking"] if call_ids.fit(messages, provider, model) else []
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


def _is_search(tool: Any) -> bool:
    kind = tool.get("type") if isinstance(tool, dict) else None
    return isinstance(kind, str) and kind.startswith(SEARCHES)


def _name(tool: Any) -> Any:
    return tool.get("name") if isinstance(tool, dict) else None


def _plain_tool(tool: Any, dropped: list[str]) -> Any:
    """Without what tells Anthropic when to load or call a tool of the client's; that is named.

    Of a search nothing goes on but that one is wanted.
    """
    if _is_search(tool):
        dropped += [f"tools[].{name}" for name in tool if name not in OF_A_SEARCH]
    if not isinstance(tool, dict) or "input_schema" not in tool:
        return tool
    dropped += [f"tools[].{name}" for name in tool if name not in OF_A_TOOL]
    return {name: value for name, value in tool.items() if name in OF_A_TOOL}


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
