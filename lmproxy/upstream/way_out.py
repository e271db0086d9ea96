"""One request's way to its provider on the lanes that translate: sent, judged, read.

What LiteLLM would lose is kept here, where the bytes pass: the exact status, `Retry-After`, an
error inside a 200, an answer that is none. Whoever reads raises `fault` in place of whatever came
of it.
"""

import contextlib
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import aclosing
from dataclasses import dataclass
from typing import TypeVar

from lmproxy.call import EVENT_STREAM, Call, Json, Observed
from lmproxy.errors import ProxyError, UpstreamFault, UpstreamInvalidResponse
from lmproxy.scrub import Scrubber
from lmproxy.upstream import answers
from lmproxy.upstream.egress import Egress
from lmproxy.upstream.events import MOST_ANSWER_BYTES
from lmproxy.upstream.faults import error_inside, rejected
from lmproxy.upstream.forwarded import beneath
from lmproxy.upstream.lease import Lease, Leases
from lmproxy.upstream.passing import MOST_ERROR_BYTES, Deadlines, Passing
from lmproxy.upstream.said_counts import own_counts
from lmproxy.upstream.said_end import SaidEnd
from lmproxy.upstream.sound_stream import SoundStream
from lmproxy.upstream.usage import COUNT, with_sane_usage

LAST_BYTES = 4096
"""Of a stream: its last events, which say how it ended."""
NO_KEY = "no-key-configured"
"""Given to LiteLLM where the operator has no key, so that it takes none from the environment.
A header that carries it is not sent."""
NOT_OURS = {
    "host", "content-length", "accept-encoding", "connection", "user-agent",
    "openai-organization", "openai-project", "http-referer", "x-title", "request-source",
}  # fmt: skip
"""Headers of LiteLLM's and the OpenAI SDK's that are not sent: they are the sending client's, come
from the environment, or tell the provider of LiteLLM."""
SDK = "x-stainless-"
STREAMED = {EVENT_STREAM, "application/x-ndjson", "application/vnd.amazon.eventstream"}

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A request as LiteLLM made it.

    Attributes:
        url: must lie below the connection's base.
        streams: whether the provider was asked to stream.
    """

    method: str
    url: str
    headers: Mapping[str, str]
    body: bytes
    streams: bool


@dataclass(frozen=True, slots=True)
class Way:
    """What every request of one connection has in common.

    Attributes:
        own_headers: the operator's `http_headers`; they override LiteLLM's.
    """

    egress: Egress
    scrubber: Scrubber
    leases: Leases
    own_headers: Mapping[str, str]

    def begin(self, call: Call, observed: Observed) -> "WayOut":
        """Take a lease for `call`. `WayOut.close` gives it back.

        Raises:
            Refused: the connection is busy.
        """
        return WayOut(self, call, observed, self.leases.take())


class WayOut:
    """One request's way. Usually one exchange goes over it; LiteLLM may need more."""

    def __init__(self, way: Way, call: Call, observed: Observed, lease: Lease) -> None:
        """Takes over `lease`."""
        limits = way.egress.policy.timeouts
        self._way = way
        self._call = call
        self._observed = observed
        self._lease = lease
        self._deadlines = Deadlines.from_now(limits, stream=call.stream)
        self._wait_s = limits.first_byte_s if call.stream else limits.answer_s
        self._passing: Passing | None = None
        self._is_read = False
        self._answer = b""
        self._stream: SoundStream | None = None
        self.has_sent = False
        """Whether anything went out."""
        self.check: Callable[[bytes], None] = _nothing_to_check
        """Called with each request body before it is sent; may refuse it."""
        self.said_done = False
        """Whether a stream said `[DONE]` at its end, which it need not."""
        self.fault: ProxyError | None = None
        """What went wrong on the way, in our words; `None` so far."""

    @property
    def has_answer(self) -> bool:
        """Whether the provider answered: what goes wrong then is not the request's fault."""
        return self._passing is not None

    @property
    def status(self) -> int | None:
        """The provider's status, as it was; `None` as long as there is none."""
        return self._passing.status if self._passing else None

    @property
    def has_counts(self) -> bool:
        """Whether a plain answer had token counts, be they zero; LiteLLM makes up what it lacks."""
        return COUNT.search(self._answer) is not None

    @property
    def said_end(self) -> SaidEnd:
        """What the provider said of the end of its answer."""
        return SaidEnd(self._last_bytes)

    def own_counts(self, usage: Json) -> Json:
        """`usage` with no count of reasoning or text but the provider's own."""
        return own_counts(usage, self._last_bytes)

    def has_said(self, name: str) -> bool:
        """Whether a plain answer had a field of this name; a text cannot have its quotes."""
        return f'"{name}"'.encode() in self._answer

    @property
    def _last_bytes(self) -> bytes:
        last = self._stream.tail[-LAST_BYTES:] if self._stream else b""
        return self._answer or last

    async def send(self, outgoing: Outgoing) -> Passing:
        """Send, and return the answer once its status and type have shown it to be one.

        Raises:
            UpstreamFault: no answer came of it. It is kept in `fault` as well, and nothing more is
                sent: whether to try again is not LiteLLM's to decide.
        """
        if self.fault is not None:
            raise self.fault
        try:
            self.check(outgoing.body)
            self.has_sent = True
            return await self._send(outgoing)
        except ProxyError as error:
            self.fault = error
            raise

    async def _send(self, outgoing: Outgoing) -> Passing:
        self._let_go()
        egress = self._way.egress
        headers = {**_passable(outgoing.headers), **self._way.own_headers}
        if self._call.forwarded:
            headers = beneath(self._call, headers, egress.policy.headers)
        url = egress.admit(outgoing.url)
        if outgoing.method == "POST":
            response = await egress.post(url, outgoing.body, headers, self._wait_s)
        else:
            response = await egress.request(
                outgoing.method, url, outgoing.body, headers, self._wait_s
            )
        passing = Passing(response, self._observed, self._deadlines, Lease(_nothing))
        self._passing, self._is_read = passing, False
        if not 200 <= passing.status <= 201:
            passing.begin()
            error = await _error_body(passing)
            raise rejected(passing.status, error, passing.headers, self._way.scrubber)
        await self._judge_type(passing, streams=outgoing.streams)
        return passing

    async def _judge_type(self, passing: Passing, *, streams: bool) -> None:
        streamed = passing.content_type in STREAMED
        if streams and not streamed:
            passing.begin()
            self.judge(await passing.some(MOST_ERROR_BYTES))
            raise UpstreamInvalidResponse("The provider did not stream, though it was asked to.")
        if streamed and not streams:
            raise UpstreamInvalidResponse("The provider streamed an answer that should be plain.")
        if passing.content_type in answers.PAGES:
            raise UpstreamInvalidResponse("The provider's answer is a web page.")

    def judge(self, answer: bytes) -> None:
        """Raise the fault that a 200 carries inside, if it carries one."""
        parsed = answers.json_object(answer)
        if parsed and parsed.get("error"):
            raise error_inside(parsed["error"], self._way.scrubber)

    async def whole(self, passing: Passing) -> bytes:
        """The whole of a plain answer.

        Raises:
            UpstreamFault: it broke off, took too long, is too large, or is an error in disguise.
        """
        self._is_read = True
        try:
            passing.begin()
            answer = await passing.some(MOST_ANSWER_BYTES)
            if not passing.at_end:
                raise UpstreamInvalidResponse("The provider's answer is too large.")
            self.judge(answer)
        except UpstreamFault as fault:
            self.fault = fault
            raise
        self._answer = with_sane_usage(answer)
        return self._answer

    def blocks(self, passing: Passing) -> AsyncGenerator[bytes, None]:
        """A streamed answer as it arrives: events in whole blocks, anything else as it comes.

        Raises:
            UpstreamFault: it broke off, took too long, is too large, or says that it failed.
        """
        stream = SoundStream(passing, self._way.scrubber)
        return self._judged(stream, stream.blocks())

    def events(self, passing: Passing) -> AsyncGenerator[list[Json], None]:
        """What a streamed answer says: of events that came together, the JSON of each.

        Raises:
            UpstreamFault: as `blocks` does.
        """
        stream = SoundStream(passing, self._way.scrubber)
        return self._judged(stream, stream.events())

    def unread(self) -> Passing | None:
        """The streamed answer that is there and that nobody began to read."""
        return None if self._is_read else self._passing

    async def _judged(
        self, stream: SoundStream, parts: AsyncGenerator[T, None]
    ) -> AsyncGenerator[T, None]:
        self._is_read = True
        self._stream = stream
        try:
            async with aclosing(parts):
                async for part in parts:
                    yield part
            self.said_done = stream.done
        except UpstreamFault as fault:
            self.fault = fault
            raise

    def _let_go(self) -> None:
        if self._passing is not None:
            self._passing.close()

    def close(self) -> None:
        """Let go of the provider. May be called twice."""
        self._let_go()
        self._lease.give_back()


def _passable(headers: Mapping[str, str]) -> dict[str, str]:
    return {
        name: value
        for name, value in headers.items()
        if not (name.lower() in NOT_OURS or name.lower().startswith(SDK) or NO_KEY in value)
    }


def _nothing_to_check(_: bytes) -> None:
    """What LiteLLM made of the request is fine as it is."""


def _nothing() -> None:
    """The lease is the way's, not one exchange's."""


async def _error_body(passing: Passing) -> bytes:
    with contextlib.suppress(UpstreamFault):
        return await passing.some(MOST_ERROR_BYTES)
    return b""
