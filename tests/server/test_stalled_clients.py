"""Rows C007, C008: clients that ask for much and take little or nothing of it."""

import json
import socket
import time
from collections.abc import Iterator
from typing import Self

import pytest

from tests.conftest import TEAM_KEY, base_config, chat
from tests.harness.answer import ask, client_of
from tests.harness.process import connections, resident_bytes
from tests.harness.proxy import REPOSITORY, Proxy
from tests.harness.raw import request
from tests.harness.waiting import until
from tests.provider import answers
from tests.provider.exchange import Exchange
from tests.provider.server import Provider

STALL_S = 1.0
MIB = 1 << 20
MOST_BYTES_EACH = 2 * MIB
"""Of memory, for a stalled client: buffers, and what LiteLLM makes of what they hold."""
SHORT = 40_000
"""Characters of an answer that is no reason to stop reading the provider's."""
SMALL_BUFFER = 4096
"""The kernel holds less for a client than the answer has, so that the rest waits in the proxy."""


class Slow:
    """A client that asks at once, and reads only when it is told to."""

    def __init__(self, proxy: Proxy, model: str, *, stream: bool, last: bool = False) -> None:
        """`last`: the connection is to end with the answer."""
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
            b"Connection: close" if last else b"Connection: keep-alive",
        )
        self._socket.sendall(head + body)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._socket.close()

    def read(self) -> bytes:
        return self._socket.recv(65_536)

    def rest(self) -> bytes:
        """Everything up to the connection's end."""
        return b"".join(iter(self.read, b""))

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
    with client_of(impatient) as client:  # What a first request loads stays.
        assert ask(client, "c007-first", stream=True).status == 200
    provider.on("c007-memory", endless_stream)
    before = resident_bytes(impatient.pid)

    clients = [Slow(impatient, "c007-memory", stream=True) for _ in range(20)]
    provider.wait_for_disconnect("c007-memory", count=20)
    grown = resident_bytes(impatient.pid) - before
    for slow in clients:
        slow.__exit__()

    assert grown < 20 * MOST_BYTES_EACH


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


NARROW = """
import socket

create_server = socket.create_server

def narrow(*args, **kwargs):
    listening = create_server(*args, **kwargs)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)
    return listening

socket.create_server = narrow
"""
"""The kernel takes little for a client, so that of a short answer, too, a part waits in us."""


@pytest.fixture(scope="module")
def narrow(provider: Provider, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Proxy]:
    folder = tmp_path_factory.mktemp("narrow")
    (folder / "sitecustomize.py").write_text(NARROW)
    config = {**base_config(provider), "server": {"client_stall_s": STALL_S}}
    with Proxy(config, folder, environment={"PYTHONPATH": f"{folder}:{REPOSITORY}"}) as running:
        yield running


async def short_answer(exchange: Exchange) -> None:
    await exchange.send_json(200, answers.chat_answer("a" * SHORT))


def test_C007_who_leaves_the_rest_of_a_last_answer_is_cut_off(
    narrow: Proxy, provider: Provider
) -> None:
    provider.on("c007-last", short_answer)

    with Slow(narrow, "c007-last", stream=False, last=True) as client:
        record = narrow.record(client_request_id="c007-last")
        assert connections(narrow.port) == 1
        until(lambda: connections(narrow.port) == 0, "the connection to be cut off")

        assert len(client.rest()) < SHORT
    assert record["status"] == 200


def test_C008_who_takes_the_rest_of_a_last_answer_slowly_gets_all_of_it(
    narrow: Proxy, provider: Provider
) -> None:
    provider.on("c008-last", short_answer)

    with Slow(narrow, "c008-last", stream=False, last=True) as client:
        narrow.record(client_request_id="c008-last")
        taken = client.read()
        time.sleep(STALL_S / 2)  # Its slowness is what is tried.

        assert (taken + client.rest()).endswith(b"}")
