"""How does an answer go out? Its head with its first bytes.

uvicorn writes the head and each piece by themselves, and a write is a system call: 8 µs.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from uvicorn.protocols.http.httptools_impl import RequestResponseCycle

from lmproxy.api.exchange import Message

_send: Callable[[RequestResponseCycle, Any], Awaitable[None]] = RequestResponseCycle.send
"""uvicorn's."""


class Outgoing:
    """The `send` of one request, in front of uvicorn's."""

    __slots__ = ("_cycle", "_head")

    def __init__(self, cycle: RequestResponseCycle) -> None:
        """`cycle` is uvicorn's: what it knows of the request and its answer."""
        self._cycle = cycle
        self._head: Message | None = None

    async def send(self, message: Message) -> None:
        """ASGI's `send`."""
        cycle = self._cycle
        if message["type"] == "http.response.start" and not cycle.response_started:
            self._head = message
            return
        head, self._head = self._head, None
        if head is None:
            await _send(cycle, message)
        else:
            await self._send_together(head, message)
        if cycle.response_complete:
            self._let_go()

    async def _send_together(self, head: Message, message: Message) -> None:
        cycle = self._cycle
        held = _Held(cycle.transport)
        cycle.transport = held  # type: ignore[assignment]
        try:
            await _send(cycle, head)
            await _send(cycle, message)
        finally:
            cycle.transport = held.transport
            held.flush()

    def _let_go(self) -> None:
        """Leave no circle of objects: only the garbage collector would find them."""
        self._cycle.scope["extensions"] = {}
        self._cycle.__dict__.pop("send", None)


class _Held:
    """Stands in for a transport while a head waits for the bytes after it."""

    __slots__ = ("_parts", "transport")

    def __init__(self, transport: asyncio.Transport) -> None:
        self.transport = transport
        self._parts: list[bytes] = []

    def write(self, data: bytes) -> None:
        self._parts.append(data)

    def is_closing(self) -> bool:
        return self.transport.is_closing()

    def close(self) -> None:
        self.flush()
        self.transport.close()

    def flush(self) -> None:
        parts, self._parts = self._parts, []
        if parts:
            self.transport.write(b"".join(parts))
