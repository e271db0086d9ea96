"""Which blocks of Anthropic's messages does LiteLLM read? The others are made into such, or named.

A document of several blocks is these blocks; one of text is a text, and so is what a search found.
"""

from collections.abc import Iterator
from typing import Any

from lmproxy.call import Json
from lmproxy.errors import InvalidRequest
from lmproxy.upstream.messages.form import call_id

KNOWN = {"text", "image", "document", "tool_use", "tool_result", "thinking", "redacted_thinking"}
OF_A_DOCUMENT = ("title", "context", "citations")
"""What of a document chat has no place for."""


def readable(message: Any, dropped: list[str]) -> Any:
    """The message with blocks that LiteLLM knows; the names of others are added to `dropped`.

    Raises:
        InvalidRequest: it has a medium for which chat has no place.
    """
    content = message.get("content") if isinstance(message, dict) else None
    if not isinstance(content, list):
        return message
    blocks = [new for block in content for new in _readable(block, dropped)]
    return {**message, "content": blocks}


def _readable(block: Any, dropped: list[str]) -> Iterator[Any]:
    """The block as LiteLLM knows it; nothing, and its name, for one that chat has no word for."""
    kind = block.get("type") if isinstance(block, dict) else None
    if not isinstance(block, dict):
        yield block  # What is wrong with it, LiteLLM says.
    elif kind == "document":
        yield from _document(block, dropped)
    elif kind == "search_result" and (found := _found(block)):
        dropped += ["messages[].search_result.citations"] if block.get("citations") else []
        yield _text(block, found)
    elif kind == "tool_reference":  # What Claude Code answers to a search for tools.
        yield _text(block, f"{block.get('tool_name')} can be called now.")
    elif kind == "tool_use":
        yield {**block, "id": call_id(str(block.get("id")))}
    elif kind == "tool_result":
        if block.get("is_error"):
            dropped.append("messages[].is_error")
        result = readable(block, dropped)
        yield {**result, "tool_use_id": call_id(str(block.get("tool_use_id")))}
    elif isinstance(kind, str) and kind in KNOWN:
        _check_source(kind, block)
        dropped += ["messages[].citations"] if kind == "text" and block.get("citations") else []
        yield block
    else:
        dropped.append(f"messages[].{kind if isinstance(kind, str) else 'type'}")


def _document(block: Json, dropped: list[str]) -> Iterator[Any]:
    """A document's texts and pictures; itself, if it is a file."""
    dropped += [f"messages[].document.{name}" for name in OF_A_DOCUMENT if block.get(name)]
    source = block.get("source")
    source = source if isinstance(source, dict) else {}
    content = source.get("content")
    if source.get("type") == "text":
        yield _text(block, str(source.get("data") or ""))
    elif source.get("type") == "content" and isinstance(content, list):
        parts = [part for one in content for part in _readable(one, dropped)]
        last = {**parts[-1], **_cached(block)} if parts and isinstance(parts[-1], dict) else None
        yield from [*parts[:-1], last] if last else parts
    elif source.get("type") == "content":
        yield _text(block, content if isinstance(content, str) else "")
    else:
        _check_source("document", block)
        yield block


def _found(block: Json) -> str:
    """What a search found, with where; "" if that is no text."""
    content = block.get("content")
    parts = content if isinstance(content, list) else []
    texts = [str(part.get("text") or "") for part in parts if isinstance(part, dict)]
    if not any(texts):
        return ""
    where = [block.get("title"), block.get("source")]
    return "\n".join([*(text for text in where if isinstance(text, str)), *filter(None, texts)])


def _check_source(kind: str, block: Json) -> None:
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


def _text(block: Json, text: str) -> Json:
    """A text in the place of a block."""
    return {**_cached(block), "type": "text", "text": text}


def _cached(block: Json) -> Json:
    """The mark to cache a conversation up to a block, for what stands in its place."""
    return {"cache_control": block["cache_control"]} if "cache_control" in block else {}
