"""What does a stream of 200 events cost with every provider, on every lane and in every dialect?

    .venv/bin/python -m scripts.benchmark.support                  all providers
    .venv/bin/python -m scripts.benchmark.support groq gemini      some
    .venv/bin/python -m scripts.benchmark.support --beside FOLDER  another checkout's too, by turns

Milliseconds of CPU of the proxy's process tree, the median of rounds. The answers are the oracle's
(`tests/oracle/answers`), with one of their events repeated until there are 200, written at once.
"""

import argparse
import asyncio
import json
import sys
import tempfile
import threading
from collections.abc import Iterator
from concurrent.futures import Future
from contextlib import ExitStack
from pathlib import Path
from statistics import median

import httpx
from aiohttp import web

from scripts.benchmark.answers import EVENTS
from scripts.benchmark.measuring import usage_of
from scripts.benchmark.processes import REPOSITORY
from scripts.benchmark.runner import say
from scripts.benchmark.table import table
from tests.harness.proxy import Proxy
from tests.oracle.asking import KEY, LANES, asked_model, config
from tests.oracle.asking import Question as Asked
from tests.oracle.corpus import find_answer
from tests.oracle.providers import PROVIDERS

CHAT, MESSAGES, RESPONSES = "chat/completions", "messages", "responses"
ENDS = {
    CHAT: "data: [DONE]",
    MESSAGES: "event: message_stop",
    RESPONSES: "event: response.completed",
}
"""What begins the last event of a whole stream."""
PAIRS = [(path, lane) for path in ENDS for lane in LANES]
REPEATED = b'", Zo"'
"""Stands in one event of every answer."""
WARM_UPS, STREAMS, ROUNDS = 4, 20, 3


class LongReplay:
    """The provider: `/WHO/PROVIDER/...` answers in the format of PROVIDER."""

    def __init__(self) -> None:
        self._port: Future[int] = Future()
        self._known: dict[tuple[str, str, bool], tuple[str, bytes]] = {}
        threading.Thread(target=asyncio.run, args=(self._serve(),), daemon=True).start()
        self.url = f"http://127.0.0.1:{self._port.result(10)}"

    async def _serve(self) -> None:
        app = web.Application(client_max_size=2**24)
        app.router.add_route("*", "/{who}/{provider}{rest:.*}", self._answer)
        runner = web.AppRunner(app, access_log=None)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        self._port.set_result(runner.addresses[0][1])
        await asyncio.Event().wait()

    async def _answer(self, request: web.Request) -> web.Response:
        body, provider = await request.read(), request.match_info["provider"]
        case = "token" if request.path.endswith("/token") else "plain"
        streamed = b'"stream":true' in body.replace(b" ", b"") or "stream" in request.path.lower()
        place = provider, case, streamed
        if place not in self._known:
            self._known[place] = long(*find_answer(provider, case, is_streamed=streamed))
        content_type, content = self._known[place]
        return web.Response(body=content, headers={"content-type": content_type})


def long(content_type: str, content: bytes) -> tuple[str, bytes]:
    """An answer with one of its events repeated; a plain one as it is."""
    if content_type == "application/json":
        return content_type, content
    events = list(pieces(content_type, content))
    at = next(number for number, event in enumerate(events) if REPEATED in event)
    events[at:at] = events[at : at + 2] * ((EVENTS - len(events)) // 2)
    return content_type, b"".join(events)


def pieces(content_type: str, content: bytes) -> Iterator[bytes]:
    if content_type.endswith("eventstream"):  # Each begins with its length.
        while content:
            length = int.from_bytes(content[:4], "big")
            yield content[:length]
            content = content[length:]
        return
    line = b"\r\n" if b"\r\n" in content else b"\n"  # Google's.
    end = line * 2 if content_type == "text/event-stream" else line
    yield from (event + end for event in content.split(end) if event)


def started(code: Path, replay: LongReplay, folder: Path) -> Proxy:
    """A proxy of a checkout's code, with every provider on each lane."""
    folder.mkdir()
    return Proxy(config(replay), folder, environment={"PYTHONPATH": str(code)})


def stream(client: httpx.Client, proxy: Proxy, path: str, lane: str, provider: str) -> str | None:
    """What is wrong with the answer to one request."""
    asked = Asked(provider, "plain", is_streamed=True)
    body = asked.body(asked_model(lane, asked))
    if path == MESSAGES:
        body = {"model": body["model"], "messages": body["messages"][-1:], "stream": True}
        body["max_tokens"] = 1000
    if path == RESPONSES:
        said = body["messages"][-1:]
        body = {"model": body["model"], "input": said, "stream": True, "store": False}
    headers = {"authorization": f"Bearer {KEY}", "content-type": "application/json"}
    response = client.post(f"{proxy.api}/{path}", content=json.dumps(body), headers=headers)
    if response.status_code != 200:
        return f"{response.status_code}: {response.text[:80]}"
    last = response.text.rstrip("\n").rpartition("\n\n")[2]
    return None if last.startswith(ENDS[path]) else "no end"


def cost_ms(client: httpx.Client, proxy: Proxy, path: str, lane: str, provider: str) -> float | str:
    """CPU of a stream, or what is wrong with it."""
    for _ in range(WARM_UPS):
        if fault := stream(client, proxy, path, lane, provider):
            return fault
    before = usage_of(proxy.pid).cpu_s
    for _ in range(STREAMS):
        stream(client, proxy, path, lane, provider)
    return (usage_of(proxy.pid).cpu_s - before) * 1e3 / STREAMS


def shown(found: list[list[float | str]]) -> str:
    """The medians of one pair's rounds, of each checkout."""
    rounds = zip(*found, strict=True)
    return " / ".join(
        next((cost for cost in costs if isinstance(cost, str)), None)
        or f"{median(cost for cost in costs if isinstance(cost, float)):.1f}"
        for costs in rounds
    )


def main() -> None:
    parser = argparse.ArgumentParser(prog="scripts.benchmark.support")
    parser.add_argument("providers", nargs="*", default=list(PROVIDERS), metavar="PROVIDER")
    parser.add_argument("--beside", type=Path, help="a checkout, measured first in each round")
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    options = parser.parse_args()
    codes = [*([options.beside] if options.beside else []), REPOSITORY]
    lines = []
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        client, replay = stack.enter_context(httpx.Client(timeout=60)), LongReplay()
        running = [
            stack.enter_context(started(code, replay, folder / str(number)))
            for number, code in enumerate(codes)
        ]
        for provider in options.providers:
            say(provider)
            line = [provider]
            for path, lane in PAIRS:
                found = [
                    [cost_ms(client, one, path, lane, provider) for one in running]
                    for _ in range(options.rounds)
                ]
                line.append(shown(found))
            lines.append(line)
            print(" ".join(line), file=sys.stderr, flush=True)
    print(table(("provider", *(f"{path}, {lane}" for path, lane in PAIRS)), lines))


if __name__ == "__main__":
    main()
