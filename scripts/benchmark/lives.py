"""The life of a gateway: how fast it starts, how large it is, whether it grows."""

import subprocess
import sys
import time
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from statistics import median

from scripts.benchmark.compared import Unmeasured
from scripts.benchmark.measuring import usage_of
from scripts.benchmark.processes import StartError
from scripts.benchmark.results import Life, Results
from scripts.benchmark.rows import ROWS
from scripts.benchmark.runner import Bench, Pace, Running, say
from scripts.benchmark.setups import Setup

OPEN_STREAMS = 256
TRIES = 5


def live(bench: Bench, names: Iterable[str], pace: Pace, results: Results) -> None:
    """Start each gateway `pace.lives` times; ours is loaded for `pace.requests` in its last."""
    for number in range(pace.lives):
        last = number == pace.lives - 1
        for name in names:
            try:
                with bench.alive(name, Setup()) as running:
                    life = loaded(bench, running, pace) if last else born(running)
                results.lives.setdefault(name, []).append(life)
            except Unmeasured as error:
                results.obstacles["lives", name] = str(error)
            except StartError as error:
                results.obstacles["lives", name] = f"does not start: {error}"


def born(running: Running) -> Life:
    return Life(running.start_s, running.idle_bytes)


def loaded(bench: Bench, running: Running, pace: Pace) -> Life:
    """Requests one after the other, then streams at the same time."""
    order = running.order(ROWS["plain"], pace)
    many = pace.requests if running.name == "ours" else 1
    say(f"lives: {running.name} under load")
    warm = bench.run(replace(order, seconds=2 * pace.seconds))
    report = bench.run(replace(order, least_answers=many, longest_s=300.0))
    before = usage_of(running.pid).resident_bytes
    paced = replace(running.order(ROWS["paced"], pace), connections=OPEN_STREAMS)
    streams = bench.run(replace(paced, seconds=1.0, least_answers=0))
    return replace(
        born(running),
        loaded_bytes=report.resident_bytes,
        requests=report.answers,
        grown_bytes=report.resident_bytes - warm.resident_bytes,
        stream_bytes=(streams.resident_bytes - before) / OPEN_STREAMS,
    )


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
