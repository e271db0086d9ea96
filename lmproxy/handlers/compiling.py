"""Which handlers does the config ask for? Made in order, with everything wrong about them."""

from dataclasses import dataclass
from typing import Any

from lmproxy.config import Config
from lmproxy.config.binding import BindError, make
from lmproxy.handlers.before import Before, Step
from lmproxy.handlers.calling import Handler
from lmproxy.handlers.headers_forwarder import HTTPHeadersForwarder
from lmproxy.handlers.rate_limiter import RateLimiter
from lmproxy.problems import Problem
from lmproxy.threads import Threads

KINDS = {
    "headers_forwarder": "lmproxy.handlers.headers_forwarder.HTTPHeadersForwarder",
    "rate_limiter": "lmproxy.handlers.rate_limiter.RateLimiter",
}
"""The class of each short `class` name. Anything with a dot is a path to anybody's."""


@dataclass(frozen=True, slots=True)
class Handlers:
    """What `[[before]]` comes to.

    Attributes:
        before: `None` if nothing runs.
        forwarded: headers of the client's that go on to providers, lower-case.
    """

    before: Before | None
    forwarded: tuple[bytes, ...]


def compile_handlers(config: Config) -> tuple[Handlers, list[Problem]]:
    """The handlers of `config` and everything wrong with them."""
    steps: list[Step] = []
    names: dict[bytes, None] = {}
    problems: list[Problem] = []
    threads = Threads("handler")
    for index, said in enumerate(config.settings.before):
        place = ("before", index)
        try:
            made = make(said, place, KINDS)
        except BindError as error:
            problems += [config.problem(*found) for found in error.found]
            continue
        if isinstance(made, HTTPHeadersForwarder):
            names |= dict.fromkeys(name.encode() for name in made.names)
        elif isinstance(made, RateLimiter):
            steps.append(made)
        elif callable(made):
            steps.append(Handler(made, _name(said, index), threads))
        else:
            problems.append(config.problem(place, "cannot be called"))
    return Handlers(Before(steps) if steps else None, tuple(names)), problems


def _name(said: Any, index: int) -> str:
    """What it is called in the log."""
    kind = said.get("class") if isinstance(said, dict) else said
    shown = kind if isinstance(kind, str) else getattr(kind, "__qualname__", type(kind).__name__)
    return f"before.{index}: {shown}"
