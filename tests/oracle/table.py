"""What works with which provider? The table of `docs/providers.md`, written from a run."""

import itertools
from collections.abc import Iterable, Iterator

from tests.oracle.asking import LANES
from tests.oracle.cases import CASES
from tests.oracle.cell import Cell
from tests.oracle.providers import PROVIDERS

BEGIN = "<!-- scripts/oracle --write: from here -->"
END = "<!-- scripts/oracle --write: to here -->"
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
    return "\n".join([*head, *rows, "", *notes])


def _provider_row(name: str, cells: list[Cell]) -> str:
    lanes = [lane for lane in LANES if _works(c for c in cells if c.lane == lane)]
    shown = [cell for cell in cells if cell.lane == (lanes or LANES)[0]]
    words = [_word([c for c in shown if c.question.case == case]) for case in CASES]
    return _row([f"`{PROVIDERS[name].api_type}`", ", ".join(lanes) or "none", *words])


def _works(cells: Iterable[Cell]) -> bool:
    return any(cell.ours.error is None and not cell.verdict.faults for cell in cells)


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
    found: dict[str, None] = {}
    for lane in LANES:
        of_lane = [cell for cell in cells if cell.lane == lane]
        where = f"on {lane}, " if any(c.lane != lane for c in cells) else ""
        for cell in of_lane:
            how = "streamed" if cell.question.is_streamed else "plain"
            if cell.lost:
                lost = ", ".join(cell.lost)
                found[f"{where}{cell.question.case} {how}: without {lost}"] = None
        if names := sorted({one for cell in of_lane for one in cell.ours.dropped}):
            found[f"{where}left out: " + ", ".join(f"`{one}`" for one in names)] = None
        for reason in dict.fromkeys(r for cell in of_lane for r in cell.verdict.explained):
            found[f"{where}{reason}"] = None
    if found:
        yield f"- `{PROVIDERS[name].api_type}`"
        yield from (f"  - {note}" for note in found)


def _row(columns: list[str]) -> str:
    return f"| {' | '.join(columns)} |"
