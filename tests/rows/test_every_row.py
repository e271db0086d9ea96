"""Every row of the catalogue of faults has a test that carries its name."""

import ast
import re
from pathlib import Path

from tests.harness.proxy import REPOSITORY

ROWS = (
    *("A001", "A002", "A003", "A004", "A005", "A006", "A014", "A016", "A020"),
    *("M001", "M002", "M003", "M004", "M005", "M006", "M007", "M008"),
    *("M011", "M012", "M013", "M016", "M017"),
    *("J001", "J002", "J004", "J007", "J008", "J010", "J016", "J017", "J018"),
    *("C001", "C002", "C003", "C005"),
    *("C007", "C008", "C009", "C010", "C011", "C012", "C013", "C014", "C020"),
    *("U001", "U002", "U003", "U004", "U005", "U006", "U007", "U008", "U009", "U012", "U014"),
    *("U016", "U017", "U018", "U019", "U020", "U021", "U022", "U025", "U027", "U028", "U033"),
    *("H009", "H019", "H020", "H027", "J022"),
    *("S001", "S002", "S003", "S005", "S006", "S007"),
)
LANES = (
    *("U001", "U002", "U004", "U005", "U006", "U007", "U008", "U009", "U010", "U012", "U013"),
    *("U014", "U015", "U016", "U017", "U018", "U019", "U020", "U021", "U022", "U023", "U024"),
    *("U025", "U026", "U027", "U030", "U032", "U036", "U040", "S010", "C010", "C011"),
)
"""Rows that hold on the lanes through LiteLLM too, by tests of their own in `tests/lanes`."""
DO_NOT_APPLY = {
    "S004": "No medium is opened here: a request's size is bounded as a whole (J004), and what "
    "its data are is for the provider to judge.",
    "S008": "An operator cannot take these away: prepare_for_litellm sets the one over whatever "
    "the environment has, and Public sets the other in LiteLLM itself. No setting names them.",
}
"""Rows of media that have no test, and why."""
NAME = re.compile(r"test_([A-Z]\d{3})_\w+")


def rows_of(source: str) -> set[str]:
    """The rows that the test functions of a source name."""
    names = (node.name for node in ast.walk(ast.parse(source)) if isinstance(node, ast.FunctionDef))
    return {found[1] for name in names if (found := NAME.fullmatch(name))}


def rows_below(folder: Path) -> set[str]:
    """The rows that the tests in a folder name."""
    return set().union(*(rows_of(file.read_text()) for file in sorted(folder.rglob("test_*.py"))))


def test_every_row_has_a_test_of_its_name() -> None:
    tested = rows_below(REPOSITORY / "tests")

    assert [row for row in ROWS if row not in tested] == []
    assert tested.isdisjoint(DO_NOT_APPLY)


def test_every_row_of_the_lanes_through_litellm_has_a_test_of_its_own() -> None:
    tested = rows_below(REPOSITORY / "tests" / "lanes")

    assert sorted(LANES) == sorted(tested)


def test_a_row_is_named_by_a_function_and_not_by_a_comment() -> None:
    source = "# test_A001_x\ndef test_A002_y(): ...\ndef test_a003_z(): ...\nX = 'test_A004_x'\n"

    assert rows_of(source) == {"A002"}
