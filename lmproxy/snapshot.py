"""What does this config decide? Every room of one config, compiled, and what they choose together.

Immutable and replaced as a whole, so that a request sees one config from its beginning to its end.
"""

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


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Everything a config decides, compiled. Replaced as a whole, never changed.

    Attributes:
        most_under_way: requests at once, `None` for any number.
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
    before: Before | None = None
    _chosen: dict[tuple[str, str], Target] = field(default_factory=dict, init=False, repr=False)

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

    def target(self, caller: Caller, model: str, targets: Sequence[Target]) -> Target:
        """`choose`, remembered: nothing of it changes while this config lasts.

        Args:
            targets: those of the rule that takes `model`.
        """
        place = (caller.group, model)
        target = self._chosen.get(place)
        if target is None:
            target = self.choose(caller, model, targets)
            if len(self._chosen) < MOST_REMEMBERED:
                self._chosen[place] = target
        return target

    def choose(self, caller: Caller, model: str, targets: Sequence[Target]) -> Target:
        """The first of `targets` open to `caller` that has the model, by the provider's name.

        Raises:
            NotAllowed: none is open to the caller.
            Unavailable: those that have the model are switched off.
            NotFound: there is none, or none has the model.
        """
        if not targets:
            raise model_not_found(model)
        permitted = self.permissions.permitted(caller, model, targets)
        having = list(self._having(permitted))
        for target in having:
            if self.upstreams[target.connection].enabled:
                return target
        if having:
            raise _switched_off(model)
        raise model_not_found(model)

    def where_made(
        self, caller: Caller, model: str, targets: Sequence[Target], connection: str
    ) -> Target:
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
        self.permissions.permitted(caller, maker.asked, [Target(maker.connection, maker.model)])
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
                yield Target(target.connection, deployment)

    async def lists(self, caller: Caller) -> Lists:
        """What the providers list that wildcard rules lead `caller` to, as `models` needs it.

        Empty without a question where wildcard rules are not replaced.
        """
        grant = self.permissions.of(caller)
        asked = [name for name in self.listing.asks if grant.allows_connection(name)]
        return await self.upstreams.catalogue.lists(asked)

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
        """The connection that it leads `caller` to; for a pattern, the first it may lead to."""
        try:
            if is_model_name(entry.name):
                return self._owner_of_name(caller, entry)
            permitted = self.permissions.permitted(caller, entry.name, entry.targets)
        except Refused:
            return None
        names = (target.connection for target in permitted)
        return next((name for name in names if self.upstreams[name].enabled), None)

    def _owner_of_name(self, caller: Caller, entry: Entry) -> str | None:
        """As a request would find it: not where it would go to another than the one listed."""
        chosen = self.choose(caller, entry.name, entry.targets)
        led = entry.listed is None or chosen in self._having([entry.listed])
        return chosen.connection if led else None


def _switched_off(model: str) -> Unavailable:
    return Unavailable(
        f"The connection behind '{model}' is switched off.", code="connection_disabled"
    )
