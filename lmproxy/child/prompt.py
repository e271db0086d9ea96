"""How do the messages of a chat become one text, for a model that takes no messages?"""

from typing import Any


def prompt_of(messages: list[dict[str, Any]]) -> str:
    """The text of a single message as it is; of several, each behind its role.

    Args:
        messages: their contents are texts, or `None`.
    """
    if len(messages) == 1:
        return _said(messages[0])
    return "\n".join(f"[{message.get('role')}]: {_said(message)}" for message in messages)


def _said(message: dict[str, Any]) -> str:
    """Its text, and the tools it calls."""
    calls = [call.get("function") or {} for call in message.get("tool_calls") or ()]
    called = [f"{call.get('name')}({call.get('arguments')})" for call in calls]
    return "\n".join(part for part in (message.get("content"), *called) if part)
