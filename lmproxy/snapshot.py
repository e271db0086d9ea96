"""What does this config decide? Every room of one config, compiled, and what they choose together.

Immutable and replaced as a whole, so that a request sees one config from its beginning to its end.
"""

import asyncio
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import chain

from lmproxy.call import Call, Caller, Json, Target
from lmproxy.errors import InvalidRequest, Refused, Unavailable
from lmproxy.handlers import Before
from lmproxy.keys import Callers
from lmproxy.policy import Permissions, made_elsewhere, response_not_found
from lmproxy.recording import Maker
from lmproxy.routing import (
    Entry,
    Listing,
    Lists,
    Routes,
    is_model_name,
    model_not_found,
    targets_of,
)
from lmproxy.upstream import Connection, Upstreams

MOST_REMEMBERED = 4096

Chain = tuple[Target, ...]
"""Whom to ask, by the providers' names for the model: the first, and on failure the next."""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Everything a config decides, compiled. Replaced as a whole, never changed.

    Attributes:
        most_under_way: requests at once, `None` for any number.
        switched_off: the names of connections and Fallbacks that are.
        before: the operator's handlers, `None` if there are none.
    """

    enabled: bool
    default_model: str | None
    most_under_way: int | None
    callers: Callers
    routes: Routes
    permissions: Permissions
    listing: Listing
    upstreams: Upstreams
    switched_off: frozenset[str]
    before: Before | None = None
    _chosen: dict[tuple[str, str], Chain] = field(default_factory=dict, init=False, repr=False)

    async def start(self) -> None:
        """Get everything that requests would wait for, at the same time."""
        await asyncio.gather(self.upstreams.start(), self.callers.start())

    def with_model(self, call: Call) -> Call:
        """`call`, with the default model if it names none.

        Raises:
            InvalidRequest: there is no default.
        """
        if call.model:
            return call
        if self.default_model is None:
            raise InvalidRequest(
                "The request names no model. GET /v1/models lists what your key may use.",
                code="missing_required_parameter",
                param="model",
            )
        return replace(call, model=self.default_model)

    def chain(self, caller: Caller, model: str, targets: Sequence[Target]) -> Chain:
        """`choose`, remembered: nothing of it changes while this config lasts.

        Args:
            targets: those of the rule that takes `model`.
        """
        place = (caller.group, model)
        chain = self._chosen.get(place)
        if chain is None:
            chain = self.choose(caller, model, targets)
            if len(self._chosen) >= MOST_REMEMBERED:  # The oldest goes: names may be invented.
                del self._chosen[next(iter(self._chosen))]
            self._chosen[place] = chain
        return chain

    def choose(self, caller: Caller, model: str, targets: Sequence[Target]) -> Chain:
        """The first of `targets` open to `caller` that has the model, by the provider's name.

        If it is a Fallback's, the others of that Fallback come after it.

        Raises:
            NotAllowed: none is open to the caller.
            Unavailable: those that have the model are switched off.
            NotFound: there is none, or none has the model.
        """
        if not targets:
            raise model_not_found(model)
        permitted = self.permissions.permitted(caller, model, targets)
        having = list(self._having(permitted))
        ready = [target for target in having if self.is_on(target)]
        if ready:
            via = ready[0].via
            return tuple(t for t in ready if t.via == via) if via else (ready[0],)
        if having:
            raise _switched_off(model)
        raise model_not_found(model)

    def is_on(self, target: Target) -> bool:
        """Whether neither its connection nor the Fallback it is of is switched off."""
        return self.switched_off.isdisjoint((target.connection, target.routed_to))

    def where_made(
        self, caller: Caller, model: str, targets: Sequence[Target], connection: str
    ) -> Chain:
        """`choose`, for a request that goes on from a response which `connection` keeps.

        Raises:
            InvalidRequest: none of `targets` is there.
        """
        there = [target for target in targets if target.connection == connection]
        if not there:
            raise made_elsewhere(model)
        return self.choose(caller, model, there)

    def keeper(self, caller: Caller, response: str, maker: Maker) -> Connection:
        """The connection to ask about a response that `maker` made for the caller's group.

        Raises:
            NotAllowed: the group may not use the model or the connection any more.
            NotFound: the connection is not there any more.
            Unavailable: it is switched off.
        """
        ways = [t for t in targets_of(self.routes, maker.asked) if t.connection == maker.connection]
        self.permissions.permitted(
            caller, maker.asked, [*ways, Target(maker.connection, maker.model)]
        )
        connection = self.upstreams.get(maker.connection)
        if connection is None:
            raise response_not_found(response)
        if not connection.enabled:
            raise _switched_off(maker.asked)
        return connection

    def _having(self, targets: Sequence[Target]) -> Iterator[Target]:
        for target in targets:
            deployment = self.upstreams[target.connection].deployment(target.model)
            if deployment is not None:
                yield replace(target, model=deployment)

    async def lists(self, caller: Caller) -> Lists:
        """What the providers list that wildcard rules lead `caller` to, as `models` needs it.

        Empty without a question where wildcard rules are not replaced.
        """
        grant = self.permissions.of(caller)
        open_to = (t.connection for t in self.listing.asks if grant.allows_connection(t.routed_to))
        return await self.upstreams.catalogue.lists(list(dict.fromkeys(open_to)))

    def models(self, caller: Caller, lists: Lists) -> dict[str, Json]:
        """The entries of `/models` that `caller` may use, by name.

        After those of the rules come the plain names that only the group's `allowed_models` says.
        """
        found: dict[str, Json] = {}
        for entry in chain(self.listing.entries(lists), self._given(caller)):
            owner = None if entry.name in found else self._owner(caller, entry)
            if owner:
                found[entry.name] = self.listing.describe(entry.name, owner)
        return found

    def _given(self, caller: Caller) -> Iterator[Entry]:
        """The plain names of the group's `allowed_models`."""
        for pattern in self.permissions.of(caller).models:
            if is_model_name(pattern.text):
                yield Entry(pattern.text, targets_of(self.routes, pattern.text))

    def _owner(self, caller: Caller, entry: Entry) -> str | None:
        """The connection that its rule names for `caller`; for a pattern, the first that may be."""
        try:
            if is_model_name(entry.name):
                return self._owner_of_name(caller, entry)
            permitted = self.permissions.permitted(caller, entry.name, entry.targets)
        except Refused:
            return None
        return next((target.routed_to for target in permitted if self.is_on(target)), None)

    def _owner_of_name(self, caller: Caller, entry: Entry) -> str | None:
        """As a request would find it: not where it would go to another than the one listed."""
        chosen = self.choose(caller, entry.name, entry.targets)[0]
        led = entry.listed is None or chosen in self._having([entry.listed])
        return chosen.routed_to if led else None


def _switched_off(model: str) -> Unavailable:
    return Unavailable(
        f"The connection behind '{model}' is switched off.", code="connection_disabled"
    )
