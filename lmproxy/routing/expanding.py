"""Which names does a wildcard rule take? Those that its providers list, as one asks for them.

The way of a request is gone backwards: from a name on a provider's list to the name that the rule
turns into it. It counts only if it leads there: an earlier rule may take it, or this one may turn
it into another model.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache

from lmproxy.call import Target
from lmproxy.patterns import Pattern
from lmproxy.routing.names import is_model_name
from lmproxy.routing.rules import Routes, Rule

REMEMBERED_LISTS = 64
STAR_TEXT = "{1}"

Lists = Mapping[str, tuple[str, ...]]
"""What providers list, by connection; none for a connection that is absent."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry: a plain name and its targets, or a pattern and its templates.

    Attributes:
        listed: that one of the targets which the provider lists, where this is why the name is
            shown; `None` for what the operator wrote.
    """

    name: str
    targets: tuple[Target, ...]
    listed: Target | None = None


class Expansion:
    """What stands in the place of the wildcard rules of one config."""

    def __init__(self, routes: Routes, rules: tuple[Rule, ...]) -> None:
        """`rules` are the wildcard rules of `routes`."""
        self._routes = routes
        self._rules = rules
        self._behind = lru_cache(maxsize=REMEMBERED_LISTS)(self._expand)

    def entries(self, rule: Rule, lists: Lists) -> Iterator[Entry]:
        """The names that `rule` takes, by target and in the provider's order."""
        for connection in dict.fromkeys(target.connection for target in rule.targets):
            yield from self._behind(connection, lists.get(connection, ()))[rule.pattern.text]

    def _expand(self, connection: str, listed: tuple[str, ...]) -> dict[str, tuple[Entry, ...]]:
        """The entries that one connection gives, by pattern."""
        return {
            rule.pattern.text: tuple(self._taken(rule, connection, listed)) for rule in self._rules
        }

    def _taken(self, rule: Rule, connection: str, listed: tuple[str, ...]) -> Iterator[Entry]:
        for template in rule.targets:
            if template.connection == connection:
                asked_for = backwards(rule.pattern, template.model)
                for model in listed:
                    yield from self._leading(rule, asked_for(model), replace(template, model=model))

    def _leading(self, rule: Rule, asked: str | None, listed: Target) -> Iterator[Entry]:
        """The entry for a name, if a request for it goes by `rule` to what is `listed`."""
        if asked is None or not is_model_name(asked) or not rule.pattern.matches(asked):
            return
        match = self._routes.resolve(asked)
        if match.rule is rule and listed in match.targets:
            yield Entry(asked, match.targets, listed)


def backwards(pattern: Pattern, template: str) -> Callable[[str], str | None]:
    """From a provider's name to the only name that `pattern` and `template` may make it of.

    `None` for a name they cannot make. Where another wildcard stands beside the first star, its
    text does not tell the whole name, and what comes out need not match `pattern`.
    """
    if STAR_TEXT not in template or pattern.around_star is None:
        return lambda model: model
    before, after = pattern.around_star
    first, *others = map(re.escape, template.split(STAR_TEXT))
    made = re.compile(f"{first}(.*)" + r"\1".join(others))

    def asked_for(model: str) -> str | None:
        found = made.fullmatch(model)
        return f"{before}{found[1]}{after}" if found else None

    return asked_for
