"""The life of a gateway: how fast it starts, how large it is, whether it grows."""

import json
import subprocess
import sys
import time
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from statistics import linear_regression, median

from scripts.benchmark.compared import Unmeasured
from scripts.benchmark.gateways import COUNTING_MODEL
from scripts.benchmark.measuring import descriptors, usage_of
from scripts.benchmark.mixed import Mix, MixError
from scripts.benchmark.processes import StartError, answer_to
from scripts.benchmark.results import Held, Life, Results
from scripts.benchmark.rows import ROWS
from scripts.benchmark.runner import QUICK, Bench, Pace, Running, say
from scripts.benchmark.setups import Question, Setup, asks

OPEN_STREAMS = 256
TRIES = 5
SETTLE_S = 1.0
"""In which streams that were left end."""
PARTS = 10
"""Of the mixed requests; the first fills pools, caches and the allocator's arenas."""
LONGEST_S = 240.0
"""Of all mixed requests: what was asked until then is what there is."""


def live(bench: Bench, names: Iterable[str], pace: Pace, results: Results) -> None:
    """Start each gateway `pace.lives` times; ours has `pace.requests` mixed ones in its last."""
    for number in range(pace.lives):
        last = number == pace.lives - 1
        for name in names:
            try:
                setup = Setup(counting=last and name == "ours")
                with bench.alive(name, setup) as running:
                    life = loaded(bench, running, pace) if last else born(running)
                results.lives.setdefault(name, []).append(life)
            except (Unmeasured, MixError) as error:
                results.obstacles["lives", name] = str(error)
            except StartError as error:
                results.obstacles["lives", name] = f"does not start: {error}"


def born(running: Running) -> Life:
    return Life(running.start_s, running.idle_bytes)


def loaded(bench: Bench, running: Running, pace: Pace) -> Life:
    """Requests, then streams at the same time."""
    say(f"lives: {running.name} under load")
    started = held(running)
    grow = mixed if running.setup.counting else plain
    points = grow(bench, running, pace)
    time.sleep(SETTLE_S)
    ended = held(running)
    before = usage_of(running.pid).resident_bytes
    paced = replace(running.order(ROWS["paced"], pace), connections=OPEN_STREAMS)
    streams = bench.run(replace(paced, seconds=1.0, least_answers=0))
    requests, sizes = zip(*points, strict=True)
    return replace(
        born(running),
        loaded_bytes=sizes[-1],
        requests=requests[-1],
        slope_bytes=linear_regression(requests, sizes).slope,
        stream_bytes=(streams.resident_bytes - before) / OPEN_STREAMS,
        before=started,
        after=ended,
    )


Points = list[tuple[int, int]]
"""How many requests there were, and the memory after them."""


def plain(bench: Bench, running: Running, pace: Pace) -> Points:
    order = running.order(ROWS["plain"], pace)
    warm = bench.run(replace(order, seconds=2 * pace.seconds))
    report = bench.run(replace(order, least_answers=1))
    return [(0, warm.resident_bytes), (report.answers, report.resident_bytes)]


def mixed(_bench: Bench, running: Running, pace: Pace) -> Points:
    """After each part, without the first."""
    mix, points, asked = Mix(running.port, running.setup), [], 0
    for number in range(PARTS):
        asked += mix.ask(pace.requests // PARTS, LONGEST_S / PARTS)
        points.append((asked, usage_of(running.pid).resident_bytes))
        say(f"lives: {asked:,} mixed requests, part {number + 1} of {PARTS}")
    return points[1:]


def held(running: Running) -> Held:
    open_now = descriptors(running.pid)
    return Held(open_now, tasks(running) if running.setup.counting else None)


def tasks(running: Running) -> int:
    """How many there are, as a model of its own says."""
    order = running.order(ROWS["plain"], QUICK)
    asked = replace(order, asks=asks(running.setup, Question(COUNTING_MODEL), None))
    body = json.loads(answer_to(asked)[1])
    return int(body["choices"][0]["message"]["content"])


def commands(folder: Path, results: Results) -> None:
    """How long `--help` and `check` take, in seconds."""
    program = str(Path(sys.executable).parent / "oai-proxy")
    config = folder / "check.toml"
    config.write_text('host = "127.0.0.1"\n[connections.openai]\napi_key = "sk-provider-0000"\n')
    for name, arguments in (("--help", ["--help"]), ("check", ["check", "--config", str(config)])):
        say(f"commands: {name}")
        results.commands[name] = median(timed([program, *arguments]) for _ in range(TRIES))


def timed(command: list[str]) -> float:
    began = time.perf_counter()
    subprocess.run(command, capture_output=True, check=False)
    return time.perf_counter() - began
