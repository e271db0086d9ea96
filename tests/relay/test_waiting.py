"""The status line waits for the first event, but not for ever; silences are filled with comments.

The proxy `pinging` waits 0.3 s for a first event, and sends `: ping` after 0.2 s of silence; `calm`
has long waits, for what must come before they end.
"""

import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest

from tests.conftest import base_config, chat
from tests.harness.answer import ask, client_of
from tests.harness.deadlines import SOON_S, assert_ended_at
from tests.harness.proxy import Proxy
from tests.harness.verdict import Verdict
from tests.provider import answers, behaviours, faults, refusals
from tests.provider.exchange import Behaviour, Exchange, Gate
from tests.provider.server import Provider

PING = b": ping\n\n"
HEAD_WAIT_S, PING_S = 0.3, 0.2
CALM_S = 1.5


@pytest.fixture(scope="module")
def pinging(provider: Provider, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Proxy]:
    waits = {"stream_head_wait_s": HEAD_WAIT_S, "ping_interval_s": PING_S}
    config = {**base_config(provider), "server": waits}
    with Proxy(config, tmp_path_factory.mktemp("pinging")) as running:
        yield running


@pytest.fixture(scope="module")
def calm(provider: Provider, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Proxy]:
    waits = {"stream_head_wait_s": CALM_S, "ping_interval_s": CALM_S}
    config = {**base_config(provider), "server": waits}
    with Proxy(config, tmp_path_factory.mktemp("calm")) as running:
        yield running


@pytest.fixture
def calm_client(calm: Proxy) -> Iterator[httpx.Client]:
    with client_of(calm) as made:
        yield made


@pytest.fixture
def client(pinging: Proxy) -> Iterator[httpx.Client]:
    with client_of(pinging) as made:
        yield made


class Reading:
    """A streamed answer read in the background; `seen` is what came so far."""

    def __init__(self, client: httpx.Client, model: str) -> None:
        self.status: int | None = None
        self.seen = b""
        self._changed = threading.Condition()
        self._thread = threading.Thread(target=self._read, args=(client, chat(model, stream=True)))
        self._thread.start()

    def _read(self, client: httpx.Client, body: object) -> None:
        with client.stream("POST", "/chat/completions", json=body) as response:
            self.status = response.status_code
            for piece in response.iter_raw():
                with self._changed:
                    self.seen += piece
                    self._changed.notify_all()

    def wait(self, condition: Callable[[bytes], bool]) -> None:
        """Return once what came satisfies `condition`."""
        with self._changed:
            assert self._changed.wait_for(lambda: condition(self.seen), 10), self.seen

    def finish(self) -> bytes:
        """Everything, once the answer has ended."""
        self._thread.join(10)
        assert not self._thread.is_alive()
        return self.seen


def after(wait_s: float, behaviour: Behaviour) -> Behaviour:
    """Silence first."""

    async def behave(exchange: Exchange) -> None:
        await exchange.pause(wait_s)
        await behaviour(exchange)

    return behave


def test_a_refusal_within_the_wait_keeps_its_status(
    calm_client: httpx.Client, calm: Proxy, provider: Provider
) -> None:
    provider.on("wait-refusal", after(0.15, refusals.rate_limited("7")))

    answer = ask(calm_client, "wait-refusal", stream=True)

    Verdict(calm, provider).failed(answer, 429, "rate_limit_exceeded")


def test_the_status_line_waits_for_the_first_event_and_not_only_for_the_head(
    calm_client: httpx.Client, calm: Proxy, provider: Provider
) -> None:
    async def head_then_error(exchange: Exchange) -> None:
        await exchange.start_stream()
        await exchange.send_chunk(b": thinking\n\n")
        await exchange.pause(0.1)
        await exchange.send_event(answers.error_answer("Full", "overloaded_error", "full"))
        await exchange.end_stream()

    provider.on("wait-head", head_then_error)

    answer = ask(calm_client, "wait-head", stream=True)

    Verdict(calm, provider).failed(answer, 503, "full")


def test_after_the_wait_the_head_and_a_comment_go_out_and_the_answer_follows(
    client: httpx.Client, provider: Provider
) -> None:
    gate = Gate()
    provider.on("wait-late", behaviours.held(gate))
    began = time.monotonic()

    reading = Reading(client, "wait-late")
    reading.wait(lambda seen: seen.count(PING) >= 3)
    took_s = time.monotonic() - began
    gate.open()
    body = reading.finish()

    assert_ended_at(HEAD_WAIT_S + 2 * PING_S, took_s)
    assert reading.status == 200
    comments, _, events = body.rpartition(PING)
    assert comments.replace(PING, b"") == b""
    assert events.endswith(b"data: [DONE]\n\n")
    assert b'"Hello"' in events


def test_a_refusal_after_the_wait_becomes_an_error_event(
    client: httpx.Client, pinging: Proxy, provider: Provider
) -> None:
    provider.on("wait-late-refusal", after(1, refusals.rate_limited("7")))

    answer = ask(client, "wait-late-refusal", stream=True)

    assert (answer.status, answer.is_cut) == (200, False)
    assert answer.body.startswith(PING)
    assert len(answer.events) == 1
    assert answer.error["code"] == "rate_limit_exceeded"
    Verdict(pinging, provider).tells_nothing(answer)
    record = pinging.record(id=answer.id)
    assert (record["status"], record["outcome"]) == (200, "upstream_failed")
    assert record["error_code"] == "rate_limit_exceeded"


@pytest.mark.relay_only("the bytes of an event pass as they are")
def test_silences_are_filled_between_events_and_never_inside_one(
    client: httpx.Client, provider: Provider
) -> None:
    first, second = Gate(), Gate()
    event = b'data: {"choices":[{"index":0,"delta":{"content":"in two halves"}}]}\n\n'

    async def halves(exchange: Exchange) -> None:
        await faults.begin_stream(exchange)
        await exchange.wait_for(first)
        await exchange.send_chunk(event[:30])
        await exchange.wait_for(second)
        await exchange.send_chunk(event[30:])
        await exchange.send_event(answers.chat_chunk({}, "stop"))
        await exchange.end_stream()

    provider.on("wait-halves", halves)

    reading = Reading(client, "wait-halves")
    reading.wait(lambda seen: seen.count(PING) >= 1)
    first.open()
    so_far = reading.seen.count(PING)
    reading.wait(lambda seen: seen.count(PING) >= so_far + 2)
    second.open()
    body = reading.finish()

    assert event in body
    assert all(part.endswith(b"\n\n") for part in body.split(PING) if part)
    assert body.endswith(b"data: [DONE]\n\n")


@pytest.mark.relay_only("the bytes of an event pass as they are")
def test_a_stream_without_silences_has_no_comments(
    calm_client: httpx.Client, provider: Provider
) -> None:
    chunks = answers.chat_chunks(["word "] * 80)
    provider.on("wait-busy", behaviours.chunks(chunks, interval_s=0.04))

    answer = ask(calm_client, "wait-busy", stream=True)

    assert answer.duration_s > 2 * CALM_S
    assert PING not in answer.body
    assert answer.chunks == chunks


def test_a_plain_answer_is_waited_for_without_a_word(
    client: httpx.Client, provider: Provider
) -> None:
    provider.on("wait-plain", after(0.7, behaviours.good_answer))

    answer = ask(client, "wait-plain")

    assert answer.status == 200
    assert answer.text == "Hello there"


@pytest.mark.parametrize("wait_s", [0, 1], ids=["at once", "after the wait"])
def test_a_stream_tells_proxies_to_pass_it_on_and_which_way_it_went(
    client: httpx.Client, provider: Provider, wait_s: float
) -> None:
    model = f"wait-headers-{wait_s}"
    provider.on(model, after(wait_s, behaviours.good_answer))

    lane = "relay" if Proxy.lane == "auto" else Proxy.lane

    headers = ask(client, f"other/{model}", stream=True).headers

    assert headers["content-type"].startswith("text/event-stream")
    assert headers["cache-control"] == "no-cache"
    assert headers["x-accel-buffering"] == "no"
    assert headers["x-oai-proxy-route"] == f'rule="other/*"; connection=other; lane={lane}'


def test_the_route_header_can_be_switched_off(provider: Provider, tmp_path: Path) -> None:
    config = base_config(provider)
    config["server"] = {"route_header": False}
    provider.on("wait-refused", refusals.bad_request())

    with Proxy(config, tmp_path) as proxy, client_of(proxy) as client:
        heard = [
            ask(client, "wait-no-route"),
            ask(client, "wait-no-route", stream=True),
            ask(client, "wait-refused"),
        ]

    assert [answer.status for answer in heard] == [200, 200, 400]
    assert not any("x-oai-proxy-route" in answer.headers for answer in heard)


def test_a_client_that_leaves_during_the_wait_stops_the_provider(
    client: httpx.Client, pinging: Proxy, provider: Provider
) -> None:
    provider.on("wait-leave", faults.never_answers)

    with client.stream("POST", "/chat/completions", json=chat("wait-leave", stream=True)) as answer:
        assert next(answer.iter_raw()) == PING
        request_id = answer.headers["x-request-id"]
    left_at = time.monotonic()

    assert provider.wait_for_disconnect("wait-leave") - left_at < SOON_S
    assert pinging.record(id=request_id)["outcome"] == "client_gone"
