"""One replay, one reference and one proxy for the whole matrix."""

from collections.abc import Callable, Iterator
from functools import cache, partial

import pytest

from tests.oracle.asking import Oracle, Question, oracle
from tests.oracle.cell import Cell
from tests.oracle.matrix import ask_both


@pytest.fixture(scope="session")
def sides(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Oracle]:
    with oracle(tmp_path_factory.mktemp("oracle")) as running:
        yield running


@pytest.fixture(scope="session")
def cell_of(sides: Oracle) -> Callable[[str, Question], Cell]:
    """What became of a question on a lane; compared once, whoever wants to know."""
    return cache(partial(ask_both, sides))
