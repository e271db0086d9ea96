"""Results as Markdown tables."""

from scripts.benchmark.gateways import DIRECT, GATEWAYS
from scripts.benchmark.goals import GOALS, Goal
from scripts.benchmark.results import Cell, Held, Life, Results
from scripts.benchmark.rows import Row

COLUMNS = (
    *("gateway", "CPU µs", "ours beside it", "answers/s", "p50 ms", "p99 ms", "added p50 ms"),
    *("added p99 ms", "MB", "spread"),
)
PACED_COLUMNS = (
    *("gateway", "CPU µs", "ours beside it", "first event ms", "added ms", "delay of an event ms"),
    *("added ms", "its p99 ms", "MB", "spread"),
)
LIFE_COLUMNS = (
    *("gateway", "start s", "MB idle", "MB loaded", "requests", "KiB grown each"),
    *("KiB per open stream", "descriptors", "tasks"),
)

LIVES_READING = (
    "oai-proxy's requests are mixed: 60 % plain, 30 % streams, 10 % faults and clients that leave; "
    "the others' plain. `descriptors` and `tasks`: after the first answer and after the last; idle "
    "connections to the provider, as many as clients, stay open for the next request."
)


def table(columns: tuple[str, ...], lines: list[list[str]]) -> str:
    """The first column is text, the others are numbers; a short line is filled up."""
    head = [list(columns), ["---", *["---:"] * (len(columns) - 1)]]
    filled = [[*line, *[""] * (len(columns) - len(line))] for line in lines]
    return "\n".join(f"| {' | '.join(line)} |" for line in [*head, *filled])


def goals(results: Results) -> str:
    return table(
        ("goal", "at most", "measured", "bare pass-through", "met", "in the way"),
        [goal_line(goal, results) for goal in GOALS],
    )


def goal_line(goal: Goal, results: Results) -> list[str]:
    value, met = goal.value(results), goal.met(results)
    measured = "not measured" if value is None else quantity(value, goal.unit)
    word = {None: "", True: "yes", False: "**no**"}[met]
    own = goal.bare(results) if goal.bare else None
    bare = "" if own is None else quantity(own, goal.unit)
    most = quantity(goal.most, goal.unit)
    return [goal.text, most, measured, bare, word, goal.in_the_way(results)]


def quantity(value: float, unit: str) -> str:
    number = f"{value:.3g}" if abs(value) < 1000 else f"{value:,.0f}"
    return f"{number} {unit}".strip() if unit != "x" else f"{number} times"


def section(results: Results, name: str, row: Row) -> str:
    """One row of the benchmark, its gateways below each other."""
    columns = PACED_COLUMNS if row.question.paced else COLUMNS
    lines = [line_of(results, name, gateway, row) for gateway in row.gateways]
    return f"### {row.title}\n\n" + table(columns, lines)


def line_of(results: Results, name: str, gateway: str, row: Row) -> list[str]:
    title = GATEWAYS[gateway].title if gateway in GATEWAYS else "the provider alone"
    cell = results.cell(name, gateway)
    if cell is None:
        obstacle = results.obstacles.get((name, gateway), "not measured")
        return [title, " ".join(obstacle.replace("|", " ").split())[:200]]
    if cell.failures:
        failures = ", ".join(f"{count} times {what}" for what, count in cell.failures.items())
        return [title, f"invalid: {failures}"]
    ratio = None if gateway in ("ours", DIRECT) else results.ratio(name, "ours", gateway)
    beside = "" if ratio is None else f"{ratio:.3g}"
    alone = None if gateway == DIRECT else results.valid(name, DIRECT)
    timed = paced_times(cell, alone) if row.question.paced else times(cell, alone)
    ends = [f"{cell.resident_mb:.0f}", f"{cell.spread:.0%}"]
    return [title, f"{cell.cpu_us:,.0f}", beside, *timed, *ends]


def times(cell: Cell, alone: Cell | None) -> list[str]:
    own = [f"{cell.per_s:,.0f}", f"{cell.p50_ms:.2f}", f"{cell.p99_ms:.2f}"]
    if alone is None:
        return [*own, "", ""]
    return [*own, f"{cell.p50_ms - alone.p50_ms:.2f}", f"{cell.p99_ms - alone.p99_ms:.2f}"]


def paced_times(cell: Cell, alone: Cell | None) -> list[str]:
    first = f"{cell.first_ms - alone.first_ms:.2f}" if alone else ""
    delay = f"{cell.delay_ms - alone.delay_ms:.2f}" if alone else ""
    shown = [f"{cell.first_ms:.2f}", first, f"{cell.delay_ms:.2f}", delay]
    return [*shown, f"{cell.delay_p99_ms:.2f}"]


def lives(results: Results) -> str:
    lines = [life_line(GATEWAYS[name].title, found) for name, found in results.lives.items()]
    lines += [
        [GATEWAYS[name].title, obstacle]
        for (row, name), obstacle in results.obstacles.items()
        if row == "lives"
    ]
    return "### Start and memory\n\n" + table(LIFE_COLUMNS, lines) + f"\n\n{LIVES_READING}"


def life_line(title: str, lives: list[Life]) -> list[str]:
    starts = sorted(life.start_s for life in lives)
    last = lives[-1]
    line = [title, f"{starts[len(starts) // 2]:.2f}", f"{last.idle_bytes / 1e6:.0f}"]
    if not last.requests:
        return line
    grown = f"{last.slope_bytes / 1024:.3f}"
    stream = f"{last.stream_bytes / 1024:.0f}"
    loaded = [f"{last.loaded_bytes / 1e6:.0f}", f"{last.requests:,}", grown, stream]
    return [*line, *loaded, *changes(last.before, last.after)]


def changes(before: Held | None, after: Held | None) -> list[str]:
    if before is None or after is None:
        return []
    open_then = f"{before.descriptors} → {after.descriptors}"
    return [open_then, "" if before.tasks is None else f"{before.tasks} → {after.tasks}"]
