"""Where is a model on this machine served? In a child process that lives and dies with the proxy.

`LocalProcess` is all that others need. Its errors are for the operator: they name files and quote
the child, so whoever answers a client says it in words of their own.

    LocalModelError
    ├── LocalModelMissing   something is not installed or not there; the message says what to do
    └── LocalModelFailed    the child process ended; the message holds its last words

The other side is `lmproxy.child.life`. The key that it asks for is made here, and leaves this
process only through a pipe and in requests.
"""

import asyncio
import json
import os
import secrets
import time
from collections.abc import Callable, Sequence
from typing import Protocol, cast

from lmproxy.call import Json

_GRACE_S = 3.0  # Only a child that is loading its model takes longer than a moment to end.
_SHORT_LIFE_S = 10.0
_LONGEST_PAUSE_S = 30.0
_LAST_LINES = 20
_LAST_BYTES = 8192


class LocalModelError(Exception):
    """The model cannot answer."""


class LocalModelMissing(LocalModelError):
    """The server, the weights or the file is not there. Trying again changes nothing."""


class LocalModelFailed(LocalModelError):
    """The child process ended.

    Attributes:
        retry_after_s: until then every call is refused in the same way; 0: the next one starts it.
    """

    def __init__(self, message: str, *, retry_after_s: float = 0.0) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s


class Program(Protocol):
    """What runs in the child process, which keeps the contract of `lmproxy.child.life`."""

    @property
    def what(self) -> str:
        """What it is, in errors: `embedded model`."""

    @property
    def command(self) -> Sequence[str]:
        """How it is started."""

    def check(self) -> None:
        """Raise `LocalModelMissing` if there is nothing to start."""

    def orders(self) -> Json:
        """What it is told, as JSON, beside its key and its parent."""

    def environment(self) -> dict[str, str]:
        """The environment that it gets."""


class Pauses:
    """When may a child be started again? At once after one short life, then after 1, 2, 4 … 30 s.

    A life counts from readiness: a model that takes a minute to fail is not loaded all day long.
    """

    def __init__(self) -> None:
        self._short_lives = 0
        self._not_before_s = 0.0

    def died(self, lived_s: float | None, now_s: float) -> None:
        """Note a death; `None` for a child that was never ready."""
        is_short = lived_s is None or lived_s < _SHORT_LIFE_S
        self._short_lives = self._short_lives + 1 if is_short else 0
        if self._short_lives > 1:
            doublings = min(self._short_lives - 2, 10)
            self._not_before_s = now_s + min(2.0**doublings, _LONGEST_PAUSE_S)

    def left_s(self, now_s: float) -> float:
        """Return how long to wait still, 0 if nothing stands against a start."""
        return max(self._not_before_s - now_s, 0.0)


class _Child(asyncio.SubprocessProtocol):
    """One life of the child process, told by its event loop: no task has to read its pipes.

    Attributes:
        port: `None` until it is ready.
        is_settled: set when it is ready, or gone.
        is_gone: set when it has ended and its last words have been read.
    """

    def __init__(self, orders: bytes, on_death: Callable[[float | None], None]) -> None:
        self.port: int | None = None
        self.is_settled = asyncio.Event()
        self.is_gone = asyncio.Event()
        self._orders = orders
        self._on_death = on_death
        self._ready_at_s = 0.0
        self._said = b""
        self._complaints = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.SubprocessTransport", transport)
        self._stdin = cast("asyncio.WriteTransport", self._transport.get_pipe_transport(0))
        self._stdin.write(self._orders)

    def pipe_data_received(self, fd: int, data: bytes) -> None:
        if fd == 2:
            self._complaints = (self._complaints + data)[-_LAST_BYTES:]
        elif self.port is None:
            self._said += data
            if self._said.endswith(b"\n"):
                self._become_ready(json.loads(self._said)["port"])

    def _become_ready(self, port: int) -> None:
        self.port = port
        self._ready_at_s = time.monotonic()
        self.is_settled.set()

    def process_exited(self) -> None:
        lived_s = None if self.port is None else time.monotonic() - self._ready_at_s
        self._on_death(lived_s)
        self._stdin.close()

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 the protocol's signature
        self._transport.close()
        self.is_gone.set()
        self.is_settled.set()

    @property
    def pid(self) -> int | None:
        """The living process, `None` once it has ended."""
        is_alive = self._transport.get_returncode() is None
        return self._transport.get_pid() if is_alive else None

    def last_words(self) -> str:
        lines = self._complaints.decode(errors="replace").splitlines()[-_LAST_LINES:]
        return "\n".join([f"its exit status is {self._transport.get_returncode()}", *lines])

    async def end(self) -> None:
        """Let it end by itself, then kill it; kill it at once if this is cancelled."""
        self._stdin.close()
        try:
            async with asyncio.timeout(_GRACE_S):
                await self.is_gone.wait()
        except TimeoutError:
            pass
        finally:
            if self.pid is not None:
                self._transport.kill()
        await self.is_gone.wait()


class LocalProcess:
    """A model's server, kept alive.

    On Linux the child dies with the *thread* that starts it: all calls belong into one event loop.

    Attributes:
        api_key: what requests to it carry as `Authorization: Bearer`; the same for every start.
    """

    def __init__(self, program: Program) -> None:
        self.api_key = secrets.token_urlsafe(32)
        self._program = program
        self._child: _Child | None = None
        self._one_start = asyncio.Lock()
        self._pauses = Pauses()
        self._is_stopped = False

    @property
    def pid(self) -> int | None:
        """The child's process id, `None` while there is none."""
        return self._child.pid if self._child else None

    async def start(self) -> None:
        """Start the child, return when it is ready. May follow `stop`. Raises as `base_url`."""
        self._is_stopped = False
        await self.base_url()

    async def base_url(self) -> str:
        """Return `http://127.0.0.1:PORT/v1`, starting the child if there is none alive.

        A caller that is cancelled does not end a start: others may be waiting for it.

        Raises:
            LocalModelMissing: there is nothing to start.
            LocalModelFailed: the child ended before it was ready, keeps ending, or was stopped.
        """
        child = await self._living_child()
        await child.is_settled.wait()
        self._refuse_when_stopped()
        if child.port is None:
            raise LocalModelFailed(f"The {self._program.what} did not start: {child.last_words()}")
        return f"http://127.0.0.1:{child.port}/v1"

    async def stop(self) -> None:
        """End the child: gently, then by force. May be called at any time and more than once."""
        self._is_stopped = True
        async with self._one_start:
            child = self._child
        if child:
            await child.end()

    async def _living_child(self) -> _Child:
        async with self._one_start:
            self._refuse_when_stopped()
            if self._child is None or self._child.pid is None:
                self._refuse_during_pause()
                self._child = await self._start_child()
            return self._child

    def _refuse_when_stopped(self) -> None:
        if self._is_stopped:
            raise LocalModelFailed(f"The {self._program.what} was stopped.")

    def _refuse_during_pause(self) -> None:
        pause_s = self._pauses.left_s(time.monotonic())
        if pause_s and self._child:
            words = f"The {self._program.what} keeps ending and is left alone for {pause_s:.0f} s: "
            raise LocalModelFailed(words + self._child.last_words(), retry_after_s=pause_s)

    async def _start_child(self) -> _Child:
        await asyncio.to_thread(self._program.check)
        loop = asyncio.get_running_loop()
        _, child = await loop.subprocess_exec(
            lambda: _Child(self._orders(), self._note_death),
            *self._program.command,
            env=self._program.environment(),
        )
        return child

    def _orders(self) -> bytes:
        orders = {**self._program.orders(), "api_key": self.api_key, "parent_pid": os.getpid()}
        return json.dumps(orders).encode() + b"\n"

    def _note_death(self, lived_s: float | None) -> None:
        if not self._is_stopped:
            self._pauses.died(lived_s, time.monotonic())
