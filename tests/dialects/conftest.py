"""One proxy for the whole table."""

from collections.abc import Callable, Iterator
from functools import cache

import pytest

from tests.dialects.asking import Asker, asker
from tests.dialects.heard import Cell
from tests.dialects.judging import DIALECTS, Verdict, judge


@pytest.fixture(scope="session")
def asking(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Asker]:
    with asker(tmp_path_factory.mktemp("dialects")) as running:
        yield running


@pytest.fixture(scope="session")
def verdict_on(asking: Asker) -> Callable[[Cell], Verdict]:
    """The verdict on a cell; judged once, whoever wants to know."""

    @cache
    def verdict(cell: Cell) -> Verdict:
        return judge(asking.ask(DIALECTS[cell.dialect], cell))

    return verdict
