"""What came out: a number per row and gateway, the median of its rounds."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from statistics import median

from scripts.benchmark.load import Report

Place = tuple[str, str]
"""Names of a row and a gateway."""


@dataclass(frozen=True, slots=True)
class Cell:
    """Medians. `spread` is the width of the rounds' CPU values, as a part of the median."""

    cpu_us: float
    per_s: float
    p50_ms: float
    p99_ms: float
    resident_mb: float
    spread: float
    failures: dict[str, int]


@dataclass(slots=True)
class Results:
    """Of a run. `obstacles` says why a place has no number."""

    reports: dict[Place, list[Report]] = field(default_factory=dict)
    obstacles: dict[Place, str] = field(default_factory=dict)

    def add(self, row: str, gateway: str, report: Report) -> None:
        self.reports.setdefault((row, gateway), []).append(report)

    def cell(self, row: str, gateway: str) -> Cell | None:
        """`None` when it was not measured."""
        reports = self.reports.get((row, gateway))
        return cell_of(reports) if reports else None


def cell_of(reports: list[Report]) -> Cell:
    def middle(value: Callable[[Report], float]) -> float:
        return median(map(value, reports))

    cpu = [cpu_us(report) for report in reports]
    return Cell(
        cpu_us=median(cpu),
        per_s=middle(lambda report: report.answers / report.seconds),
        p50_ms=middle(lambda report: report.p50_s * 1e3),
        p99_ms=middle(lambda report: report.p99_s * 1e3),
        resident_mb=middle(lambda report: report.resident_bytes / 2**20),
        spread=(max(cpu) - min(cpu)) / median(cpu) if median(cpu) else 0.0,
        failures=dict(sum((Counter(report.failures) for report in reports), Counter[str]())),
    )


def cpu_us(report: Report) -> float:
    """CPU per answer; 0 when there was none."""
    return report.cpu_s * 1e6 / report.answers if report.answers else 0.0
