"""Which ids of tool calls does a provider take? Others become such, the same one each time.

A conversation may go on with another provider than the one whose ids it has. LiteLLM hands on
Gemini's signature of a thought in the id of the call that came of it; nobody else can read that.
"""

import hashlib
import re
from collections.abc import Iterator
from typing import Any

from lmproxy.call import Json

SIGNED = "__thought__"
"""Stands in an id before the signature."""
LONGEST = 40
"""OpenAI refuses longer ones; Bedrock those of more than 64 characters."""
MISTRALS = re.compile("[A-Za-z0-9]{9}")
"""Mistral refuses all others."""
GOOGLE = {"gemini", "vertex_ai"}


def fit(messages: Any, provider: str | None, model: str) -> bool:
    """Put ids that the provider takes into chat's `messages`, which are changed.

    Args:
        messages: of whatever types they are.
        provider: LiteLLM's name of it; `None` for one it does not know.
        model: the provider's name of its model.

    Returns:
        Whether a signature was left out.
    """
    if "claude" not in model.lower() and (provider in GOOGLE or "gemini" in model.lower()):
        return False
    was_signed = False
    for table, name in _places(messages):
        own, mark, _ = table[name].partition(SIGNED)
        was_signed = was_signed or bool(mark)
        table[name] = _fitting(own, provider)
    return was_signed


def _places(messages: Any) -> Iterator[tuple[Json, str]]:
    """Where ids stand: the table, and the name in it."""
    for message in messages if isinstance(messages, list) else ():
        if not isinstance(message, dict):
            continue
        if isinstance(message.get("tool_call_id"), str):
            yield message, "tool_call_id"
        calls = message.get("tool_calls")
        for call in calls if isinstance(calls, list) else ():
            if isinstance(call, dict) and isinstance(call.get("id"), str):
                yield call, "id"


def _fitting(identifier: str, provider: str | None) -> str:
    if provider == "mistral":
        return identifier if MISTRALS.fullmatch(identifier) else _mark(identifier)[:9]
    return identifier if len(identifier) <= LONGEST else f"call_{_mark(identifier)[:32]}"


def _mark(identifier: str) -> str:
    return hashlib.sha256(identifier.encode()).hexdigest()
