"""What stands in `/models` in the place of a wildcard rule."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from lmproxy.call import Target
from lmproxy.patterns import Pattern
from lmproxy.routing import Routes, Rule, is_model_name
from lmproxy.routing.expanding import Expansion

NAMES = st.text("ab-/", min_size=1, max_size=5)
PATTERNS = st.text("ab-/*?", min_size=1, max_size=4)
MODELS = st.one_of(st.just("*"), NAMES, st.text("ab-", max_size=2).map(lambda t: f"{t}{{1}}"))
RULES = st.lists(
    st.tuples(PATTERNS, st.lists(st.tuples(st.sampled_from("xy"), MODELS), min_size=1, max_size=2)),
    min_size=1,
    max_size=4,
    unique_by=lambda rule: rule[0],
)
LISTS = st.dictionaries(st.sampled_from("xy"), st.lists(NAMES, max_size=6).map(tuple))


def routes_of(rules: list[tuple[str, list[tuple[str, str]]]]) -> Routes:
    return Routes(
        tuple(
            Rule(Pattern(text), tuple(Target(*target) for target in targets), None)
            for text, targets in rules
        )
    )


def shown(rules: dict[str, str | list[str]], listed: tuple[str, ...], pattern: str) -> list[str]:
    """The names in the place of `pattern`; values are models of one connection that lists this."""
    texts = {text: [value] if isinstance(value, str) else value for text, value in rules.items()}
    routes = routes_of([(text, [("up", model) for model in m]) for text, m in texts.items()])
    rule = next(rule for rule in routes.rules if rule.pattern.text == pattern)
    return [entry.name for entry in Expansion(routes, routes.rules).entries(rule, {"up": listed})]


@pytest.mark.parametrize(
    ("pattern", "model", "listed", "expected"),
    [
        ("*", "*", ("gpt-4o", "o3"), ["gpt-4o", "o3"]),
        ("gpt*", "*", ("o3", "gpt-4o", "gpt"), ["gpt-4o", "gpt"]),
        ("gpt-?", "*", ("gpt-4", "gpt-4o"), ["gpt-4"]),
        ("[ab]1", "*", ("a1", "b1", "c1"), ["a1", "b1"]),
        ("local/*", "{1}", ("org/qwen", "phi"), ["local/org/qwen", "local/phi"]),
        ("local/**", "{1}", ("phi",), ["local/phi"]),
        ("*-fast", "{1}-turbo", ("gpt-turbo", "gpt", "-turbo"), ["gpt-fast"]),
        ("x/*", "{1}/{1}", ("a/a", "a/b", "ab/ab"), ["x/a", "x/ab"]),
        ("x/*", "a.{1}+", ("a.b+", "axb+", "a.b"), ["x/b"]),
        ("*", "only", ("only", "other"), ["only"]),
        ("smart-*", "only", ("only",), []),
        ("x/*-*", "{1}", ("a", "x/a-b"), []),
        ("gpt*", "openai/*", ("gpt-4", "openai/gpt"), []),
        ("*", "*", ("a b", "é", "../x", "x" * 129, ""), []),
        ("*", "*", (), []),
    ],
    ids=[
        *("everything", "a prefix", "one character", "a set", "a prefix taken off", "two stars"),
        *("one ending for another", "a text twice", "dots are dots", "one model for all"),
        *("one model by other names", "two unknown texts", "a star that stays", "no model names"),
        "an empty list",
    ],
)
def test_a_wildcard_becomes_the_names_that_lead_to_what_is_listed(
    pattern: str, model: str, listed: tuple[str, ...], expected: list[str]
) -> None:
    assert shown({pattern: model}, listed, pattern) == expected


def test_a_name_that_an_earlier_rule_takes_is_not_shown_for_a_later_one() -> None:
    rules: dict[str, str | list[str]] = {"gpt-4o": "other", "gpt*": "*", "*": "*"}
    listed = ("gpt-4o", "gpt-5", "o3")

    assert shown(rules, listed, "gpt*") == ["gpt-5"]
    assert shown(rules, listed, "*") == ["o3"]


def test_each_of_several_targets_gives_its_names() -> None:
    assert shown({"x/*": ["{1}", "big-{1}"]}, ("big-a", "b"), "x/*") == ["x/big-a", "x/b", "x/a"]


@given(rules=RULES, lists=LISTS)
def test_every_name_shown_leads_by_its_rule_to_a_model_that_is_listed(
    rules: list[tuple[str, list[tuple[str, str]]]], lists: dict[str, tuple[str, ...]]
) -> None:
    routes = routes_of(rules)
    expansion = Expansion(routes, routes.rules)

    for rule in routes.rules:
        for entry in expansion.entries(rule, lists):
            match = routes.resolve(entry.name)
            assert match.rule is rule
            assert match.targets == entry.targets
            assert entry.listed in match.targets
            assert entry.listed.model in lists[entry.listed.connection]


@example(rules=[("?", [("x", "a{1}")])], lists={"x": ("a",)})
@given(rules=RULES, lists=LISTS)
def test_every_listed_name_that_is_passed_on_as_it_is_asked_is_shown(
    rules: list[tuple[str, list[tuple[str, str]]]], lists: dict[str, tuple[str, ...]]
) -> None:
    routes = routes_of(rules)
    expansion = Expansion(routes, routes.rules)
    found = {e.name for rule in routes.rules for e in expansion.entries(rule, lists)}

    for connection, names in lists.items():
        for name in filter(is_model_name, names):
            takes = [rule for rule in routes.rules if rule.pattern.matches(name)]
            leads = bool(takes) and Target(connection, name) in routes.resolve(name).targets
            assert not leads or name in found
