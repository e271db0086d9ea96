"""What of the operator's own is made first, and found by name? `[components]`.

Whatever a module of theirs wants to share: a pool of database connections, a client, a cache. It
finds them as `lmproxy.components["name"]`, at the earliest where connections, loggers, validators
and handlers are made, which comes after. A process may have several applications: each one's code
finds its own.
"""

from collections.abc import Iterator, Mapping
from contextvars import ContextVar
from typing import Any

from lmproxy.config.binding import BindError, make
from lmproxy.config.load import Config
from lmproxy.problems import Problem

_used: ContextVar[Mapping[str, Any]] = ContextVar("components")
use = _used.set
"""Have the code that runs from here on, in this context, find these."""
_newest: Mapping[str, Any] = {}


class Components(Mapping[str, Any]):
    """By name, those of the application whose code asks.

    In a thread that somebody's module started by itself: those of the config compiled last.
    """

    def __getitem__(self, name: str) -> Any:
        return _used.get(_newest)[name]

    def __iter__(self) -> Iterator[str]:
        return iter(_used.get(_newest))

    def __len__(self) -> int:
        return len(_used.get(_newest))

    def __repr__(self) -> str:
        return repr(dict(self))


components = Components()


def make_components(config: Config) -> tuple[Mapping[str, Any], list[Problem]]:
    """Make those of `config`, in the order of the file; with everything wrong with them.

    One may use those above it, and what is compiled next uses all.
    """
    global _newest
    problems: list[Problem] = []
    made: dict[str, Any] = {}
    _newest = made
    use(made)
    for name, said in config.settings.components.items():
        try:
            made[name] = make(said, ("components", name))
        except BindError as error:
            problems += [config.problem(*wrong) for wrong in error.found]
    return made, problems
