"""What of the operator's own is made first, and found by name? `[components]`.

Whatever a module of theirs wants to share: a pool of database connections, a client, a cache. It
finds them as `lmproxy.components["name"]`, at the earliest where connections, loggers, validators
and handlers are made, which comes after.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from lmproxy.config.binding import BindError, make
from lmproxy.config.load import Config
from lmproxy.errors import Problem

_made: dict[str, Any] = {}
components: Mapping[str, Any] = MappingProxyType(_made)
"""By name; those of the config that was compiled last."""


def make_components(config: Config) -> list[Problem]:
    """Make those of `config`, in the order of the file, and return everything wrong with them.

    One may use those above it.
    """
    problems: list[Problem] = []
    _made.clear()
    for name, said in config.settings.components.items():
        try:
            _made[name] = make(said, ("components", name))
        except BindError as error:
            problems += [config.problem(*wrong) for wrong in error.found]
    return problems
