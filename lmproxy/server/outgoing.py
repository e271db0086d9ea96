"""How does an answer go out? Its head with its first bytes; a whole answer in one write.

uvicorn writes the head and each piece by themselves, and a write is a system call: 8 µs. For an
answer that comes as a whole it also keeps a state which nobody will ask for: what is left out here
took another 3 % of a relayed request.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from uvicorn.protocols.http.httptools_impl import (
    HEADER_VALUE_RE,
    STATUS_LINE,
    RequestResponseCycle,
)

from lmproxy.api.exchange import Message

CHANGE_FRAMING = {b"connection", b"transfer-encoding"}
_send: Callable[[RequestResponseCycle, Any], Awaitable[None]] = RequestResponseCycle.send


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
        elif message.get("more_body") or not self._send_whole(head, message.get("body", b"")):
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

    def _send_whole(self, head: Message, body: bytes) -> bool:
        """Send an answer of which nothing is out; `False`: it needs what only uvicorn knows."""
        cycle = self._cycle
        lines = [*cycle.default_headers, *head["headers"]]
        names, values = zip(*lines, strict=True)
        if (
            cycle.disconnected
            or cycle.flow.write_paused
            or not cycle.keep_alive
            or cycle.scope["method"] == "HEAD"
            or (b"content-length", b"%d" % len(body)) not in lines
            or not CHANGE_FRAMING.isdisjoint(names)
            or HEADER_VALUE_RE.search(b"".join(values))
        ):
            return False
        cycle.response_started = cycle.response_complete = True
        cycle.waiting_for_100_continue = False
        written = b"".join([b"%s: %s\r\n" % line for line in lines])
        cycle.transport.write(b"%s%s\r\n%s" % (STATUS_LINE[head["status"]], written, body))
        cycle.message_event.set()
        cycle.on_response()
        return True


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
