"""What does a stream say, taken together? Chunks of a chat completion folded to one answer."""

from collections.abc import Iterable
from typing import Any

JSON = dict[str, Any]
_JOINED = ("content", "reasoning_content", "reasoning", "refusal")
_OWN = ("id", "created", "model", "object", "choices", "usage")


def fold(chunks: list[JSON]) -> JSON:
    """The message, finish reason, counts and everything else that some chunk says.

    Pieces of text are joined, tool calls by index, thinking blocks as their signatures end them.
    What is neither is kept as the list of its different values, but for empty ones. Counts are the
    last ones.
    """
    deltas = [d for choice in _choices(chunks) if (d := choice.get("delta"))]
    message: JSON = {}
    for name in _JOINED:
        if pieces := [delta[name] for delta in deltas if delta.get(name)]:
            is_text = all(isinstance(piece, str) for piece in pieces)
            message[name] = "".join(pieces) if is_text else pieces
    if calls := _tool_calls(deltas):
        message["tool_calls"] = calls
    if blocks := _thinking(deltas):
        message["thinking_blocks"] = blocks
    known = {*_JOINED, "role", "tool_calls", "thinking_blocks"}
    message |= _different(deltas, but=known)
    reasons = [r for choice in _choices(chunks) if (r := choice.get("finish_reason"))]
    counts = [chunk["usage"] for chunk in chunks if chunk.get("usage")]
    return {
        "message": message,
        "finish_reason": reasons[-1] if reasons else None,
        "choice": _different(_choices(chunks), but={"index", "delta", "finish_reason"}),
        "usage": counts[-1] if counts else None,
        "top": _different(chunks, but=set(_OWN)),
    }


def _choices(chunks: Iterable[JSON]) -> list[JSON]:
    return [choice for chunk in chunks for choice in chunk.get("choices") or ()]


def _tool_calls(deltas: list[JSON]) -> list[JSON]:
    """By index; two calls that both say the same index are told apart by their ids."""
    calls: dict[tuple[int, str], JSON] = {}
    last: dict[int, tuple[int, str]] = {}
    for piece in (piece for delta in deltas for piece in delta.get("tool_calls") or ()):
        index = piece["index"]
        key = (index, piece["id"]) if piece.get("id") else last.get(index, (index, ""))
        last[index] = key
        call = calls.setdefault(key, {"index": index, "name": "", "arguments": ""})
        call |= {n: piece[n] for n in ("id", "type") if piece.get(n)}
        function = piece.get("function") or {}
        call["name"] += function.get("name") or ""
        call["arguments"] += function.get("arguments") or ""
        rest = {n: v for n, v in piece.items() if n not in ("index", "id", "type", "function")}
        call |= {n: v for n, v in rest.items() if v is not None}
    return list(calls.values())


def _thinking(deltas: list[JSON]) -> list[JSON]:
    blocks: list[JSON] = []
    is_open = False
    for piece in (piece for delta in deltas for piece in delta.get("thinking_blocks") or ()):
        if piece.get("type") != "thinking":
            blocks.append(piece)
            is_open = False
            continue
        if not is_open:
            blocks.append({"type": "thinking", "thinking": "", "signature": ""})
        blocks[-1]["thinking"] += piece.get("thinking") or ""
        blocks[-1]["signature"] += piece.get("signature") or ""
        is_open = not piece.get("signature")
    return blocks


def _different(objects: list[JSON], but: set[str]) -> JSON:
    found: dict[str, list[Any]] = {}
    for name, value in ((n, v) for one in objects for n, v in one.items() if n not in but):
        if value not in (None, "", [], {}) and value not in found.setdefault(name, []):
            found[name].append(value)
    return found
