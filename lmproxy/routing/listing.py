"""What does `/models` show? One entry per rule, as lm-proxy lists them, in file order.

A wildcard rule is shown itself, left out, or replaced by the names behind it. Whether a caller sees
an entry is decided with the targets it leads to: for a plain name those of the rule that takes it,
which may be an earlier one.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from lmproxy.call import Json, Target
from lmproxy.config import Config
from lmproxy.errors import NotFound
from lmproxy.routing.expanding import Entry, Expansion, Lists
from lmproxy.routing.names import is_model_name
from lmproxy.routing.rules import Routes, Rule


class Listing:
    """The entries of one config."""

    def __init__(
        self,
        shown: tuple[Entry | Rule, ...],
        routes: Routes,
        info: Mapping[str, dict[str, Any]],
    ) -> None:
        """A rule among `shown` is replaced; `info` holds the operator's fields by entry name."""
        self._shown = shown
        self._routes = routes
        self._info = info
        rules = tuple(item for item in shown if isinstance(item, Rule))
        self._expansion = Expansion(routes, rules)
        self.asks = tuple(target for rule in rules for target in rule.targets)
        """The templates of whose connections `entries` needs the lists."""

    def entries(self, lists: Lists) -> Iterator[Entry]:
        """Every entry. A name may come again, by another connection or as the operator wrote it."""
        for item in self._shown:
            if isinstance(item, Rule):
                yield from self._expansion.entries(item, lists)
            else:
                yield item

    def describe(self, name: str, connection: str) -> Json:
        """What is sent of `name`, a plain name or a pattern, for who is led to `connection`."""
        entry: Json = {"id": name, "object": "model", "created": 0, "owned_by": connection}
        return {**entry, **self._info.get(self._replaced(name), {}), **self._info.get(name, {})}

    def _replaced(self, name: str) -> str:
        """The pattern of the wildcard rule that takes `name`, if such rules are replaced."""
        if not self.asks or not is_model_name(name):
            return name
        return self._routes.resolve(name).rule.pattern.text


def compile_listing(config: Config, routes: Routes) -> Listing:
    """The entries that `model_listing_mode` asks for."""
    mode = config.settings.model_listing_mode
    shown: list[Entry | Rule] = []
    for rule in routes.rules:
        name = rule.pattern.text
        if mode == "expand_wildcards" and any(char in name for char in "*?["):
            shown.append(rule)
        elif not (mode == "ignore_wildcards" and any(char in name for char in "*?")):
            targets = targets_of(routes, name) if is_model_name(name) else rule.targets
            shown.append(Entry(name, targets))
    return Listing(tuple(shown), routes, config.settings.model_info)


def targets_of(routes: Routes, name: str) -> tuple[Target, ...]:
    """Where a request for the plain `name` would lead; empty if nothing takes it."""
    try:
        return routes.resolve(name).targets
    except NotFound:
        return ()
