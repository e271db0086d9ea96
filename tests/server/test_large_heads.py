"""Rows H009, H019, H020, J022: what is too large, before anybody asks for a key."""

import time

import httpx
import pytest

from tests.conftest import TEAM_KEY
from tests.harness.deadlines import SOON_S
from tests.harness.errors import assert_refused
from tests.harness.process import PeakMemory
from tests.harness.proxy import Proxy
from tests.harness.raw import Raw, request
from tests.harness.waiting import until

KIB = 1 << 10
MIB = 1 << 20
KERNEL_BYTES = 8 * MIB
"""What two socket buffers on loopback take, generously, of what nobody reads."""
TEAM = b"Authorization: Bearer " + TEAM_KEY.encode()
FIRST = b"GET /v1/models HTTP/1.1\r\nHost: 127.0.0.1\r\n"


def refused(proxy: Proxy, *pieces: bytes) -> httpx.Response:
    """The answer to bytes that are sent one after the other; the connection ends with it."""
    with Raw(proxy) as raw:
        for piece in pieces:
            raw.send(piece)
        answer = raw.answer()
        assert raw.is_closed()
    return answer


@pytest.mark.parametrize(
    "head",
    [
        pytest.param(FIRST + b"X-Long: " + b"a" * 33 * KIB, id="a value that goes on"),
        pytest.param(FIRST + b"X" * 33 * KIB, id="a name that goes on"),
        pytest.param(FIRST + b"X-Long: " + b"a" * 33 * KIB + b"\r\n\r\n", id="a whole head"),
        pytest.param(FIRST + (b"X-Long: " + b"a" * KIB + b"\r\n") * 33, id="many long ones"),
        pytest.param(b"\r\n" * 17 * KIB, id="nothing but line ends"),
    ],
)
@pytest.mark.parametrize("pieces", [1, 5])
def test_H020_a_head_beyond_32_KiB_is_refused(proxy: Proxy, head: bytes, pieces: int) -> None:
    size = -(-len(head) // pieces)

    answer = refused(proxy, *(head[at : at + size] for at in range(0, len(head), size)))

    assert_refused(answer, 431, "headers_too_large")


def test_H020_a_head_of_31_KiB_is_read(proxy: Proxy) -> None:
    with Raw(proxy) as raw:
        answer = raw.ask("GET", "/v1/models", TEAM, b"X-Long: " + b"a" * 31 * KIB)
        again = raw.ask("GET", "/v1/models", TEAM, b"X-Long: " + b"a" * 31 * KIB)

    assert (answer.status_code, again.status_code) == (200, 200)


def test_H020_a_header_without_end_fills_no_memory_and_holds_nobody_up(
    http: httpx.Client, proxy: Proxy
) -> None:
    memory = PeakMemory(proxy.pid)
    with Raw(proxy) as raw:
        raw.send(FIRST + b"X-Long: ")
        taken = raw.send_while_taken(b"a" * MIB, 120 * MIB)
    asked_at = time.monotonic()
    http.get(f"{proxy.url}/health")

    assert taken < KERNEL_BYTES
    assert memory.grown_bytes < 4 * MIB
    assert time.monotonic() - asked_at < SOON_S


def test_H020_header_lines_without_end_fill_no_memory(proxy: Proxy) -> None:
    memory = PeakMemory(proxy.pid)
    with Raw(proxy) as raw:
        raw.send(FIRST)
        taken = raw.send_while_taken((b"X-Long: " + b"a" * 1000 + b"\r\n") * 1000, 120 * MIB)

    assert taken < KERNEL_BYTES
    assert memory.grown_bytes < 4 * MIB


def test_H019_more_than_a_hundred_headers_are_refused(proxy: Proxy) -> None:
    most = request("GET", "/v1/models", TEAM, *[b"X-A: 1"] * 98)
    with Raw(proxy) as raw:
        raw.send(most)
        taken = raw.answer()
    answer = refused(proxy, request("GET", "/v1/models", TEAM, *[b"X-A: 1"] * 99))

    assert taken.status_code == 200
    assert_refused(answer, 431, "headers_too_large")


@pytest.mark.parametrize("size", [9 * KIB, MIB], ids=["9 KiB", "1 MiB"])
@pytest.mark.parametrize("path", [b"/v1/models?q=", b"/v1/models/"], ids=["query", "path"])
def test_J022_an_address_beyond_8_KiB_is_refused(proxy: Proxy, path: bytes, size: int) -> None:
    with Raw(proxy) as raw:
        raw.send_while_taken(request("GET", (path + b"a" * size).decode(), TEAM), 1)
        answer = raw.answer()

    assert_refused(answer, 414, "uri_too_long")


@pytest.mark.parametrize(
    "tail",
    [
        pytest.param(b"0\r\nX-Long: ", id="trailer"),
        pytest.param(b"5;extension=", id="chunk extension"),
    ],
)
def test_H009_what_stands_beside_a_body_has_its_bound_too(proxy: Proxy, tail: bytes) -> None:
    memory = PeakMemory(proxy.pid)
    head = request("POST", "/v1/chat/completions", TEAM, b"Content-Type: application/json",
                   b"Transfer-Encoding: chunked")  # fmt: skip
    with Raw(proxy) as raw:
        raw.send(head + b"2\r\n{}\r\n" + tail)
        taken = raw.send_while_taken(b"a" * MIB, 120 * MIB)

    assert taken < KERNEL_BYTES
    assert memory.grown_bytes < 4 * MIB


def test_H020_after_one_that_is_answered_too_large_a_head_is_refused(proxy: Proxy) -> None:
    with Raw(proxy) as raw:
        assert raw.ask("GET", "/v1/models", TEAM).status_code == 200
        raw.send(FIRST + b"X-Long: " + b"a" * 33 * KIB)
        answer = raw.answer()

    assert_refused(answer, 431, "headers_too_large")


def test_H027_many_requests_at_once_are_no_large_head(proxy: Proxy) -> None:
    one = request("GET", "/v1/models", TEAM)
    count = 100 * KIB // len(one)

    with Raw(proxy) as raw:
        raw.send(one * count)
        answers = [raw.answer().status_code for _ in range(count)]

    assert answers == [200] * count


def test_what_is_no_HTTP_is_refused_in_the_words_of_every_refusal(proxy: Proxy) -> None:
    assert_refused(refused(proxy, b"\x16\x03\x01\x02\x00\x01\x00\r\n\r\n"), 400, "invalid_request")


def test_a_refusal_of_a_head_is_in_the_log_and_no_header_of_it(proxy: Proxy) -> None:
    refused(proxy, FIRST + b"Authorization: Bearer sk-in-a-large-head" + b"a" * 33 * KIB)

    lines = until(lambda: proxy.log("refused a connection"), "the line")
    assert {line["code"] for line in lines} <= {
        "headers_too_large",
        "uri_too_long",
        "invalid_request",
    }
    assert not [line for line in proxy.stderr if "in-a-large-head" in line]


def test_a_body_beyond_any_head_is_a_body(proxy: Proxy) -> None:
    with Raw(proxy) as raw:
        body = b'{"padding":"' + b"a" * 300 * KIB + b'"}'
        answer = raw.ask("POST", "/v1/chat/completions", TEAM,
                         b"Content-Type: application/json", body=body)  # fmt: skip

    assert answer.json()["error"]["param"] == "messages"
