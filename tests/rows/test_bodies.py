"""Rows J, around the text: how much of it, what it is said to be, and how it is coded."""

import gzip
import json
import zlib
from collections.abc import Iterator

import httpx
import pytest

from tests.conftest import TEAM_KEY, base_config, chat
from tests.harness.errors import assert_refused
from tests.harness.proxy import Proxy
from tests.harness.raw import Raw, request
from tests.provider.server import Provider

CHAT = "/v1/chat/completions"
JSON = b"Content-Type: application/json"
TEAM = b"Authorization: Bearer " + TEAM_KEY.encode()
MOST = 100_000
DEFAULT_MOST = 32 * 1024 * 1024
KERNEL_BYTES = 8 * 1024 * 1024
"""What two socket buffers on loopback take, generously, of a body that nobody reads."""


@pytest.fixture(scope="module")
def small(provider: Provider, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Proxy]:
    """A proxy that takes bodies of `MOST` bytes."""
    config = {**base_config(provider), "server": {"max_body_bytes": MOST}}
    with Proxy(config, tmp_path_factory.mktemp("small")) as running:
        yield running


def post(proxy: Proxy, body: bytes, *headers: bytes) -> httpx.Response:
    with Raw(proxy) as raw:
        return raw.ask("POST", CHAT, *headers, TEAM, body=body)


def padded(model: bytes, size: int) -> bytes:
    """A good request of exactly this many bytes."""
    head = b'{"model":"' + model + b'",' + b'"messages":[],"padding":"'
    return head + b"x" * (size - len(head) - 2) + b'"}'


def test_J004_a_body_of_exactly_the_limit_is_taken(small: Proxy, provider: Provider) -> None:
    answer = post(small, padded(b"j004-most", MOST), JSON)

    assert answer.status_code == 200
    assert len(provider.requests_for("j004-most")) == 1


@pytest.mark.parametrize("chunk", [None, 5_000, MOST + 1], ids=["with its length", "5 kB", "whole"])
def test_J004_one_byte_more_is_too_much(
    small: Proxy, provider: Provider, chunk: int | None
) -> None:
    body = padded(b"j004-more", MOST + 1)

    with Raw(small) as raw:
        raw.send(framed(body, chunk))
        answer = raw.answer()
        closed = raw.is_closed()

    assert_refused(answer, 413, "request_too_large")
    assert closed
    assert provider.requests_for("j004-more") == []


def framed(body: bytes, chunk: int | None) -> bytes:
    """A whole request with the length of its body, or with the body in chunks."""
    if chunk is None:
        return request("POST", CHAT, JSON, TEAM, b"Content-Length: %d" % len(body)) + body
    pieces = [body[start : start + chunk] for start in range(0, len(body), chunk)]
    chunks = b"".join(b"%x\r\n%b\r\n" % (len(piece), piece) for piece in pieces)
    return request("POST", CHAT, JSON, TEAM, b"Transfer-Encoding: chunked") + chunks + b"0\r\n\r\n"


def test_J004_the_limit_of_a_proxy_that_says_none_is_32_MiB(
    proxy: Proxy, provider: Provider
) -> None:
    taken = post(proxy, padded(b"j004-default", DEFAULT_MOST), JSON)
    with Raw(proxy) as raw:
        raw.send(request("POST", CHAT, JSON, TEAM, b"Content-Length: %d" % (DEFAULT_MOST + 1)))
        refused = raw.answer()

    assert taken.status_code == 200
    assert_refused(refused, 413, "request_too_large")
    assert len(provider.requests_for("j004-default")) == 1


def test_J004_a_length_beyond_the_limit_is_refused_before_the_body(small: Proxy) -> None:
    with Raw(small) as raw:
        length = b"Content-Length: %d" % 10**15
        raw.send(request("POST", CHAT, JSON, TEAM, length, b"Expect: 100-continue"))
        answer = raw.answer()
        closed = raw.is_closed()

    assert_refused(answer, 413, "request_too_large")
    assert closed


@pytest.mark.parametrize("key", [TEAM, b"x-api-key: wrong"], ids=["team", "stranger"])
@pytest.mark.parametrize(
    "framing",
    [b"Content-Length: 1000000000", b"Transfer-Encoding: chunked"],
    ids=["length", "chunks"],
)
def test_J004_an_endless_body_is_not_read(small: Proxy, key: bytes, framing: bytes) -> None:
    with Raw(small) as raw:
        raw.send(request("POST", CHAT, JSON, key, framing))
        taken = raw.send_while_taken(b"8000\r\n" + b"x" * 0x8000 + b"\r\n", 100 * KERNEL_BYTES)

    assert taken < KERNEL_BYTES


def test_J004_a_length_that_lies_cuts_the_body(small: Proxy, provider: Provider) -> None:
    """What is left over is no request, so the server ends the connection, at our 400 or before."""
    with Raw(small) as raw:
        raw.send(
            request("POST", CHAT, JSON, TEAM, b"Content-Length: 100") + padded(b"j004-lie", 500)
        )
        answer = raw.answer()

    assert answer.status_code == 400
    assert provider.requests_for("j004-lie") == []


@pytest.mark.parametrize(
    "headers",
    [
        pytest.param((), id="none"),
        pytest.param((b"Content-Type:",), id="empty"),
        pytest.param((b"Content-Type: text/plain",), id="text"),
        pytest.param((b"Content-Type: application/x-www-form-urlencoded",), id="form"),
        pytest.param((b"Content-Type: multipart/form-data; boundary=x",), id="multipart"),
        pytest.param((b"Content-Type: multipart/form-data; boundary=" + b"x" * 8192,), id="8 KiB"),
        pytest.param((b"Content-Type: application/evil+json",), id="+json"),
        pytest.param((b"Content-Type: application/jsonx",), id="jsonx"),
        pytest.param((b"Content-Type: application/json, text/plain",), id="two in one"),
        pytest.param((b"Content-Type: text/plain; application/json",), id="as a parameter"),
        pytest.param((b"Content-Type: application/json; charset=utf-16",), id="utf-16"),
        pytest.param((b"Content-Type: application/json; charset=latin1",), id="latin1"),
        pytest.param((b"Content-Type: application/json; Charset = utf-16",), id="spaced"),
        pytest.param((JSON, JSON), id="twice"),
        pytest.param((JSON, b"Content-Type: text/plain"), id="two"),
        pytest.param((b"Content-Type: text/plain", JSON), id="two, the other way round"),
    ],
)
def test_J017_what_is_not_said_to_be_json_in_utf8_is_refused(
    proxy: Proxy, provider: Provider, headers: tuple[bytes, ...]
) -> None:
    answer = post(proxy, json.dumps(chat("j017-bad")).encode(), *headers)

    assert_refused(answer, 415, "unsupported_media_type")
    assert provider.requests_for("j017-bad") == []


@pytest.mark.parametrize(
    "value",
    [
        b"application/json",
        b"Application/JSON",
        b"application/json; charset=utf-8",
        b"application/json;charset=UTF-8",
        b'application/json; charset="utf-8"',
        b"application/json ; charset=utf-8",
        b"application/json;",
    ],
)
def test_J017_json_in_utf8_is_taken_however_it_is_spelt(proxy: Proxy, value: bytes) -> None:
    answer = post(proxy, json.dumps(chat("j017")).encode(), b"Content-Type: " + value)

    assert answer.status_code == 200


@pytest.mark.parametrize(
    "coding",
    ["gzip", "deflate", "br", "zstd", "x-gzip", "identity,gzip", "gzip, identity", "x", ""],
)
def test_J018_a_compressed_body_is_refused_unread(
    proxy: Proxy, provider: Provider, coding: str
) -> None:
    body = json.dumps(chat("j018")).encode()
    packed = zlib.compress(body) if coding == "deflate" else gzip.compress(body)

    answer = post(proxy, packed, JSON, f"Content-Encoding: {coding}".encode())

    assert_refused(answer, 415, "unsupported_content_encoding")
    assert provider.requests_for("j018") == []


def test_J018_two_codings_are_refused(proxy: Proxy, provider: Provider) -> None:
    body = json.dumps(chat("j018-two")).encode()

    answer = post(proxy, body, JSON, b"Content-Encoding: identity", b"Content-Encoding: gzip")

    assert_refused(answer, 415, "unsupported_media_type")
    assert provider.requests_for("j018-two") == []


def test_J018_a_body_coded_as_it_is_is_taken(proxy: Proxy) -> None:
    answer = post(proxy, json.dumps(chat("j018-id")).encode(), JSON, b"Content-Encoding: Identity")

    assert answer.status_code == 200


def test_J018_a_bomb_is_neither_read_nor_opened(proxy: Proxy) -> None:
    bomb = gzip.compress(b"0" * 100_000_000)
    with Raw(proxy) as raw:
        head = request(
            "POST", CHAT, JSON, TEAM, b"Content-Encoding: gzip", b"Content-Length: 10000000000"
        )
        raw.send(head)
        taken = raw.send_while_taken(bomb, 100 * KERNEL_BYTES)
    with Raw(proxy) as raw:
        answer = raw.ask("POST", CHAT, JSON, TEAM, b"Content-Encoding: gzip", body=bomb)

    assert taken < KERNEL_BYTES
    assert_refused(answer, 415, "unsupported_content_encoding")


@pytest.mark.parametrize(
    ("header", "words"),
    [
        (JSON, "The request carries two content types."),
        (b"Content-Encoding: identity", "The request carries two content encodings."),
    ],
    ids=["type", "encoding"],
)
def test_J018_a_body_that_is_twice_said_what_it_is_is_refused_by_that_name(
    proxy: Proxy, header: bytes, words: str
) -> None:
    answer = post(proxy, b"{}", header, header)

    assert_refused(answer, 415, "unsupported_media_type")
    assert answer.json()["error"]["message"] == words
