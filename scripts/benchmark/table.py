"""Results as Markdown."""

from scripts.benchmark.gateways import DIRECT, GATEWAYS
from scripts.benchmark.results import Cell, Results
from scripts.benchmark.rows import Row

HEAD = (
    "| gateway | CPU µs | ours is | requests/s | p50 ms | p99 ms | added p50 | added p99 | MB | spread |",
    "|---|---:|---:|---:|---:|---:|---:|---:|---:|---:|",
)


def section(results: Results, name: str, row: Row) -> str:
    """One row of the benchmark, its gateways below each other."""
    lines = [line_of(results, name, gateway) for gateway in row.gateways]
    found = [line for line in lines if line]
    return "\n".join([f"### {row.title}", "", *HEAD, *found, ""]) if found else ""


def line_of(results: Results, row: str, gateway: str) -> str | None:
    title = GATEWAYS[gateway].title if gateway in GATEWAYS else "the provider alone"
    if obstacle := results.obstacles.get((row, gateway)):
        return f"| {title} | {' '.join(obstacle.split())} |" + " |" * 8
    cell = results.cell(row, gateway)
    if cell is None:
        return None
    if cell.failures:
        return f"| {title} | invalid: {cell.failures} |" + " |" * 8
    values = [number(cell.cpu_us), times(results, row, cell, gateway), number(cell.per_s)]
    values += [f"{cell.p50_ms:.2f}", f"{cell.p99_ms:.2f}", *added(results, row, cell, gateway)]
    values += [f"{cell.resident_mb:.0f}", f"{cell.spread:.0%}"]
    return f"| {title} | {' | '.join(values)} |"


def number(value: float) -> str:
    return f"{value:,.0f}"


def times(results: Results, row: str, cell: Cell, gateway: str) -> str:
    """Our CPU as a multiple of this gateway's."""
    ours = results.cell(row, "ours")
    if gateway in ("ours", DIRECT) or ours is None or not cell.cpu_us:
        return ""
    return f"{ours.cpu_us / cell.cpu_us:.2f}×"


def added(results: Results, row: str, cell: Cell, gateway: str) -> tuple[str, str]:
    """Latency beyond the provider's own."""
    alone = results.cell(row, DIRECT)
    if alone is None or gateway == DIRECT:
        return "", ""
    return f"{cell.p50_ms - alone.p50_ms:.2f}", f"{cell.p99_ms - alone.p99_ms:.2f}"
