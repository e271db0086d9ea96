"""Nothing is lost in passage: what the client gets is what the provider sent, byte for byte."""

import json
from typing import Any

import httpx
import pytest

from tests.conftest import UPSTREAM_KEY, chat
from tests.harness.answer import Answer, ask
from tests.harness.proxy import Proxy
from tests.provider import answers, behaviours
from tests.provider.exchange import Behaviour, Exchange
from tests.provider.server import Provider

ASKED = {"stream_options": {"include_usage": True}}
"""With it the usage chunk is the client's own, and nothing is withheld."""

pytestmark = pytest.mark.relay_only("bytes and unknown fields pass as they are")


def received(answer: Answer) -> bytes:
    """The body without our comments."""
    assert (answer.status, answer.is_cut) == (200, False)
    return answer.body.replace(b": ping\n\n", b"")


def test_a_rich_plain_answer_passes_unchanged(team: httpx.Client, provider: Provider) -> None:
    provider.on("bytes-plain", behaviours.plain(answers.RICH_PLAIN))

    answer = ask(team, "bytes-plain")

    assert received(answer) == answers.RICH_PLAIN
    assert answer.headers["content-type"] == "application/json"


@pytest.mark.parametrize("piece_bytes", [None, 1, 7, 1000], ids=["whole", "1", "7", "1000"])
def test_a_rich_stream_passes_unchanged_however_it_is_cut(
    team: httpx.Client, provider: Provider, piece_bytes: int | None
) -> None:
    model = f"bytes-stream-{piece_bytes}"
    provider.on(model, behaviours.stream(answers.RICH_STREAM, piece_bytes))

    answer = ask(team, model, stream=True, **ASKED)

    assert received(answer) == answers.RICH_STREAM
    assert answer.headers["content-type"].startswith("text/event-stream")


@pytest.mark.parametrize("line_end", [b"\r\n", b"\r"], ids=["CRLF", "CR"])
@pytest.mark.parametrize("piece_bytes", [None, 1, 7])
def test_a_stream_with_other_line_ends_passes_unchanged(
    team: httpx.Client, provider: Provider, line_end: bytes, piece_bytes: int | None
) -> None:
    data = answers.RICH_STREAM.replace(b"\r\n", b"\n").replace(b"\n", line_end)
    model = f"bytes-{line_end.hex()}-{piece_bytes}"
    provider.on(model, behaviours.stream(data, piece_bytes))

    answer = ask(team, model, stream=True, **ASKED)

    assert received(answer) == data


def test_a_stream_without_its_last_blank_line_passes_unchanged(
    team: httpx.Client, provider: Provider
) -> None:
    data = answers.RICH_STREAM.removesuffix(b"\n")
    provider.on("bytes-no-blank-line", behaviours.stream(data))

    answer = ask(team, "bytes-no-blank-line", stream=True, **ASKED)

    assert received(answer) == data


def in_pieces(body: bytes, piece_bytes: int, framing: tuple[str, str]) -> Behaviour:
    """A plain answer sent in pieces, chunked or with its length."""

    async def behave(exchange: Exchange) -> None:
        await exchange.send_head(headers=[("Content-Type", "application/json"), framing])
        send = exchange.send_chunk if framing[1] == "chunked" else exchange.send_raw
        for start in range(0, len(body), piece_bytes):
            await send(body[start : start + piece_bytes])
        if framing[1] == "chunked":
            await exchange.end_stream(done=False)

    return behave


@pytest.mark.parametrize("is_chunked", [True, False], ids=["chunked", "with its length"])
@pytest.mark.parametrize("kib", [63, 64, 65, 300, 5 * 1024])
def test_a_long_plain_answer_passes_unchanged(
    team: httpx.Client, proxy: Proxy, provider: Provider, kib: int, is_chunked: bool
) -> None:
    text = "äöü€😀" * (kib * 1024 // 14)
    document = answers.chat_answer(text)
    body = json.dumps(document, ensure_ascii=False, indent=1).encode()
    framing = "Transfer-Encoding" if is_chunked else "Content-Length"
    model = f"bytes-{kib}-{is_chunked}"
    value = "chunked" if is_chunked else str(len(body))
    provider.on(model, in_pieces(body, 9999, (framing, value)))

    answer = ask(team, model)

    assert received(answer) == body
    record = proxy.record(id=answer.id)
    assert (record["usage"]["source"], record["usage"]["total_tokens"]) == ("provider", 12)
    assert (record["outcome"], record["finish_reason"]) == ("answered", "stop")


def test_usage_at_the_head_of_a_long_answer_is_found(
    team: httpx.Client, proxy: Proxy, provider: Provider
) -> None:
    body = {"usage": answers.USAGE, **answers.chat_answer("a" * 300_000, usage=None)}
    provider.on("bytes-usage-first", behaviours.plain(body))

    answer = ask(team, "bytes-usage-first")

    assert proxy.record(id=answer.id)["usage"]["total_tokens"] == 12


def test_words_of_a_long_answer_are_not_taken_for_its_usage(
    team: httpx.Client, proxy: Proxy, provider: Provider
) -> None:
    said = json.dumps({"usage": {"prompt_tokens": 1, "completion_tokens": 1}}) * 2000
    provider.on("bytes-said", behaviours.plain(answers.chat_answer(said, usage=None)))

    answer = ask(team, "bytes-said")

    assert len(answer.body) > 100_000
    assert proxy.record(id=answer.id)["usage"]["source"] == "estimated"


UNKNOWN: dict[str, Any] = {
    "x_vendor": {"nested": [1, 2.5, None, True, {"": "é😀"}], "big": 12345678901234567890},
    "temperature": 0.1,
    "top_k": -0.0,
    "logit_bias": {"50256": -100},
    "seed": 9_223_372_036_854_775_807,
    "user": "somebody",
    "metadata": {"model": "not-this-one"},
    "max_tokens": None,
    "tools": [{"type": "function", "function": {"name": "f", "parameters": {"$ref": "#/x"}}}],
}


@pytest.mark.parametrize("stream", [False, True], ids=["plain", "stream"])
def test_a_request_arrives_with_only_its_model_changed(
    team: httpx.Client, provider: Provider, stream: bool
) -> None:
    model = f"bytes-request-{stream}"
    own = {"stream": stream, **(ASKED if stream else {})}

    answer = team.post("/chat/completions", json=chat(f"other/{model}", **UNKNOWN, **own))

    assert answer.status_code == 200
    (request,) = provider.requests_for(model)
    assert request.json == chat(model, **UNKNOWN, **own)
    assert list(request.json) == list(chat(model, **UNKNOWN, **own))


def test_a_request_takes_the_operators_credential_and_none_of_the_clients_headers(
    team: httpx.Client, provider: Provider
) -> None:
    headers = {
        "x-api-key": team.headers["authorization"].removeprefix("Bearer "),
        "cookie": "session=1",
        "x-forwarded-for": "10.9.8.7",
        "openai-organization": "org-of-the-client",
        "openai-beta": "assistants=v2",
        "traceparent": "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
    }

    team.post("/chat/completions", json=chat("bytes-headers"), headers=headers)

    (request,) = provider.requests_for("bytes-headers")
    seen = {name.lower(): value for name, value in request.headers}
    assert seen.pop("user-agent").startswith("oai-proxy/")
    assert set(seen) == {
        *("host", "accept", "accept-encoding", "content-length", "content-type"),
        *("authorization", "openai-beta", "traceparent"),
    }
    assert seen["authorization"] == f"Bearer {UPSTREAM_KEY}"
    assert seen["accept-encoding"] == "identity"


@pytest.mark.parametrize("odd", [b'"logprobs":NaN', b'"name":"\\ud83d"'], ids=["NaN", "surrogate"])
def test_what_strict_parsers_refuse_and_clients_read_passes_unchanged(
    team: httpx.Client, proxy: Proxy, provider: Provider, odd: bytes
) -> None:
    model = f"bytes-{odd[1:5].decode()}"
    body = b'{"choices":[{"index":0,' + odd + b'}],"usage":{"prompt_tokens":3}}'
    provider.on(model, behaviours.plain(body))

    answer = ask(team, model)

    assert received(answer) == body
    assert proxy.record(id=answer.id)["usage"]["prompt_tokens"] == 3
