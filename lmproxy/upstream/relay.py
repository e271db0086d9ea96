"""The lane that passes bytes on: the provider speaks the client's format, so nothing is translated.

The request goes on as the client wrote it, with the model renamed; the answer's bytes pass
untouched while usage, finish reason and errors are observed. An answer is handed over only once it
has shown itself to be one: a plain one whole (up to 64 KiB), a stream with its first event.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import partial
from urllib.parse import quote

from yarl import URL

from lmproxy.call import EVENT_STREAM, EVENTS, Call, Lookup, Observed, Reply
from lmproxy.config.values import StreamUsage
from lmproxy.errors import UpstreamFault, UpstreamInvalidResponse
from lmproxy.scrub import Scrubber
from lmproxy.upstream import answers
from lmproxy.upstream.egress import AnyAnswer, Egress
from lmproxy.upstream.events import MOST_ANSWER_BYTES, json_of
from lmproxy.upstream.faults import error_inside, error_of, rejected
from lmproxy.upstream.forwarded import beneath
from lmproxy.upstream.lease import Leases
from lmproxy.upstream.passing import (
    MOST_ERROR_BYTES,
    Deadlines,
    EventStream,
    LongAnswer,
    Once,
    Passing,
)
from lmproxy.upstream.request_body import dump
from lmproxy.upstream.responses.wire import STORED
from lmproxy.upstream.upload import Upload
from lmproxy.upstream.watch import StreamWatch
from lmproxy.upstream.wire import AsEvents, Kind, Mending, Wire
from lmproxy.upstream.wires import WIRES

JSON = "application/json"
MENDED_IN_LOOP_BYTES = 1024 * 1024
"""Some 10 ms; a longer answer is put into another form beside the loop."""
NO_STREAM = "The provider did not stream, though it was asked to."


Send = Callable[[float], Awaitable[AnyAnswer]]
"""Sends a request, and waits so long for its answer's head."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What was asked, which an answer has to fit: an operation, a stream or not."""

    wire: Wire
    stream: bool
    withhold: bool
    call: Call | None = None

    def kind(self, media_type: str) -> Kind:
        """What a plain answer of this media type has to be."""
        return "object" if self.call is None else self.wire.kind(self.call, media_type)


@dataclass(frozen=True, slots=True)
class Relay:
    """The lane of one connection.

    Attributes:
        urls: by operation; those it does not speak are among them.
    """

    egress: Egress
    stream_usage: StreamUsage
    scrubber: Scrubber
    urls: dict[str, URL]

    @classmethod
    def over(cls, egress: Egress, stream_usage: StreamUsage, scrubber: Scrubber) -> "Relay":
        """That of a connection whose provider is at the base URL of `egress`."""
        urls = {operation: egress.url(wire.path) for operation, wire in WIRES.items()}
        return cls(egress, stream_usage, scrubber, urls)

    async def ask(self, call: Call, model: str, observed: Observed, leases: Leases) -> Reply:
        """Send `call` as `model`.

        Args:
            observed: filled while the answer passes.
            leases: one is taken, and given back when the answer has ended, however it ended.

        Raises:
            UpstreamFault: no answer came of it.
            Refused: the connection is busy, or the body cannot be written as JSON again.
        """
        wire = WIRES[call.operation]
        body, withhold = self._body(call, model, wire)
        headers = dict(call.headers)
        if call.forwarded:
            headers = beneath(call, headers, self.egress.policy.headers)
        send = partial(self.egress.post, self.urls[call.operation], body, headers)
        asked = Asked(wire, call.stream, withhold, call)
        left_out = [name for name in wire.kept_back if name in call.body]
        observed.dropped_params = (*observed.dropped_params, *left_out)
        return await self._send(send, asked, observed, leases)

    def _body(self, call: Call, model: str, wire: Wire) -> tuple[bytes | Upload, bool]:
        if call.form is not None:
            return Upload(call.form, model), False
        document, withhold = wire.body(call, model, self.stream_usage)
        return dump(document), withhold

    async def look_up(self, lookup: Lookup, observed: Observed, leases: Leases) -> Reply:
        """Ask about a response that the provider keeps; see `ask`."""
        path = f"{STORED.path}/{quote(lookup.response_id, safe='')}{lookup.part}"
        url, headers = self.egress.url(path).with_query(lookup.query), dict(lookup.headers)
        send = partial(self.egress.request, lookup.method, url, None, headers)
        return await self._send(send, Asked(STORED, lookup.stream, False), observed, leases)

    async def _send(self, send: Send, asked: Asked, observed: Observed, leases: Leases) -> Reply:
        lease = leases.take()
        limits = self.egress.policy.timeouts
        deadlines = Deadlines.from_now(limits, stream=asked.stream)
        try:
            response = await send(limits.first_byte_s if asked.stream else limits.answer_s)
        except BaseException:
            lease.give_back()
            raise
        passing = Passing(response, observed, deadlines, lease)
        try:
            return await self._judge(passing, asked)
        except BaseException:
            passing.close()
            raise

    async def _judge(self, passing: Passing, asked: Asked) -> Reply:
        if passing.status != 200:
            error = await _error_body(passing)
            raise rejected(passing.status, error, passing.headers, self.scrubber)
        if asked.stream:
            return await self._stream(passing, asked)
        kind = asked.kind(passing.content_type)
        return await (
            self._plain(passing, asked) if kind == "object" else self._bare(passing, kind)
        )

    async def _plain(self, passing: Passing, asked: Asked) -> Reply:
        if passing.content_type == EVENT_STREAM:
            raise UpstreamInvalidResponse("The provider streamed an answer that should be plain.")
        wire = asked.wire
        passing.begin()
        head = await passing.some(answers.PARSED_WHOLE_BYTES)
        observed = passing.observed
        mending = wire.mend(asked.call, head) if wire.mend and asked.call else None
        if mending is not None:
            return await self._mended(passing, wire, head, mending)
        if not passing.at_end:
            answers.check_head(head)
            wire.note_start(head, observed)
            body = LongAnswer(passing, head, wire.note_ends)
            return Reply(200, passing.content_type_header, body, observed)
        wire.note_whole(head, observed, self.scrubber)
        observed.delivered_bytes = len(head)
        passing.close()
        return Reply(200, passing.content_type_header, head, observed)

    async def _mended(self, passing: Passing, wire: Wire, head: bytes, mending: Mending) -> Reply:
        """The whole answer in a form that the client can read."""
        whole = head + await passing.some(MOST_ANSWER_BYTES)
        if not passing.at_end:
            raise UpstreamInvalidResponse("The provider's answer is too large.")
        wire.note_whole(whole, passing.observed, self.scrubber)
        small = len(whole) < MENDED_IN_LOOP_BYTES
        body = mending(whole) if small else await asyncio.to_thread(mending, whole)
        passing.observed.delivered_bytes = len(body)
        passing.close()
        return Reply(200, b"application/json", body, passing.observed)

    async def _bare(self, passing: Passing, kind: Kind) -> Reply:
        """An answer that is no JSON object: sound as it comes, or a text."""
        if passing.content_type in (EVENT_STREAM, *answers.PAGES):
            raise UpstreamInvalidResponse("The provider answered something else than was asked.")
        passing.begin()
        comes = kind == "sound" and passing.content_type != JSON
        head = await (passing.read() if comes else passing.some(answers.PARSED_WHOLE_BYTES))
        self._raise_error_in(head)
        if kind == "sound" and not (comes and head):
            raise UpstreamInvalidResponse("The provider's answer is no sound.")
        observed = passing.observed
        if passing.at_end:
            observed.delivered_bytes = len(head)
            passing.close()
            return Reply(200, passing.content_type_header, head, observed)
        body = LongAnswer(passing, head, _nothing_to_note)
        return Reply(200, passing.content_type_header, body, observed)

    def _raise_error_in(self, answer: bytes) -> None:
        parsed = answers.json_object(answer) if answer[:1] == b"{" else None
        if parsed and parsed.get("error"):
            raise error_inside(parsed["error"], self.scrubber)

    async def _as_stream(self, passing: Passing, as_events: AsEvents, watch: StreamWatch) -> Reply:
        """The stream of a plain answer, from a provider that does not stream."""
        passing.begin()
        answer = await passing.some(MOST_ANSWER_BYTES)
        self._raise_error_in(answer)
        is_page = passing.content_type in answers.PAGES
        events = None if is_page else as_events(answer, passing.content_type)
        if events is None or not passing.at_end:
            raise UpstreamInvalidResponse(NO_STREAM)
        watch.see(events)
        watch.end()
        passing.close()
        return Reply(200, EVENTS, Once(events), passing.observed)

    async def _stream(self, passing: Passing, asked: Asked) -> Reply:
        wire = asked.wire
        watch = wire.watch(passing.observed, self.scrubber, withhold_usage=asked.withhold)
        if passing.content_type != EVENT_STREAM:
            if wire.as_events is not None:
                return await self._as_stream(passing, wire.as_events, watch)
            passing.begin()
            self._raise_error_in(await passing.some(MOST_ERROR_BYTES))
            raise UpstreamInvalidResponse(NO_STREAM)
        body = EventStream(passing, watch)
        first = await body.first_event()
        self._check_first(first)
        wire.note_start(first, passing.observed)
        return Reply(200, passing.content_type_header, body, passing.observed)

    def _check_first(self, event: bytes) -> None:
        """Raise unless the first event is a chunk of an answer. `[DONE]` alone is none."""
        parsed = json_of(event)
        if not isinstance(parsed, dict):
            raise UpstreamInvalidResponse("The provider's stream does not begin with an answer.")
        error = error_of(parsed)
        if error:
            raise error_inside(error, self.scrubber)


def _nothing_to_note(head: bytes, tail: bytes, observed: Observed) -> None:
    """Neither sound nor a bare text says what it cost."""


async def _error_body(passing: Passing) -> bytes:
    """What a refusal says. If that does not arrive, the status still tells enough."""
    passing.begin()
    try:
        return await passing.some(MOST_ERROR_BYTES)
    except UpstreamFault:
        return b""
