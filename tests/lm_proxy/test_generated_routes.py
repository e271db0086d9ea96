"""Generated rules and names: both lead each name to the same model on the same connection."""

import asyncio
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lmproxy.routing.names import is_model_name
from tests.lm_proxy.resolver import Resolver, lm_proxy_resolver
from tests.routing.test_oracle import walk_all

Pieces = list[tuple[str, str]]
CONNECTIONS = ["up", "other", "third"]
MODELS = ["*", "*", "*", "fixed", "gpt-4.1.mini", "openai/gpt-oss-20b", "a*", "?", ".", "UP.*"]
PIECES = [
    *(("*", ""), ("*", "a"), ("*", "b/c.d"), ("**", "1:2"), ("?", "a"), ("?", "/"), ("?", ".")),
    *(("[ab]", "b"), ("[!ab]", "c"), ("[a-c/]", "/"), ("[]a]", "a"), ("[", "a"), ("]", "b")),
    *(("a", "a"), ("A", "A"), ("a", "A"), ("gpt-4", "gpt-4"), ("gpt", "gpt"), ("/", "/")),
    *((".", "."), ("team/", "team/"), ("-", "-"), ("o", "o"), ("{1}", "1"), ("\\", "a")),
]
"""What stands in a pattern, and in a name that it may take."""

RULES = st.lists(
    st.tuples(
        st.lists(st.sampled_from(PIECES), min_size=1, max_size=4),
        st.sampled_from(CONNECTIONS),
        st.sampled_from(MODELS),
    ),
    min_size=1,
    max_size=8,
)
NAMES = st.lists(st.lists(st.sampled_from(PIECES), max_size=4), max_size=6)


@pytest.fixture(scope="module")
def resolver() -> Iterator[Resolver]:
    with lm_proxy_resolver() as running:
        yield running


def test_whatever_the_rules_a_name_goes_the_same_way(resolver: Resolver, tmp_path: Path) -> None:
    seen: Counter[bool] = Counter()

    @settings(deadline=None, max_examples=200, suppress_health_check=list(HealthCheck))
    @given(RULES, NAMES)
    def agree(rules: list[tuple[Pieces, str, str]], more: list[Pieces]) -> None:
        routing = {pattern(pieces): f"{to}.{model}" for pieces, to, model in rules}
        found = [text(pieces) for pieces in [*(rule[0] for rule in rules), *more]]
        names = [name for name in found if is_model_name(name)]

        theirs = resolver.ways(CONNECTIONS, routing, names)
        ours = ways_here(routing, names, tmp_path)

        assert ours == [" ".join(way) if way else "model_not_found" for way in theirs]
        seen.update(way is not None for way in theirs)

    agree()

    assert seen[True] > 20
    assert seen[False] > 20


def pattern(pieces: Pieces) -> str:
    return "".join(piece for piece, _ in pieces)


def text(pieces: Pieces) -> str:
    return "".join(text for _, text in pieces)


def ways_here(routing: dict[str, str], names: list[str], folder: Path) -> list[str | None]:
    """From a config file through our gateway to connections that say where it would go."""
    config = {
        "host": "127.0.0.1",
        "connections": {name: {"api_type": "tests.routing.echo.Echo"} for name in CONNECTIONS},
        "routing": routing,
        "groups": {"team": {"api_keys": ["key-of-team"]}},
    }
    return asyncio.run(walk_all(config, [("team", name) for name in names], folder))
