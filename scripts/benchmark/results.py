"""What came out: numbers per row and gateway, and the median of their rounds."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from statistics import median

from scripts.benchmark.load import Report

Place = tuple[str, str]
"""Names of a row and a gateway."""


@dataclass(frozen=True, slots=True)
class Held:
    """What a gateway holds at a moment. `tasks`: `None` of one that cannot be asked."""

    descriptors: int
    tasks: int | None = None


@dataclass(frozen=True, slots=True)
class Life:
    """One start of a gateway, and what came of it. Only a loaded one has more than the first two.

    Attributes:
        idle_bytes: resident after the first answer.
        loaded_bytes: after all requests.
        slope_bytes: how much a request adds, from the end of the warm-up on.
        stream_bytes: for each stream that is open at the same time as many others.
        before: after the first answer.
        after: when all was answered.
    """

    start_s: float
    idle_bytes: int
    loaded_bytes: int = 0
    requests: int = 0
    slope_bytes: float = 0.0
    stream_bytes: float = 0.0
    before: Held | None = None
    after: Held | None = None


@dataclass(frozen=True, slots=True)
class Cell:
    """Medians of rounds. `spread`: how far the CPU values lie apart, as a part of their median."""

    cpu_us: float
    per_s: float
    p50_ms: float
    p99_ms: float
    first_ms: float
    delay_ms: float
    delay_p99_ms: float
    resident_mb: float
    spread: float
    failures: dict[str, int]


@dataclass(slots=True)
class Results:
    """Of a run. `obstacles` says why a place has no number; `commands` are seconds."""

    reports: dict[Place, list[Report]] = field(default_factory=dict)
    obstacles: dict[Place, str] = field(default_factory=dict)
    lives: dict[str, list[Life]] = field(default_factory=dict)
    commands: dict[str, float] = field(default_factory=dict)

    def add(self, row: str, gateway: str, report: Report) -> None:
        self.reports.setdefault((row, gateway), []).append(report)

    def cell(self, row: str, gateway: str) -> Cell | None:
        """`None` when it was not measured."""
        reports = self.reports.get((row, gateway))
        return cell_of(reports) if reports else None

    def valid(self, row: str, gateway: str) -> Cell | None:
        """`None` also when a request failed."""
        cell = self.cell(row, gateway)
        return None if cell is None or cell.failures else cell

    def ratio(self, row: str, gateway: str, other: str) -> float | None:
        """A gateway's CPU as a multiple of another's: the median of the rounds' own ratios."""
        if not (self.valid(row, gateway) and self.valid(row, other)):
            return None
        # An interrupted run has rounds without a partner.
        pairs = zip(self.reports[row, gateway], self.reports[row, other], strict=False)
        found = [cpu_us(one) / cpu_us(two) for one, two in pairs if cpu_us(two)]
        return median(found) if found else None  # A round shorter than a tick of the clock has 0.


def cell_of(reports: list[Report]) -> Cell:
    def middle(value: Callable[[Report], float]) -> float:
        return median(map(value, reports))

    cpu = [cpu_us(report) for report in reports]
    return Cell(
        cpu_us=median(cpu),
        per_s=middle(lambda report: report.answers / report.seconds),
        p50_ms=middle(lambda report: report.p50_s * 1e3),
        p99_ms=middle(lambda report: report.p99_s * 1e3),
        first_ms=middle(lambda report: report.first_p50_s * 1e3),
        delay_ms=middle(lambda report: report.delay_p50_s * 1e3),
        delay_p99_ms=middle(lambda report: report.delay_p99_s * 1e3),
        resident_mb=middle(lambda report: report.resident_bytes / 1e6),
        spread=(max(cpu) - min(cpu)) / median(cpu) if median(cpu) else 0.0,
        failures=dict(sum((Counter(report.failures) for report in reports), Counter[str]())),
    )


def cpu_us(report: Report) -> float:
    """CPU per answer; 0 when there was none."""
    return report.cpu_s * 1e6 / report.answers if report.answers else 0.0
