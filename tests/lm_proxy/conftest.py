"""Pairs of servers, each started when the first test asks for it."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest

from tests.lm_proxy.setups import CONFIGS
from tests.lm_proxy.side import Pair, pair_of

Pairs = Callable[[str], Pair]


@pytest.fixture(scope="session")
def pairs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pairs]:
    """The pair on one of `CONFIGS`, by its name."""
    running: dict[str, Pair] = {}
    with ExitStack() as stack:

        def pair(name: str) -> Pair:
            if name not in running:
                folder = tmp_path_factory.mktemp(name)
                running[name] = stack.enter_context(pair_of(CONFIGS[name], folder))
            return running[name]

        yield pair


@pytest.fixture
def pair(pairs: Pairs) -> Pair:
    return pairs("main")
