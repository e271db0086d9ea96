"""The only way out: what is tried again, and where a request can go."""

import asyncio
import gc
import ssl
from collections.abc import Coroutine
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import quote

import aiohttp
import pytest

from lmproxy.config.schema import Timeouts
from lmproxy.errors import UpstreamFault, UpstreamTlsError, UpstreamUnreachable
from lmproxy.upstream.egress import MOST_ADDRESSES, Egress, EgressPolicy
from lmproxy.upstream.line import Line
from tests.provider import behaviours, faults, ports
from tests.provider.certificates import Certificates
from tests.provider.exchange import Behaviour, Exchange, Gate
from tests.provider.server import Provider

T = TypeVar("T")
BODY = b'{"model": "m", "messages": []}'


class CountingLoop(asyncio.SelectorEventLoop):
    """Counts attempts to connect; the first `failing` of them are refused."""

    failing = 0
    connects = 0

    async def sock_connect(self, sock: Any, address: Any) -> None:
        self.connects += 1
        if self.connects <= self.failing:
            raise ConnectionRefusedError(111, "refused by the test")
        await super().sock_connect(sock, address)


def run(work: Coroutine[Any, Any, T], loop: asyncio.AbstractEventLoop) -> T:
    with asyncio.Runner(loop_factory=lambda: loop) as runner:
        return runner.run(work)


async def post(base: str, path: str = "/chat/completions", **policy: Any) -> bytes:
    """The body of an answer, asked for through an egress of its own."""
    timeouts = Timeouts(connect_s=2, first_byte_s=2)
    egress = Egress(EgressPolicy(base=base, headers={}, timeouts=timeouts, **policy))
    try:
        response = await egress.post(egress.url(path), BODY, {}, 2)
        return await response.read()
    finally:
        await egress.close()


def test_a_provider_that_cannot_be_reached_is_tried_twice() -> None:
    loop = CountingLoop()
    with ports.closed_port() as port, pytest.raises(UpstreamUnreachable):
        run(post(f"http://127.0.0.1:{port}/v1"), loop)

    assert loop.connects == 2


def test_a_second_try_that_succeeds_is_an_answer() -> None:
    loop = CountingLoop()
    loop.failing = 1
    with Provider() as provider:
        answer = run(post(provider.base_url), loop)

        assert b"Hello there" in answer
        assert (loop.connects, len(provider.requests)) == (2, 1)


@pytest.mark.parametrize("fault", [faults.reset_after_request, faults.eof_after_request])
def test_a_request_that_went_out_is_not_tried_again(fault: Behaviour) -> None:
    loop = CountingLoop()
    with Provider() as provider:
        provider.on("m", fault)
        with pytest.raises(UpstreamFault) as caught:
            run(post(provider.base_url), loop)

        assert not isinstance(caught.value, UpstreamUnreachable)
        assert (loop.connects, len(provider.requests)) == (1, 1)


@pytest.mark.parametrize("case", ["expired", "wrong_host", "unknown_authority", "self_signed"])
def test_tls_that_proves_nothing_is_not_tried_again(tmp_path: Path, case: str) -> None:
    certificates = Certificates(tmp_path)
    context: ssl.SSLContext = getattr(certificates, case)()
    loop = CountingLoop()
    with Provider(context) as provider:
        with pytest.raises(UpstreamTlsError):
            run(post(provider.base_url, ca_file=certificates.ca_file), loop)

        assert (loop.connects, provider.requests) == (1, [])


@pytest.mark.parametrize(
    ("base", "path"),
    [
        ("https://provider.example", "@elsewhere.example/"),
        ("https://provider.example", ".elsewhere.example/"),
        ("https://provider.example/v1", "/../v2"),
        ("https://provider.example/v1", "/a/../../v2"),
        ("https://provider.example/v1", "1/chat"),
    ],
)
def test_a_path_never_leaves_the_base(base: str, path: str) -> None:
    egress = Egress(EgressPolicy(base, {}, Timeouts()))

    with pytest.raises(ValueError, match="leaves the connection's base URL"):
        egress.url(path)


async def _plain_then_reset(provider: Provider, gate: Gate, reports: list[Any]) -> None:
    """One answer read to its end; then the provider resets the idle connection."""
    asyncio.get_running_loop().set_exception_handler(lambda _, context: reports.append(context))
    async with aiohttp.ClientSession() as session:
        response = await session.post(f"{provider.base_url}/chat/completions", data=BODY)
        line = Line(response)
        gate.open()
        await response.read()
        line.let_go()
        await asyncio.to_thread(provider.wait_for_no_connections)
    gc.collect()


def test_a_connection_lost_after_its_answer_is_nobodys_error() -> None:
    gate = Gate()

    async def answer_and_reset(exchange: Exchange) -> None:
        await exchange.send_head(headers=[("Content-Length", "2")])
        await exchange.wait_for(gate)
        await exchange.send_raw(b"{}")
        await exchange.pause(0.05)
        await exchange.reset()

    reports: list[Any] = []
    with Provider() as provider:
        provider.on("m", answer_and_reset)
        asyncio.run(_plain_then_reset(provider, gate, reports))

    assert reports == []


def test_an_answer_whose_framing_is_garbled_ends_with_an_error() -> None:
    async def garble(exchange: Exchange) -> None:
        await exchange.start_stream()
        await exchange.send_event(b"x")
        await exchange.pause(0.05)
        await exchange.send_raw(b"zz\r\n\r\n")

    async def read(provider: Provider) -> bytes:
        async with aiohttp.ClientSession() as session:
            response = await session.post(f"{provider.base_url}/chat/completions", data=BODY)
            Line(response)
            async with asyncio.timeout(2):
                return await response.read()

    with Provider() as provider:
        provider.on("m", behaviours.in_turn(garble))
        with pytest.raises(aiohttp.ClientPayloadError):
            asyncio.run(read(provider))


@pytest.mark.parametrize("end", ["\r\n", "\n", "\r", " HTTP/1.1\r\n", "\0", "é"])
def test_whatever_stands_in_an_address_stays_in_it(end: str) -> None:
    with Provider() as provider:

        async def scenario() -> None:
            egress = Egress(EgressPolicy(base=provider.base_url, headers={}, timeouts=Timeouts()))
            url = egress.admit(f"{provider.base_url}/models/m%2F{end}x-planted: yes")
            try:
                await (await egress.post(url, BODY, {}, 2)).read()
            finally:
                await egress.close()

        asyncio.run(scenario())

        (request,) = provider.requests
        assert request.path == f"/v1/models/m%2F{quote(end, safe='/')}x-planted:%20yes"
        assert "x-planted" not in dict(request.headers)


def test_addresses_that_many_requests_have_are_kept_and_no_others() -> None:
    with Provider() as provider:

        async def scenario() -> int:
            egress = Egress(EgressPolicy(base=provider.base_url, headers={}, timeouts=Timeouts()))
            try:
                for number in range(MOST_ADDRESSES + 2):
                    url = egress.admit(f"{provider.base_url}/chat/completions?{number}")
                    await (await egress.post(url, BODY, {}, 2)).read()
                return len(egress._postings)  # noqa: SLF001 - nothing else shows what is kept.
            finally:
                await egress.close()

        assert asyncio.run(scenario()) == 2
