"""The fake provider: answers at once, and as little work as a Python process can have with that.

`python -m scripts.benchmark.provider` prints its port. What it answers depends on the path (whose
format), `"stream": true` in the body (or the path), and the word `paced` in the question: such a
stream has one event every `PACE_S` with the time it was written, nanoseconds of the monotonic
clock, as its text. A stream of OpenAI's counts tokens when it is asked to.
"""

import asyncio
import time
from typing import cast

import uvloop

from scripts.benchmark import setups
from scripts.benchmark.answers import PACED_EVENTS, Format, anthropic, google, openai

PACE_S = 0.02
FORMATS = {
    b"/chat/completions": openai(counted=False),
    b"/messages": anthropic(),
    b"enerateContent": google(),
}
COUNTED = openai(counted=True)
STREAM_MARKS = (b'"stream":true', b'"stream": true', b":streamGenerateContent")
PACED = setups.PACED.encode()
TROUBLE, RESET, BROKEN = (word.encode() for word in (setups.TROUBLE, setups.RESET, setups.BROKEN))
NOT_FOUND = b"HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n"


class Provider(asyncio.Protocol):
    """One client connection, one request at a time."""

    def __init__(self) -> None:
        self._buffer = b""
        self._transport = asyncio.Transport()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        request = self._buffer + data if self._buffer else data
        if is_whole(request):
            self._buffer = b""
            self._answer(request)
        else:
            self._buffer = request

    def _answer(self, request: bytes) -> None:
        spoken = spoken_in(request)
        if spoken is None:
            self._transport.write(NOT_FOUND)
        elif TROUBLE in request:
            self._trouble(spoken, request)
        elif not any(mark in request for mark in STREAM_MARKS):
            self._transport.write(spoken.plain)
        elif PACED in request:
            self._transport.write(spoken.head + spoken.opening)
            self._pace(spoken, PACED_EVENTS, asyncio.get_running_loop().time())
        else:
            self._transport.write(spoken.burst)

    def _trouble(self, spoken: Format, request: bytes) -> None:
        """Half a stream, nothing, or the beginning of a stream that is then held."""
        if RESET not in request:
            self._transport.write(spoken.head + spoken.opening)
        if BROKEN in request:
            event = spoken.event("half")
            self._transport.write(event[: len(event) // 2])
        if RESET in request or BROKEN in request:
            self._transport.close()

    def _pace(self, spoken: Format, left: int, due: float) -> None:
        if self._transport.is_closing():
            return
        if left == 0:
            self._transport.write(spoken.closing)
            return
        self._transport.write(spoken.event(f"t{time.monotonic_ns()} "))
        loop = asyncio.get_running_loop()
        loop.call_at(due + PACE_S, self._pace, spoken, left - 1, due + PACE_S)


def spoken_in(request: bytes) -> Format | None:
    """The wire format that a request is answered in."""
    if b"include_usage" in request:
        return COUNTED
    path = request[: request.find(b"\r\n")]
    return next((form for part, form in FORMATS.items() if part in path), None)


def is_whole(request: bytes) -> bool:
    """Whether a request with all of its body is there."""
    end = request.find(b"\r\n\r\n")
    if end < 0:
        return False
    head = request[:end].lower()
    at = head.find(b"\r\ncontent-length:")
    if at < 0:
        return b"chunked" not in head or request.endswith(b"\r\n0\r\n\r\n")
    line_end = head.find(b"\r\n", at + 2)
    length = head[at + 17 : line_end if line_end > 0 else end]
    return len(request) >= end + 4 + int(length)


async def serve() -> None:
    server = await asyncio.get_running_loop().create_server(Provider, "127.0.0.1", 0, backlog=2048)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    uvloop.run(serve())
