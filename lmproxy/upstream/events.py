"""Where does an event end? Server-sent events as bytes (WHATWG HTML, 9.2.6).

Pieces arrive cut anywhere. What is handed on always ends between two events, so that a comment may
be put in there and an event can be withheld or replaced. Nothing is decoded that need not be.
"""

from collections.abc import Iterator
from typing import Any

import orjson

from lmproxy.errors import UpstreamInvalidResponse

MOST_EVENT_BYTES = 16 * 1024 * 1024
MOST_ANSWER_BYTES = 128 * 1024 * 1024


class EventBlocks:
    """Cuts a byte stream after its last complete event."""

    def __init__(self) -> None:
        self._parts: list[bytes] = []
        self._size = 0
        self._seam = b""
        self._total = 0

    def feed(self, piece: bytes) -> bytes:
        """The events that `piece` completes, `b""` if it completes none.

        Raises:
            UpstreamInvalidResponse: one event, or all of them, are larger than any answer should
            be.
        """
        self._total += len(piece)
        if self._total > MOST_ANSWER_BYTES:
            raise UpstreamInvalidResponse("The provider's answer is too large.")
        cut = _end_of_last_event(self._seam + piece) - len(self._seam)
        if cut <= 0:
            self._keep(piece)
            return b""
        if not self._parts and cut == len(piece):
            return piece
        block = b"".join((*self._parts, piece[:cut]))
        self._parts, self._size, self._seam = [], 0, b""
        if cut < len(piece):
            self._keep(piece[cut:])
        return block

    def rest(self) -> bytes:
        """What followed the last complete event."""
        return b"".join(self._parts)

    def _keep(self, piece: bytes) -> None:
        self._parts.append(piece)
        self._size += len(piece)
        self._seam = (self._seam + piece)[-3:]
        if self._size > MOST_EVENT_BYTES:
            raise UpstreamInvalidResponse("The provider sent an event that is too large.")


def _end_of_last_event(data: bytes) -> int:
    """The position after the last blank line, 0 if there is none."""
    end = _after_last(data, b"\n\n")
    if b"\r" in data:
        end = max(end, _after_last(data, b"\r\n\r\n"), _after_last(data, b"\r\r"))
    return end


def _after_last(data: bytes, mark: bytes) -> int:
    found = data.rfind(mark)
    return found + len(mark) if found >= 0 else 0


def split_events(block: bytes) -> Iterator[bytes]:
    """The events of a block, each with its blank line."""
    start = 0
    normal = block.replace(b"\r\n", b"\n\0").replace(b"\r", b"\n") if b"\r" in block else block
    while start < len(block):
        end, width = _next_blank_line(normal, start)
        yield block[start : end + width]
        start = end + width


def _next_blank_line(text: bytes, start: int) -> tuple[int, int]:
    candidates = [(text.find(mark, start), len(mark)) for mark in (b"\n\n", b"\n\0\n\0")]
    found = [candidate for candidate in candidates if candidate[0] >= 0]
    return min(found) if found else (len(text), 0)


def data_of(event: bytes) -> bytes | None:
    """The `data` of an event, several lines joined; `None` for a comment."""
    lines = [line for line in event.splitlines() if line.startswith(b"data")]
    fields = [line[5:].removeprefix(b" ") for line in lines if line[4:5] in (b":", b"")]
    return b"\n".join(fields) if fields else None


def json_of(event: bytes) -> Any:
    """The parsed `data` of an event; `None` for a comment, `[DONE]`, or what is not JSON."""
    data = data_of(event)
    try:
        return orjson.loads(data) if data else None
    except orjson.JSONDecodeError:
        return None
