"""The walk of a request through the rooms, and its order. Nobody else knows it.

    arrive ─ admit ─ ask: name ─ route ─ permit ─ handle ─ upstream ─ the answer passes ─ close
             401          400    404     403      429      502 504

The walk is a bracket: a record is opened before anything can fail, and closed however the request
ends. A caller is known before a byte of the body is read.
"""

import asyncio
import os
from collections.abc import Awaitable, Sequence
from functools import lru_cache, partial
from types import TracebackType

from lmproxy import logs
from lmproxy.attempts import attempt, first_answer
from lmproxy.call import Arrival, Call, Caller, Json, Lookup, Reply, Target
from lmproxy.errors import ClientGone, InvalidKey, ProxyError, Unavailable
from lmproxy.handling import handle
from lmproxy.keys import key_id
from lmproxy.policy import previous_not_found, previous_of, response_not_found
from lmproxy.recording import Draft, Makers, Recorder, outcomes
from lmproxy.recording.keeping import note_kept
from lmproxy.routing import check_model_name, is_model_name, model_not_found
from lmproxy.scrub import looks_like_key, mask
from lmproxy.snapshot import Chain, Snapshot
from lmproxy.upstream.usage import estimate

log = logs.get(__name__)


class Gateway:
    """The door: opens a passage for every request."""

    def __init__(self, snapshot: Snapshot, recorder: Recorder, makers: Makers) -> None:
        """Requests take the snapshot that is current when they arrive."""
        self.snapshot = snapshot
        self.recorder = recorder
        self.makers = makers
        self.under_way = 0

    def arrive(self, arrival: Arrival, presented: Sequence[bytes]) -> "Passage":
        """Begin a request's record. Use as `with`.

        Args:
            arrival: the request as it came.
            presented: every credential of the request, in any order. None of them gets into the
                record or an error, whoever they belong to.
        """
        return Passage(self, arrival, presented)


def new_request_id() -> str:
    """Our name for a request."""
    return f"req_{os.urandom(12).hex()}"


@lru_cache(maxsize=1024)
def _route(rule: str, connection: str, lane: str) -> str:
    shown = rule.encode("ascii", "replace").decode()
    return f'rule="{shown}"; connection={connection}; lane={lane}'


class Passage:
    """One request's way through the rooms."""

    def __init__(self, gateway: Gateway, arrival: Arrival, presented: Sequence[bytes]) -> None:
        self._gateway = gateway
        self._snapshot = gateway.snapshot
        self._presented = presented
        secrets_ = tuple(secret.decode("latin-1") for secret in presented)
        self._draft = Draft(new_request_id(), arrival, secrets=secrets_)
        self._closed = False

    @property
    def id(self) -> str:
        """Our id of the request: the key of its record."""
        return self._draft.id

    @property
    def is_closed(self) -> bool:
        """Whether the record is written."""
        return self._closed

    @property
    def route(self) -> str | None:
        """Rule, connection and lane as `x-oai-proxy-route` says them; `None` before routing."""
        draft = self._draft
        if draft.rule is None or not draft.attempts:
            return None
        last = draft.attempts[-1]
        return _route(draft.rule, last.connection, last.lane)

    @property
    def dropped_params(self) -> tuple[str, ...]:
        """Request fields that did not go to the provider."""
        return self._draft.observed.dropped_params

    def __enter__(self) -> "Passage":
        self._gateway.under_way += 1
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._gateway.under_way -= 1
        if self._closed:
            return
        if isinstance(error, ClientGone):
            self._close(error.status, outcomes.GONE, error.name)
        elif isinstance(error, asyncio.CancelledError):
            self._close(503, outcomes.INTERRUPTED, "server_shutting_down")
        else:
            self._close(500, outcomes.BUG, "internal_error")

    async def admit(self) -> Caller:
        """Find out who is calling.

        Raises:
            Unavailable: the proxy is switched off or full, or the key check does not answer.
            InvalidKey: no credential is a key.
            InvalidRequest: two are, and differ.
        """
        draft, snapshot, presented = self._draft, self._snapshot, self._presented
        if not snapshot.enabled:
            raise Unavailable("The service is disabled.", code="service_disabled")
        most = snapshot.most_under_way
        if most is not None and self._gateway.under_way > most:
            raise Unavailable(
                "The proxy has too many requests under way. Try again shortly.", retry_after_s=1
            )
        try:
            found = snapshot.callers.identify(presented)
            draft.caller = found if isinstance(found, Caller) else await found
        except InvalidKey as error:
            log.info(
                "refused a credential",
                reason=error.reason,
                key_id_prefixes=",".join(key_id(secret)[:12] for secret in presented),
                address=draft.arrival.address,
            )
            raise
        if draft.caller.key_id is None:  # What clients send where no key is asked for: "ollama".
            draft.secrets = tuple(filter(looks_like_key, draft.secrets))
        return draft.caller

    async def ask(self, call: Call, session: str | None = None) -> Reply:
        """Route `call`, check that it is permitted, and ask the provider.

        Args:
            call: with an empty `model` where the client named none.
            session: the client's own name for its conversation, if it gave one.

        Raises:
            Refused: we say no.
            UpstreamFault: the provider failed.
        """
        draft = self._draft
        draft.call, draft.session = call, session
        call = draft.call = self._snapshot.with_model(call)
        draft.asked = call.model
        is_kept = call.dialect == "responses"
        chain = await self._chain(call) if is_kept else self._choose(call.model)
        if self._snapshot.before is not None:
            call, chain = await handle(self._snapshot, draft, call, chain)
        if len(chain) > 1:
            reply = await first_answer(chain, partial(self._member, call, chain[0]), draft)
        else:
            reply = await self._to(call, chain[0])
        if draft.observed.response_id is not None:
            note_kept(draft, self._gateway.makers)
        return reply

    async def look_up(self, lookup: Lookup, session: str | None = None) -> Reply:
        """Ask about a stored response where it was made, if the caller has a right to it.

        Raises:
            Refused: there is none for the caller's group, or it may not use what made it.
            UpstreamFault: the provider failed.
        """
        draft, response = self._draft, lookup.response_id
        draft.session, draft.observed.dropped_params = session, lookup.dropped
        maker = await self._gateway.makers.find(self._caller.group, response)
        if maker is None:
            raise response_not_found(response)
        draft.asked = maker.asked
        connection = self._snapshot.keeper(self._caller, response, maker)
        draft.maker, draft.observed.response_id = maker, response
        target = Target(maker.connection, maker.model)
        lane = connection.lane("responses")
        ask = connection.look_up(lookup, draft.observed)
        return await attempt(self._gateway.recorder, draft, target, lane, ask)

    def _to(self, call: Call, target: Target) -> Awaitable[Reply]:
        """Ask `target`.

        Raises:
            NotFound: its provider does not offer the operation.
        """
        upstreams = self._snapshot.upstreams
        connection = upstreams[target.connection]
        lane = upstreams.lane_of(connection, call)
        observed, overrides = self._draft.observed, target.overrides
        ask = upstreams.ask(connection, call, target.model, observed, overrides)
        return attempt(self._gateway.recorder, self._draft, target, lane, ask)

    def _member(self, call: Call, first: Target, target: Target) -> Awaitable[Reply]:
        """Ask one of a Fallback. The handlers counted the request for the connection of `first`.

        Raises:
            Refused: its connection has had too many, or its provider does not offer the operation.
        """
        if target is not first and self._snapshot.before is not None:
            self._snapshot.before.move_on(target.connection)
        return self._to(call, target)

    async def _chain(self, call: Call) -> Chain:
        """Where to ask: what goes on from a stored response goes to the one who keeps it."""
        previous = previous_of(call.body)
        if previous is None:
            return self._choose(call.model)
        maker = await self._gateway.makers.find(self._caller.group, previous)
        if maker is not None:
            return self._choose(call.model, maker.connection)
        chain = self._choose(call.model)
        upstreams = self._snapshot.upstreams
        if any(upstreams[target.connection].takes(call.operation) for target in chain):
            raise previous_not_found(previous)
        return chain  # Who keeps none says so.

    def _choose(self, model: str, connection: str | None = None) -> Chain:
        """The permitted targets that have the model, with the provider's name for it.

        With a `connection`, none but there.
        """
        check_model_name(model)
        if mask(model, self._draft.secrets) != model:
            raise model_not_found(model)  # A key in its place: no provider gets to see it.
        match = self._snapshot.routes.resolve(model)
        self._draft.rule = match.rule.pattern.text
        self._draft.rule_line = match.rule.line
        if connection is not None:
            return self._snapshot.where_made(self._caller, model, match.targets, connection)
        return self._snapshot.chain(self._caller, model, match.targets)

    @property
    def _caller(self) -> Caller:
        if self._draft.caller is None:
            raise InvalidKey
        return self._draft.caller

    async def models(self) -> list[Json]:
        """The entries of `/models` that the caller may use."""
        lists = await self._snapshot.lists(self._caller)
        return list(self._snapshot.models(self._caller, lists).values())

    def model(self, name: str) -> Json:
        """The entry of one model, found as a request for it would find it, or of one pattern.

        Raises:
            Refused: as for a request.
        """
        self._draft.asked = name
        # What a provider lists is a model name: no list is needed to find a pattern.
        pattern = None if is_model_name(name) else self._snapshot.models(self._caller, {}).get(name)
        return pattern or self._snapshot.listing.describe(name, self._choose(name)[0].routed_to)

    def close(self, status: int, error: ProxyError | None = None, *, begun: bool = False) -> None:
        """Write the record. Called before the last byte goes to the client; once.

        Args:
            status: what the client got.
            error: what it is told went wrong, if anything; the caller's credentials are taken
                out of its outcomes.
            begun: whether part of an answer was out before the error.
        """
        if error is None:
            self._close(status, outcomes.ANSWERED, None)
        else:
            error.message = mask(error.message, self._draft.secrets)
            self._close(status, outcomes.outcome_of(error, begun=begun), error.name)

    def _close(self, status: int, outcome: str, error_code: str | None) -> None:
        if self._closed:
            return
        self._closed = True
        draft = self._draft
        if draft.observed.response_id is not None:
            note_kept(draft, self._gateway.makers)
        counted = draft.observed.usage.source != "unknown"
        call = draft.call if draft.attempts and outcome in outcomes.HAS_TOKENS else None
        if call and not counted and outcomes.uses_tokens(call):
            draft.observed.usage = estimate(call, draft.observed)
        self._gateway.recorder.close(draft, status, outcome, error_code)
