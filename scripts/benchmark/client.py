"""One connection that sends a request, reads the whole answer, checks it and sends the next.

HTTP/1.1 with keep-alive on a bare asyncio protocol: no task, no future and no parser per request,
because what the load costs is taken from the core that the provider needs too.
"""

import asyncio
import re
import time
from collections import Counter
from collections.abc import Iterator
from typing import cast

LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)
MARK = re.compile(rb'"t(\d+) "')
"""The text of a paced event: when the provider wrote it, nanoseconds of the monotonic clock."""
LAST_CHUNK = b"\r\n0\r\n\r\n"
DONE = b"data: [DONE]"
EVENT = b"data: "


class Tally:
    """What all connections of a run have seen. Cleared between warm-up and measurement.

    Attributes:
        requests: ready to be written, for ever.
        least_events: a stream with fewer `data:` lines, or without `[DONE]`, has failed; 0: the
            answers are plain.
        firsts_s: of paced streams, from asking to the first event.
        delays_s: of paced events, from the provider's writing to our reading.
    """

    def __init__(self, requests: Iterator[bytes], least_events: int) -> None:
        self.requests = requests
        self.least_events = least_events
        self.latencies_s: list[float] = []
        self.firsts_s: list[float] = []
        self.delays_s: list[float] = []
        self.failures: Counter[str] = Counter()
        self.busy = 0
        self.stopping = False

    def clear(self) -> None:
        """Forget what was timed; not what failed."""
        self.latencies_s.clear()
        self.firsts_s.clear()
        self.delays_s.clear()

    def fault_of(self, head: bytes, body: bytes) -> str | None:
        """What is wrong with an answer."""
        if head[9:12] != b"200":
            return f"status {head[9:12].decode()}"
        if not self.least_events:
            return None if body else "empty answer"
        if DONE not in body[-200:] and DONE not in joined(body):
            return "no [DONE]"
        if body.count(EVENT) < self.least_events:
            return "events missing"
        return None


class Client(asyncio.Protocol):
    """One connection. It counts as busy from its first request until it stops or breaks."""

    def __init__(self, tally: Tally) -> None:
        self.tally = tally
        self._transport = asyncio.Transport()
        self._buffer = bytearray()
        self._sent = 0.0
        self._underway = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)

    def start(self) -> None:
        self.tally.busy += 1
        self.send()

    def send(self) -> None:
        self._underway = True
        self._sent = time.perf_counter()
        self._transport.write(next(self.tally.requests))

    def data_received(self, data: bytes) -> None:
        buffer = self._buffer
        buffer += data
        end = buffer.find(b"\r\n\r\n")
        if end < 0:
            return
        length = LENGTH.search(buffer, 0, end)
        if len(buffer) >= end + 4 + int(length[1]) if length else buffer.endswith(LAST_CHUNK):
            self._buffer = bytearray()
            self._complete(bytes(buffer[:end]), bytes(buffer[end + 4 :]))

    def _complete(self, head: bytes, body: bytes) -> None:
        tally = self.tally
        self._underway = False
        fault = tally.fault_of(head, body)
        if fault:
            tally.failures[fault] += 1
        else:
            tally.latencies_s.append(time.perf_counter() - self._sent)
        if tally.stopping:
            tally.busy -= 1
            self._transport.close()
        else:
            self.send()

    def connection_lost(self, exc: Exception | None) -> None:
        if self._underway:
            self._underway = False
            self.tally.failures[f"connection lost: {exc or 'closed'}"] += 1
            self.tally.busy -= 1


class PacedClient(Client):
    """Times the events of its streams as well. An event is taken to arrive in one piece."""

    def __init__(self, tally: Tally) -> None:
        super().__init__(tally)
        self._waiting = False

    def send(self) -> None:
        self._waiting = True
        super().send()

    def data_received(self, data: bytes) -> None:
        now_s = time.monotonic_ns() / 1e9
        marks = MARK.findall(data)
        self.tally.delays_s.extend(now_s - int(mark) / 1e9 for mark in marks)
        if marks and self._waiting:
            self._waiting = False
            self.tally.firsts_s.append(time.perf_counter() - self._sent)
        super().data_received(data)


def joined(body: bytes) -> bytes:
    """A chunked body without its framing."""
    parts = []
    while body:
        size, _, rest = body.partition(b"\r\n")
        length = int(size, 16)
        parts.append(rest[:length])
        body = rest[length + 2 :] if length else b""
    return b"".join(parts)
