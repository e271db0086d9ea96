"""The load generator: a process that is told on stdin what to send, and answers on stdout.

One line of JSON each way: an `Order` in, a `Report` out. Connections are kept, each sends its next
request when its last one was answered, and nobody pauses between warm-up and measurement, so that
what is measured is a gateway in full swing.
"""

import asyncio
import itertools
import json
import sys
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from statistics import quantiles
from time import perf_counter, process_time

import uvloop

from scripts.benchmark.client import Client, Tally
from scripts.benchmark.measuring import usage_of

LOOK_AGAIN_S = 0.05
LONGEST_S = 60.0
"""A phase ends then, however little was answered."""


@dataclass(frozen=True, slots=True)
class Order:
    """A run.

    Attributes:
        asks: (key, body) of the requests, sent in turn by all connections together.
        least_events: of each stream; 0: plain answers.
        least_answers: the measurement goes on beyond `seconds` until it has so many.
        pid: the gateway whose use is measured; `None` without one.
    """

    port: int
    path: str
    asks: list[tuple[str, str]]
    connections: int
    seconds: float
    warm_up_s: float
    least_events: int = 0
    least_answers: int = 32
    pid: int | None = None


@dataclass(frozen=True, slots=True)
class Report:
    """What a run has seen. `cpu_s` and `grown_bytes` are the gateway's, `load_cpu_s` is our own."""

    answers: int
    seconds: float
    p50_s: float
    p99_s: float
    cpu_s: float = 0.0
    grown_bytes: int = 0
    resident_bytes: int = 0
    load_cpu_s: float = 0.0
    failures: dict[str, int] = field(default_factory=dict)


def request(port: int, path: str, key: str, body: str) -> bytes:
    head = (
        f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nAuthorization: Bearer {key}\r\n"
        "User-Agent: OpenAI/Python 2.20.0\r\nAccept: application/json\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(body.encode())}\r\n\r\n"
    )
    return (head + body).encode()


def requests_of(order: Order) -> Iterator[bytes]:
    return itertools.cycle(request(order.port, order.path, *ask) for ask in order.asks)


async def run(order: Order) -> Report:
    """Warm up, measure, let every request end."""
    tally = Tally(requests_of(order), order.least_events)
    for client in await connect(order, tally):
        client.start()
    await phase(tally, order.warm_up_s, order.connections)
    tally.latencies_s.clear()
    before, began, own = usage_of(order.pid or 0), perf_counter(), process_time()
    await phase(tally, order.seconds, order.least_answers)
    after, seconds = usage_of(order.pid or 0), perf_counter() - began
    latencies, own = list(tally.latencies_s), process_time() - own
    await stop(tally)
    used = after - before
    return Report(
        answers=len(latencies),
        seconds=seconds,
        p50_s=percentile(latencies, 50),
        p99_s=percentile(latencies, 99),
        cpu_s=used.cpu_s,
        grown_bytes=used.resident_bytes,
        resident_bytes=after.resident_bytes,
        load_cpu_s=own,
        failures=dict(tally.failures),
    )


async def connect(order: Order, tally: Tally) -> list[Client]:
    loop = asyncio.get_running_loop()
    return [
        (await loop.create_connection(lambda: Client(tally), "127.0.0.1", order.port))[1]
        for _ in range(order.connections)
    ]


async def phase(tally: Tally, seconds: float, least: int) -> None:
    """Let the connections work so long and until there are so many answers."""
    ends = perf_counter() + LONGEST_S
    await asyncio.sleep(seconds)
    while len(tally.latencies_s) < least and tally.busy and perf_counter() < ends:
        await asyncio.sleep(LOOK_AGAIN_S)


async def stop(tally: Tally) -> None:
    """Every connection ends its request; one that does not in time has failed."""
    tally.stopping = True
    ends = perf_counter() + LONGEST_S
    while tally.busy and perf_counter() < ends:
        await asyncio.sleep(LOOK_AGAIN_S)
    if tally.busy:
        tally.failures["never ended"] += tally.busy


def percentile(values: list[float], percent: int) -> float:
    """Not a number when nothing was answered."""
    if len(values) < 2:
        return values[0] if values else float("nan")
    return quantiles(values, n=100, method="inclusive")[percent - 1]


def main() -> None:
    for line in sys.stdin:
        report = uvloop.run(run(Order(**json.loads(line))))
        print(json.dumps(asdict(report)), flush=True)


if __name__ == "__main__":
    main()
