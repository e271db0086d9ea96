"""Rows C001 to C003: clients that say nothing, or say it too slowly. Nobody else waits for them."""

import contextlib
import json
import time
from collections.abc import Iterator

import httpx
import pytest

from tests.conftest import TEAM_KEY, base_config, bearer, chat
from tests.harness.deadlines import EARLY_S, SOON_S, assert_ended_at
from tests.harness.errors import assert_refused
from tests.harness.process import descriptors
from tests.harness.proxy import Proxy
from tests.harness.raw import Raw, request
from tests.harness.waiting import until
from tests.provider import behaviours
from tests.provider.exchange import Gate
from tests.provider.server import Provider

HEAD_S, BODY_S, KEEP_ALIVE_S = 1.0, 4.0, 7.0
"""Further apart than a busy machine is late."""
BYTES_PER_S = 1000
CHAT = "/v1/chat/completions"
TEAM = b"Authorization: Bearer " + TEAM_KEY.encode()
JSON = b"Content-Type: application/json"


@pytest.fixture(scope="module")
def brisk(provider: Provider, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Proxy]:
    """A proxy that waits for requests no longer than this."""
    server = {
        "request_head_s": HEAD_S,
        "request_body_s": BODY_S,
        "request_body_bytes_per_s": BYTES_PER_S,
        "keep_alive_s": KEEP_ALIVE_S,
    }
    config = {**base_config(provider), "server": server}
    with Proxy(config, tmp_path_factory.mktemp("brisk")) as running:
        yield running


def drip(raw: Raw, data: bytes, pause_s: float) -> None:
    """Send byte by byte, as long as they are taken."""
    with contextlib.suppress(ConnectionError):
        for at in range(len(data)):
            raw.send(data[at : at + 1])
            time.sleep(pause_s)  # Its slowness is what is tried.


def posting(*headers: bytes) -> bytes:
    return request("POST", CHAT, TEAM, JSON, *headers)


def test_C001_who_says_nothing_is_closed(brisk: Proxy) -> None:
    with Raw(brisk) as raw:
        began_at = time.monotonic()

        assert raw.is_closed()
    assert_ended_at(HEAD_S, time.monotonic() - began_at)


def test_C001_who_stops_in_a_head_is_told_and_closed(brisk: Proxy) -> None:
    with Raw(brisk) as raw:
        raw.send(b"POST /v1/chat/completions HTTP/1.1\r\nHost: a\r\nX-")
        answer = raw.answer()

        assert raw.is_closed()
    assert_refused(answer, 408, "request_timeout")


def test_C001_who_stops_in_a_second_head_is_told_and_closed(brisk: Proxy) -> None:
    with Raw(brisk) as raw:
        assert raw.ask("GET", "/v1/models", TEAM).status_code == 200
        raw.send(b"G")
        began_at = time.monotonic()
        answer = raw.answer()
        took_s = time.monotonic() - began_at

        assert raw.is_closed()
    assert_refused(answer, 408, "request_timeout")
    assert_ended_at(HEAD_S, took_s)


def test_C002_a_byte_now_and_then_earns_a_head_no_time(http: httpx.Client, brisk: Proxy) -> None:
    before = descriptors(brisk.pid)
    with contextlib.ExitStack() as stack:
        raws = [stack.enter_context(Raw(brisk)) for _ in range(200)]
        began_at = time.monotonic()
        for raw in raws:
            raw.send(b"GET /v1/models HTTP/1.1\r\n")
        drip(raws[0], b"X-Slow: " + b"a" * 100, HEAD_S / 5)
        took_s = time.monotonic() - began_at

        told = {raw.answer().status_code for raw in raws[1:]}
    healthy = http.get(f"{brisk.url}/health")

    assert told == {408}
    assert_ended_at(HEAD_S, took_s)
    assert healthy.status_code == 200
    until(lambda: descriptors(brisk.pid) <= before + 1, "the descriptors of the start")


@pytest.mark.parametrize(
    "head",
    [posting(b"Content-Length: 1000000"), posting(b"Transfer-Encoding: chunked") + b"f\r\n"],
    ids=["length", "chunked"],
)
def test_C003_a_body_that_stops_is_refused_and_asks_nobody(
    brisk: Proxy, provider: Provider, head: bytes
) -> None:
    asked = len(provider.requests_for("c003"))
    with Raw(brisk) as raw:
        began_at = time.monotonic()
        raw.send(head + b'{"model":"c003"')
        answer = raw.answer()
        took_s = time.monotonic() - began_at

        assert raw.is_closed()
    assert_refused(answer, 408, "request_timeout")
    assert_ended_at(BODY_S, took_s)
    record = brisk.record(id=answer.headers["x-request-id"])
    assert (record["status"], record["outcome"], record["group"]) == (408, "refused", "team")
    assert len(provider.requests_for("c003")) == asked


def test_C003_a_byte_now_and_then_earns_a_body_no_time(brisk: Proxy) -> None:
    with Raw(brisk) as raw:
        began_at = time.monotonic()
        raw.send(posting(b"Content-Length: 1000000"))
        drip(raw, b" " * 500, 0.05)
        took_s = time.monotonic() - began_at

    assert_ended_at(BODY_S, took_s)


def test_C003_the_body_of_a_refused_request_has_its_time_too(brisk: Proxy) -> None:
    with Raw(brisk) as raw:
        raw.send(request("POST", CHAT, JSON, b"Content-Length: 1000") + b"{")
        assert_refused(raw.answer(), 401, "invalid_api_key")
        began_at = time.monotonic()
        drip(raw, b" " * 200, 0.1)
        took_s = time.monotonic() - began_at

    assert took_s < BODY_S + SOON_S


def test_C003_a_slow_and_steady_body_has_all_the_time_it_needs(
    brisk: Proxy, provider: Provider
) -> None:
    body = json.dumps(chat("c003-steady", user="a" * 9000)).encode()
    pieces = [body[at : at + 200] for at in range(0, len(body), 200)]
    with Raw(brisk) as raw:
        began_at = time.monotonic()
        raw.send(posting(b"Content-Length: %d" % len(body)))
        for piece in pieces:
            time.sleep(0.15)  # Its slowness is what is tried.
            raw.send(piece)
        took_s = time.monotonic() - began_at
        answer = raw.answer()

    assert answer.status_code == 200
    assert took_s > BODY_S + EARLY_S
    assert len(provider.requests_for("c003-steady")) == 1


def test_C001_an_answer_may_take_longer_than_any_request(
    brisk: Proxy, provider: Provider, http: httpx.Client
) -> None:
    gate = Gate()
    provider.on("c001-long", behaviours.held(gate))
    body = json.dumps(chat("c001-long")).encode()
    with Raw(brisk) as raw, Raw(brisk) as impatient:
        for asking in (raw, impatient):
            asking.send(posting(b"Content-Length: %d" % len(body)) + body)
        impatient.send(b"GET /v1/mod")  # Half of what it asks next.
        provider.wait_for_request("c001-long", 2)
        time.sleep(BODY_S + SOON_S)  # Longer than all deadlines of a request.
        gate.open()
        answers = [raw.answer(), impatient.answer()]

    assert [answer.status_code for answer in answers] == [200, 200]
    asked = http.get(f"{brisk.api}/models", headers=bearer(TEAM_KEY))
    assert asked.status_code == 200


def test_C005_an_idle_connection_is_kept_for_its_time(brisk: Proxy) -> None:
    with Raw(brisk) as raw:
        raw.ask("GET", "/v1/models", TEAM)
        began_at = time.monotonic()
        closed = raw.is_closed()

    assert closed
    assert_ended_at(KEEP_ALIVE_S, time.monotonic() - began_at)
