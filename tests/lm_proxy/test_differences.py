"""Where ours differs on purpose: both sides of each row hold, so a vanished one is noticed too."""

from pathlib import Path

import pytest

from tests.harness.proxy import REPOSITORY
from tests.lm_proxy.conftest import Pairs
from tests.lm_proxy.differences import DIFFERENCES, Difference
from tests.lm_proxy.starting import AT_START, AtStart, said_by_ours, started_by_theirs
from tests.lm_proxy.table import tables

AS_WRITTEN = pytest.mark.relay_only("LiteLLM writes the request anew")
PAGE = REPOSITORY / "docs" / "from-lm-proxy.md"
ROWS = [
    pytest.param(row, id=row.what, marks=[AS_WRITTEN] if row.as_written else [])
    for row in DIFFERENCES
]


@pytest.mark.parametrize("row", ROWS)
def test_both_sides_of_a_difference_are_as_the_table_says(pairs: Pairs, row: Difference) -> None:
    pair = pairs(row.config)
    pair.on("open-difference", row.behaviour)

    assert row.seen(pair.theirs) == row.of_theirs
    assert row.seen(pair.ours) == row.of_ours
    assert row.of_theirs != row.of_ours


@pytest.fixture(scope="module")
def started(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bool]:
    """Of each row at start, whether lm-proxy starts."""
    found = started_by_theirs(tmp_path_factory.mktemp("starts"))
    return {row.what: starts for row, starts in zip(AT_START, found, strict=True)}


@pytest.mark.parametrize("row", AT_START, ids=[row.what for row in AT_START])
def test_one_of_the_two_starts_as_the_table_says(
    started: dict[str, bool], row: AtStart, tmp_path: Path
) -> None:
    said = said_by_ours(row, tmp_path)

    assert started[row.what] is (row.says is not None)
    if row.says is None:
        assert said is None
    else:
        assert row.says in str(said)


def test_the_page_has_every_difference_and_no_other() -> None:
    page = PAGE.read_text()

    assert all(table in page for table in tables())
    assert page.count("| lm-proxy 3.3.2 | here | why |") == len(tables())
