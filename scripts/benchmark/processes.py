"""How are processes started, pinned to a core, asked for a first answer, and stopped?"""

import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path

from scripts.benchmark.certificate import any_certificate
from scripts.benchmark.load import Order, Report, request

REPOSITORY = Path(__file__).parents[2]
CORES = sorted(os.sched_getaffinity(0))
GATEWAY_CORE, LOAD_CORE = CORES[0], CORES[-1]
START_S = 60.0
REFUSED_S = 5.0
"""A gateway that answers, but not with 200, is given so long."""
STOP_S = 10.0
TRY_AGAIN_S = 0.005


class StartError(Exception):
    """A process did not come up; the message has the end of what it wrote."""


@dataclass(frozen=True, slots=True)
class Program:
    """What to start.

    Attributes:
        environment: all of it, but for PATH.
        folder: where it runs; what it writes to its terminal goes to `log` in there.
    """

    command: list[str]
    folder: Path
    environment: Mapping[str, str]

    @property
    def log(self) -> Path:
        return self.folder / "log.txt"


def start(program: Program, core: int) -> subprocess.Popen[bytes]:
    """Start on one core, in a process group of its own."""
    program.folder.mkdir(parents=True, exist_ok=True)
    with program.log.open("wb") as log:
        return subprocess.Popen(
            ["taskset", "--cpu-list", str(core), *program.command],
            cwd=program.folder,
            env={"PATH": os.defpath, "HOME": str(program.folder), **program.environment},
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )


def stop(process: subprocess.Popen[bytes]) -> None:
    """Ask it to end, then make it and whatever it started."""
    process.terminate()
    with suppress(subprocess.TimeoutExpired):
        process.wait(STOP_S)
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


@contextmanager
def talker(module: str) -> Iterator[subprocess.Popen[str]]:
    """One of our own processes, spoken to by line, on the load's core."""
    process = subprocess.Popen(
        ["taskset", "--cpu-list", str(LOAD_CORE), sys.executable, "-m", module],
        cwd=REPOSITORY,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def line_of(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline()


def load(process: subprocess.Popen[str], order: Order) -> Report:
    """Have the load generator do a run."""
    assert process.stdin is not None
    process.stdin.write(json.dumps(asdict(order)) + "\n")
    process.stdin.flush()
    return Report(**json.loads(line_of(process)))


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        return int(taken.getsockname()[1])


def answer_to(order: Order) -> tuple[int, bytes]:
    """Status and body of an order's first request; 0 while nobody listens."""
    connection = http.client.HTTPConnection("127.0.0.1", order.port, timeout=START_S)
    if order.tls:
        connection = http.client.HTTPSConnection(
            "127.0.0.1", order.port, timeout=START_S, context=any_certificate()
        )
    try:
        connection.connect()
        connection.sock.sendall(request(order.port, order.path, *order.asks[0]))
        response = http.client.HTTPResponse(connection.sock, method="POST")
        response.begin()
        return response.status, response.read()
    except (OSError, http.client.HTTPException):
        return 0, b""
    finally:
        connection.close()


def wait_for_first_answer(
    process: subprocess.Popen[bytes], program: Program, order: Order
) -> float:
    """Seconds from now until the order's request is answered with 200.

    Raises:
        StartError: it ended, or did not answer so in `START_S`.
    """
    began, ends = time.perf_counter(), time.perf_counter() + START_S
    while (status := answer_to(order)[0]) != 200:
        if status:
            ends = min(ends, time.perf_counter() + REFUSED_S)
        if process.poll() is not None or time.perf_counter() > ends:
            raise StartError(program.log.read_text(errors="replace")[-600:])
        time.sleep(TRY_AGAIN_S)
    return time.perf_counter() - began
