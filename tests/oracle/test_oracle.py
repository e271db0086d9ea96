"""Every cell of the matrix: our lanes against LiteLLM's own call."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from tests.oracle.asking import LANES, Oracle, Question
from tests.oracle.cases import STREAMED_ONLY
from tests.oracle.cell import Cell
from tests.oracle.expectations import lost
from tests.oracle.explained import EXPLAINED
from tests.oracle.matrix import DOCUMENT, questions
from tests.oracle.providers import PROVIDERS
from tests.oracle.table import support_table, with_table

QUESTIONS = questions()
CellOf = Callable[[str, Question], Cell]
UNCOUNTED = [Question(provider, "plain", True, with_usage=False) for provider in PROVIDERS]


@pytest.mark.parametrize("lane", LANES)
@pytest.mark.parametrize("question", [*QUESTIONS, *UNCOUNTED], ids=str)
def test_a_lane_asks_and_answers_as_litellm_does(
    sides: Oracle, cell_of: CellOf, lane: str, question: Question
) -> None:
    cell = cell_of(lane, question)

    assert cell.verdict.faults == []
    if not cell.ours.error:  # That it is one is explained, if LiteLLM answers.
        assert set(cell.lost) <= allowed_losses(sides, cell)


def allowed_losses(sides: Oracle, cell: Cell) -> set[str]:
    """What LiteLLM's own call loses. A stream it cannot read at all is held to its plain answer."""
    question = cell.question
    losses = set(lost(question, cell.reference))
    if "the answer" in losses and question.is_streamed and question.case not in STREAMED_ONLY:
        plain = replace(question, is_streamed=False)
        losses |= set(lost(plain, sides.reference(plain)))
    return losses


def test_the_table_in_the_documentation_is_what_a_run_finds(cell_of: CellOf) -> None:
    cells = [cell_of(lane, q) for lane in LANES for q in QUESTIONS]
    document = DOCUMENT.read_text()

    assert with_table(document, support_table(cells)) == document, "run scripts/oracle --write"


def test_every_explanation_is_still_needed(cell_of: CellOf) -> None:
    cells = [cell_of(lane, q) for lane in LANES for q in [*QUESTIONS, *UNCOUNTED]]
    needed = {reason for cell in cells for reason in cell.verdict.explained}

    assert [one.where for one in EXPLAINED if one.reason not in needed] == []
