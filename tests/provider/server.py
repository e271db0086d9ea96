"""Who answers? The provider: a server in a thread, a behaviour per model, what it has seen."""

import asyncio
import ssl
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from types import TracebackType
from typing import Self

from tests.provider.behaviours import good_answer
from tests.provider.connection import Connection
from tests.provider.exchange import Behaviour, Exchange
from tests.provider.wire import NotHttp, SeenRequest, read_request

PLAINTEXT = b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
_BACKLOG = 2048
_START_TIMEOUT_S = 10.0


class Provider:
    """A provider on 127.0.0.1, over TLS when given a context; for `with`, or start() and stop().

    Without TLS, `to_tls` is what a client hears that tries it. One that is `shared` by tests which
    know nothing of each other answers by a model's name only.

    Methods and attributes are for the test's thread. A wait_... method raises TimeoutError, saying
    what was seen instead.
    """

    port: int

    def __init__(
        self,
        tls: ssl.SSLContext | None = None,
        *,
        to_tls: bytes = PLAINTEXT,
        shared: bool = False,
    ) -> None:
        self._tls = tls
        self._to_tls = to_tls
        self._shared = shared
        self._behaviours: dict[str, Behaviour] = {}
        self._otherwise: Behaviour = good_answer
        self._changed = threading.Condition()
        self._exchanges: list[Exchange] = []
        self._answering: dict[Connection, Exchange] = {}
        self._open: set[Connection] = set()
        self._accepted = 0
        self._serving: dict[asyncio.Task[None], Connection] = {}
        self._mistakes: list[BaseException] = []
        self._started: Future[tuple[int, Callable[[], None]]] = Future()
        self._thread = threading.Thread(target=self._run, name="provider", daemon=True)

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    def start(self) -> None:
        """Listen on a free port."""
        self._thread.start()
        self.port, self._request_stop = self._started.result(_START_TIMEOUT_S)

    def stop(self) -> None:
        """Close everything and end the thread; raises what behaviours raised by mistake."""
        if self._thread.is_alive():
            self._request_stop()
        self._thread.join()
        if self._mistakes:
            raise BaseExceptionGroup("behaviours of the provider failed", self._mistakes)

    @property
    def base_url(self) -> str:
        """What a client is configured with."""
        return f"{'https' if self._tls else 'http'}://127.0.0.1:{self.port}/v1"

    @property
    def requests(self) -> list[SeenRequest]:
        """Every request read to its end, oldest first."""
        with self._changed:
            return [exchange.request for exchange in self._exchanges]

    @property
    def connections(self) -> int:
        """How many TCP connections are open on both sides."""
        with self._changed:
            return len(self._open)

    @property
    def accepted(self) -> int:
        """How many TCP connections there have been."""
        with self._changed:
            return self._accepted

    def on(self, model: str, behaviour: Behaviour) -> None:
        """Answer the next requests for this model so; without it the answer is a good one.

        A request that names no model has the model "".
        """
        assert model or not self._shared, "start a provider of your own for that"
        with self._changed:
            self._behaviours[model] = behaviour

    def on_any(self, behaviour: Behaviour) -> None:
        """Answer every request so for whose model nothing else was said."""
        assert not self._shared, "start a provider of your own for that"
        with self._changed:
            self._otherwise = behaviour

    def forget(self) -> None:
        """Be as if new to the next test: no request seen, every model answered well."""
        with self._changed:
            self._behaviours.clear()
            self._exchanges.clear()

    def requests_for(self, model: str) -> list[SeenRequest]:
        """The requests for one model, oldest first."""
        return [request for request in self.requests if request.model == model]

    def sent_bytes(self, model: str) -> int:
        """How many bytes went out in answer to this model, heads and framing included."""
        with self._changed:
            return sum(exchange.sent_bytes for exchange in self._of(model))

    def wait_for_request(
        self, model: str, count: int = 1, timeout: float = 10
    ) -> list[SeenRequest]:
        """Return the requests for this model once there are so many."""
        self._wait(lambda: len(self._of(model)) >= count, timeout, f"{count} requests for {model}")
        return self.requests_for(model)

    def wait_for_disconnect(self, model: str, count: int = 1, timeout: float = 10) -> float:
        """Wait until so many clients left before their answer was whole.

        Returns the time of the last of these on the monotonic clock.
        """
        self._wait(
            lambda: len(self._departures(model)) >= count, timeout, f"{count} departures of {model}"
        )
        with self._changed:
            return self._departures(model)[count - 1]

    def wait_for_no_connections(self, timeout: float = 10) -> None:
        """Return once no TCP connection is open."""
        self._wait(lambda: not self._open, timeout, "no open connections")

    def _of(self, model: str) -> list[Exchange]:
        return [exchange for exchange in self._exchanges if exchange.request.model == model]

    def _departures(self, model: str) -> list[float]:
        return sorted(x.left_at for x in self._of(model) if x.left_at is not None)

    def _wait(self, predicate: Callable[[], bool], timeout: float, wanted: str) -> None:
        with self._changed:
            if self._changed.wait_for(predicate, timeout):
                return
            seen = [(x.request.path, x.request.model, x.is_answered) for x in self._exchanges]
            message = f"no {wanted} within {timeout} s; {len(self._open)} open, seen: {seen}"
        raise TimeoutError(message)

    def _run(self) -> None:
        asyncio.run(self._main())

    async def _main(self) -> None:
        loop = asyncio.get_running_loop()
        stopping = asyncio.Event()
        server = await loop.create_server(
            lambda: Connection(self._opened, self._ended),
            "127.0.0.1",
            0,
            ssl=self._tls,
            backlog=_BACKLOG,
        )
        port = server.sockets[0].getsockname()[1]
        self._started.set_result((port, lambda: _wake(loop, stopping)))
        await stopping.wait()
        for listening in server.sockets:
            loop.remove_reader(listening.fileno())
        await asyncio.sleep(0)  # A closed server drops what was accepted and has no transport yet.
        server.close()
        await self._end_all()

    async def _end_all(self) -> None:
        """Leave nothing open, neither what is accepted while others end."""
        while tasks := asyncio.all_tasks() - {asyncio.current_task()}:
            serving = dict(self._serving)
            for task, connection in serving.items():
                task.cancel()
                connection.reset()
            await asyncio.wait(tasks)  # Among them some that still accept: they begin others.
            for connection in serving.values():
                await connection.lost.wait()

    def _opened(self, connection: Connection) -> None:
        with self._changed:
            self._accepted += 1
            self._open.add(connection)
            task = asyncio.get_running_loop().create_task(self._serve(connection, self._accepted))
        self._serving[task] = connection
        task.add_done_callback(self._served)

    def _ended(self, connection: Connection) -> None:
        with self._changed:
            self._open.discard(connection)
            exchange = self._answering.pop(connection, None)
            if exchange and not exchange.is_answered and not connection.closed_here:
                exchange.left_at = time.monotonic()
            self._changed.notify_all()

    async def _serve(self, connection: Connection, number: int) -> None:
        try:
            while request := await read_request(connection.reader, number):
                await self._answer(request, connection)
                if connection.closed_here:
                    break
        except NotHttp:
            connection.writer.write(self._to_tls)
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            if not connection.closed_here:
                connection.close()
        await connection.lost.wait()

    async def _answer(self, request: SeenRequest, connection: Connection) -> None:
        exchange = Exchange(request, connection)
        with self._changed:
            self._exchanges.append(exchange)
            self._answering[connection] = exchange
            behaviour = self._behaviours.get(request.model or "", self._otherwise)
            self._changed.notify_all()
        await behaviour(exchange)
        exchange.is_answered = True

    def _served(self, task: asyncio.Task[None]) -> None:
        del self._serving[task]
        error = None if task.cancelled() else task.exception()
        if error is not None:
            self._mistakes.append(error)


def _wake(loop: asyncio.AbstractEventLoop, event: asyncio.Event) -> None:
    loop.call_soon_threadsafe(event.set)
