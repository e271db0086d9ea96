"""What is wrong with an answer? Its form, as the dialect has it, and the facts of its case."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from tests.dialects.asked import STOP
from tests.dialects.chat import CHAT
from tests.dialects.dialect import ANOTHER_MODEL, Dialect
from tests.dialects.explained import EXPLAINED
from tests.dialects.heard import Cell, Heard
from tests.dialects.messages import MESSAGES
from tests.dialects.providers import PLACES
from tests.dialects.refusals import WAIT_S, WORDS
from tests.dialects.relayed import relayed_answer
from tests.dialects.responses import RESPONSES
from tests.oracle.asking import Outcome, Question
from tests.oracle.cases import STREAMED_ONLY
from tests.oracle.corpus import find_answer
from tests.oracle.expectations import lost

DIALECTS = {dialect.name: dialect for dialect in (CHAT, MESSAGES, RESPONSES)}
FUNCTIONS_ANSWERS = "openai"
"""Whose answers the function gives."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What is wrong with a cell: the reasons of what is explained, and what is not."""

    explained: tuple[str, ...]
    faults: tuple[str, ...]


def cells(places: Iterable[str] | None = None) -> list[Cell]:
    """Every cell of the table, in the order of its rows and columns."""
    return [
        Cell(dialect, place, lane, case, is_streamed)
        for dialect in DIALECTS
        for place in (PLACES if places is None else places)
        if dialect in PLACES[place].dialects
        for lane in PLACES[place].lanes
        for case in PLACES[place].cases
        for is_streamed in ((True,) if case in STREAMED_ONLY else (False, True))
    ]


def judge(heard: Heard) -> Verdict:
    """The verdict on an answer."""
    explained: dict[str, None] = {}
    faults: list[str] = []
    for flaw in dict.fromkeys(_flaws(DIALECTS[heard.cell.dialect], heard)):
        known = next((one for one in EXPLAINED if one.covers(heard.cell, flaw)), None)
        if known is None:
            faults.append(flaw)
        else:
            explained[known.reason] = None
    return Verdict(tuple(explained), tuple(faults))


def _flaws(dialect: Dialect, heard: Heard) -> Iterator[str]:
    case = heard.cell.case
    if case.startswith("refused"):
        yield from _refusal_flaws(dialect, heard)
    elif not heard.is_ok:
        yield f"{heard.response.status_code}: {heard.response.text}"
    elif case in STREAMED_ONLY:
        yield from dialect.break_flaws(heard)
    else:
        flaws = list(dialect.flaws(heard))
        if said := _said(heard.cell):
            flaws = [flaw for flaw in flaws if flaw != ANOTHER_MODEL]  # The provider's passes too.
            if heard.response.content != said:
                yield "the bytes are not the provider's"
        yield from flaws
        if not any(flaw.startswith("the SDK") for flaw in flaws):
            yield from _lost(heard, dialect.outcome(heard))


def _said(cell: Cell) -> bytes | None:
    """The bytes of the provider's answer, where they have to pass; `None` where they do not."""
    place = PLACES[cell.place]
    if place.oracle is None or cell.dialect not in place.speaks or cell.lane == "litellm":
        return None
    find = relayed_answer if cell.dialect == RESPONSES.name else find_answer
    return find(place.oracle, cell.case, is_streamed=cell.is_streamed)[1]


def _refusal_flaws(dialect: Dialect, heard: Heard) -> Iterator[str]:
    given = int(heard.cell.case.removeprefix("refused_"))
    answer = heard.response
    if answer.status_code != dialect.statuses[given]:
        yield f"{given} became {answer.status_code}"
    if given != 401 and WORDS not in answer.text:
        yield "the provider's words are not there"
    if given == 429 and answer.headers.get("retry-after") != WAIT_S:
        yield "Retry-After is not there"
    yield from dialect.error_flaws(heard)


def _lost(heard: Heard, outcome: Outcome) -> Iterator[str]:
    """The facts of its case that an answer does not say."""
    cell, place = heard.cell, PLACES[heard.cell.place]
    choice = outcome.answer["choices"][0] if outcome.answer else {}
    if cell.case == "parameters" and choice.get("stop_sequence", STOP) != STOP:
        yield "without the stop sequence"
    question = Question(place.oracle or FUNCTIONS_ANSWERS, cell.case, cell.is_streamed)
    facts = lost(question, outcome)
    if place.is_real:
        facts = [fact for fact in facts if fact.startswith(("finish_reason length", "token"))]
    yield from (f"without {fact}" for fact in facts)
