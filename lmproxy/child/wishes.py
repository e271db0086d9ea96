"""What does a chat request ask of a model? OpenAI's parameters, checked."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

USUAL_TOKENS = 2048
MOST_CHOICES = 128
LARGEST_SEED = 2**32


class Unfit(Exception):
    """The request cannot be answered as it is: a 400. Its text is for the client."""

    def __init__(self, message: str, param: str, code: str = "invalid_request") -> None:
        super().__init__(message)
        self.param = param
        self.code = code


@dataclass(frozen=True, slots=True)
class Wishes:
    """What is asked.

    Attributes:
        max_tokens: of each choice; `None`: the client does not say.
        sampling: parameters of Transformers' `generate`, by its names.
        stops: texts that end a choice and do not stand in it.
        seed: `None` for chance.
        n: how many choices.
    """

    messages: list[dict[str, Any]]
    max_tokens: int | None
    sampling: dict[str, Any]
    stops: tuple[str, ...]
    seed: int | None
    n: int
    stream: bool
    wants_usage: bool
    model: str


def wishes_of(body: dict[str, Any]) -> Wishes:
    """The wishes of a request's body. `null` is as good as nothing.

    Raises:
        Unfit: a value cannot be.
    """
    options = body.get("stream_options")
    most = _whole(body, "max_completion_tokens", 1)
    seed = _whole(body, "seed")
    return Wishes(
        messages=body["messages"],
        max_tokens=most or _whole(body, "max_tokens", 1),
        sampling=dict(_sampling(body)),
        stops=_stops(body.get("stop")),
        seed=None if seed is None else seed % LARGEST_SEED,
        n=_whole(body, "n", 1, MOST_CHOICES) or 1,
        stream=body.get("stream") is True,
        wants_usage=isinstance(options, dict) and bool(options.get("include_usage")),
        model=str(body.get("model")),
    )


def _sampling(body: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    temperature = _number(body, "temperature", 0, 2)
    chosen = {
        "temperature": temperature,
        "top_p": _number(body, "top_p", 0, 1),
        "min_p": _number(body, "min_p", 0, 1),
        "top_k": _whole(body, "top_k", 0),
        "repetition_penalty": _number(body, "repetition_penalty", 0.01, 10),
    }
    if temperature == 0:
        yield "do_sample", False
        chosen = {"repetition_penalty": chosen["repetition_penalty"]}
    elif any(chosen[name] is not None for name in ("temperature", "top_p", "min_p", "top_k")):
        yield "do_sample", True
    yield from ((name, value) for name, value in chosen.items() if value is not None)


def _stops(value: Any) -> tuple[str, ...]:
    given = [value] if isinstance(value, str) else [] if value is None else value
    if not isinstance(given, list) or not all(isinstance(stop, str) for stop in given):
        raise Unfit("'stop' must be a string or a list of strings.", "stop")
    return tuple(stop for stop in given if stop)


def _number(body: dict[str, Any], name: str, least: float, most: float) -> float | None:
    value = body.get(name)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or not least <= value <= most:
        raise Unfit(f"'{name}' must be a number from {least} to {most}.", name)
    return float(value)


def _whole(
    body: dict[str, Any], name: str, least: int | None = None, most: int | None = None
) -> int | None:
    value = body.get(name)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int):
        raise Unfit(f"'{name}' must be a whole number.", name)
    if (least is not None and value < least) or (most is not None and value > most):
        bounds = f"at least {least}" if most is None else f"from {least} to {most}"
        raise Unfit(f"'{name}' must be {bounds}.", name)
    return value
