"""Is a provider's stream sound? Judged where its bytes pass, before LiteLLM reads them.

LiteLLM passes over an event that it cannot read, and makes an end of its own where there is none.
So every event has to be a JSON object that is no error, there has to be a first one, and among the
last bytes has to stand what ends an answer.
"""

from collections.abc import AsyncGenerator, Iterable, Iterator
from contextlib import aclosing
from typing import Any

from lmproxy.call import EVENT_STREAM, Json
from lmproxy.errors import UpstreamBroken, UpstreamFault, UpstreamInvalidResponse, UpstreamTimeout
from lmproxy.scrub import Scrubber
from lmproxy.upstream.ends import ENDS
from lmproxy.upstream.events import (
    DONE,
    MOST_ANSWER_BYTES,
    EventBlocks,
    Lines,
    all_data,
    data_of,
    has_done,
    json_of,
    split_events,
)
from lmproxy.upstream.faults import error_inside
from lmproxy.upstream.passing import MOST_BEFORE_FIRST_EVENT, Passing
from lmproxy.upstream.provider_json import read

KEPT_TAIL_BYTES = 16 * 1024
BROKE_OFF = "The provider's stream broke off before the answer was complete."


class SoundStream:
    """One streamed answer."""

    def __init__(self, passing: Passing, scrubber: Scrubber) -> None:
        """Nothing is read yet."""
        self._passing = passing
        self._scrubber = scrubber
        self._is_events = passing.content_type == EVENT_STREAM
        self._begun = False
        self.tail = b""
        """The last bytes that arrived."""
        self.done = False
        """Whether `[DONE]` was seen: nothing is missing from the answer."""

    async def blocks(self) -> AsyncGenerator[bytes, None]:
        """The stream as it arrives: whole events in blocks, anything else as it comes.

        Raises:
            UpstreamFault: it broke off, took too long, is too large, says that it failed, or is no
                stream of events. What came before that was handed on.
        """
        async with aclosing(self._arriving()) as blocks:
            async for block in blocks:
                for part in self._sound(block) if self._is_events else self._anything(block):
                    yield part

    async def events(self) -> AsyncGenerator[list[Json], None]:
        """What the stream says: of events or lines that came together, the JSON of each.

        Raises:
            UpstreamFault: as `blocks` does.
        """
        lines = Lines()
        async with aclosing(self._arriving()) as blocks:
            async for block in blocks:
                texts = all_data(block) if self._is_events else lines.feed(block)
                for said in self._said(texts, block):
                    yield said
        for said in self._said([lines.rest()], b""):
            yield said

    async def _arriving(self) -> AsyncGenerator[bytes, None]:
        """Each block or piece, to be judged by whoever takes it; at the end the whole stream is."""
        events, size, comments = EventBlocks(), 0, 0
        while piece := await self._read():
            size += len(piece)
            block = events.feed(piece) if self._is_events else piece
            yield block
            comments += 0 if self._begun else len(block)
            if size > MOST_ANSWER_BYTES:
                raise UpstreamInvalidResponse("The provider's answer is too large.")
            if comments > MOST_BEFORE_FIRST_EVENT:
                raise UpstreamInvalidResponse("The provider's stream begins with no answer.")
        if self._is_events:
            yield _whole_events(events.rest())
        if not self._begun:
            raise UpstreamInvalidResponse("The provider's stream is empty.")
        if not any(mark in self.tail for mark in ENDS):
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
        self.tail = (self.tail + piece)[-KEPT_TAIL_BYTES:]
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
            fault = self._fault_in(json_of(event))
            if fault:
                break
            sound.append(event)
        if sound:
            self._begin()
            yield b"".join(sound)
        if fault:
            raise fault
        self._look_for_end(block)

    def _said(self, texts: Iterable[bytes], block: bytes) -> Iterator[list[Json]]:
        """The JSON of a block's events up to the first that is a fault, which is then raised."""
        said, fault = [], None
        for text in texts:
            if text == DONE or not text.strip():
                continue
            parsed = read(text)
            fault = self._fault_in(parsed)
            if fault:
                break
            said.append(parsed)
        if said or (block and not self._is_events):
            self._begin()
        if said:
            yield said
        if fault:
            raise fault
        self._look_for_end(block)

    def _fault_in(self, parsed: Any) -> UpstreamFault | None:
        if not isinstance(parsed, dict):
            return UpstreamInvalidResponse("The provider's stream has an event that is no JSON.")
        error = parsed.get("error")
        return error_inside(error, self._scrubber) if error else None

    def _look_for_end(self, block: bytes) -> None:
        if self._is_events and has_done(block):
            self.done = True
            self._passing.expect_end()

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
