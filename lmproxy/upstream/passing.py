"""A provider's answer while it passes: read in pieces, under its deadlines, let go of at the end.

No timer of ours runs: the client library's read timeout measures silence, and each read that
returns is held against the answer's last moment, so a provider that drips for ever is stopped too.
"""

import time
from collections.abc import Mapping

import aiohttp

from lmproxy.call import Observed
from lmproxy.errors import UpstreamBroken, UpstreamFault, UpstreamInvalidResponse, UpstreamTimeout
from lmproxy.upstream import answers
from lmproxy.upstream.egress import fault_of, set_silence_limit
from lmproxy.upstream.events import (
    MOST_ANSWER_BYTES,
    EventBlocks,
    data_of,
    json_of,
    split_events,
)
from lmproxy.upstream.lease import Lease
from lmproxy.upstream.watch import StreamWatch


class Passing:
    """One answer being read. `ends_at` is its last moment on the monotonic clock."""

    def __init__(
        self,
        response: aiohttp.ClientResponse,
        observed: Observed,
        ends_at: float,
        silence_s: float,
        lease: Lease,
    ) -> None:
        """Takes over `response` and `lease`; `close` lets go of both."""
        self._response = response
        self._ends_at = ends_at
        self._silence_s = silence_s
        self._lease = lease
        self.observed = observed
        self.status = response.status
        self.headers: Mapping[str, str] = response.headers
        self.at_end = False
        observed.upstream_request_id = self.headers.get("x-request-id")

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
        left_s = max(self._ends_at - self.observed.first_byte_at, 0.001)
        set_silence_limit(self._response, min(self._silence_s, left_s))

    async def read(self) -> bytes:
        """The next piece, `b""` at a clean end.

        Raises:
            UpstreamFault: lost, silent for too long, or past its last moment.
        """
        try:
            piece: bytes = await self._response.content.readany()
        except (aiohttp.ClientError, OSError, TimeoutError) as error:
            raise fault_of(error) from error
        if not piece:
            self.at_end = True
        elif time.monotonic() > self._ends_at:
            raise UpstreamTimeout("The provider's answer took longer than the connection allows.")
        return piece

    async def some(self, most_bytes: int) -> bytes:
        """The answer up to its end or a little over `most_bytes`; `at_end` says which."""
        pieces, size = [], 0
        while size <= most_bytes:
            piece = await self.read()
            if not piece:
                break
            pieces.append(piece)
            size += len(piece)
        return b"".join(pieces)

    def close(self) -> None:
        """Let go. A connection whose answer was not read to its end is cut. May be called twice."""
        if self.observed.ended_at is None:
            self.observed.ended_at = time.monotonic()
        self._response.close()
        self._lease.give_back()


class LongAnswer:
    """The pieces of a plain answer too long to be held."""

    def __init__(self, passing: Passing, head: bytes) -> None:
        """`head` is what was read of it so far."""
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
        answers.note_ends(
            self._head[: answers.PARSED_WHOLE_BYTES], self._tail, self._passing.observed
        )

    async def aclose(self) -> None:
        """Stop."""
        self._passing.close()


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
            UpstreamInvalidResponse: the stream ended without one.
        """
        while True:
            block = await self._next_block()
            if not block:
                raise UpstreamInvalidResponse("The provider's stream is empty.")
            self._held += block
            for event in split_events(block):
                if data_of(event) is not None:
                    self._passing.begin()
                    return event

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
        except UpstreamTimeout:
            raise
        except UpstreamFault as fault:
            self._watch.end()
            if self._watch.done:  # The answer was complete; how the connection ended is no matter.
                return b""
            raise _broken() from fault

    def _rest(self) -> bytes:
        """A last event without its blank line, if it is one; half an event is not handed on."""
        rest = self._blocks.rest()
        whole = data_of(rest) == b"[DONE]" or json_of(rest) is not None
        return rest if whole else b""

    def _check_end(self) -> None:
        if not self._watch.end():
            raise _broken()

    async def aclose(self) -> None:
        """Stop, and note what the last events said."""
        self._watch.end()
        self._passing.close()


def _broken() -> UpstreamBroken:
    return UpstreamBroken("The provider's stream broke off before the answer was complete.")
