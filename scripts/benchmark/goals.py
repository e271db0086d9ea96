"""What is aimed at, and whether it was met.

A goal that could not be measured in a run says so; it is never taken from another run.
"""

from collections.abc import Callable
from dataclasses import dataclass

from scripts.benchmark.gateways import DIRECT
from scripts.benchmark.mixed import AT_ONCE
from scripts.benchmark.results import Life, Results

Value = Callable[[Results], float | None]


@dataclass(frozen=True, slots=True)
class Goal:
    """`value` must not be above `most`.

    Attributes:
        obstacle: what is in the way of one that is missed, as far as a profile tells.
        bare: the bare pass-through's own value: if that is too much as well, the machine, which
            does other work, is in the way.
    """

    text: str
    most: float
    value: Value
    unit: str = ""
    obstacle: str = ""
    bare: Value | None = None

    def met(self, results: Results) -> bool | None:
        """`None`: not measured."""
        value = self.value(results)
        return None if value is None else value <= self.most

    def in_the_way(self, results: Results) -> str:
        """Of a goal that is missed; nothing of another."""
        if self.met(results) is not False:
            return ""
        bare = self.bare(results) if self.bare else None
        if bare is not None and bare > self.most:
            return BUSY
        return self.obstacle or UNEXPLAINED


def cpu_beside(row: str, other: str) -> Value:
    """Our CPU as a part of another's."""
    return lambda results: results.ratio(row, "ours", other)


def cpu_ms(row: str) -> Value:
    def value(results: Results) -> float | None:
        cell = results.valid(row, "ours")
        return cell.cpu_us / 1e3 if cell else None

    return value


def added(row: str, field: str, gateway: str = "ours") -> Value:
    """Milliseconds beyond the provider alone."""

    def value(results: Results) -> float | None:
        ends, alone = results.valid(row, gateway), results.valid(row, DIRECT)
        return getattr(ends, field) - getattr(alone, field) if ends and alone else None

    return value


def cpu_us(results: Results, row: str) -> float | None:
    cell = results.valid(row, "ours")
    return cell.cpu_us if cell else None


def bare_us(results: Results, row: str) -> float | None:
    cell = results.valid(row, "bare")
    return cell.cpu_us if cell else None


def beside_bare(results: Results, row: str) -> float | None:
    """For rows that are all the same to the bare pass-through: evens out what disturbed a row."""
    return results.ratio(row, "ours", "bare")


def uneven(cost: Callable[[Results, str], float | None], *rows: str) -> Value:
    """How far the costs are from the middle between the least and the most, in percent."""

    def value(results: Results) -> float | None:
        costs = [found for row in rows if (found := cost(results, row))]
        if len(costs) < len(rows):
            return None
        return 100 * (max(costs) - min(costs)) / (max(costs) + min(costs))

    return value


def of_life(field: Callable[[Life], float]) -> Value:
    """Of our last start, the one that was put under load."""

    def value(results: Results) -> float | None:
        life = results.lives.get("ours")
        return field(life[-1]) if life and life[-1].requests else None

    return value


def left_open(life: Life) -> float:
    """More than the connections to the provider that are kept for the next request."""
    if life.before is None or life.after is None:
        return 0.0
    return max(0, life.after.descriptors - life.before.descriptors - AT_ONCE)


def left_over(life: Life) -> float:
    then, now = (held.tasks if held else None for held in (life.before, life.after))
    return 0.0 if then is None or now is None else now - then


def start_s(gateway: str) -> Value:
    """The slowest of the starts."""
    return lambda results: max(
        (life.start_s for life in results.lives.get(gateway, [])), default=None
    )


def resident_mb(row: str) -> Value:
    def value(results: Results) -> float | None:
        cell = results.valid(row, "ours")
        return cell.resident_mb if cell else None

    return value


def seconds_of(command: str) -> Value:
    return lambda results: results.commands.get(command)


def beside(text: str, most: float, row: str, field: str) -> Goal:
    """A time, with the bare pass-through's."""
    return Goal(text, most, added(row, field), "ms", bare=added(row, field, "bare"))


def even(text: str, most: float, cost: Callable[[Results, str], float | None], *rows: str) -> Goal:
    """A cost that is not to depend on the row, with the bare pass-through's."""
    own, bare = uneven(cost, *rows), uneven(bare_us, *rows)
    return Goal(f"{text}, off the middle", most, own, "%", bare=bare)


BESIDE = "CPU beside "
OURS = "the record, 8 %, and some 170 calls of ours, none of them 1 %: README.md"
WATCH = "what a plain request has, and the look for tokens, ends and errors in each block of events"
HTTP = "Python's HTTP server and client alone cost what the bare pass-through does"
TRANSFORMATIONS = "LiteLLM's transformations of the request and of the answer"
PARSER = "LiteLLM's parser of the provider's chunks"
LITELLM = "LiteLLM's wrapper round a stream, which builds a model for every event"
BUSY = "the machine and its other work: the bare pass-through misses it too"
UNEXPLAINED = "not explained"
IDLE = "imports: pydantic, FastAPI, aiohttp; rich, 3 MB, by structlog: see README.md"
MODULES = "the modules and models that LiteLLM imports: see its profile in README.md"
GOALS = (
    Goal(f"plain, {BESIDE}the bare pass-through", 1.2, cpu_beside("plain", "bare"), "x", OURS),
    Goal(f"plain, {BESIDE}lm-proxy", 1 / 12, cpu_beside("plain", "lm-proxy"), "x", HTTP),
    Goal(
        f"plain, {BESIDE}LiteLLM's proxy", 1 / 60, cpu_beside("plain", "litellm-proxy"), "x", HTTP
    ),
    Goal(f"plain, {BESIDE}Ferro", 1.3, cpu_beside("plain", "ferro"), "x", HTTP),
    Goal(f"stream, {BESIDE}the bare pass-through", 1.2, cpu_beside("stream", "bare"), "x", WATCH),
    Goal(f"stream, {BESIDE}lm-proxy", 1 / 35, cpu_beside("stream", "lm-proxy"), "x", HTTP),
    Goal(f"stream, {BESIDE}Ferro", 1 / 4, cpu_beside("stream", "ferro"), "x", HTTP),
    Goal(
        f"Anthropic provider, plain, {BESIDE}litellm.acompletion",
        1 / 4,
        cpu_beside("anthropic", "acompletion"),
        "x",
        TRANSFORMATIONS,
    ),
    Goal(
        f"Anthropic provider, stream, {BESIDE}litellm.acompletion",
        1 / 12,
        cpu_beside("anthropic-stream", "acompletion"),
        "x",
        PARSER,
    ),
    Goal("CPU of a stream, Anthropic provider", 20, cpu_ms("anthropic-stream"), "ms", PARSER),
    Goal("CPU of a stream, Gemini provider", 20, cpu_ms("gemini-stream"), "ms", PARSER),
    Goal("CPU of a stream, litellm lane", 20, cpu_ms("litellm-stream"), "ms", LITELLM),
    beside("added latency, 1 connection, p50", 0.6, "plain-1", "p50_ms"),
    beside("added latency, 1 connection, p99", 2, "plain-1", "p99_ms"),
    beside("added time to first token, paced, p50", 1, "paced", "first_ms"),
    beside("added delay of an event, paced, p50", 0.2, "paced", "delay_ms"),
    even("CPU at 1, 64, 512 connections", 20, cpu_us, "plain-1", "plain-64", "plain-512"),
    even("CPU with 10, 1,000, 100,000 keys", 10, beside_bare, "plain", "keys-1000", "keys-100000"),
    even("CPU with 10, 1,000 routing rules", 10, beside_bare, "plain", "rules-1000"),
    Goal(
        "memory growth of a request",
        0.05,
        of_life(lambda life: life.slope_bytes / 1024),
        "KiB",
    ),
    Goal("memory of an open stream", 250, of_life(lambda life: life.stream_bytes / 1024), "KiB"),
    Goal(
        "memory before LiteLLM is loaded",
        80,
        of_life(lambda life: life.loaded_bytes / 1e6),
        "MB",
        IDLE,
    ),
    Goal("memory with LiteLLM loaded", 260, resident_mb("anthropic-stream"), "MB", MODULES),
    Goal(
        "memory once the litellm lane has streamed",
        340,
        resident_mb("litellm-stream"),
        "MB",
        MODULES,
    ),
    Goal("descriptors left open beyond idle connections", 0, of_life(left_open)),
    Goal("tasks left over", 0, of_life(left_over)),
    Goal("from start to the first answer", 1.5, start_s("ours"), "s", bare=start_s("bare")),
    Goal("--help", 0.3, seconds_of("--help"), "s"),
    Goal("check", 1, seconds_of("check"), "s"),
)
