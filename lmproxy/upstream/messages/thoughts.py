"""Which of a model's earlier thoughts may go back to a provider? The others are named.

A signature is good for the provider that made it. Gemini signs the calls that come of its thoughts,
and those signatures travel in the calls' ids. Of a thought that has a signature LiteLLM makes a
text that Gemini would have said aloud.
"""

from lmproxy.call import Json

TAKE_THOUGHTS = {"anthropic", "azure_ai", "bedrock", "databricks", "gemini", "openrouter"}
TAKE_THOUGHTS |= {"vertex_ai"}
"""Providers, by LiteLLM's names, to which a model's earlier thoughts may go back."""
BLOCKS, TEXT = "thinking_blocks", "reasoning_content"
"""Where LiteLLM's form of a message has thoughts: as they were signed, and what they say."""


def takes_signed(provider: str | None, model: str) -> bool:
    """Whether signed or hidden thoughts may go to a provider that takes thoughts."""
    is_gemini = provider == "gemini" or (provider == "vertex_ai" and "claude" not in model.lower())
    return provider in TAKE_THOUGHTS and not is_gemini


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
