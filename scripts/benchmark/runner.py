"""Rows, gateways, rounds: what is started when, and what is measured in which order.

Rounds are interleaved, A B A B, so that a disturbance of the machine hits all gateways alike. A
gateway is started when first needed and stays, idle, to the end.
"""

import json
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from scripts.benchmark.client import EVENT
from scripts.benchmark.compared import Unmeasured
from scripts.benchmark.gateways import DIRECT, GATEWAYS
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
from scripts.benchmark.setups import Setup, Site, asks

BEGAN = time.perf_counter()


@dataclass(frozen=True, slots=True)
class Pace:
    """How long and how often. `seconds` is one measurement; `requests` are those of a life."""

    rounds: int
    seconds: float
    warm_up_s: float
    lives: int
    requests: int


QUICK = Pace(rounds=5, seconds=1.5, warm_up_s=0.5, lives=1, requests=10_000)
FULL = Pace(rounds=3, seconds=2.0, warm_up_s=0.5, lives=2, requests=100_000)


@dataclass(frozen=True, slots=True)
class Running:
    """A gateway that answers. `pid` is the root of its process tree, `start_s` from exec to 200."""

    name: str
    port: int
    pid: int
    setup: Setup
    start_s: float = 0.0
    idle_bytes: int = 0

    def order(self, row: Row, pace: Pace) -> Order:
        """A row as this gateway is asked for it."""
        gateway, question = GATEWAYS.get(self.name), row.question
        if gateway and not gateway.teams:
            question = replace(question, model=question.model.removeprefix("{team}/"))
        return Order(
            port=self.port,
            path=CHAT,
            asks=asks(row.setup, question, gateway.only_key if gateway else None),
            connections=row.connections,
            seconds=pace.seconds,
            warm_up_s=pace.warm_up_s,
            spread_s=row.spread_s,
            paced=question.paced,
            least_events=row.least_events,
            pid=self.pid,
            tls=row.setup.tls,
        )


class Bench:
    """The processes of one run."""

    def __init__(self, folder: Path, stack: ExitStack) -> None:
        self._folder = folder
        self._stack = stack
        self._started = 0
        provider = stack.enter_context(talker("scripts.benchmark.provider"))
        self._load = stack.enter_context(talker("scripts.benchmark.load"))
        self._provider = Running(DIRECT, int(line_of(provider)), provider.pid, Setup())
        self._running: dict[tuple[str, Setup], Running] = {}
        if answer_to(self._provider.order(ROWS["plain"], QUICK))[0] != 200:
            raise StartError("the fake provider does not answer")

    def gateway(self, name: str, setup: Setup) -> Running:
        """Start it, unless it runs.

        Raises:
            StartError: it cannot be started.
            Unmeasured: not here.
        """
        if name == DIRECT:
            return self._provider
        key = name, setup if GATEWAYS[name].variable else Setup(tls=setup.tls)
        if key not in self._running:
            self._running[key] = self._stack.enter_context(self.alive(*key))
        return self._running[key]

    @contextmanager
    def alive(self, name: str, setup: Setup) -> Iterator[Running]:
        """A fresh one, from its start to its stop."""
        say(f"starting {name}")
        self._started += 1
        folder = self._folder / f"{name}-{self._started}"
        site = Site(free_port(), f"http://127.0.0.1:{self._provider.port}", folder, setup)
        program = GATEWAYS[name].program(site)
        process = start(program, GATEWAY_CORE)
        try:
            running = Running(name, site.port, process.pid, setup)
            first = running.order(replace(ROWS["plain"], setup=setup), QUICK)
            start_s = wait_for_first_answer(process, program, first)
            idle_bytes = usage_of(process.pid).resident_bytes
            yield replace(running, start_s=start_s, idle_bytes=idle_bytes)
        finally:
            stop(process)

    def run(self, order: Order) -> Report:
        return load(self._load, order)

    def obstacle(self, row: Row, name: str) -> str | None:
        """Why there can be no number."""
        try:
            running = self.gateway(name, row.setup)
        except Unmeasured as error:
            return str(error)
        except StartError as error:
            return f"does not start: {error}"
        status, body = answer_to(running.order(row, QUICK))
        if status != 200:
            return f"not available: {status} {code_of(body)}"
        return "not available: no whole stream" if body.count(EVENT) < row.least_events else None


def code_of(body: bytes) -> str:
    """The code of an error body; nothing when it has none."""
    try:
        error = json.loads(body)["error"]
        return str(error.get("code") or error.get("type") or "")
    except (ValueError, KeyError, TypeError, AttributeError):
        return ""


def measure_rows(bench: Bench, chosen: dict[str, Row], pace: Pace, results: Results) -> None:
    """Every row with its gateways, round by round."""
    for row_name, row in chosen.items():
        names = [name for name in row.gateways if able(bench, row_name, row, name, results)]
        rounds = min(pace.rounds, row.most_rounds)
        for number in range(rounds):
            for name in names:
                say(f"{row_name}: {name}, round {number + 1} of {rounds}")
                order = bench.gateway(name, row.setup).order(row, pace)
                results.add(row_name, name, bench.run(order))


def able(bench: Bench, row_name: str, row: Row, name: str, results: Results) -> bool:
    """Whether a gateway answers a row; why not is kept."""
    obstacle = bench.obstacle(row, name)
    if obstacle:
        say(f"{row_name}: {name} {obstacle}")
        results.obstacles[row_name, name] = obstacle
    return obstacle is None


@contextmanager
def bench_in(folder: Path) -> Iterator[Bench]:
    with ExitStack() as stack:
        yield Bench(folder, stack)


def say(text: str) -> None:
    """A line of progress, with the seconds since the beginning."""
    print(f"{time.perf_counter() - BEGAN:5.0f} s  {text}", file=sys.stderr, flush=True)
