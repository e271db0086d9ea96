"""Parameters that LiteLLM reads otherwise than meant: put right, or left out and named."""

import re
from typing import Any

from lmproxy.call import Json
from lmproxy.upstream import tool_choice
from lmproxy.upstream.arguments import Arguments

GOOGLES = {"gemini", "vertex_ai"}
"""Google's Gemini, by LiteLLM's names of those who have it."""
TIERS = {"default": "standard", "standard": "standard", "flex": "flex", "priority": "priority"}
"""OpenAI's names of service tiers, and Google's. https://ai.google.dev/api/generate-content"""
SEARCHES = {
    "googleSearch", "google_search", "googleSearchRetrieval", "google_search_retrieval",
    "enterpriseWebSearch", "enterprise_web_search", "url_context", "urlContext", "web_search",
    "web_search_preview",
}  # fmt: skip
"""Tools that Google runs itself: fields of a tool, or its type."""

BUDGETS = {"minimal": 1024, "low": 1024, "medium": 2048, "high": 4096}
"""Tokens that LiteLLM has a Claude think for an effort."""
BUDGETED = re.compile(r"claude-(?:3-7|(?:opus|sonnet|haiku)-4(?:-[015])?(?:-?20\d{6}|$))")
"""Claudes that are told how many tokens to think; later ones are told the effort."""


def put_right(arguments: Arguments, provider: str, model: str) -> tuple[str, ...]:
    """Change what LiteLLM would misread for `provider`; the names of what was left out."""
    tool_choice.put_right(arguments, provider)
    if provider == "anthropic" and BUDGETED.search(model):
        return _without_too_much_thought(arguments.known)
    if provider not in GOOGLES:
        return ()
    return (*_settle_tier(arguments.known), *_without_searches(arguments))


def _without_too_much_thought(known: Json) -> tuple[str, ...]:
    """Anthropic refuses a budget for thoughts that is not below the limit of the whole answer."""
    limit = known.get("max_completion_tokens") or known.get("max_tokens")
    effort = known.get("reasoning_effort")
    budget = BUDGETS.get(effort) if isinstance(effort, str) else None
    if budget is None or not isinstance(limit, int) or limit > budget:
        return ()
    del known["reasoning_effort"]
    return ("reasoning_effort",)


def _settle_tier(known: Json) -> tuple[str, ...]:
    """LiteLLM makes `auto` the tier that costs most; it is what Google does when told nothing."""
    tier = known.pop("service_tier", "auto")
    if tier == "auto":
        return ()
    if not isinstance(tier, str) or tier.lower() not in TIERS:
        return ("service_tier",)
    known["service_tier"] = TIERS[tier.lower()]
    return ()


def _without_searches(arguments: Arguments) -> tuple[str, ...]:
    """Google takes no search beside functions, and LiteLLM keeps the functions."""
    known, tools = arguments.known, arguments.known.get("tools")
    if arguments.extra.get("include_server_side_tool_invocations") or not isinstance(tools, list):
        return ()
    if not any("function" in tool for tool in tools):
        return ()
    dropped = ["web_search_options"] if known.pop("web_search_options", None) is not None else []
    names = [_search(tool) for tool in tools]
    known["tools"] = [tool for tool, name in zip(tools, names, strict=True) if not name]
    return (*dropped, *(f"tools[].{name}" for name in names if name))


def _search(tool: Any) -> str | None:
    """What a tool of Google's is called; `None` for another."""
    kind = tool.get("type")
    names = SEARCHES.intersection({*tool, kind} if isinstance(kind, str) else tool)
    return min(names, default=None) if "function" not in tool else None
