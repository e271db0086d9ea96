"""Rows C009 to C014 and C020: clients that leave. The provider is let go of, one record says so.

The record's word is `client_gone`; its status is 499. A departure is timed by the provider, which
sees its connection end.
"""

import contextlib
import socket
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import TEAM_KEY, base_config
from tests.harness import patient
from tests.harness.deadlines import SOON_S
from tests.harness.leaver import Leaver
from tests.harness.process import descriptors, resident_bytes
from tests.harness.proxy import Proxy
from tests.harness.waiting import until
from tests.provider import answers, behaviours, faults
from tests.provider.exchange import Behaviour, Exchange, Gate
from tests.provider.server import Provider

MIB = 1 << 20


def gone(proxy: Proxy, model: str) -> dict[str, Any]:
    """The one record of a client that left."""
    record = proxy.record(client_request_id=model.replace("/", "-"))
    assert (record["status"], record["outcome"]) == (499, "client_gone")
    assert record["error_code"] == "client_gone"
    assert patient.get(f"{proxy.url}/health").status_code == 200
    return record


@contextlib.contextmanager
def slow_handshake() -> Iterator[tuple[socket.socket, int]]:
    """A listener whose TLS handshake never ends: nothing of a request can have been sent."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(10)
        yield listener, listener.getsockname()[1]


def test_C009_who_leaves_before_the_request_went_out_causes_none(
    provider: Provider, tmp_path: Path
) -> None:
    config = base_config(provider)
    with slow_handshake() as (listener, port):
        config["connections"]["up"]["api_base"] = f"https://127.0.0.1:{port}/v1"
        with Proxy(config, tmp_path) as proxy, Leaver(proxy, "c009") as client:
            client.ask()
            upstream, _ = listener.accept()
            upstream.recv(1)
            left_at = client.leave()
            heard = b"".join(iter(lambda: upstream.recv(65536), b""))
            let_go_at = time.monotonic()
            upstream.close()

            record = gone(proxy, "c009")

    assert let_go_at - left_at < SOON_S
    assert TEAM_KEY.encode() not in heard
    assert b"POST" not in heard
    assert record["upstream_request_id"] is None


@pytest.mark.parametrize(
    ("fault", "stream"),
    [
        pytest.param(faults.never_answers, False, id="plain"),
        pytest.param(faults.silence_in_body, False, id="plain, in its body"),
        pytest.param(faults.never_answers, True, id="stream"),
        pytest.param(faults.silence_after_stream_head, True, id="stream, after its head"),
    ],
)
def test_C010_who_leaves_before_the_answer_stops_the_provider(
    proxy: Proxy, provider: Provider, fault: Behaviour, stream: bool
) -> None:
    model = f"c010-{fault.__name__}-{stream}"
    provider.on(model, fault)

    with Leaver(proxy, model, stream=stream) as client:
        client.ask()
        provider.wait_for_request(model)
        left_at = client.leave()

    assert provider.wait_for_disconnect(model) - left_at < SOON_S
    record = gone(proxy, model)
    assert record["usage"]["source"] == "estimated"
    assert record["usage"]["prompt_tokens"] == 3  # "Say hello." has 10 bytes.
    assert record["usage"]["completion_tokens"] == 0
    assert len(provider.requests_for(model)) == 1


@pytest.mark.parametrize(
    "leave", [Leaver.leave, Leaver.reset, Leaver.half_close], ids=["FIN", "RST", "half-close"]
)
def test_C011_C013_however_a_client_leaves_a_stream_the_provider_is_stopped(
    proxy: Proxy, provider: Provider, leave: Any, request: pytest.FixtureRequest
) -> None:
    model = f"c011-{request.node.callspec.id}"
    provider.on(model, behaviours.stream_held(Gate()))

    with Leaver(proxy, model, stream=True) as client:
        client.ask()
        client.read_until(b"Hello")
        left_at = leave(client)

        assert provider.wait_for_disconnect(model) - left_at < SOON_S
    record = gone(proxy, model)
    assert record["usage"]["source"] == "estimated"
    assert 1 <= record["usage"]["completion_tokens"] <= 2
    assert record["finish_reason"] is None


def test_C011_usage_that_the_provider_gave_before_is_kept(proxy: Proxy, provider: Provider) -> None:
    async def counts_and_waits(exchange: Exchange) -> None:
        await exchange.start_stream()
        await exchange.send_event(answers.chat_chunk({"content": "a"}, usage=answers.USAGE))
        await exchange.client_gone()

    provider.on("c011-usage", counts_and_waits)

    with Leaver(proxy, "c011-usage", stream=True) as client:
        client.ask()
        client.read_until(b"usage")

    record = gone(proxy, "c011-usage")
    assert (record["usage"]["source"], record["usage"]["total_tokens"]) == ("provider", 12)


def test_C012_who_leaves_on_hearing_done_was_answered(proxy: Proxy, provider: Provider) -> None:
    async def done_and_wait(exchange: Exchange) -> None:
        await exchange.start_stream()
        for chunk in answers.chat_chunks(usage=answers.USAGE):
            await exchange.send_event(chunk)
        await exchange.send_event(b"[DONE]")
        await exchange.client_gone()

    provider.on("c012", done_and_wait)

    with Leaver(proxy, "c012", stream=True) as client:
        client.ask()
        client.read_until(b"[DONE]")

    record = proxy.record(client_request_id="c012")
    assert (record["status"], record["outcome"], record["error_code"]) == (200, "answered", None)
    assert (record["usage"]["source"], record["finish_reason"]) == ("provider", "stop")


def test_C012_every_one_of_many_that_leave_on_hearing_done_has_one_record(
    proxy: Proxy, provider: Provider
) -> None:
    def hear_and_leave(number: int) -> None:
        with Leaver(proxy, f"c012-many-{number}", stream=True) as client:
            client.ask()
            client.read_until(b"[DONE]")

    with ThreadPoolExecutor(10) as pool:
        list(pool.map(hear_and_leave, range(100)))

    for number in range(100):
        assert proxy.record(client_request_id=f"c012-many-{number}")["outcome"] == "answered"


def test_C013_who_half_closes_gets_a_clean_end_and_no_half_answer(
    proxy: Proxy, provider: Provider
) -> None:
    provider.on("c013-plain", faults.never_answers)

    with Leaver(proxy, "c013-plain") as client:
        client.ask()
        provider.wait_for_request("c013-plain")
        client.half_close()

        assert client.read_to_end() == b""
    gone(proxy, "c013-plain")


@pytest.mark.relay_only("LiteLLM is too slow for so many at once; tests/lanes kills fewer")
def test_C014_a_thousand_streams_killed_leave_nothing_behind(tmp_path: Path) -> None:
    with Provider() as provider, Proxy(base_config(provider), tmp_path) as proxy:
        kill_streams(proxy, provider, "c014-0")  # The first round fills caches.
        rest, memory = descriptors(proxy.pid), resident_bytes(proxy.pid)

        for number in range(1, 10):
            kill_streams(proxy, provider, f"c014-{number}")

        provider.wait_for_no_connections(timeout=5)
        until(lambda: descriptors(proxy.pid) <= rest, "the descriptors of the start")
        assert resident_bytes(proxy.pid) - memory < 5 * MIB
        until(lambda: len(proxy.records()) >= 1000, "a record for each stream")
        assert [record["outcome"] for record in proxy.records()] == ["client_gone"] * 1000
        assert not [line for line in proxy.stderr if '"level": "error"' in line]


def kill_streams(proxy: Proxy, provider: Provider, model: str) -> None:
    """Begin 100 streams and kill them, half with FIN and half with RST."""
    provider.on(model, faults.drip(0.02))
    with contextlib.ExitStack() as stack:
        clients = [stack.enter_context(Leaver(proxy, model, stream=True)) for _ in range(100)]
        for client in clients:
            client.ask()
        for client in clients:
            client.read_until(b"0 ")
        for number, client in enumerate(clients):
            client.reset() if number % 2 else client.leave()
    provider.wait_for_disconnect(model, count=100)


@pytest.mark.parametrize("leave", [Leaver.leave, Leaver.reset], ids=["FIN", "RST"])
def test_C020_who_leaves_while_sending_causes_no_request(
    proxy: Proxy, provider: Provider, leave: Any, request: pytest.FixtureRequest
) -> None:
    model = f"c020-{request.node.callspec.id}"

    with Leaver(proxy, model) as client:
        client.ask(length=1_000_000)
        leave(client)

    record = gone(proxy, model)
    assert provider.requests_for(model) == []
    assert record["attempts"] == []
    assert record["usage"]["source"] == "unknown"
    assert record["group"] == "team"
