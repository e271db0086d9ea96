"""What would the provider have sent? A server in a thread that answers with the corpus.

A request's path begins with `/WHO/PROVIDER`, so that what the proxy sent and what LiteLLM sent are
kept apart, and one word of its body, `case:NAME`, names the answer. What names no case is a
question about the provider itself; it is answered by the last word of its path, not recorded.
"""

import asyncio
import contextlib
import re
import threading
from collections import defaultdict
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass
from types import TracebackType
from typing import Self

from aiohttp import web

from tests.oracle.corpus import find_answer

PIECE_BYTES = 57
"""What is written at once: events and characters of several bytes do not keep to it."""
_CASE = re.compile(rb"case:(\w+)")
_STREAMED = re.compile(rb'"stream":\s*true')
_START_S = 10


@dataclass(frozen=True, slots=True)
class Seen:
    """A request as it came in, without the `/WHO/PROVIDER` of its path; `query` is undecoded."""

    method: str
    path: str
    query: str
    headers: dict[str, str]
    body: bytes


Instead = Callable[[str, str, str, bool], tuple[int, dict[str, str], bytes] | None]
"""Of a provider, a case, a path, and whether a stream is asked for: status, headers and body."""


def _none(provider: str, case: str, path: str, is_streamed: bool) -> None:
    """The corpus has answers to chat only."""


class Replay:
    """The server on 127.0.0.1; for `with`. Methods are for the test's thread."""

    url: str

    def __init__(self, instead: Instead = _none) -> None:
        """`instead`: what is answered in place of the corpus; `None` for all that is in it."""
        self._instead = instead
        self._seen: dict[tuple[str, str], list[Seen]] = defaultdict(list)
        self._started: Future[tuple[int, asyncio.AbstractEventLoop]] = Future()
        self._stop = asyncio.Event()
        self._thread = threading.Thread(target=self._run, name="replay", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        port, self._loop = self._started.result(_START_S)
        self.url = f"http://127.0.0.1:{port}"
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join()

    def taken(self, who: str, provider: str) -> list[Seen]:
        """What came in since the last time this was called."""
        return self._seen.pop((who, provider), [])

    def _run(self) -> None:
        asyncio.run(self._serve())

    async def _serve(self) -> None:
        app = web.Application(client_max_size=2**24)
        app.router.add_route("*", "/{who}/{provider}{rest:.*}", self._answer)
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=0)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        self._started.set_result((runner.addresses[0][1], asyncio.get_running_loop()))
        await self._stop.wait()
        await runner.cleanup()

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        who, provider = request.match_info["who"], request.match_info["provider"]
        body = await request.read()
        path, _, query = request.raw_path.partition("?")
        if found := _CASE.search(body):
            headers = {name.lower(): value for name, value in request.headers.items()}
            rest = path.removeprefix(f"/{who}/{provider}")
            self._seen[who, provider].append(Seen(request.method, rest, query, headers, body))
        case = found[1].decode() if found else path.rpartition("/")[2]
        is_streamed = bool(_STREAMED.search(body)) or "stream" in path.lower()
        try:
            status, headers, content = self._instead(provider, case, path, is_streamed) or (
                _of_corpus(provider, case, is_streamed)
            )
        except LookupError as error:
            return web.json_response({"error": {"message": str(error)}}, status=404)
        response = web.StreamResponse(status=status, headers=headers)
        with contextlib.suppress(ConnectionError):  # Whoever asked may not want all of it.
            await response.prepare(request)
            for start in range(0, len(content), PIECE_BYTES):
                await response.write(content[start : start + PIECE_BYTES])
            await response.write_eof()
        return response


def _of_corpus(provider: str, case: str, is_streamed: bool) -> tuple[int, dict[str, str], bytes]:
    content_type, content = find_answer(provider, case, is_streamed=is_streamed)
    return 200, {"content-type": content_type}, content
