"""A prepared request is the one that the HTTP client itself would send, and ends like it."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

import aiohttp
import pytest
from yarl import URL

from lmproxy.upstream.posting import Answer, Posting
from tests.provider import faults
from tests.provider.exchange import Exchange
from tests.provider.server import Provider
from tests.provider.wire import SeenRequest

T = TypeVar("T")
BODY = b'{"model": "m", "messages": []}'
OWN = {"authorization": "Bearer k", "content-type": "application/json", "x-team": "research"}


def with_posting(
    provider: Provider, work: Callable[[Posting, aiohttp.ClientSession], Awaitable[T]]
) -> T:
    """What `work` returns, given a request to the provider and the session it belongs to."""

    async def run() -> T:
        async with aiohttp.ClientSession(headers=OWN) as session:
            url = URL(f"{provider.base_url}/chat/completions?api-version=1")
            return await work(Posting(url, session, 2), session)

    return asyncio.run(run())


def seen(request: SeenRequest) -> tuple[str, str, set[tuple[str, str]], bytes]:
    headers = {(name.lower(), value) for name, value in request.headers}
    return request.method, request.path, headers, request.body


@pytest.mark.parametrize("headers", [{}, {"traceparent": "00-a-b-01", "x-team": "other"}])
def test_it_sends_what_the_client_would_send(headers: dict[str, str]) -> None:
    async def both(posting: Posting, session: aiohttp.ClientSession) -> None:
        url = f"{provider.base_url}/chat/completions?api-version=1"
        await (await session.post(url, data=BODY, headers=headers)).read()
        await (await posting.send(BODY, headers, 2)).read()

    with Provider() as provider:
        with_posting(provider, both)

        by_client, by_posting = map(seen, provider.requests)

    assert by_posting == by_client
    assert by_posting[3] == BODY


def test_answers_come_over_one_connection() -> None:
    async def twice(posting: Posting, session: aiohttp.ClientSession) -> list[bytes]:
        return [await (await posting.send(BODY, {}, 2)).read() for _ in range(2)]

    with Provider() as provider:
        answers = with_posting(provider, twice)

        assert len({request.connection for request in provider.requests}) == 1
    assert all(b"Hello there" in answer for answer in answers)


def test_an_interim_answer_is_not_the_answer() -> None:
    async def hinting(exchange: Exchange) -> None:
        await exchange.send_raw(b"HTTP/1.1 103 Early Hints\r\nlink: </x>\r\n\r\n")
        await exchange.send_json(200, {"is": "it"})

    async def ask(posting: Posting, session: aiohttp.ClientSession) -> Answer:
        return await posting.send(BODY, {}, 2)

    with Provider() as provider:
        provider.on("m", hinting)
        answer = with_posting(provider, ask)

    assert (answer.status, answer.content_type) == (200, "application/json")


def test_a_head_that_drips_in_is_not_waited_for_longer_than_allowed() -> None:
    async def dripping(exchange: Exchange) -> None:
        for byte in b"HTTP/1.1 200 OK\r\nx-a: " + b"a" * 400:
            await exchange.send_raw(bytes([byte]))
            await exchange.pause(0.05)

    async def ask(posting: Posting, session: aiohttp.ClientSession) -> Answer:
        async with asyncio.timeout(10):
            return await posting.send(BODY, {}, 0.3)

    with Provider() as provider:
        provider.on("m", dripping)
        with pytest.raises(aiohttp.SocketTimeoutError):
            with_posting(provider, ask)


def test_an_answer_let_go_before_its_end_cuts_the_connection() -> None:
    async def ask(posting: Posting, session: aiohttp.ClientSession) -> None:
        answer = await posting.send(BODY, {}, 2)
        answer.close()
        answer.close()
        await asyncio.to_thread(provider.wait_for_no_connections)

        assert answer.connection is None
        with pytest.raises(aiohttp.ClientError):
            await answer.read()

    with Provider() as provider:
        provider.on("m", faults.silence_in_body)
        with_posting(provider, ask)


@pytest.mark.parametrize("value", ["a\r\nx-b: c", "a\nb", "a\0"])
def test_a_header_that_would_begin_another_line_is_not_sent(value: str) -> None:
    async def ask(posting: Posting, session: aiohttp.ClientSession) -> Answer:
        return await posting.send(BODY, {"traceparent": value}, 2)

    with Provider() as provider:
        with pytest.raises(ValueError, match="another line"):
            with_posting(provider, ask)

        assert provider.requests == []
