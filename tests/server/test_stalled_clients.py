"""Rows C007, C008: clients that ask for much and take little or nothing of it."""

import json
import socket
import time
from collections.abc import Iterator
from typing import Self

import pytest

from tests.conftest import TEAM_KEY, base_config, chat
from tests.harness.process import resident_bytes
from tests.harness.proxy import Proxy
from tests.harness.raw import request
from tests.provider import answers
from tests.provider.exchange import Exchange
from tests.provider.server import Provider

STALL_S = 1.0
MIB = 1 << 20
SMALL_BUFFER = 4096
"""The kernel holds less for a client than the answer has, so that the rest waits in the proxy."""


class Slow:
    """A client that asks at once, and reads only when it is told to."""

    def __init__(self, proxy: Proxy, model: str, *, stream: bool) -> None:
        self._socket = socket.socket()
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, SMALL_BUFFER)
        self._socket.settimeout(10)
        self._socket.connect(("127.0.0.1", proxy.port))
        body = json.dumps(chat(model, stream=stream)).encode()
        head = request(
            "POST",
            "/v1/chat/completions",
            b"Content-Type: application/json",
            f"Authorization: Bearer {TEAM_KEY}".encode(),
            f"x-request-id: {model}".encode(),
            f"Content-Length: {len(body)}".encode(),
        )
        self._socket.sendall(head + body)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._socket.close()

    def read(self) -> bytes:
        return self._socket.recv(65_536)

    def is_cut_off(self) -> bool:
        """Whether the connection ended before the answer did; takes what is left of it."""
        tail = b""
        try:
            while piece := self.read():
                tail = (tail + piece)[-5:]
        except ConnectionResetError:
            return True
        return tail != b"0\r\n\r\n"


@pytest.fixture(scope="module")
def impatient(provider: Provider, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Proxy]:
    config = {**base_config(provider), "server": {"client_stall_s": STALL_S}}
    with Proxy(config, tmp_path_factory.mktemp("impatient")) as running:
        yield running


async def endless_stream(exchange: Exchange) -> None:
    await exchange.start_stream()
    while True:
        await exchange.send_event(answers.chat_chunks(["a" * 10_000])[1])


async def endless_plain(exchange: Exchange) -> None:
    json_type = ("Content-Type", "application/json")
    await exchange.send_head(headers=[json_type, ("Content-Length", str(100 * MIB))])
    await exchange.send_raw(b'{"choices":[{"message":{"content":"')
    while True:
        await exchange.send_raw(b"a" * 10_000)


ENDLESS_PLAIN = pytest.param(
    False, id="plain", marks=pytest.mark.relay_only("only relay hands on part of a plain answer")
)


@pytest.mark.parametrize("stream", [pytest.param(True, id="stream"), ENDLESS_PLAIN])
def test_C007_who_takes_nothing_is_cut_off_and_the_provider_let_go(
    impatient: Proxy, provider: Provider, stream: bool
) -> None:
    model = f"c007-{stream}"
    provider.on(model, endless_stream if stream else endless_plain)

    with Slow(impatient, model, stream=stream) as client:
        provider.wait_for_request(model)
        asked_at = time.monotonic()
        let_go_after_s = provider.wait_for_disconnect(model) - asked_at

        assert client.is_cut_off()
    record = impatient.record(client_request_id=model)
    assert (record["status"], record["outcome"]) == (499, "client_gone")
    assert record["error_code"] == "client_stalled"
    assert record["usage"]["source"] == "estimated"
    assert STALL_S * 0.9 < let_go_after_s < STALL_S + 2
    assert not impatient.log("ASGI callable returned without completing response.")


def test_C007_stalled_clients_fill_no_memory(impatient: Proxy, provider: Provider) -> None:
    provider.on("c007-memory", endless_stream)
    before = resident_bytes(impatient.pid)

    clients = [Slow(impatient, "c007-memory", stream=True) for _ in range(20)]
    provider.wait_for_disconnect("c007-memory", count=20)
    grown = resident_bytes(impatient.pid) - before
    for client in clients:
        client.__exit__()

    assert grown < 20 * MIB


def test_C008_who_takes_a_little_all_the_time_is_waited_for(
    impatient: Proxy, provider: Provider
) -> None:
    provider.on("c008", endless_stream)

    with Slow(impatient, "c008", stream=True) as client:
        until = time.monotonic() + 3 * STALL_S
        while time.monotonic() < until:
            assert client.read()
            time.sleep(STALL_S / 20)  # Its slowness is what is tried.

        assert impatient.records(client_request_id="c008") == []
    assert impatient.record(client_request_id="c008")["error_code"] == "client_gone"
