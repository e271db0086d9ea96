"""Which rule takes this model? Rules in file order, the first match wins, nothing is ranked.

A rule's value is one target or a list, each `connection.model`, split at the first dot. The model
part `*` is the name as it was asked, unchanged; in any other text `{1}` is what the first star
stood for. A connection alone is the model that its own key `model` names.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import lru_cache

from lmproxy.call import Target
from lmproxy.config import Config
from lmproxy.config.fallback import fallbacks
from lmproxy.config.problems import nearest
from lmproxy.errors import NotFound
from lmproxy.patterns import MOST_STARS, Pattern
from lmproxy.problems import Problem
from lmproxy.routing.names import is_model_name
from lmproxy.routing.spreading import spread

CACHED_NAMES = 4096
"""Names whose rule is remembered, so that a thousand rules cost as much as ten."""

PLACEHOLDER = re.compile(r"\{(\d+)\}")


@dataclass(frozen=True, slots=True)
class Rule:
    """One line of `[routing]`: a pattern and where it leads. `targets` holds templates."""

    pattern: Pattern
    targets: tuple[Target, ...]
    line: int | None


@dataclass(frozen=True, slots=True)
class Match:
    """A rule that matched, and its targets with names filled in, in the order written."""

    rule: Rule
    targets: tuple[Target, ...]


class Routes:
    """The rules of one config."""

    def __init__(self, rules: tuple[Rule, ...]) -> None:
        """`rules` in file order."""
        self.rules = rules
        self._resolve = lru_cache(maxsize=CACHED_NAMES)(self._first_match)

    def resolve(self, model: str) -> Match:
        """The first rule that matches `model`, a name that `check_model_name` let pass.

        Raises:
            NotFound: 404 `model_not_found`; no rule matches.
        """
        match = self._resolve(model)
        if match is None:
            raise model_not_found(model)
        return match

    def _first_match(self, model: str) -> Match | None:
        for rule in self.rules:
            if rule.pattern.matches(model):
                return Match(rule, tuple(_fill(rule, model)))
        return None


def model_not_found(model: str) -> NotFound:
    """The error for a name nothing here answers to."""
    return NotFound(
        f"The model '{model}' does not exist here. GET /v1/models lists what your key may use.",
        code="model_not_found",
        param="model",
    )


def _fill(rule: Rule, model: str) -> Iterator[Target]:
    """The targets for `model`, leaving out those that `{1}` would give an ill-formed name."""
    for template in rule.targets:
        if template.model == "*":
            yield replace(template, model=model)
        elif PLACEHOLDER.search(template.model):
            name = template.model.replace("{1}", rule.pattern.first_star_text(model))
            if is_model_name(name):
                yield replace(template, model=name)
        else:
            yield template


def compile_routes(config: Config) -> tuple[Routes, list[Problem]]:
    """The rules of `config` and everything wrong with them."""
    found, problems = fallbacks(config)
    known = {} if problems else found  # Those that are wrong may have no end.
    rules = []
    for text, values in config.settings.routing.items():
        pattern = Pattern(text)
        targets: list[Target] = []
        wrong: list[tuple[str, str | None]] = []
        for value in values:
            target, problem = _parse_target(pattern, value, config)
            targets += spread(target, known, config) if target else []
            wrong += [problem] if problem else []
        if pattern.too_many_stars:
            wrong.append((f"has more than {MOST_STARS} stars", None))
        path = ("routing", text)
        problems += [config.problem(path, message, hint) for message, hint in wrong]
        rules.append(Rule(pattern, tuple(targets), config.line(*path)))
    routes = Routes(tuple(rules))
    return routes, [*problems, *_wrong_default(config, routes)]


def _wrong_default(config: Config, routes: Routes) -> Iterator[Problem]:
    default = config.settings.default_model
    if default is None:
        return
    if not is_model_name(default):
        yield config.problem(("default_model",), "is not a model name")
    elif not any(rule.pattern.matches(default) for rule in routes.rules):
        yield config.problem(("default_model",), "no rule of [routing] takes it")


def _parse_target(
    pattern: Pattern, value: str, config: Config
) -> tuple[Target | None, tuple[str, str | None] | None]:
    connection, dot, model = value.partition(".")
    known = config.settings.connections
    if not dot and connection in known:
        model = known[connection].params.get("model", "")
    if not model:
        return None, (f"'{value}' is not 'connection.model'", f"write '{connection}.*'")
    if connection not in known:
        return None, (f"there is no connection '{connection}'", nearest(connection, known))
    for number in PLACEHOLDER.findall(model):
        if number != "1":
            return None, (f"'{{{number}}}' means nothing; only the first star's text, {{1}}", None)
        if not pattern.has_star:
            return None, ("'{1}' needs a star in the pattern", None)
    return Target(connection, model), None
