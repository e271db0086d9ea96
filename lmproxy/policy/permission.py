"""What may a group use? Two questions, both must be answered yes.

`allowed_models` looks at the name the caller asked for, as `/models` shows it;
`allowed_connections` at every target a rule names, so that no list of targets leads around it. A
Fallback's name stands for its members: who may use it need not be allowed each of them, and who may
use a member alone may not use it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from lmproxy.call import Caller, Target
from lmproxy.config import Config
from lmproxy.config.problems import nearest
from lmproxy.config.schema import Group
from lmproxy.errors import NotAllowed
from lmproxy.patterns import MOST_STARS, Pattern
from lmproxy.problems import Problem


@dataclass(frozen=True, slots=True)
class Grant:
    """What one group may use. `connections` is `None` for all of them."""

    connections: frozenset[str] | None
    models: tuple[Pattern, ...]

    def allows_model(self, model: str) -> bool:
        """Whether the name may be asked for."""
        return any(pattern.matches(model) for pattern in self.models)

    def allows_connection(self, connection: str) -> bool:
        """Whether a request may go there."""
        return self.connections is None or connection in self.connections


class Permissions:
    """What each group may use."""

    def __init__(self, grants: Mapping[str, Grant]) -> None:
        """`grants` by group name."""
        self._grants = grants

    def of(self, caller: Caller) -> Grant:
        """The grant of the caller's group."""
        return self._grants[caller.group]

    def permitted(self, caller: Caller, asked: str, targets: Sequence[Target]) -> list[Target]:
        """Those of `targets` that the caller may use, in their order.

        Raises:
            NotAllowed: 403; the name is not for this group, or none of the targets is.
        """
        grant = self.of(caller)
        if grant.allows_model(asked):
            allowed = [target for target in targets if grant.allows_connection(target.routed_to)]
            if allowed:
                return allowed
        raise NotAllowed(
            f"Your key does not allow the model '{asked}'. GET /v1/models lists what it may use.",
            param="model",
        )


def compile_permissions(config: Config) -> tuple[Permissions, list[Problem]]:
    """The grants of `config` and everything wrong with them."""
    problems: list[Problem] = []
    groups = config.settings.groups or {"default": Group()}
    for name, group in groups.items():
        for index, connection in enumerate(group.allowed_connections):
            if connection != "*" and connection not in config.settings.connections:
                path = ("groups", name, "allowed_connections", index)
                hint = nearest(connection, config.settings.connections)
                problems.append(
                    config.problem(path, f"there is no connection '{connection}'", hint)
                )
        for index, model in enumerate(group.allowed_models):
            if Pattern(model).too_many_stars:
                path = ("groups", name, "allowed_models", index)
                problems.append(config.problem(path, f"has more than {MOST_STARS} stars"))
    return Permissions({name: _grant(group) for name, group in groups.items()}), problems


def _grant(group: Group) -> Grant:
    everything = "*" in group.allowed_connections
    return Grant(
        connections=None if everything else frozenset(group.allowed_connections),
        models=tuple(map(Pattern, group.allowed_models)),
    )
