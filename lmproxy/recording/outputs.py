"""Everybody who is told of a request when it is over: `[[loggers]]` and `[[after]]`.

Each of the two has a thread and a queue of its own, so that neither waits for the other.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Protocol

import orjson

from lmproxy.call import Json


@dataclass(frozen=True, slots=True)
class Handled:
    """What handlers made of a request.

    Attributes:
        body: as it went on.
        extra: what they left for others.
    """

    body: Json
    extra: Json


@dataclass(frozen=True)
class LogEntry:
    """A request that is over, as whoever is told of it gets it.

    Attributes:
        record: its line in the journal.
        request: what the client sent; `None` if it could not be read, or nobody wants it.
        answer: the first MiB of its body; `None` if there was none, or nobody wants it.
        user_info: what the key check knows of the caller; `None` if that is nothing.
        handled: `None` if no handler of anybody's saw it.
    """

    record: Json
    request: Json | None = None
    answer: bytes | None = None
    user_info: Json | None = None
    handled: Handled | None = None

    @cached_property
    def size_bytes(self) -> int:
        """What it takes of the memory, about; worked out once for all who are told of it."""
        bodies = [self.request]
        if self.handled is not None and self.handled.body is not self.request:
            bodies.append(self.handled.body)
        return len(self.answer or b"") + sum(map(_size, bodies))


def _size(body: Json | None) -> int:
    """Bytes of a request as it was sent, about."""
    if body is None:
        return 0
    try:
        return len(orjson.dumps(body))
    except orjson.JSONEncodeError:  # Nested too deeply; so it is not long either.
        return 1024


class Output(Protocol):
    """Who takes records besides the journal."""

    @property
    def wanted(self) -> bool:
        """Whether there is anybody."""

    @property
    def wants_request(self) -> bool:
        """Whether somebody looks at what the client sent."""

    @property
    def wants_answer(self) -> bool:
        """Whether somebody looks at what it got."""

    @property
    def dropped(self) -> int:
        """How many records were lost."""

    def start(self) -> None:
        """Begin writing."""

    def put(self, entry: LogEntry) -> None:
        """Hand one over. Never waits."""

    def close(self) -> None:
        """Write what is queued, if that does not take too long."""


class Outputs:
    """Several of them as one."""

    def __init__(self, outputs: Sequence[Output]) -> None:
        """Those that nobody stands behind are left out."""
        self._outputs = [output for output in outputs if output.wanted]
        self.wanted = bool(self._outputs)
        self.wants_request = any(output.wants_request for output in self._outputs)
        self.wants_answer = any(output.wants_answer for output in self._outputs)

    @property
    def dropped(self) -> int:
        """How many records were lost, of all."""
        return sum(output.dropped for output in self._outputs)

    def start(self) -> None:
        """Begin writing."""
        for output in self._outputs:
            output.start()

    def put(self, entry: LogEntry) -> None:
        """Hand one to each. Never waits."""
        for output in self._outputs:
            output.put(entry)

    def close(self) -> None:
        """Write what is queued, if that does not take too long. May be called twice."""
        for output in self._outputs:
            output.close()
