"""Which of a model's earlier thoughts may go back to a provider? The others are named.

A signature is good for the provider that made it. Gemini signs the calls that come of its thoughts,
and those signatures travel in the calls' ids. Of a thought that has a signature LiteLLM makes a
text that Gemini would have said aloud.
"""

from typing import Any

from lmproxy.call import Json

TAKE_THOUGHTS = {"anthropic", "azure_ai", "bedrock", "databricks", "gemini", "openrouter"}
TAKE_THOUGHTS |= {"vertex_ai"}
"""Providers, by LiteLLM's names, to which a model's earlier thoughts may go back."""
JOIN_TURNS = {"anthropic", "azure_ai", "bedrock", "vertex_ai"}
"""Providers, by LiteLLM's names, for which it makes one turn of an assistant's that follow one
another, in their order."""
THOUGHTS = ("thinking", "redacted_thinking")
BLOCKS, TEXT = "thinking_blocks", "reasoning_content"
"""Where LiteLLM's form of a message has thoughts: as they were signed, and what they say."""


def takes_signed(provider: str | None, model: str) -> bool:
    """Whether signed or hidden thoughts may go to a provider that takes thoughts."""
    is_gemini = provider == "gemini" or (provider == "vertex_ai" and "claude" not in model.lower())
    return provider in TAKE_THOUGHTS and not is_gemini


def keeps_order(provider: str | None, model: str) -> bool:
    """Whether an assistant's turn may be told in several, so that its thoughts stay in place.

    Chat's messages have thoughts, a text and calls, in this order. Claude refuses thoughts that are
    not where they were.
    https://docs.anthropic.com/en/docs/build-with-claude/extended-thinking
    """
    return provider in JOIN_TURNS and takes_signed(provider, model)


def in_order(turn: Any) -> list[Any]:
    """An assistant's turn, in as many as it has to be for chat to tell it in its order."""
    content = turn.get("content") if isinstance(turn, dict) else None
    if not isinstance(content, list) or turn.get("role") != "assistant":
        return [turn]
    parts: list[list[Any]] = [[]]
    was_thought = True
    for block in content:
        is_thought = isinstance(block, dict) and block.get("type") in THOUGHTS
        if is_thought and not was_thought:
            parts.append([])
        parts[-1].append(block)
        was_thought = is_thought
    return [{**turn, "content": part} for part in parts]


def forget_thoughts(
    messages: list[Json], provider: str | None, model: str, dropped: list[str]
) -> None:
    """Take out of `messages` the thoughts that must not go on."""
    if takes_signed(provider, model):
        return
    for message in messages:
        blocks = message.pop(BLOCKS, None) or []
        kept = _unsigned(blocks) if provider in TAKE_THOUGHTS else []
        if len(kept) < len(blocks):
            dropped.append("messages[].thinking")
        text = "".join(str(block.get("thinking") or "") for block in kept)
        message.pop(TEXT, None)
        if text:
            message[TEXT] = text


def _unsigned(blocks: list[Json]) -> list[Json]:
    return [block for block in blocks if not block.get("signature") and "data" not in block]
