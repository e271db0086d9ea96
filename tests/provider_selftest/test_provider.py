import asyncio
import json
import socket
import ssl
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.provider import answers, behaviours, faults, oddities, ports, refusals
from tests.provider.certificates import OLD_TLS, Certificates
from tests.provider.exchange import Behaviour, Gate
from tests.provider.server import PLAINTEXT, Provider

KEY = "sk-test/1234567890+abcd"
BEARER, HUGE = f"Bearer {KEY}", 1 << 40
REQUEST = (
    b"POST /v1/chat/completions?y=1 HTTP/1.1\r\nX-A: 1\r\nx-a: 2\r\nTransfer-Encoding: chunked\r\n"
    b'\r\n4\r\n{"mo\r\na;x=y\r\ndel": "m"}\r\n0\r\nTrailer: t\r\n\r\n'
)


@pytest.fixture
def provider() -> Iterator[Provider]:
    with Provider() as running:
        yield running


@pytest.fixture
def client(provider: Provider) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=provider.base_url, headers=[("authorization", BEARER)]) as made:
        yield made


def ask(client: httpx.Client, model: str = "m", **fields: Any) -> httpx.Response:
    return client.post("/chat/completions", json={"model": model, **fields})


def connect(provider: Provider) -> socket.socket:
    raw = socket.create_connection(("127.0.0.1", provider.port), timeout=10)
    raw.sendall(REQUEST)
    return raw


def read_all(raw: socket.socket) -> bytes:
    return b"".join(iter(lambda: raw.recv(65_536), b""))


def test_good_answers_share_one_connection(provider: Provider, client: httpx.Client) -> None:
    plain = ask(client).json()
    streamed = ask(client, stream=True, stream_options={"include_usage": True}).text
    vectors = client.post("/embeddings", json={"model": "e", "input": ["a", "b"]}).json()
    client.post("/audio/x", data={"model": "f"}, files={"file": b"\0"})

    assert plain["choices"][0]["message"]["content"] == "Hello there"
    assert streamed.endswith('"total_tokens": 12}}\n\ndata: [DONE]\n\n')
    assert [item["embedding"] for item in vectors["data"]] == [list(behaviours.VECTOR)] * 2
    assert [request.model for request in provider.requests] == ["m", "m", "e", "f"]
    assert (provider.accepted, provider.connections) == (1, 1)


def test_a_request_is_kept_as_it_was_sent(provider: Provider) -> None:
    with connect(provider):
        (request,) = provider.wait_for_request("m")

    assert (request.method, request.path) == ("POST", "/v1/chat/completions?y=1")
    assert (request.body, request.json) == (b'{"model": "m"}', {"model": "m"})
    assert request.headers[:2] == (("X-A", "1"), ("x-a", "2"))


def test_rich_bytes_arrive_unchanged(provider: Provider, client: httpx.Client) -> None:
    provider.on("plain", behaviours.plain(answers.RICH_PLAIN))

    assert ask(client, "plain").content == answers.RICH_PLAIN
    for piece_bytes in (None, 1, 7):
        provider.on("stream", behaviours.stream(answers.RICH_STREAM, piece_bytes))
        assert ask(client, "stream", stream=True).content == answers.RICH_STREAM


def test_rich_bytes_are_valid() -> None:
    events = [line[5:] for line in answers.RICH_STREAM.splitlines() if line.startswith(b"data:")]
    deltas = [c["delta"] for e in events[:-1] for c in json.loads(e)["choices"]]

    assert json.loads(answers.RICH_PLAIN)["x_vendor"]["a"] == [1, 2.5, 1000.0]
    assert "".join(delta.get("content", "") for delta in deltas) == "été été 😀 😀/"
    assert events[-1].strip() == b"[DONE]"


def test_a_gate_holds_an_answer_and_leaving_after_that_is_no_disconnect(provider: Provider) -> None:
    gate = Gate()
    provider.on("m", behaviours.held(gate))
    with connect(provider) as raw:
        provider.wait_for_request("m")
        raw.settimeout(0.05)
        with pytest.raises(TimeoutError):
            raw.recv(1)
        raw.settimeout(10)
        gate.open()

        assert raw.recv(65_536).startswith(b"HTTP/1.1 200")
    provider.wait_for_no_connections()
    with pytest.raises(TimeoutError, match="departures"):
        provider.wait_for_disconnect("m", timeout=0)


def test_waiting_ends_as_soon_as_the_request_is_there(provider: Provider) -> None:
    sender = threading.Timer(0.05, lambda: connect(provider).close())
    sender.start()

    assert len(provider.wait_for_request("m")) == 1
    with pytest.raises(TimeoutError, match="2 requests for m"):
        provider.wait_for_request("m", count=2, timeout=0.01)


LEFT_ALONE: list[Behaviour] = [
    *(faults.never_answers, faults.silence_after_head, faults.silence_in_body),
    *(faults.silence_after_stream_head, faults.silence_in_stream()),
    *(faults.drip(), faults.drip_body(), faults.endless_events),
    *(faults.enormous_event(HUGE), faults.enormous_body(HUGE)),
    *(behaviours.held(Gate()), behaviours.stream_held(Gate())),
]


@pytest.mark.parametrize("behaviour", LEFT_ALONE)
def test_a_client_that_leaves_is_noticed(provider: Provider, behaviour: Behaviour) -> None:
    provider.on("m", behaviour)
    with connect(provider):
        provider.wait_for_request("m")
        before = time.monotonic()

    assert before <= provider.wait_for_disconnect("m") <= time.monotonic()


@pytest.mark.parametrize("behaviour", [faults.reset_after_request, faults.reset_mid_event()])
def test_reset_is_rst_also_over_tls(tmp_path: Path, behaviour: Behaviour) -> None:
    certificates = Certificates(tmp_path)
    trusting = ssl.create_default_context(cafile=certificates.ca_file)

    async def read(port: int, context: ssl.SSLContext | None) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port, ssl=context)
        writer.write(REQUEST)
        try:
            await reader.read()
        finally:
            writer.close()

    for server_side, client_side in ((None, None), (certificates.good(), trusting)):
        with Provider(server_side) as provider:
            provider.on("m", behaviour)
            with pytest.raises(ConnectionResetError):
                asyncio.run(read(provider.port, client_side))


def test_eof_follows_what_was_sent(provider: Provider) -> None:
    for behaviour, end in (
        (faults.eof_after_request, b""),
        (faults.eof_mid_event(), b'"del\r\n'),
        (faults.chunked_without_terminator, b"}\r\n"),
        (faults.content_length_too_long, b'"ass'),
    ):
        provider.on("m", behaviour)
        with connect(provider) as raw:
            assert read_all(raw)[-len(end) :] == end


STREAMS: list[tuple[Behaviour, str]] = [
    (faults.clean_end_mid_event(), '"del'),
    (faults.ends_unfinished(done=True), '"finish_reason": null}]}\n\ndata: [DONE]\n\n'),
    (faults.garbage_line(), "<garbage>"),
    (faults.not_json_event(0), "data: {not json}\n\n"),
    (oddities.empty_stream, "data: [DONE]\n\n"),
    (oddities.html_as_stream, "</html>\n"),
    (oddities.gzip_unasked, '"finish_reason": "stop"}]}\n\ndata: [DONE]\n\n'),
    (oddities.error_event(), f"Quota of key {KEY} is used up"),
    (oddities.usage_in_chunks([{"n": 2}, {"n": 1}]), '"usage": {"n": 1}'),
    (oddities.huge_reasoning(1 << 20), "a" * (1 << 20)),
    (oddities.huge_logprobs(1000), '"logprob": -0.1'),
]


@pytest.mark.parametrize(("behaviour", "part"), STREAMS, ids=range(len(STREAMS)))
def test_a_stream_has_its_fault_and_whole_framing(
    provider: Provider, client: httpx.Client, behaviour: Behaviour, part: str
) -> None:
    provider.on("m", behaviour)

    assert part in ask(client, stream=True).text
    assert ask(client, "good").status_code == 200
    assert provider.accepted == 1


OK: list[Behaviour] = [
    *oddities.WRONG_SUCCESSES.values(),
    *(oddities.with_usage(usage) for usage in oddities.USAGES.values()),
    *(oddities.gzip_bomb(1 << 20), oddities.html_page, oddities.stream_for_json),
    *(faults.enormous_body(1 << 20), faults.many_headers(50), faults.unknown_version),
    refusals.informational_flood(100),
]
STATUSES: list[tuple[Behaviour, int]] = [
    *((behaviour, 200) for behaviour in OK),
    *((refusals.status_only(status), status) for status in (204, 451, 600)),
    *((refusals.refusal(status), status) for status in (400, 401, 409, 529)),
    *((refusals.good_body_under(206), 206), (refusals.redirect("http://elsewhere/"), 307)),
]


@pytest.mark.parametrize(("behaviour", "status"), STATUSES, ids=range(len(STATUSES)))
def test_an_answer_has_its_status_and_whole_framing(
    provider: Provider, client: httpx.Client, behaviour: Behaviour, status: int
) -> None:
    provider.on("m", behaviour)

    assert [ask(client).status_code for _ in range(2)] == [status, status]
    assert provider.accepted == 1


def test_behaviours_take_turns(provider: Provider, client: httpx.Client) -> None:
    limited = refusals.rate_limited("abc"), refusals.rate_limited(retry_after_ms="250")
    provider.on("m", behaviours.in_turn(*limited, faults.content_length_too_short))

    assert [ask(client).headers.get("retry-after") for _ in range(2)] == ["abc", None]
    with pytest.raises(json.JSONDecodeError):
        ask(client).json()


def test_the_key_is_repeated(provider: Provider, client: httpx.Client) -> None:
    for form, shown in (("raw", KEY), ("url-encoded", "sk-test%2F1234567890%2Babcd")):
        provider.on("m", refusals.key_echo(form, 400))

        assert ask(client).json()["error"]["param"] == shown


def test_many_at_once_get_their_own_words(provider: Provider, client: httpx.Client) -> None:
    provider.on("m", behaviours.echo)

    def words(number: int) -> str:
        return ask(client, stream=True, messages=[{"content": f"nonce {number}"}]).text

    with ThreadPoolExecutor(20) as pool:
        assert all(f'" {n}"' in text for n, text in enumerate(pool.map(words, range(100))))


def test_ports_without_a_provider_refuse_hang_or_are_silent() -> None:
    with ports.closed_port() as port, pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", port), timeout=10)
    with ports.black_hole() as port, pytest.raises(TimeoutError):
        socket.create_connection(("127.0.0.1", port), timeout=0.5)
    with ports.silent_port() as port, pytest.raises(httpx.ReadTimeout):
        httpx.get(f"http://127.0.0.1:{port}/", timeout=0.1)


REASONS = {
    "expired": "certificate has expired",
    "wrong_host": "IP address mismatch",
    "unknown_authority": "unable to get local issuer",
    "self_signed": "self-signed certificate",
    "old": "(?i)alert protocol version",
    "plaintext": "(?i)wrong version number|record layer failure",
}


@pytest.mark.parametrize("case", REASONS)
def test_bad_tls_is_refused(tmp_path: Path, case: str) -> None:
    certificates = Certificates(tmp_path)
    trusting = ssl.create_default_context(cafile=certificates.ca_file)
    context = None if case in ("plaintext", "old") else getattr(certificates, case)()
    to_tls = OLD_TLS if case == "old" else PLAINTEXT
    with Provider(context, to_tls=to_tls) as provider, httpx.Client(verify=trusting) as client:
        client.base_url = httpx.URL(f"https://127.0.0.1:{provider.port}/v1")

        with pytest.raises(httpx.ConnectError, match=REASONS[case]):
            ask(client)
        assert provider.requests == []
