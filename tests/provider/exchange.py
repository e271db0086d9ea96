"""What can a behaviour do? One request, and all that may be sent back, well-formed or not."""

import asyncio
import functools
import json
import threading
from collections.abc import Awaitable, Callable, Iterable
from concurrent.futures import Future
from http.client import responses
from typing import Any, ParamSpec

from tests.provider.connection import Connection
from tests.provider.wire import SeenRequest

P = ParamSpec("P")
Headers = Iterable[tuple[str, str]]
DONE = b"[DONE]"


class ClientGone(ConnectionError):
    """The peer has closed; a behaviour lets this travel on."""


class Gate:
    """Holds answers back until the test opens it, from any thread and for good."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._is_open = False
        self._waiting: list[Future[None]] = []

    def open(self) -> None:
        """Let everybody pass."""
        with self._lock:
            self._is_open = True
            waiting, self._waiting = self._waiting, []
        for waiter in waiting:
            if waiter.set_running_or_notify_cancel():
                waiter.set_result(None)

    async def passed(self) -> None:
        """Return once the gate is open."""
        waiter: Future[None] = Future()
        with self._lock:
            if self._is_open:
                return
            self._waiting.append(waiter)
        await asyncio.wrap_future(waiter)


class Exchange:
    """One request and its answer.

    Nothing is added to what is sent: a head has the headers given, no others. `sent_bytes` counts
    what the socket or its buffer has taken. `is_answered` is true once a whole answer was sent with
    `send_json` or `end_stream`, or the behaviour has returned; if the peer leaves before that,
    `left_at` is when, on the monotonic clock.
    """

    def __init__(self, request: SeenRequest, connection: Connection) -> None:
        self.request = request
        self.sent_bytes = 0
        self.is_answered = False
        self.left_at: float | None = None
        self._connection = connection

    async def send_raw(self, data: bytes) -> None:
        """Send bytes as they are; raises ClientGone."""
        await asyncio.sleep(0)  # A peer that takes everything at once must not starve the others.
        if self._connection.gone.is_set():
            raise ClientGone
        self._connection.writer.write(data)
        try:
            await self._connection.writer.drain()
        except ConnectionError as error:
            raise ClientGone from error
        self.sent_bytes += len(data)

    async def send_head(
        self, status: int = 200, reason: str | None = None, headers: Headers = ()
    ) -> None:
        """Send a status line and headers; the reason None is the usual one of that status."""
        await self.send_raw(_head(status, reason, headers))

    async def send_json(self, status: int, document: object, headers: Headers = ()) -> None:
        """Send an answer with its Content-Length; bytes go out as they are, the rest as JSON."""
        body = document if isinstance(document, bytes) else json.dumps(document).encode()
        own = [("Content-Type", "application/json"), ("Content-Length", str(len(body)))]
        await self.send_raw(_head(status, None, [*own, *headers]) + body)
        self.is_answered = True

    async def start_stream(self, headers: Headers = ()) -> None:
        """Send the head of an event stream in chunked coding."""
        own = [("Content-Type", "text/event-stream"), ("Transfer-Encoding", "chunked")]
        await self.send_head(200, headers=[*own, *headers])

    async def send_chunk(self, data: bytes) -> None:
        """Send one chunk of the chunked coding; b"" would end it, and is left out."""
        if data:
            await self.send_raw(b"%x\r\n%b\r\n" % (len(data), data))

    async def send_event(self, data: bytes | str | dict[str, Any]) -> None:
        """Send one event `data: ...` in a chunk of its own."""
        await self.send_chunk(b"data: " + _event_data(data) + b"\n\n")

    async def end_stream(self, *, done: bool = True) -> None:
        """Send the event `[DONE]`, unless told not to, and the end of the chunked coding."""
        if done:
            await self.send_event(DONE)
        await self.send_raw(b"0\r\n\r\n")
        self.is_answered = True

    async def close(self) -> None:
        """End the connection with FIN."""
        self._connection.close()

    async def reset(self) -> None:
        """End the connection with RST."""
        self._connection.reset()

    async def client_gone(self) -> None:
        """Return once the peer has closed."""
        await self._connection.gone.wait()

    async def wait_for(self, gate: Gate) -> None:
        """Return once the gate is open; raises ClientGone if the peer leaves first."""
        passing = asyncio.ensure_future(gate.passed())
        leaving = asyncio.ensure_future(self.client_gone())
        try:
            await asyncio.wait({passing, leaving}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            passing.cancel()
            leaving.cancel()
        if self._connection.gone.is_set():
            raise ClientGone

    async def pause(self, duration_s: float) -> None:
        """Send nothing for a while; raises ClientGone as soon as the peer leaves."""
        try:
            async with asyncio.timeout(duration_s):
                await self.client_gone()
        except TimeoutError:
            return
        raise ClientGone


Behaviour = Callable[[Exchange], Awaitable[None]]


def makes_behaviour(maker: Callable[P, Behaviour]) -> Callable[P, Behaviour]:
    """Name what is made after the call, for the ids of parametrized tests."""

    @functools.wraps(maker)
    def make(*args: P.args, **kwargs: P.kwargs) -> Behaviour:
        given = [*args, *kwargs.values()]
        shown = ",".join(str(value) for value in given if isinstance(value, int | float | str))
        behaviour = maker(*args, **kwargs)
        behaviour.__name__ = f"{maker.__name__}({shown})"
        return behaviour

    return make


def _head(status: int, reason: str | None, headers: Headers) -> bytes:
    if reason is None:
        reason = responses.get(status, "Unknown")
    lines = [f"HTTP/1.1 {status} {reason}", *(f"{name}: {value}" for name, value in headers)]
    return "\r\n".join([*lines, "", ""]).encode("latin-1")


def _event_data(data: bytes | str | dict[str, Any]) -> bytes:
    if isinstance(data, bytes):
        return data
    return data.encode() if isinstance(data, str) else json.dumps(data).encode()
