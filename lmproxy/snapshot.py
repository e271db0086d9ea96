"""What does this config decide? Every room of one config, compiled, and what they choose together.

Immutable and replaced as a whole, so that a request sees one config from its beginning to its end.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from lmproxy.call import Caller, Json, Target
from lmproxy.errors import Refused, Unavailable
from lmproxy.keys import KeyRing
from lmproxy.policy import Permissions
from lmproxy.routing import Listing, Routes, is_model_name, model_not_found, targets_of
from lmproxy.upstream import Upstreams


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Everything a config decides, compiled. Replaced as a whole, never changed.

    Attributes:
        most_under_way: requests at once, `None` for any number.
    """

    enabled: bool
    default_model: str | None
    most_under_way: int | None
    keyring: KeyRing
    routes: Routes
    permissions: Permissions
    listing: Listing
    upstreams: Upstreams

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
            raise Unavailable(
                f"The connection behind '{model}' is switched off.", code="connection_disabled"
            )
        raise model_not_found(model)

    def _having(self, targets: Sequence[Target]) -> Iterator[Target]:
        for target in targets:
            deployment = self.upstreams[target.connection].deployment(target.model)
            if deployment is not None:
                yield Target(target.connection, deployment)

    def models(self, caller: Caller) -> dict[str, Json]:
        """The entries of `/models` that `caller` may use, by name.

        After those of the rules come the plain names that only the group's `allowed_models` says.
        """
        entries = {entry.name: entry.targets for entry in self.listing.entries}
        for pattern in self.permissions.of(caller).models:
            if pattern.text not in entries and is_model_name(pattern.text):
                entries[pattern.text] = targets_of(self.routes, pattern.text)
        owners = {name: self._owner(caller, name, targets) for name, targets in entries.items()}
        return {name: self.listing.describe(name, owner) for name, owner in owners.items() if owner}

    def _owner(self, caller: Caller, name: str, targets: Sequence[Target]) -> str | None:
        """The connection that `name` leads `caller` to; for a pattern, the first it may lead to."""
        try:
            if is_model_name(name):
                return self.choose(caller, name, targets).connection
            permitted = self.permissions.permitted(caller, name, targets)
        except Refused:
            return None
        names = (target.connection for target in permitted)
        return next((name for name in names if self.upstreams[name].enabled), None)
