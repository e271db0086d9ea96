"""A provider that speaks the Responses API: bytes pass, and are understood in passing."""

from typing import Any

import httpx
import pytest

from tests.conftest import UPSTREAM_KEY
from tests.harness.proxy import Proxy
from tests.provider import behaviours, responses
from tests.provider.exchange import Exchange, Gate
from tests.provider.server import Provider
from tests.responses.conftest import ask

pytestmark = pytest.mark.relay_only("bytes pass where the provider speaks the API")

RICH = b"""{"id":"resp_1", "object" : "response","created_at":1760000000,"model":"x","error":null,
  "status":"incomplete","incomplete_details" : {"reason":"max_output_tokens"},
  "output":[ {"type":"reasoning","id":"rs_1","summary":[],"encrypted_content":"gAAA=="},
    {"type":"message","id":"msg_1","status":"incomplete","role":"assistant","content":[
      {"type":"output_text","text":"\\ud83d\\ude00 \\/","annotations":[]}]},
    {"type":"x_new","n":1.50}],
  "usage":{"total_tokens":12,"output_tokens":3,"input_tokens":9,"x_new":0.010,
    "input_tokens_details":{"cached_tokens":4},"output_tokens_details":{"reasoning_tokens":1}}}
"""
USAGE = {
    "prompt_tokens": 9,
    "completion_tokens": 3,
    "total_tokens": 12,
    "cached_tokens": 4,
    "reasoning_tokens": 1,
    "seconds": None,
    "source": "provider",
}


def test_a_plain_answer_passes_unchanged_and_is_recorded(
    team: httpx.Client, proxy: Proxy, provider: Provider
) -> None:
    provider.on("resp-rich", behaviours.plain(RICH, [("x-request-id", "req_theirs")]))

    answer = team.post("/responses", json=ask("resp-rich"))

    assert (answer.status_code, answer.content) == (200, RICH)
    record = proxy.record(id=answer.headers["x-request-id"])
    assert (record["dialect"], record["operation"], record["lane"]) == (
        *("responses", "responses", "relay"),
    )
    assert record["usage"] == USAGE
    assert (record["finish_reason"], record["outcome"]) == ("max_output_tokens", "answered")
    assert record["upstream_request_id"] == "req_theirs"


@pytest.mark.parametrize(
    ("extra", "reason"),
    [({}, "completed"), ({"incomplete_details": {"reason": "content_filter"}}, "content_filter")],
    ids=["completed", "incomplete"],
)
def test_of_a_long_answer_usage_and_reason_are_read_at_its_ends(
    team: httpx.Client, proxy: Proxy, provider: Provider, extra: dict[str, Any], reason: str
) -> None:
    model = f"resp-long-{reason}"
    provider.on(model, behaviours.plain(responses.response("a" * 300_000, **extra)))

    answer = team.post("/responses", json=ask(model))

    assert len(answer.json()["output"][0]["content"][0]["text"]) == 300_000
    record = proxy.record(id=answer.headers["x-request-id"])
    assert (record["usage"], record["finish_reason"]) == (USAGE, reason)


@pytest.mark.parametrize("piece_bytes", [None, 1, 7], ids=["whole", "1", "7"])
@pytest.mark.parametrize("line_end", [b"\n", b"\r\n"], ids=["LF", "CRLF"])
def test_a_stream_passes_unchanged_however_it_is_cut(
    team: httpx.Client,
    proxy: Proxy,
    provider: Provider,
    piece_bytes: int | None,
    line_end: bytes,
) -> None:
    model = f"resp-cut-{piece_bytes}-{len(line_end)}"
    data = responses.stream(["Hello", ' "response.completed"', " 😀"]).replace(b"\n", line_end)
    provider.on(model, behaviours.stream(data, piece_bytes))

    answer = team.post("/responses", json=ask(model, stream=True))

    assert answer.content == data
    assert answer.headers["content-type"].startswith("text/event-stream")
    record = proxy.record(id=answer.headers["x-request-id"])
    assert record["usage"] == USAGE
    assert (record["finish_reason"], record["outcome"]) == ("completed", "answered")


@pytest.mark.parametrize(
    ("extra", "reason"),
    [
        ({"status": "incomplete", "incomplete_details": {"reason": "max_output_tokens"}}, None),
        ({"status": "failed", "error": {"code": "server_error", "message": "It broke."}}, "failed"),
    ],
    ids=["incomplete", "failed"],
)
@pytest.mark.parametrize("end", [b"", b"data: [DONE]\n\n"], ids=["", "DONE"])
def test_a_stream_is_whole_whichever_last_event_it_has(
    team: httpx.Client,
    proxy: Proxy,
    provider: Provider,
    extra: dict[str, Any],
    reason: str | None,
    end: bytes,
) -> None:
    model = f"resp-end-{reason}-{len(end)}"
    data = (
        b"".join(responses.events()[:-1]) + responses.stream([], **extra).rpartition(b"event:")[2]
    )
    data = data + end
    provider.on(model, behaviours.stream(data))

    answer = team.post("/responses", json=ask(model, stream=True))

    assert answer.content == data
    record = proxy.record(id=answer.headers["x-request-id"])
    assert record["outcome"] == "answered"
    assert record["finish_reason"] == (reason or "max_output_tokens")


CODEX: dict[str, Any] = {
    "instructions": "Be brief.",
    "input": [
        {
            "type": "message",
            "role": "developer",
            "content": [{"type": "input_text", "text": "x"}],
        },
        {"type": "reasoning", "id": "rs_1", "summary": [], "encrypted_content": "gAAA=="},
        {"type": "function_call_output", "call_id": "call_1", "output": "sunny"},
        {"role": "user", "content": [{"type": "input_image", "image_url": "data:,x"}]},
    ],
    "tools": [{"type": "namespace", "name": "mcp", "tools": []}, {"type": "web_search"}],
    "reasoning": {"effort": "high", "summary": "auto"},
    "store": False,
    "include": ["reasoning.encrypted_content"],
    "prompt_cache_key": "0199",
    "client_metadata": {"x-codex-installation-id": "i"},
    "x_new": {"a": [1, 2.5, None]},
}
HEADERS = {
    "openai-beta": "responses=experimental",
    "traceparent": "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
    "session-id": "0199-session",
    "originator": "codex_exec",
    "x-codex-turn-metadata": '{"workspaces":{}}',
    "cookie": "a=b",
}


def test_a_request_goes_on_with_every_field_and_the_headers_that_matter(
    team: httpx.Client, proxy: Proxy, provider: Provider
) -> None:
    body = {"model": "resp-fields", **CODEX}

    answer = team.post("/responses", json=body, headers=HEADERS)

    (request,) = provider.requests_for("resp-fields")
    assert request.path == "/v1/responses"
    assert request.json == body
    assert request.header("authorization") == f"Bearer {UPSTREAM_KEY}"
    assert request.header("openai-beta") == HEADERS["openai-beta"]
    assert request.header("traceparent") == HEADERS["traceparent"]
    kept_back = ("session-id", "originator", "x-codex-turn-metadata", "cookie")
    assert not any(map(request.header, kept_back))
    record = proxy.record(id=answer.headers["x-request-id"])
    assert (record["session"], record["reasoning_effort"]) == ("0199-session", "high")
    assert (record["tools"], record["image"]) == (True, True)


def test_while_the_provider_is_silent_nothing_but_comments_are_added(
    proxy: Proxy, team: httpx.Client, provider: Provider
) -> None:
    gate = Gate()

    async def slow(exchange: Exchange) -> None:
        await exchange.start_stream()
        first, *others = responses.events()
        await exchange.send_chunk(first)
        await exchange.wait_for(gate)
        await exchange.send_chunk(b"".join(others))
        await exchange.end_stream(done=False)

    provider.on("resp-slow", slow)
    with team.stream("POST", "/responses", json=ask("resp-slow", stream=True)) as answer:
        pieces = answer.iter_raw()
        first = next(pieces)
        gate.open()
        rest = b"".join(pieces)

    assert first == responses.events()[0]
    assert first + rest == responses.stream()


def test_a_client_that_leaves_stops_the_provider_and_is_recorded(
    team: httpx.Client, proxy: Proxy, provider: Provider
) -> None:
    async def endless(exchange: Exchange) -> None:
        await exchange.start_stream()
        await exchange.send_chunk(responses.begun())
        await exchange.client_gone()

    provider.on("resp-gone", endless)
    with team.stream("POST", "/responses", json=ask("resp-gone", stream=True)) as answer:
        next(answer.iter_raw())
    provider.wait_for_disconnect("resp-gone")

    record = proxy.record(id=answer.headers["x-request-id"])
    assert record["outcome"] == "client_gone"
    assert record["usage"]["source"] == "estimated"
    assert record["usage"]["prompt_tokens"] == 3
