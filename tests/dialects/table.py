"""The whole table, printed. A program; the exit code says whether something is wrong.

Arguments are places, the rows of `providers.PLACES`; without any, all of them.
"""

import itertools
import sys
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path

from tests.dialects.asked import CASES, HEADS
from tests.dialects.asking import asker
from tests.dialects.heard import Cell
from tests.dialects.judging import DIALECTS, Verdict, cells, judge
from tests.dialects.providers import PLACES

LEGEND = "= as it must be   ~ but for what is explained below   ! wrong; plain, then streamed"
_WIDTH = 10


def main(places: list[str]) -> int:
    """The exit code: 1 if something is wrong that nobody explained."""
    wanted = places or list(PLACES)
    with tempfile.TemporaryDirectory() as folder, asker(Path(folder), wanted) as running:
        found = {c: judge(running.ask(DIALECTS[c.dialect], c)) for c in cells(wanted)}
    sys.stdout.writelines(f"{line}\n" for line in _lines(found))
    return 1 if any(verdict.faults for verdict in found.values()) else 0


def _lines(found: dict[Cell, Verdict]) -> Iterator[str]:
    for (dialect, lane), group in itertools.groupby(
        sorted(found, key=lambda cell: (list(DIALECTS).index(cell.dialect), cell.lane)),
        lambda cell: (cell.dialect, cell.lane),
    ):
        heads = (HEADS.get(case, case) for case in CASES)
        yield _row(f"{dialect}, {lane}", heads)
        for place, row in itertools.groupby(group, lambda cell: cell.place):
            marks = dict.fromkeys(CASES, "")
            for cell in row:
                marks[cell.case] += _mark(found[cell])
            yield _row(place, marks.values())
        yield ""
    yield LEGEND
    yield from _reasons(found)
    yield from (f"! {c}: {'; '.join(v.faults)}" for c, v in found.items() if v.faults)


def _reasons(found: dict[Cell, Verdict]) -> Iterator[str]:
    where: dict[str, dict[str, None]] = {}
    for cell, verdict in found.items():
        for reason in verdict.explained:
            how = "streamed" if cell.is_streamed else "plain"
            name = f"{cell.dialect} {cell.place} {HEADS.get(cell.case, cell.case)} {how}"
            where.setdefault(reason, {})[name] = None
    for reason, names in where.items():
        yield f"~ {reason}: {', '.join(names)}"


def _mark(verdict: Verdict) -> str:
    return "!" if verdict.faults else "~" if verdict.explained else "="


def _row(head: str, fields: Iterable[str]) -> str:
    return (f"{head:<{2 * _WIDTH}}" + "".join(f"{text:<{_WIDTH}}" for text in fields)).rstrip()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
