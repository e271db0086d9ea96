"""The whole matrix at once, printed, or written into `docs/providers.md`. A program.

`scripts/oracle` prints it and what first differs in each cell that is not as it must be; the exit
code says whether there is one. Arguments are providers; `--write` writes the table instead.
"""

import itertools
import sys
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path

from tests.harness.proxy import REPOSITORY
from tests.oracle.asking import LANES, Oracle, Question, oracle
from tests.oracle.cases import CASES, ONLY, STREAMED_ONLY
from tests.oracle.cell import Cell
from tests.oracle.comparing import judge
from tests.oracle.providers import PROVIDERS
from tests.oracle.table import support_table, with_table

DOCUMENT = REPOSITORY / "docs" / "providers.md"
_SHORT = {"parallel_tools": "parallel", "json_schema": "schema", "parameters": "params"}
_WIDTH = 10


LEGEND = """\
= as LiteLLM's own call   ~ with differences that are explained
x neither gets an answer  ! unexplained; plain, then streamed"""


def questions(providers: Iterable[str] = PROVIDERS) -> list[Question]:
    """Every cell of the matrix, in the order of its rows and columns."""
    return [
        Question(provider, case, is_streamed)
        for provider in providers
        for case in CASES
        if provider in ONLY.get(case, PROVIDERS)
        for is_streamed in ((True,) if case in STREAMED_ONLY else (False, True))
    ]


def ask_both(running: Oracle, lane: str, question: Question) -> Cell:
    """Ask a question of both sides and compare."""
    reference, ours = running.reference(question), running.proxy(lane, question)
    return Cell(lane, question, reference, ours, judge(lane, question, reference, ours))


def main(arguments: list[str]) -> int:
    """The exit code: 1 if something differs that nobody explained."""
    is_written = "--write" in arguments
    providers = PROVIDERS if is_written or not arguments else arguments
    with tempfile.TemporaryDirectory() as folder, oracle(Path(folder)) as running:
        cells = [ask_both(running, lane, q) for lane in LANES for q in questions(providers)]
    sys.stdout.writelines(f"{line}\n" for line in _lines(cells))
    if is_written:
        DOCUMENT.write_text(with_table(DOCUMENT.read_text(), support_table(cells)))
    return 1 if any(cell.verdict.faults for cell in cells) else 0


def _lines(cells: list[Cell]) -> Iterator[str]:
    for lane in LANES:
        heads = (_SHORT.get(case, case) for case in CASES)
        yield "".join(f"{text:<{_WIDTH}}" for text in (f"{lane}", "", *heads)).rstrip()
        of_lane = (cell for cell in cells if cell.lane == lane)
        for provider, row in itertools.groupby(of_lane, lambda cell: cell.question.provider):
            marks = dict.fromkeys(CASES, "")
            for cell in row:
                marks[cell.question.case] += cell.mark
            shown = (f"{marks[case]:<{_WIDTH}}" for case in CASES)
            yield f"{provider:<{2 * _WIDTH}}" + "".join(shown).rstrip()
        yield ""
    yield LEGEND
    for cell in cells:
        if cell.verdict.faults:
            more = len(cell.verdict.faults) - 1
            yield f"{cell.lane}-{cell.question}: {cell.verdict.faults[0]} (and {more} more)"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
