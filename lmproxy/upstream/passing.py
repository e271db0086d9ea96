"""A provider's answer while it passes: read in pieces, under its deadlines, let go of at the end.

No timer of ours runs: each read is held against the answer's last moment, and the client library's
read timeout measures silence and, towards the end, what is left.
"""

import math
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import aiohttp

from lmproxy.call import Observed
from lmproxy.config.schema import Timeouts
from lmproxy.errors import UpstreamBroken, UpstreamFault, UpstreamInvalidResponse, UpstreamTimeout
from lmproxy.upstream import answers
from lmproxy.upstream.egress import fault_of
from lmproxy.upstream.events import (
    MOST_ANSWER_BYTES,
    EventBlocks,
    data_of,
    json_of,
    split_events,
)
from lmproxy.upstream.lease import Lease
from lmproxy.upstream.line import Line
from lmproxy.upstream.posting import Answer
from lmproxy.upstream.watch import StreamWatch

END_AFTER_DONE_S = 1.0
"""How long the end of an answer is waited for that has said that it is whole."""
REQUEST_IDS = ("x-request-id", "request-id")
"""Headers with a provider's name for a request; the second is Anthropic's."""
MOST_ERROR_BYTES = 64 * 1024
"""How much of an error is read."""
MOST_BEFORE_FIRST_EVENT = 64 * 1024
"""Bytes of comments before a stream's first event."""


@dataclass(frozen=True, slots=True)
class Deadlines:
    """How long an answer is waited for.

    Attributes:
        begins_by: moment by which a stream's first event, or a plain answer's head, is there.
        ends_at: its last moment. Both on the monotonic clock.
        silence_s: between two reads once it has begun.
    """

    begins_by: float
    ends_at: float
    silence_s: float

    @classmethod
    def from_now(cls, limits: Timeouts, *, stream: bool) -> "Deadlines":
        """Those of a request sent now."""
        now = time.monotonic()
        if stream:
            return cls(now + limits.first_byte_s, now + limits.total_s, limits.silence_s)
        return cls(now + limits.answer_s, now + limits.answer_s, limits.silence_s)


class Passing:
    """One answer being read."""

    def __init__(
        self,
        response: Answer | aiohttp.ClientResponse,
        observed: Observed,
        deadlines: Deadlines,
        lease: Lease,
    ) -> None:
        """Takes over `response` and `lease`; `close` lets go of both."""
        self._response = response
        self._line = Line(response)
        self._deadlines = deadlines
        self._until = deadlines.begins_by
        self._silence_s = math.inf
        self._lease = lease
        self.observed = observed
        self.status = response.status
        self.headers: Mapping[str, str] = response.headers
        self.at_end = False
        observed.upstream_request_id = next(filter(None, map(self.headers.get, REQUEST_IDS)), None)

    @property
    def content_type(self) -> str:
        """The media type without its parameters."""
        return self._response.content_type

    @property
    def content_type_header(self) -> bytes:
        """The `Content-Type` header as it was sent."""
        return self.headers.get("content-type", "application/json").encode("latin-1", "replace")

    def begin(self) -> None:
        """The answer has begun: from now on silence is measured."""
        self.observed.first_byte_at = time.monotonic()
        self._until = self._deadlines.ends_at
        self._silence_s = self._deadlines.silence_s
        self._line.limit_silence(self._silence_s)

    def expect_end(self) -> None:
        """Everything is there; only the end is waited for, and not for long."""
        self._until = min(self._until, time.monotonic() + END_AFTER_DONE_S)

    async def read(self) -> bytes:
        """The next piece, `b""` at a clean end.

        Raises:
            UpstreamFault: lost, silent for too long, or past its last moment.
        """
        left_s = self._until - time.monotonic()
        if left_s <= 0:
            raise UpstreamTimeout("The provider's answer took longer than the connection allows.")
        if left_s < self._silence_s:
            self._line.limit_silence(left_s)
        try:
            piece: bytes = await self._response.content.readany()
        except (aiohttp.ClientError, OSError, TimeoutError, RuntimeError) as error:
            # RuntimeError is aiohttp's for a connection that was lost between two reads.
            raise fault_of(error) from error
        self.at_end = not piece
        return piece

    async def some(self, most_bytes: int) -> bytes:
        """The answer up to its end or a little over `most_bytes`; `at_end` says which."""
        piece = await self.read()
        if len(piece) <= most_bytes and self._response.content.at_eof():
            self.at_end = True  # As nearly always: no second read, and nothing to join.
            return piece
        pieces, size = [], 0
        while piece:
            pieces.append(piece)
            size += len(piece)
            if size > most_bytes:
                break
            piece = await self.read()
        return b"".join(pieces)

    def close(self) -> None:
        """Let go. A connection whose answer was not read to its end is cut. May be called twice."""
        if self.observed.ended_at is None:
            self.observed.ended_at = time.monotonic()
        self._line.let_go()
        self._lease.give_back()


class LongAnswer:
    """The pieces of a plain answer too long to be held."""

    def __init__(
        self, passing: Passing, head: bytes, note_ends: Callable[[bytes, bytes, Observed], None]
    ) -> None:
        """`head` is what was read of it so far; `note_ends` is told both ends at its end."""
        self._note_ends = note_ends
        self._passing = passing
        self._head = self._tail = head
        self._size = 0
        self._pending = head

    def __aiter__(self) -> "LongAnswer":
        return self

    async def __anext__(self) -> bytes:
        piece, self._pending = self._pending, b""
        piece = piece or await self._passing.read()
        if not piece:
            self._note()
            raise StopAsyncIteration
        self._size += len(piece)
        if self._size > MOST_ANSWER_BYTES:
            raise UpstreamInvalidResponse("The provider's answer is too large.")
        self._tail = (self._tail + piece)[-answers.PARSED_WHOLE_BYTES :]
        self._passing.observed.delivered_bytes = self._size
        return piece

    def _note(self) -> None:
        self._note_ends(
            self._head[: answers.PARSED_WHOLE_BYTES], self._tail, self._passing.observed
        )

    async def aclose(self) -> None:
        """Stop."""
        self._passing.close()


class Once:
    """The pieces of an answer that is there already."""

    def __init__(self, body: bytes) -> None:
        self._body = body

    def __aiter__(self) -> "Once":
        return self

    async def __anext__(self) -> bytes:
        body, self._body = self._body, b""
        if not body:
            raise StopAsyncIteration
        return body

    async def aclose(self) -> None:
        """Nothing is under way."""


class EventStream:
    """The events of a streamed answer, in blocks that end between two events."""

    def __init__(self, passing: Passing, watch: StreamWatch) -> None:
        """Nothing is read yet."""
        self._passing = passing
        self._watch = watch
        self._blocks = EventBlocks()
        self._held = b""
        self._ended = False

    async def first_event(self) -> bytes:
        """Wait for the first event that is no comment. It is still handed on by iterating.

        Raises:
            UpstreamInvalidResponse: the stream ended without one, or it is too long in coming.
        """
        while len(self._held) <= MOST_BEFORE_FIRST_EVENT:
            block = await self._next_block()
            if not block:
                raise UpstreamInvalidResponse("The provider's stream is empty.")
            self._held += block
            for event in split_events(block):
                if data_of(event) is not None:
                    self._passing.begin()
                    return event
        raise UpstreamInvalidResponse("The provider's stream does not begin with an answer.")

    def __aiter__(self) -> "EventStream":
        return self

    async def __anext__(self) -> bytes:
        while True:
            if self._watch.fault:
                raise self._watch.fault
            block, self._held = self._held or await self._next_block(), b""
            if not block:
                self._check_end()
                raise StopAsyncIteration
            block = self._watch.see(block)
            if self._watch.done:
                self._passing.expect_end()
            if self._ended and not self._watch.fault:
                self._check_end()  # First: these bytes may lack the blank line an error needs.
            if block:
                return block

    async def _next_block(self) -> bytes:
        """Complete events; at the end what is left; then `b""`."""
        while not self._ended:
            piece = await self._read()
            if not piece:
                self._ended = True
                return self._rest()
            block = self._blocks.feed(piece)
            if block:
                return block
        return b""

    async def _read(self) -> bytes:
        try:
            return await self._passing.read()
        except UpstreamFault as fault:
            if self._watch.done:  # The answer was complete; how the connection ended is no matter.
                return b""
            if isinstance(fault, UpstreamTimeout):
                raise
            raise _broken() from fault

    def _rest(self) -> bytes:
        """What follows the last blank line, without half an event at its end."""
        events = list(split_events(self._blocks.rest()))
        if events and data_of(events[-1]) not in (None, b"[DONE]") and json_of(events[-1]) is None:
            del events[-1]
        return b"".join(events)

    def _check_end(self) -> None:
        if not self._watch.end():
            raise _broken()

    async def aclose(self) -> None:
        """Stop, and note what the last events said."""
        self._watch.end()
        self._passing.close()


def _broken() -> UpstreamBroken:
    return UpstreamBroken("The provider's stream broke off before the answer was complete.")
