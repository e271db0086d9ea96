"""The vocabulary every room speaks: what came in, who sent it, where it goes, what came back.

Everything here is frozen except `Observed`, which the upstream fills while an answer passes by.
Times are seconds of `time.monotonic()`; token counts are integers; `None` means not known.
"""

from dataclasses import dataclass, field
from typing import Any, Literal, Protocol, TypeAlias

from lmproxy.form import Form

Json: TypeAlias = dict[str, Any]
EVENT_STREAM = "text/event-stream"
EVENTS = b"text/event-stream; charset=utf-8"
"""The media type of a streamed answer, as it is told by and as it is sent."""
Provenance: TypeAlias = Literal["provider", "estimated", "unknown"]


@dataclass(frozen=True, slots=True)
class Arrival:
    """A request as it is known before its credential and body are looked at.

    Attributes:
        dialect: the wire format the client speaks: `"openai"`, `"anthropic"`, `"responses"`.
        operation: what is asked: `"chat"`, `"messages"`, `"responses"`, `"models"`, `"unknown"`.
        path: the URL path without its query, which may hold secrets.
        address: the client's address; from forwarded headers only behind a trusted proxy.
        client_request_id: the client's own `x-request-id` if well-formed; never used as a key.
    """

    dialect: str
    operation: str
    method: str
    path: str
    address: str | None
    user_agent: str | None
    client_request_id: str | None


@dataclass(frozen=True, slots=True)
class Caller:
    """Who a virtual key belongs to.

    Attributes:
        key_id: names the key in logs and records, is not the key; `None` for an anonymous caller.
        owner: the person or program the operator gave the key to; `None` when not said.
        user_info: what a key check knows of the caller; for loggers that ask for it.
    """

    key_id: str | None
    group: str
    owner: str | None = None
    user_info: Json | None = field(default=None, hash=False, compare=False)


@dataclass(frozen=True, slots=True)
class Call:
    """A parsed request.

    Attributes:
        model: the model name the client asked for (or the configured default), charset checked.
        body: the whole JSON object as parsed, unknown fields included; never changed in place.
        headers: the client's headers that may go on to a provider, lower-case names.
        form: what was uploaded; `body` then has the short texts in it. `None` for a JSON body.
        forwarded: headers that the operator named to go on, to whatever provider by whatever lane.
        ours: fields of `body` that are not the client's: a handler or a Fallback said them.
    """

    dialect: str
    operation: str
    model: str
    body: Json
    stream: bool
    headers: tuple[tuple[str, str], ...] = ()
    form: Form | None = None
    forwarded: tuple[tuple[str, str], ...] = ()
    ours: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Lookup:
    """A question about a response that its provider keeps, for the connection that made it.

    Attributes:
        part: what of it is asked: `""` for the whole, else the end of the path: `"/cancel"`.
        query: the parameters of the URL that go on.
        dropped: the names of those that do not.
    """

    method: str
    response_id: str
    part: str
    query: tuple[tuple[str, str], ...]
    stream: bool
    headers: tuple[tuple[str, str], ...] = ()
    dropped: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Target:
    """One place a call may go: a connection, and the name of the model there.

    Attributes:
        via: the Fallback that the rule names and this is a member of; `None` if it is none's.
        overrides: fields that stand over the request's; `None` for none.
    """

    connection: str
    model: str
    via: str | None = None
    overrides: Json | None = field(default=None, hash=False)

    @property
    def routed_to(self) -> str:
        """The connection that the rule names: who may use it decides."""
        return self.via or self.connection


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens of one answer, clamped to 0..10^9, or seconds of sound. `source`: who counted them."""

    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    total_tokens: int | None = None
    cached_tokens: int | None = None
    reasoning_tokens: int | None = None
    source: Provenance = "unknown"
    seconds: float | None = None


@dataclass(slots=True)
class Observed:
    """What was seen of an answer in passing. Mutable: it is complete when the body has ended.

    Attributes:
        usage_at_start: what a stream said of its prompt before its answer; `None` if nothing.
        finish_reason: of the first choice; `None` if none was seen.
        stop_sequence: the one of the client's that ended a translated answer; `None` if none did,
            or the provider does not say.
        first_byte_at: when the first event or byte of the body arrived.
        ended_at: when the provider's answer ended, well or badly.
        delivered_events: complete events handed on, for an estimate when usage is missing.
        delivered_bytes: body bytes handed on.
        lane: the lane that this request took, where it is not its connection's usual one.
        dropped_params: request fields that did not go to the provider.
        response_id: the provider's name for the response, if it may keep it for later.
    """

    usage: Usage = Usage()
    usage_at_start: Usage | None = None
    finish_reason: str | None = None
    stop_sequence: str | None = None
    first_byte_at: float | None = None
    ended_at: float | None = None
    delivered_events: int = 0
    delivered_bytes: int = 0
    upstream_request_id: str | None = None
    lane: str | None = None
    dropped_params: tuple[str, ...] = ()
    response_id: str | None = None


class Pieces(Protocol):
    """An answer that arrives in pieces.

    Iterating raises `UpstreamFault` when the provider fails midway. Whoever holds one calls
    `aclose`, always, even if it was never iterated: that lets go of the provider's connection.
    """

    def __aiter__(self) -> "Pieces": ...

    async def __anext__(self) -> bytes: ...

    async def aclose(self) -> None:
        """Stop the provider if it is still answering. May be called twice."""


@dataclass(frozen=True, slots=True)
class Reply:
    """A provider's answer in the client's dialect.

    Attributes:
        body: the whole answer, or its pieces, each of which ends between two events if the call
            streams.
        headers: of ours, that say more of this answer.
    """

    status: int
    content_type: bytes
    body: bytes | Pieces
    observed: Observed
    headers: tuple[tuple[bytes, bytes], ...] = ()
