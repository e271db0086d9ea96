"""What is known of a request so far? The draft of its record."""

import time
from dataclasses import dataclass, field

from lmproxy.call import Arrival, Call, Caller, Json, Observed, Target
from lmproxy.recording.makers import Maker
from lmproxy.recording.outputs import Handled


@dataclass(slots=True)
class Attempt:
    """One try at one target."""

    connection: str
    model: str
    lane: str
    started_at: float
    error_code: str | None = None
    seconds: float | None = None


@dataclass(slots=True)
class Draft:
    """A record being written while its request walks through the rooms."""

    id: str
    arrival: Arrival
    started_at: float = field(default_factory=time.monotonic)
    time: float = field(default_factory=time.time)
    """Unix time."""
    secrets: tuple[str, ...] = ()
    caller: Caller | None = None
    asked: str | None = None
    call: Call | None = None
    rule: str | None = None
    rule_line: int | None = None
    attempts: list[Attempt] = field(default_factory=list)
    observed: Observed = field(default_factory=Observed)
    session: str | None = None
    answer: bytearray | None = None
    """Of its body, as much as loggers get; `None` where none of them wants it."""
    sent: Json | None = None
    """The body as it came, where handlers may have made another of it; else `None`."""
    extra: Json | None = None
    """What these handlers left for others."""
    maker: Maker | None = None
    """Of the response that was made or looked up, if its provider keeps it."""

    @property
    def asked_body(self) -> Json | None:
        """What the client sent; `None` where it could not be read."""
        return self.sent if self.sent is not None or self.call is None else self.call.body

    @property
    def handled(self) -> Handled | None:
        """What handlers made of the request; `None` where none of anybody's saw it."""
        if self.sent is None or self.call is None:
            return None
        return Handled(self.call.body, self.extra or {})

    def begin_attempt(self, target: Target, lane: str) -> Attempt:
        """Note that `target` is asked now."""
        attempt = Attempt(target.connection, target.model, lane, time.monotonic())
        self.attempts.append(attempt)
        return attempt
