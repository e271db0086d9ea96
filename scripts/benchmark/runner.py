"""Rows × gateways × rounds: who is started when, and what is measured in which order.

Rounds are interleaved, A B A B, so that a disturbance of the machine hits all gateways alike. A
gateway is started when first needed and stays, idle, until its last row is done.
"""

import json
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from subprocess import Popen

from scripts.benchmark.gateways import DIRECT, GATEWAYS, Site
from scripts.benchmark.load import Order, Report
from scripts.benchmark.measuring import usage_of
from scripts.benchmark.processes import (
    GATEWAY_CORE,
    StartError,
    answer_to,
    free_port,
    line_of,
    load,
    start,
    stop,
    talker,
    wait_for_first_answer,
)
from scripts.benchmark.results import Results
from scripts.benchmark.rows import CHAT, ROWS, Row
from scripts.benchmark.setups import Setup, asks


@dataclass(frozen=True, slots=True)
class Pace:
    """How long and how often. `seconds` is one measurement."""

    rounds: int
    seconds: float
    warm_up_s: float


QUICK = Pace(rounds=5, seconds=1.5, warm_up_s=0.5)
FULL = Pace(rounds=3, seconds=3.0, warm_up_s=1.0)


@dataclass(frozen=True, slots=True)
class Running:
    """A gateway that answers. `pid` is the root of its process tree."""

    port: int
    pid: int
    start_s: float
    resident_bytes: int


class Bench:
    """The processes of one run."""

    def __init__(self, folder: Path, stack: ExitStack) -> None:
        self.folder = folder
        self._stack = stack
        provider = stack.enter_context(talker("scripts.benchmark.provider"))
        self.load = stack.enter_context(talker("scripts.benchmark.load"))
        self.provider = Running(int(line_of(provider)), provider.pid, 0, 0)
        self._running: dict[tuple[str, Setup], Running] = {}
        if answer_to(order(ROWS["plain"], self.provider.port, Setup()))[0] != 200:
            raise StartError("the fake provider does not answer")

    def gateway(self, name: str, setup: Setup) -> Running:
        """Start it, unless it runs.

        Raises:
            StartError: it cannot be started.
        """
        if name == DIRECT:
            return self.provider
        key = name, setup if GATEWAYS[name].variable else Setup()
        if key not in self._running:
            say(f"starting {name}")
            self._running[key] = self._start(*key)
        return self._running[key]

    def _start(self, name: str, setup: Setup) -> Running:
        folder = self.folder / f"{name}-{len(self._running)}"
        site = Site(free_port(), f"http://127.0.0.1:{self.provider.port}", folder, setup)
        program = GATEWAYS[name].program(site)
        process = start(program, GATEWAY_CORE)
        self._stack.callback(stop, process)
        first = order(ROWS["plain"], site.port, setup)
        start_s = wait_for_first_answer(process, program, first)
        return Running(site.port, process.pid, start_s, usage_of(process.pid).resident_bytes)

    def measure(self, row: Row, name: str, pace: Pace) -> Report:
        running = self.gateway(name, row.setup)
        return load(self.load, order(row, running.port, row.setup, pace, running.pid))

    def obstacle(self, row: Row, name: str) -> str | None:
        """Why there can be no number."""
        try:
            running = self.gateway(name, row.setup)
        except StartError as error:
            return f"does not start: {error}"
        status, body = answer_to(order(row, running.port, row.setup))
        return None if status == 200 else f"not available: {status} {code_of(body)}"


def order(row: Row, port: int, setup: Setup, pace: Pace = QUICK, pid: int | None = None) -> Order:
    return Order(
        port=port,
        path=CHAT,
        asks=asks(setup, row.model, stream=row.stream),
        connections=row.connections,
        seconds=pace.seconds,
        warm_up_s=pace.warm_up_s,
        least_events=row.least_events,
        pid=pid,
    )


def code_of(body: bytes) -> str:
    """The code of an error body; nothing when it has none."""
    try:
        error = json.loads(body)["error"]
        return str(error.get("code") or error.get("type") or "")
    except (ValueError, KeyError, TypeError, AttributeError):
        return ""


def measure_all(bench: Bench, chosen: dict[str, Row], pace: Pace) -> Results:
    """Every row with its gateways, round by round."""
    results = Results()
    for row_name, row in chosen.items():
        names = []
        for name in row.gateways:
            if obstacle := bench.obstacle(row, name):
                say(f"{row_name}: {name} {obstacle}")
                results.obstacles[row_name, name] = obstacle
            else:
                names.append(name)
        for number in range(pace.rounds):
            for name in names:
                say(f"{row_name}: {name}, round {number + 1} of {pace.rounds}")
                results.add(row_name, name, bench.measure(row, name, pace))
    return results


@contextmanager
def bench_in(folder: Path) -> Iterator[Bench]:
    with ExitStack() as stack:
        yield Bench(folder, stack)


def say(text: str) -> None:
    """A line of progress."""
    print(text, file=sys.stderr, flush=True)
