"""What does `/models` show? One entry per rule, as lm-proxy lists them, in file order.

Whether a caller sees an entry is decided with the connections it leads to: for a plain name those
of the rule that takes it, which may be an earlier one.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from lmproxy.call import Json
from lmproxy.config import Config
from lmproxy.errors import NotFound
from lmproxy.routing.names import is_model_name
from lmproxy.routing.rules import Routes, Rule


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry, ready to be sent, and the connections that its name leads to."""

    id: str
    connections: tuple[str, ...]
    body: Json


class Listing:
    """The entries of one config."""

    def __init__(self, entries: tuple[Entry, ...], info: Mapping[str, dict[str, Any]]) -> None:
        """`info` holds the operator's fields by entry id."""
        self.entries = entries
        self._info = info

    def describe(self, model: str, connection: str) -> Json:
        """The entry of a name that a wildcard rule takes."""
        return _body(model, connection, self._info)


def compile_listing(config: Config, routes: Routes) -> Listing:
    """The entries that `model_listing_mode` asks for."""
    settings = config.settings
    plain_only = settings.model_listing_mode == "ignore_wildcards"
    entries = tuple(
        Entry(name, connections, _body(name, connections[0], settings.model_info))
        for name, connections in _names(routes)
        if not (plain_only and any(char in name for char in "*?"))
    )
    return Listing(entries, settings.model_info)


def _names(routes: Routes) -> Iterator[tuple[str, tuple[str, ...]]]:
    for rule in routes.rules:
        name = rule.pattern.text
        taking = _taking(routes, name) if is_model_name(name) else rule
        yield name, tuple(target.connection for target in taking.targets)


def _taking(routes: Routes, name: str) -> Rule:
    """The rule that takes a plain name; the first one that matches, not always its own."""
    try:
        return routes.resolve(name).rule
    except NotFound:  # A pattern such as `[ab]` does not match its own text.
        raise AssertionError(f"a plain name matches its own rule: {name}") from None


def _body(name: str, connection: str, info: Mapping[str, dict[str, Any]]) -> Json:
    entry: Json = {"id": name, "object": "model", "created": 0, "owned_by": connection}
    return {**entry, **info.get(name, {})}
