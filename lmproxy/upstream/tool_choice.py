"""Which tools may a model call, and must it? Said so that LiteLLM and the provider take it."""

from typing import Any

from lmproxy.call import Json
from lmproxy.upstream.arguments import Arguments

SAY_NOTHING = ("auto", "none")
"""Choices that are the same as none, where there is no tool."""
CANNOT_NAME_ONE = {"mistral"}
"""Providers for whom LiteLLM leaves out the name of the tool that has to be called."""
WANT_TOOLS = {"bedrock"}
"""Providers that take no earlier calls without tools; LiteLLM itself thinks of it for Anthropic."""
NO_TOOL: Json = {
    "type": "function",
    "function": {
        "name": "no_tool",
        "description": "There are no tools. Never call this; answer in words.",
        "parameters": {"type": "object", "properties": {}},
    },
}


def put_right(arguments: Arguments, provider: str) -> None:
    """Change what LiteLLM or the provider would refuse, or take for something else."""
    known = arguments.known
    if not known.get("tools") and not known.get("functions"):
        _without_tools(known)
        if provider in WANT_TOOLS and any(map(_is_about_calls, arguments.messages)):
            known["tools"] = [NO_TOOL]
        return
    choice = known.get("tool_choice")
    if not isinstance(choice, dict):
        return
    allowed = choice.get("allowed_tools")
    if choice.get("type") == "allowed_tools" and isinstance(allowed, dict):
        _keep_only(known, _names(allowed.get("tools")), allowed.get("mode"))
    elif choice.get("type") == "function" and provider in CANNOT_NAME_ONE:
        _keep_only(known, _names([choice]), "required")


def _without_tools(known: Json) -> None:
    """Leave out what says nothing and is refused; Amazon and Google do."""
    if known.get("tools") == []:
        del known["tools"]
    if known.get("tool_choice") in SAY_NOTHING:
        del known["tool_choice"]
    if "tools" not in known:
        known.pop("parallel_tool_calls", None)


def _is_about_calls(message: Any) -> bool:
    return isinstance(message, dict) and bool(
        message.get("tool_calls") or message.get("role") == "tool"
    )


def _keep_only(known: Json, names: set[Any], mode: Any) -> None:
    """Offer the tools of these names alone, which comes to the same; no known one: all of them."""
    kept = [tool for tool in known.get("tools") or () if _names([tool]) & names]
    if kept:
        known |= {"tools": kept, "tool_choice": mode}


def _names(tools: Any) -> set[Any]:
    functions = [
        tool.get("function")
        for tool in (tools if isinstance(tools, list) else ())
        if isinstance(tool, dict)
    ]
    names = {function.get("name") for function in functions if isinstance(function, dict)}
    return {name for name in names if isinstance(name, str)}
