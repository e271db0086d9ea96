"""What works with which provider? The table of `docs/providers.md`, written from a run."""

import itertools
from collections.abc import Iterable, Iterator
from functools import partial

from tests.oracle.asking import LANES
from tests.oracle.cases import CASES
from tests.oracle.cell import Cell
from tests.oracle.explained import EXPLAINED
from tests.oracle.providers import PROVIDERS

BEGIN = "<!-- scripts/oracle --write: from here -->"
END = "<!-- scripts/oracle --write: to here -->"
GENERAL = tuple(one.reason for one in EXPLAINED if one.providers is None)
"""What stands below the table once."""
_HEADS = {"parallel_tools": "parallel tools", "json_schema": "JSON schema", "json_tool": "by tool"}


def with_table(document: str, table: str) -> str:
    """The document with what stands between its marks replaced."""
    before, _, rest = document.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}\n\n{table}\n\n{END}{after}"


def support_table(cells: Iterable[Cell]) -> str:
    """Markdown: a row per provider, and what is lost or changed as a list below."""
    heads = [_HEADS.get(case, case) for case in CASES]
    head = [_row(["`api_type`", "lanes", *heads]), _row(["---"] * (len(heads) + 2))]
    by_provider = [
        (name, list(found))
        for name, found in itertools.groupby(
            sorted(cells, key=lambda cell: list(PROVIDERS).index(cell.question.provider)),
            lambda cell: cell.question.provider,
        )
    ]
    rows = [_provider_row(name, found) for name, found in by_provider]
    notes = [note for name, found in by_provider for note in _notes(name, found)]
    general = ["- with any provider", *(f"  - {reason}" for reason in GENERAL)]
    return "\n".join([*head, *rows, "", *general, *notes])


def _provider_row(name: str, cells: list[Cell]) -> str:
    lanes = [lane for lane in LANES if any(map(partial(_works, lane), cells))]
    shown = [cell for cell in cells if cell.lane == (lanes or LANES)[0]]
    words = [_word([c for c in shown if c.question.case == case]) for case in CASES]
    return _row([f"`{PROVIDERS[name].api_type}`", ", ".join(lanes) or "none", *words])


def _works(lane: str, cell: Cell) -> bool:
    """Whether an answer came by this lane; a lane that cannot leaves it to another."""
    return cell.ours.route.endswith(lane) and not cell.ours.error and not cell.verdict.faults


def _word(cells: list[Cell]) -> str:
    if not cells:
        return ""
    good = [cell.question.is_streamed for cell in cells if not cell.lost]
    answered = [cell for cell in cells if not cell.ours.error]
    if len(good) == len(cells):
        return "yes"
    if good:
        return "streamed only" if good[0] else "plain only"
    return "in part" if answered else "no"


def _notes(name: str, cells: list[Cell]) -> Iterator[str]:
    """What stands below the table about a provider; with its lane, if that is the only one."""
    lanes = dict.fromkeys(cell.lane for cell in cells)
    said: dict[str, list[str]] = {}
    for lane in lanes:
        for note in _lane_notes([cell for cell in cells if cell.lane == lane]):
            said.setdefault(note, []).append(lane)
    if said:
        yield f"- `{PROVIDERS[name].api_type}`"
    for note, on in said.items():
        yield f"  - {note}" if len(on) == len(lanes) else f"  - on {on[0]}, {note}"


def _lane_notes(cells: list[Cell]) -> Iterator[str]:
    lost: dict[str, list[str]] = {}
    for cell in cells:
        how = "streamed" if cell.question.is_streamed else "plain"
        if cell.lost:
            lost.setdefault(", ".join(cell.lost), []).append(f"{cell.question.case} {how}")
    yield from (f"without {facts}: {', '.join(where)}" for facts, where in lost.items())
    if names := sorted({one for cell in cells for one in cell.ours.dropped}):
        yield "left out of requests: " + ", ".join(f"`{one}`" for one in names)
    reasons = dict.fromkeys(reason for cell in cells for reason in cell.verdict.explained)
    yield from (reason for reason in reasons if reason not in GENERAL)


def _row(columns: list[str]) -> str:
    return f"| {' | '.join(columns)} |"
