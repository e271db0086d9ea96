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
from dataclasses import asdict, dataclass, field, replace
from statistics import quantiles
from time import perf_counter, process_time

import uvloop

from scripts.benchmark.certificate import any_certificate
from scripts.benchmark.client import Client, PacedClient, Tally
from scripts.benchmark.measuring import Usage, usage_of

LOOK_AGAIN_S = 0.05
LONGEST_S = 60.0
"""A phase ends then, however little was answered."""


@dataclass(frozen=True, slots=True)
class Order:
    """A run.

    Attributes:
        asks: (key, body) of the requests, sent in turn by all connections together.
        spread_s: connections begin one after the other in this time, so that paced streams are
            not in step.
        paced: time events, not only answers.
        least_events: of each stream; 0: plain answers.
        least_answers: the measurement goes on beyond `seconds` until it has so many, but not
            longer than `longest_s`.
        pid: the gateway whose use is measured; `None` without one.
        tls: whatever certificate the gateway has.
    """

    port: int
    path: str
    asks: list[tuple[str, str]]
    connections: int
    seconds: float
    warm_up_s: float
    least_events: int = 0
    least_answers: int = 24
    pid: int | None = None
    spread_s: float = 0.0
    paced: bool = False
    longest_s: float = LONGEST_S
    tls: bool = False


@dataclass(frozen=True, slots=True)
class Report:
    """What a run has seen.

    Attributes:
        answers: complete and right, in the time measured.
        first_p50_s: to the first event of a paced stream.
        delay_p50_s: of a paced event, from the provider to us.
        cpu_s: the gateway's, as are the bytes. `grown_bytes` from warm-up to end.
        failures: how often which, warm-up included.
    """

    answers: int
    seconds: float
    p50_s: float
    p99_s: float
    cpu_s: float = 0.0
    grown_bytes: int = 0
    resident_bytes: int = 0
    load_cpu_s: float = 0.0
    first_p50_s: float = 0.0
    delay_p50_s: float = 0.0
    delay_p99_s: float = 0.0
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
    await begin(order, tally)
    await phase(tally, order.warm_up_s, 0 if order.paced else order.connections, LONGEST_S)
    tally.clear()
    before, began, own = usage_of(order.pid), perf_counter(), process_time()
    await phase(tally, order.seconds, order.least_answers, order.longest_s)
    after, seconds, own = usage_of(order.pid), perf_counter() - began, process_time() - own
    report = reported(tally, after - before, seconds)
    await stop(tally)
    return replace(
        report,
        resident_bytes=after.resident_bytes,
        load_cpu_s=own,
        failures=dict(tally.failures),
    )


def reported(tally: Tally, used: Usage, seconds: float) -> Report:
    return Report(
        answers=len(tally.latencies_s),
        seconds=seconds,
        p50_s=percentile(tally.latencies_s, 50),
        p99_s=percentile(tally.latencies_s, 99),
        cpu_s=used.cpu_s,
        grown_bytes=used.resident_bytes,
        first_p50_s=percentile(tally.firsts_s, 50),
        delay_p50_s=percentile(tally.delays_s, 50),
        delay_p99_s=percentile(tally.delays_s, 99),
    )


async def begin(order: Order, tally: Tally) -> None:
    """Connect, and start the connections in `spread_s`."""
    loop, kind = asyncio.get_running_loop(), PacedClient if order.paced else Client
    trust = any_certificate() if order.tls else None
    for number in range(order.connections):
        _, client = await loop.create_connection(
            lambda: kind(tally), "127.0.0.1", order.port, ssl=trust
        )
        loop.call_later(order.spread_s * number / order.connections, client.start)
    await asyncio.sleep(order.spread_s)


async def phase(tally: Tally, seconds: float, least: int, longest_s: float) -> None:
    """Let the connections work so long and until there are so many answers, or a failure."""
    ends = perf_counter() + longest_s
    await asyncio.sleep(seconds)
    while len(tally.latencies_s) < least and not tally.failures and perf_counter() < ends:  # noqa: ASYNC110
        await asyncio.sleep(LOOK_AGAIN_S)


async def stop(tally: Tally) -> None:
    """Every connection ends its request; one that does not in time has failed."""
    tally.stopping = True
    ends = perf_counter() + LONGEST_S
    while tally.busy and perf_counter() < ends:  # noqa: ASYNC110 - an event per answer costs more
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
