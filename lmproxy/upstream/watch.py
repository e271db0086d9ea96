"""What is to be seen in a stream that passes? Usage, finish reason, an error, the end.

A block of events is searched for the few bytes that could matter, at a fraction of the cost of
parsing it; only an event that has them is parsed. Finish reason and usage stand in the last events,
so those are kept and read when the stream has ended, however it ended.
"""

import itertools
from collections import deque
from collections.abc import Iterator

from lmproxy.call import Json, Observed
from lmproxy.errors import UpstreamFault
from lmproxy.scrub import Scrubber
from lmproxy.upstream.events import (
    event_around,
    has_done,
    json_of,
    last_events,
    split_events,
)
from lmproxy.upstream.faults import error_inside, error_of
from lmproxy.upstream.usage import read_usage

KEPT_TAIL_BYTES = 64 * 1024
LOOKED_AT_LAST = 16
"""Events at the end among which finish reason, usage and `[DONE]` are looked for."""
NO_CHOICES = (b'"choices":[]', b'"choices": []')
NO_ERROR = (b'"error":null', b'"error": null')


class StreamWatch:
    """Follows one stream. `withhold_usage`: we asked for the usage chunk, the client did not."""

    def __init__(self, observed: Observed, scrubber: Scrubber, *, withhold_usage: bool) -> None:
        self._observed = observed
        self._scrubber = scrubber
        self._withhold = withhold_usage
        self._tail: deque[bytes] = deque()
        self._tail_size = 0
        self._is_summed_up = self._is_finished = False
        self.fault: UpstreamFault | None = None
        """Set when the provider reported an error inside the stream: nothing after it goes on."""
        self.done = False
        """Whether the stream said that it is whole: nothing is missing from the answer."""

    def see(self, block: bytes) -> bytes:
        """Take note of a block of complete events; what of it is to be handed on."""
        self._remember(block)
        if b'"error"' in block and _may_be_error(block):
            block = self._up_to_error(block)
        if self._withhold:
            block = self._without_usage(block)
        self.done = self.done or self._ends(block)
        self._observed.delivered_events += _count_events(block)
        self._observed.delivered_bytes += len(block)
        return block

    def _ends(self, block: bytes) -> bool:
        """Whether a block has the event that ends a whole stream."""
        return has_done(block)

    def _without_usage(self, block: bytes) -> bytes:
        """`block` without the chunk that `include_usage` adds: the last without choices, and one.

        Looks from the end, where it stands, and at events without choices only.
        """
        for start, end in _events_without_choices(block):
            if _is_usage_only(block[start:end]):
                self._withhold = False
                return block[:start] + block[end:]
        return block

    def end(self) -> bool:
        """Read the last events. True if the stream came to a proper end before it stopped."""
        if not self._is_summed_up:
            self._is_finished = self._read_last_events() or self.done
            self._is_summed_up = True
        return self._is_finished

    def _remember(self, block: bytes) -> None:
        self._is_summed_up = False
        self._tail.append(block)
        self._tail_size += len(block)
        while self._tail_size > KEPT_TAIL_BYTES and len(self._tail) > 1:
            self._tail_size -= len(self._tail.popleft())

    def _up_to_error(self, block: bytes) -> bytes:
        passed = []
        for event in split_events(block):
            parsed = json_of(event) if _may_be_error(event) else None
            self.fault = self._fault_in(parsed) if isinstance(parsed, dict) else None
            if self.fault:
                break
            passed.append(event)
        return b"".join(passed)

    def _fault_in(self, event: Json) -> UpstreamFault | None:
        """The fault that an event reports, if it does."""
        error = error_of(event)
        return error_inside(error, self._scrubber) if error else None

    def _read_last_events(self) -> bool:
        """Newest first, until both are found. True if one had a finish reason."""
        finished = False
        for event in last_events(b"".join(self._tail), LOOKED_AT_LAST):
            chunk = json_of(event)
            if isinstance(chunk, dict):
                finished = self._take_note(chunk) or finished
            if finished and self._observed.usage.source != "unknown":
                break
        return finished

    def _take_note(self, chunk: Json) -> bool:
        """Keep the newest usage and finish reason. True if the chunk has a finish reason."""
        usage = read_usage(chunk.get("usage"))
        if usage and self._observed.usage.source == "unknown":
            self._observed.usage = usage
        reason = finish_reason(chunk)
        if reason and self._observed.finish_reason is None:
            self._observed.finish_reason = reason
        return reason is not None


def finish_reason(answer: Json) -> str | None:
    """The finish reason of the first choice that has one."""
    choices = answer.get("choices")
    for choice in choices if isinstance(choices, list) else ():
        reason = choice.get("finish_reason") if isinstance(choice, dict) else None
        if isinstance(reason, str):
            return reason
    return None


def _may_be_error(block: bytes) -> bool:
    """Whether an `error` of the block is more than `null`, as it is in whole answers."""
    return block.count(b'"error"') > sum(map(block.count, NO_ERROR))


def _count_events(block: bytes) -> int:
    """About how many, whichever line ends the provider uses: most have a line and a blank one."""
    return (block.count(b"\n") or block.count(b"\r")) // 2


def _events_without_choices(block: bytes) -> Iterator[tuple[int, int]]:
    """Start and end of events that may be without choices, newest first."""
    if b"\r" in block:
        ends = list(itertools.accumulate(map(len, split_events(block))))
        for start, end in reversed(list(itertools.pairwise([0, *ends]))):
            if any(mark in block[start:end] for mark in NO_CHOICES):
                yield start, end
        return
    for mark in NO_CHOICES:
        position = block.rfind(mark)
        while position >= 0:
            start, end = event_around(block, position)
            yield start, end
            position = block.rfind(mark, 0, start)


def _is_usage_only(event: bytes) -> bool:
    """Whether this chunk has no choices, only token counts."""
    chunk = json_of(event)
    return isinstance(chunk, dict) and chunk.get("choices") == [] and bool(chunk.get("usage"))
