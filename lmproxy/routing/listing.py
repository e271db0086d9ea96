"""What does `/models` show? One entry per rule, as lm-proxy lists them, in file order.

Whether a caller sees an entry is decided with the targets it leads to: for a plain name those of
the rule that takes it, which may be an earlier one.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from lmproxy.call import Json, Target
from lmproxy.config import Config
from lmproxy.errors import NotFound
from lmproxy.routing.names import is_model_name
from lmproxy.routing.rules import Routes


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry: a plain name and its targets, or a pattern and its templates."""

    name: str
    targets: tuple[Target, ...]


class Listing:
    """The entries of one config."""

    def __init__(self, entries: tuple[Entry, ...], info: Mapping[str, dict[str, Any]]) -> None:
        """`info` holds the operator's fields by entry name."""
        self.entries = entries
        self._info = info

    def describe(self, name: str, connection: str) -> Json:
        """What is sent of `name`, a plain name or a pattern, for who is led to `connection`."""
        entry: Json = {"id": name, "object": "model", "created": 0, "owned_by": connection}
        return {**entry, **self._info.get(name, {})}


def compile_listing(config: Config, routes: Routes) -> Listing:
    """The entries that `model_listing_mode` asks for."""
    plain_only = config.settings.model_listing_mode == "ignore_wildcards"
    entries = tuple(
        entry
        for entry in _entries(routes)
        if not (plain_only and any(char in entry.name for char in "*?"))
    )
    return Listing(entries, config.settings.model_info)


def _entries(routes: Routes) -> Iterator[Entry]:
    for rule in routes.rules:
        name = rule.pattern.text
        yield Entry(name, targets_of(routes, name) if is_model_name(name) else rule.targets)


def targets_of(routes: Routes, name: str) -> tuple[Target, ...]:
    """Where a request for the plain `name` would lead; empty if nothing takes it."""
    try:
        return routes.resolve(name).targets
    except NotFound:
        return ()
