"""One cell of the matrix: a question, asked on one lane, and what became of it."""

from dataclasses import dataclass

from tests.oracle.asking import Outcome, Question
from tests.oracle.comparing import Verdict
from tests.oracle.expectations import lost


@dataclass(frozen=True, slots=True)
class Cell:
    """Both sides' outcomes and the verdict on them."""

    lane: str
    question: Question
    reference: Outcome
    ours: Outcome
    verdict: Verdict

    @property
    def mark(self) -> str:
        """Its one character in the printed matrix; `matrix.LEGEND` has their meaning."""
        if self.verdict.faults:
            return "!"
        if self.ours.error:
            return "x"
        return "~" if self.verdict.explained else "="

    @property
    def lost(self) -> list[str]:
        """The facts that do not arrive."""
        return lost(self.question, self.ours)
