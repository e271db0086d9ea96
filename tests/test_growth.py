"""Ten thousand requests of every kind leave nothing behind: no memory, descriptor or task."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from itertools import cycle, islice
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from tests.conftest import TEAM_KEY, base_config, bearer, chat
from tests.harness import patient
from tests.harness.process import descriptors, resident_bytes
from tests.harness.proxy import Proxy
from tests.harness.waiting import until
from tests.provider import behaviours, faults
from tests.provider.exchange import Gate
from tests.provider.server import Provider

REQUESTS = 10_000
WARM_UP = 4_000
"""Fills pools, caches and the allocator's arenas: from then on memory is flat."""
AT_ONCE = 16
KIB = 1024
MOST_BYTES_PER_REQUEST = 0.25 * KIB
"""A record forgotten by each request would be four times as much."""

COUNTING = """
import asyncio

async def count(prompt):
    return str(len(asyncio.all_tasks()))
"""

Ask = Callable[[aiohttp.ClientSession, str], Awaitable[None]]


async def plain(session: aiohttp.ClientSession, url: str) -> None:
    async with session.post(url, json=chat("good")) as answer:
        assert answer.status == 200
        await answer.read()


async def streamed(session: aiohttp.ClientSession, url: str) -> None:
    async with session.post(url, json=chat("good", stream=True)) as answer:
        assert (await answer.read()).endswith(b"data: [DONE]\n\n")


async def failing(session: aiohttp.ClientSession, url: str) -> None:
    async with session.post(url, json=chat("growth-broken", stream=True)) as answer:
        assert b"upstream_stream_broken" in await answer.read()


async def refused(session: aiohttp.ClientSession, url: str) -> None:
    async with session.post(url, json=chat("growth-reset")) as answer:
        assert answer.status == 502


async def leaving(session: aiohttp.ClientSession, url: str) -> None:
    answer = await session.post(url, json=chat("growth-held", stream=True))
    await answer.content.readany()
    answer.close()


MIX: tuple[Ask, ...] = (*[plain] * 12, *[streamed] * 6, failing, leaving)
"""60 % plain, 30 % streamed, 10 % faults and leavers; every tenth fault comes before an answer."""


async def ask_many(proxy: Proxy, count: int) -> None:
    """Ask `count` times, `AT_ONCE` at a time."""
    url = f"{proxy.api}/chat/completions"
    left: Iterator[Ask] = islice(cycle([*MIX * 9, *MIX[:-2], refused, leaving]), count)

    async def ask(session: aiohttp.ClientSession) -> None:
        for kind in left:
            await kind(session, url)

    async with aiohttp.ClientSession(headers=bearer(TEAM_KEY)) as session:
        await asyncio.gather(*(ask(session) for _ in range(AT_ONCE)))


def tasks(proxy: Proxy) -> int:
    """How many tasks run in the proxy, as a model of its own says."""
    body: Any = chat("count-tasks")
    answer = patient.post(f"{proxy.api}/chat/completions", json=body, headers=bearer(TEAM_KEY))
    return int(answer.json()["choices"][0]["message"]["content"])


@pytest.fixture
def counted(provider: Provider, tmp_path: Path) -> Iterator[Proxy]:
    """A proxy with a model that counts the tasks beside it."""
    (tmp_path / "counting.py").write_text(COUNTING)
    config = base_config(provider)
    config["connections"]["counting"] = {"api_type": "function", "inference_func": "counting.count"}
    config["routing"] = {"count-tasks": "counting.*", **config["routing"]}
    with Proxy(config, tmp_path) as running:
        yield running


def test_ten_thousand_requests_leave_nothing_behind(counted: Proxy, provider: Provider) -> None:
    provider.on("growth-broken", faults.reset_mid_event())
    provider.on("growth-reset", faults.reset_after_request)
    provider.on("growth-held", behaviours.stream_held(Gate()))
    open_before, tasks_before = descriptors(counted.pid), tasks(counted)
    asyncio.run(ask_many(counted, WARM_UP))
    memory = resident_bytes(counted.pid)

    asyncio.run(ask_many(counted, REQUESTS - WARM_UP))

    most_open = open_before + AT_ONCE  # Idle connections to the provider are kept for the next.
    until(lambda: descriptors(counted.pid) <= most_open, "the descriptors of the start")
    until(lambda: tasks(counted) <= tasks_before, "the tasks of the start")
    grown = resident_bytes(counted.pid) - memory
    assert grown < (REQUESTS - WARM_UP) * MOST_BYTES_PER_REQUEST
    assert len(counted.records()) >= REQUESTS
    assert not [line for line in counted.log_lines() if line["level"] == "error"]
