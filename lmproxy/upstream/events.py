"""Where does an event end? Server-sent events as bytes (WHATWG HTML, 9.2.6).

Pieces arrive cut anywhere. What is handed on always ends between two events, so that a comment may
be put in there and an event can be withheld or replaced. Nothing is decoded that need not be.
"""

import re
from collections.abc import Iterator
from typing import Any

from lmproxy.errors import UpstreamInvalidResponse
from lmproxy.upstream.provider_json import read

MOST_EVENT_BYTES = 16 * 1024 * 1024
MOST_ANSWER_BYTES = 128 * 1024 * 1024
DONE = b"[DONE]"
USUAL_END = b"\ndata: [DONE]\n\n"
BLANK_LINE = re.compile(rb"(?:\r\n|\n|\r(?!\n)){2}")


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
            raise _too_large()


class Lines:
    """Cuts a byte stream whose events are lines, each a JSON of its own, after the last one."""

    def __init__(self) -> None:
        self._parts: list[bytes] = []
        self._size = 0

    def feed(self, piece: bytes) -> list[bytes]:
        """The lines that `piece` completes, without their ends.

        Raises:
            UpstreamInvalidResponse: one is larger than any event should be.
        """
        *whole, rest = piece.split(b"\n")
        if whole:
            whole[0] = b"".join((*self._parts, whole[0]))
            self._parts, self._size = [], 0
        self._parts.append(rest)
        self._size += len(rest)
        if self._size > MOST_EVENT_BYTES:
            raise _too_large()
        return whole

    def rest(self) -> bytes:
        """What followed the last line end."""
        return b"".join(self._parts)


def _too_large() -> UpstreamInvalidResponse:
    return UpstreamInvalidResponse("The provider sent an event that is too large.")


def _end_of_last_event(data: bytes) -> int:
    """The position after the last blank line, 0 if there is none.

    A blank line whose two ends differ in a way that no server writes is passed over.
    """
    end = _after_last(data, b"\n\n")
    if b"\r" in data:
        end = max(end, _after_last(data, b"\n\r\n"), _after_last(data, b"\r\r"))
    return end


def _after_last(data: bytes, mark: bytes) -> int:
    found = data.rfind(mark)
    return found + len(mark) if found >= 0 else 0


def split_events(block: bytes) -> Iterator[bytes]:
    """The events of a block, each with its blank line; at the end what has none."""
    start = 0
    for end in _ends_of_events(block):
        yield block[start:end]
        start = end
    if start < len(block):
        yield block[start:]


def last_events(block: bytes, most: int) -> Iterator[bytes]:
    """The last events of a block, newest first; the ones before them are not looked at."""
    if b"\r" in block:
        yield from reversed(list(split_events(block))[-most:])
        return
    end = len(block)
    for _ in range(most):
        if end == 0:
            return
        own_end = end - 2 if block.endswith(b"\n\n", 0, end) else end
        before = block.rfind(b"\n\n", 0, own_end)
        start = before + 2 if before >= 0 else 0
        yield block[start:end]
        end = start


def event_around(block: bytes, position: int) -> tuple[int, int]:
    """Start and end of the event that holds `position`, in a block whose lines end in LF."""
    start = block.rfind(b"\n\n", 0, position)
    end = block.find(b"\n\n", position)
    return (start + 2 if start >= 0 else 0), (end + 2 if end >= 0 else len(block))


def has_done(block: bytes) -> bool:
    """Whether the `[DONE]` that ends OpenAI's streams is among the events.

    Looks only at lines that have it: a regex over the block costs ten times the rest of its watch.
    """
    if block.endswith(USUAL_END):
        return True
    position = block.find(DONE)
    while position >= 0:
        end = position + len(DONE)
        start = max(block.rfind(b"\n", 0, position), block.rfind(b"\r", 0, position)) + 1
        is_data = block[start:position] in (b"data:", b"data: ")
        if is_data and block[end : end + 1] in (b"", b"\n", b"\r"):
            return True
        position = block.find(DONE, end)
    return False


def _ends_of_events(block: bytes) -> Iterator[int]:
    if b"\r" in block:
        yield from (found.end() for found in BLANK_LINE.finditer(block))
        return
    end = 0
    while (found := block.find(b"\n\n", end)) >= 0:
        end = found + 2
        yield end


def data_of(event: bytes) -> bytes | None:
    """The `data` of an event, several lines joined; `None` for a comment."""
    if event.startswith(b"data: ") and event.find(b"\n") == len(event) - 2 and b"\r" not in event:
        return event[6:-2]  # As nearly all are: one line.
    lines = [line for line in event.splitlines() if line.startswith(b"data")]
    fields = [line[5:].removeprefix(b" ") for line in lines if line[4:5] in (b":", b"")]
    return b"\n".join(fields) if fields else None


def all_data(block: bytes) -> list[bytes]:
    """The `data` of all events of a block that have some.

    One look at the lines: event by event it takes three times as long.
    """
    found, within = [], False
    for line in block.splitlines():
        if line.startswith(b"data"):
            if within or line[4:6] != b": ":  # Several lines, or another way to write one.
                return [data for event in split_events(block) if (data := data_of(event))]
            found.append(line[6:])
            within = True
        elif not line:
            within = False
    return [data for data in found if data]


def json_of(event: bytes) -> Any:
    """The parsed `data` of an event; `None` for a comment, `[DONE]`, or what is not JSON."""
    data = data_of(event)
    return read(data) if data and data != DONE else None
