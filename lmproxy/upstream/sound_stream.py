"""Is a provider's stream sound? Judged where its bytes pass, before LiteLLM reads them.

LiteLLM passes over an event that it cannot read, and makes an end of its own where there is none.
So every event has to be a JSON object that is no error, there has to be a first one, and among the
last bytes has to stand what ends an answer.
"""

from collections.abc import AsyncGenerator, Iterator

from lmproxy.errors import UpstreamBroken, UpstreamFault, UpstreamInvalidResponse, UpstreamTimeout
from lmproxy.scrub import Scrubber
from lmproxy.upstream.ends import ENDS
from lmproxy.upstream.events import (
    DONE,
    MOST_ANSWER_BYTES,
    EventBlocks,
    data_of,
    has_done,
    json_of,
    split_events,
)
from lmproxy.upstream.faults import error_inside
from lmproxy.upstream.passing import MOST_BEFORE_FIRST_EVENT, Passing

EVENT_STREAM = "text/event-stream"
KEPT_TAIL_BYTES = 16 * 1024
BROKE_OFF = "The provider's stream broke off before the answer was complete."


class SoundStream:
    """One streamed answer."""

    def __init__(self, passing: Passing, scrubber: Scrubber) -> None:
        """Nothing is read yet."""
        self._passing = passing
        self._scrubber = scrubber
        self._begun = False
        self._tail = b""
        self.done = False
        """Whether `[DONE]` was seen: nothing is missing from the answer."""

    async def blocks(self) -> AsyncGenerator[bytes, None]:
        """The stream as it arrives: whole events in blocks, anything else as it comes.

        Raises:
            UpstreamFault: it broke off, took too long, is too large, says that it failed, or is no
                stream of events. What came before that was handed on.
        """
        is_events = self._passing.content_type == EVENT_STREAM
        events, size, comments = EventBlocks(), 0, 0
        while piece := await self._read():
            size += len(piece)
            block = events.feed(piece) if is_events else piece
            for part in self._sound(block) if is_events else self._anything(piece):
                yield part
            comments += 0 if self._begun else len(block)
            if size > MOST_ANSWER_BYTES:
                raise UpstreamInvalidResponse("The provider's answer is too large.")
            if comments > MOST_BEFORE_FIRST_EVENT:
                raise UpstreamInvalidResponse("The provider's stream begins with no answer.")
        for part in self._sound(_whole_events(events.rest())) if is_events else ():
            yield part
        if not self._begun:
            raise UpstreamInvalidResponse("The provider's stream is empty.")
        if not any(mark in self._tail for mark in ENDS):
            raise UpstreamBroken(BROKE_OFF)

    async def _read(self) -> bytes:
        """The next piece. After `[DONE]` it does not matter how the connection ends."""
        try:
            piece = await self._passing.read()
        except UpstreamFault as fault:
            if self.done:
                return b""
            if isinstance(fault, UpstreamTimeout):
                raise
            raise UpstreamBroken(BROKE_OFF) from fault
        self._tail = (self._tail + piece)[-KEPT_TAIL_BYTES:]
        return piece

    def _anything(self, piece: bytes) -> Iterator[bytes]:
        self._begin()
        yield piece

    def _sound(self, block: bytes) -> Iterator[bytes]:
        """The events of a block up to the first that is a fault, which is then raised."""
        sound, fault = [], None
        for event in split_events(block):
            if data_of(event) in (None, b"", DONE):
                continue
            fault = self._fault_in(event)
            if fault:
                break
            sound.append(event)
        if sound:
            self._begin()
            yield b"".join(sound)
        if fault:
            raise fault
        if has_done(block):
            self.done = True
            self._passing.expect_end()

    def _fault_in(self, event: bytes) -> UpstreamFault | None:
        parsed = json_of(event)
        if not isinstance(parsed, dict):
            return UpstreamInvalidResponse("The provider's stream has an event that is no JSON.")
        error = parsed.get("error")
        return error_inside(error, self._scrubber) if error else None

    def _begin(self) -> None:
        if not self._begun:
            self._begun = True
            self._passing.begin()


def _whole_events(rest: bytes) -> bytes:
    """What follows a stream's last blank line, without half an event at its end."""
    events = list(split_events(rest))
    if events and data_of(events[-1]) not in (None, DONE) and json_of(events[-1]) is None:
        del events[-1]
    return b"".join(events)
