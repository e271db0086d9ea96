"""Who else wants the records? The outputs of `[[loggers]]`: one thread, one bounded queue.

They may fall behind or fail: then records are dropped, counted and said. The journal is the truth.
"""

import contextvars
import queue
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from functools import partial
from typing import Any, Protocol, cast

from lmproxy import logs
from lmproxy.call import Json
from lmproxy.config import Config
from lmproxy.config.binding import BindError, make, where_raised
from lmproxy.config.places import KeyPath
from lmproxy.problems import Problem
from lmproxy.recording.outputs import LogEntry, Outputs
from lmproxy.recording.request_log import RequestLog, print_request

log = logs.get(__name__)

LONGEST_QUEUE = 10_000
MOST_BYTES_QUEUED = 64 * 1024 * 1024
"""Of requests and answers."""
SAY_AGAIN_S = 10.0
LONGEST_FAREWELL_S = 5.0
"""How long a stop waits for outputs that are behind."""
LOGGER_LOST = "a logger dropped a record"
AFTER_LOST = "an after handler failed or missed a request"
TOO_SLOW = "too many are waiting"
KINDS = {"file": "lmproxy.recording.file_logger.FileLogger"}
"""The class of each short `class` name. Anything with a dot is a path to anybody's class."""


class Logger(Protocol):
    """One output. Called in the loggers' own thread, one record at a time.

    With an attribute `wants_request = False` the request is not kept for it.
    """

    def write(self, record: Json, request: Json | None) -> None:
        """Put the record somewhere. `request` is the body the client sent, if it was readable."""

    def close(self) -> None:
        """Finish; nothing comes after."""


class Loggers:
    """Every output beside the journal."""

    def __init__(self, outputs: Sequence[Logger | RequestLog], event: str = LOGGER_LOST) -> None:
        """Nothing runs until `start`. `event` is what the log says of a loss."""
        self._event = event
        self._outputs = outputs
        self._queue: queue.SimpleQueue[LogEntry | None] = queue.SimpleQueue()
        self._thread: threading.Thread | None = None
        self._closing = False
        self._say_at = 0.0
        self.wanted = bool(outputs)
        self.wants_request = any(getattr(output, "wants_request", True) for output in outputs)
        """Whether an output looks at what the client sent; else it is not kept for them."""
        self.wants_answer = any(isinstance(output, RequestLog) for output in outputs)
        self.dropped = 0
        self._bytes_put = 0
        self._bytes_taken = 0
        """Each counted by one thread only, so that neither has to wait for the other."""

    def start(self) -> None:
        """Begin writing, if there is an output."""
        if self.wanted:
            run = partial(contextvars.copy_context().run, self._run)
            self._thread = threading.Thread(target=run, name="loggers", daemon=True)
            self._thread.start()

    def put(self, entry: LogEntry) -> None:
        """Hand one to the outputs. Never waits."""
        bytes_waiting = self._bytes_put - self._bytes_taken + entry.size_bytes
        if self._queue.qsize() >= LONGEST_QUEUE or bytes_waiting > MOST_BYTES_QUEUED:
            self._lose(1, TOO_SLOW)
            return
        self._queue.put(entry)
        self._bytes_put += entry.size_bytes

    def close(self) -> None:
        """Write what is queued, if that does not take too long, and close. May be called twice."""
        thread, self._thread = self._thread, None
        if thread is None:
            return
        self._closing = True
        self._queue.put(None)  # Wakes a thread that waits.
        thread.join(LONGEST_FAREWELL_S)
        if thread.is_alive():
            waiting = max(self._queue.qsize() - 1, 0)  # The `None` is no record.
            self._lose(waiting, "not finished in time")

    def _run(self) -> None:
        while (entry := self._next()) is not None:
            self._bytes_taken += entry.size_bytes
            for output in self._outputs:
                self._tell(output, entry)
        for output in self._outputs:
            self._guard(output, output.close)

    def _next(self) -> LogEntry | None:
        """The next record; `None` when closing and none is left."""
        if not self._closing:
            return self._queue.get()
        with suppress(queue.Empty):
            return self._queue.get_nowait()
        return None

    def _tell(self, output: Logger | RequestLog, entry: LogEntry) -> None:
        if isinstance(output, RequestLog):
            self._guard(output, output.write, entry)
        else:
            self._guard(output, output.write, entry.record, entry.request)

    def _guard(self, output: Logger | RequestLog, act: Callable[..., None], *what: Any) -> None:
        try:
            act(*what)
        except BaseException as error:  # noqa: BLE001 - anybody's code; it may not stop the others.
            lost = 1 if what else 0
            self._lose(lost, f"{type(output).__name__}: {where_raised(error)}")

    def _lose(self, count: int, reason: str) -> None:
        self.dropped += count
        now = time.monotonic()
        if now >= self._say_at:
            self._say_at = now + SAY_AGAIN_S
            log.error(self._event, reason=reason, dropped=self.dropped)


def compile_outputs(config: Config) -> tuple[Outputs, list[Problem], list[Problem]]:
    """The outputs of `config`, everything wrong with them, and what is only unwise."""
    problems: list[Problem] = []
    warnings: list[Problem] = []
    settings = config.settings
    loggers = list(_made(config, "loggers", settings.loggers, problems, warnings))
    if settings.print_stream:
        loggers.append(RequestLog(print_request))
    after = list(_made(config, "after", settings.after, problems, warnings))
    return Outputs([Loggers(loggers), Loggers(after, AFTER_LOST)]), problems, warnings


def _made(
    config: Config,
    key: str,
    entries: Sequence[Any],
    problems: list[Problem],
    warnings: list[Problem],
) -> Iterator[Logger | RequestLog]:
    """What the entries of a list stand for; what is wrong or unwise goes into the last two."""
    for index, said in enumerate(entries):
        place = (key, index)
        try:
            made = _output(said, place) if key == "loggers" else RequestLog(_function(said, place))
        except BindError as error:
            problems += [config.problem(*found) for found in error.found]
            continue
        if isinstance(made, RequestLog):
            warnings += [
                config.problem((*place, *path), words, hint) for path, words, hint in made.unwise()
            ]
        yield made


def _function(said: Any, place: KeyPath) -> Callable[..., Any]:
    """Raises BindError: it cannot be made, or not be called."""
    made = make(said, place)
    if not callable(made):
        raise BindError([(place, "cannot be called", None)])
    return cast("Callable[..., Any]", made)


def _output(said: Any, place: KeyPath) -> Logger | RequestLog:
    """The output that a table, a dotted path or a thing of a Python config stands for.

    Raises:
        BindError: it cannot be made.
    """
    made = make(said, place, KINDS, usual="file")
    if hasattr(made, "write"):
        return cast("Logger", made)
    if callable(made):
        return RequestLog(made)
    raise BindError([(place, "has no write and cannot be called", None)])
