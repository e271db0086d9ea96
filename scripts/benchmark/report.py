"""The whole report: where it was measured, goals, tables; and its files."""

from pathlib import Path

from scripts.benchmark import chart, machine, table
from scripts.benchmark.gateways import DIRECT
from scripts.benchmark.results import Results
from scripts.benchmark.rows import Row
from scripts.benchmark.runner import Pace

READING = (
    "CPU is user and system time of the gateway's whole process tree per answer. "
    "`ours beside it` is our CPU divided by that gateway's, the median of the rounds' own ratios. "
    "`added` is beyond the provider alone in the same run. `spread` is how far the rounds' CPU "
    "values lie apart. Times depend on the machine and on what else it does; ratios less so."
)

NOT_THERE = "Not measured, because oai-proxy does not have it: several workers."


def markdown(results: Results, rows: dict[str, Row], gateways: list[str], pace: Pace) -> str:
    lines = [f"- {line}" for line in machine.described(gateways)]
    lines.append(f"- {pace.rounds} interleaved rounds of {pace.seconds:g} s each; medians")
    lines += [f"- {line}" for line in provider_lines(results)]
    parts = ["# The last run", "\n".join(lines), READING]
    if not rows or len(rows) > 2:
        parts += ["## Goals", table.goals(results), NOT_THERE]
    parts.append("## Measured")
    if results.lives:
        parts.append(table.lives(results))
    parts += [table.section(results, name, row) for name, row in rows.items()]
    return "\n\n".join(parts) + "\n"


def provider_lines(results: Results) -> list[str]:
    """How much cheaper the fake provider is than what is measured with it."""
    return [
        f"the fake provider's own CPU, {row}: {alone.cpu_us:.0f} µs, "
        f"{ours.cpu_us / alone.cpu_us:.0f} times less than ours"
        for row in ("plain", "stream")
        if (alone := results.valid(row, DIRECT)) and (ours := results.valid(row, "ours"))
    ]


def write(folder: Path, text: str, results: Results) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "latest.md").write_text(
        text.replace("# The last run\n", "# The last run\n\n![](latest.svg)\n", 1)
    )
    (folder / "latest.svg").write_text(chart.svg(results))
