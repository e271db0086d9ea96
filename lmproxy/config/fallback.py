"""Which connections stand for others? Those of the class `Fallback`: its members are asked in turn.

A member is `connection` or `connection.model`, split at the first dot, or a name in a table with
the fields that stand over the request's. It may be a Fallback itself.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from lmproxy.call import Json
from lmproxy.config.binding import BindError, Misfit, Spec, bind
from lmproxy.config.lm_proxy_names import ours
from lmproxy.config.load import Config
from lmproxy.config.places import KeyPath
from lmproxy.config.problems import nearest
from lmproxy.config.schema import Connection
from lmproxy.problems import Problem

SHORT = "fallback"
PATH = "lmproxy.config.fallback.Fallback"
KEYS = {"enabled"}
"""Keys of every connection that mean something for one that asks nobody itself."""
FIXED = {"messages", "input", "prompt", "stream"}
"""Fields that cannot be overridden: what is asked, and the form of the answer."""
MOST_ATTEMPTS = 64
"""Of one request; Fallbacks inside Fallbacks multiply."""


@dataclass(frozen=True, slots=True)
class Member:
    """One attempt. `model` is `*` for the name that was asked for; `place`: where it stands."""

    connection: str
    model: str
    overrides: Json
    place: KeyPath


Fallbacks = Mapping[str, tuple[Member, ...]]
"""The members of each Fallback, by its name."""


class Fallback:
    """`class = "fallback"`, or lm-proxy's `lm_proxy.strategies.Fallback`."""

    def __init__(self, connections: list[str] | dict[str, dict[str, Any]]) -> None:
        """Check the form.

        Raises:
            Misfit: a Fallback of one is none, or a member cannot be what it is.
        """
        if len(connections) < 2:
            raise Misfit("connections", "needs at least two connections", None)
        pairs = connections.items() if isinstance(connections, dict) else enumerate(connections)
        self.members = tuple(_member(*pair) for pair in pairs)


def is_fallback(settings: Connection) -> bool:
    """Whether a connection is one."""
    said = settings.params.get("class")
    return isinstance(said, str) and (said == SHORT or ours(said) == PATH)


def fallbacks(config: Config) -> tuple[Fallbacks, list[Problem]]:
    """Those of `config` and everything wrong with them."""
    found: dict[str, tuple[Member, ...]] = {}
    problems = []
    for name, settings in config.settings.connections.items():
        if is_fallback(settings):
            found[name], wrong = _read(config, name, settings)
            problems += wrong
    if not problems:
        problems = list(_circles(config, found)) or list(_too_many(config, found))
    return found, problems


def _read(
    config: Config, name: str, settings: Connection
) -> tuple[tuple[Member, ...], list[Problem]]:
    place = ("connections", name)
    params = {key: value for key, value in settings.params.items() if key != "class"}
    problems = [
        config.problem((*place, key), "a Fallback has none: it belongs to its members")
        for key in sorted(settings.given - KEYS)
    ]
    try:
        made = bind(Fallback, Spec(PATH, params, place))
    except BindError as error:
        return (), [*problems, *(config.problem(*wrong) for wrong in error.found)]
    known = config.settings.connections
    members = []
    for member in made.members:
        member_place = (*place, *member.place)
        if member.connection in known:
            members.append(member)
            continue
        message = f"there is no connection '{member.connection}'"
        problems.append(config.problem(member_place, message, nearest(member.connection, known)))
    return tuple(members), problems


def _member(key: str | int, said: Any) -> Member:
    """That of one item of the list, or of one line of the table."""
    name, dot, model = (said if isinstance(key, int) else key).partition(".")
    overrides = {} if isinstance(key, int) else dict(said)
    if dot and (not model or overrides.get("model")):
        raise Misfit(f"connections.{key}", "is not 'connection' or 'connection.model'", None)
    model = model or overrides.pop("model", "*")
    if not isinstance(model, str) or not model or "{" in model:
        raise Misfit(f"connections.{key}", "names no model: write one name, or '*'", None)
    fixed = sorted(FIXED & overrides.keys())
    if fixed:
        raise Misfit(f"connections.{key}", f"'{fixed[0]}' is the client's to say", None)
    return Member(name, model, overrides, ("connections", key))


def _circles(config: Config, found: Fallbacks) -> Iterator[Problem]:
    for name in found:
        if name in names_behind(found, name):
            words = "leads to itself, so that a failure would never end"
            yield config.problem(("connections", name, "connections"), words)


def names_behind(found: Fallbacks, name: str) -> set[str]:
    """Every connection that a Fallback may lead to, at any depth."""
    seen: set[str] = set()
    waiting = [name]
    while waiting:
        below = {member.connection for member in found.get(waiting.pop(), ())} - seen
        seen |= below
        waiting += below
    return seen


def _too_many(config: Config, found: Fallbacks) -> Iterator[Problem]:
    sizes: dict[str, int] = {}

    def size(name: str) -> int:
        if name not in sizes:
            members = found.get(name)
            sizes[name] = sum(size(m.connection) for m in members) if members else 1
        return sizes[name]

    for name in found:
        if size(name) > MOST_ATTEMPTS:
            words = f"leads to {size(name)} attempts for one request; at most {MOST_ATTEMPTS}"
            yield config.problem(("connections", name, "connections"), words)
