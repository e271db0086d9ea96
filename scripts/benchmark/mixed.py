"""Requests of every kind at once: of ten six plain, three streamed, one a fault or a leaver.

What a gateway holds afterwards is looked at, not what it costs, so a usual client is good enough.
"""

import asyncio
import time
from collections.abc import Iterator
from itertools import cycle, islice

import aiohttp

from scripts.benchmark.answers import EVENTS
from scripts.benchmark.client import DONE, EVENT
from scripts.benchmark.rows import CHAT, RELAYED
from scripts.benchmark.setups import BROKEN, HELD, RESET, Question, Setup, asks

AT_ONCE = 16
LONGEST_S = 60.0
"""Of one request."""
PLAIN, STREAM = Question(RELAYED), Question(RELAYED, stream=True)
BREAKING, LEFT = Question(RELAYED, True, BROKEN), Question(RELAYED, True, HELD)
REFUSED = Question(RELAYED, False, RESET)
OFTEN = (*[PLAIN] * 12, *[STREAM] * 6)
MIX = (*(*OFTEN, BREAKING, LEFT) * 9, *OFTEN, REFUSED, LEFT)
"""Every tenth fault comes before an answer."""


class MixError(Exception):
    """A request was not answered as its kind should be."""


class Mix:
    """Requests for a gateway at `port`; it goes on where it stopped."""

    def __init__(self, port: int, setup: Setup) -> None:
        self._url = f"http://127.0.0.1:{port}"
        self._left = cycle(MIX)
        self._asks = {kind: cycle(asks(setup, kind, None)) for kind in set(MIX)}

    def ask(self, count: int, longest_s: float) -> int:
        """Ask so often, `AT_ONCE` at a time, but not beyond this time; how often it was.

        Raises:
            MixError: an answer is not what it should be.
        """
        ends = time.perf_counter() + longest_s
        return asyncio.run(self._ask(islice(self._left, count), ends))

    async def _ask(self, kinds: Iterator[Question], ends: float) -> int:
        async with aiohttp.ClientSession(
            self._url, timeout=aiohttp.ClientTimeout(LONGEST_S)
        ) as session:
            done = await asyncio.gather(
                *(self._turns(session, kinds, ends) for _ in range(AT_ONCE))
            )
        return sum(done)

    async def _turns(
        self, session: aiohttp.ClientSession, kinds: Iterator[Question], ends: float
    ) -> int:
        done = 0
        while time.perf_counter() < ends and (kind := next(kinds, None)):
            try:
                await one(session, kind, *next(self._asks[kind]))
            except (aiohttp.ClientError, TimeoutError) as error:
                raise MixError(f"{kind}: {error!r}") from error
            done += 1
        return done


async def one(session: aiohttp.ClientSession, kind: Question, key: str, body: str) -> None:
    """Ask once; one that is `LEFT` goes away after the first bytes."""
    headers = {"authorization": f"Bearer {key}", "content-type": "application/json"}
    answer = await session.post(CHAT, data=body, headers=headers)
    try:
        if kind is LEFT:
            read = await answer.content.readany()
            is_right = answer.status == 200 and EVENT in read
        else:
            read = await answer.read()
            is_right = right(kind, answer.status, read)
        if not is_right:
            raise MixError(f"{kind}: {answer.status} {read[-200:]!r}")
    finally:
        answer.close() if kind is LEFT else answer.release()


def right(kind: Question, status: int, body: bytes) -> bool:
    """Whether an answer is what its kind should be given."""
    if kind is REFUSED:
        return status == 502
    if kind is BREAKING:
        return status == 200 and b"upstream_stream_broken" in body
    if kind is STREAM:
        return status == 200 and DONE in body[-200:] and body.count(EVENT) >= EVENTS
    return status == 200 and bool(body)
