"""A provider that speaks Anthropic's API: bytes pass, and are understood in passing."""

from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.conftest import TEAM_KEY, UPSTREAM_KEY, base_config
from tests.harness import patient
from tests.harness.proxy import Proxy
from tests.messages.conftest import ask
from tests.provider import anthropic, behaviours
from tests.provider.exchange import Exchange, Gate
from tests.provider.server import Provider

RICH = b"""{"id":"msg_1", "type" : "message","role":"assistant","model":"x",
  "content":[ {"type":"thinking","thinking":"h\\u00e9","signature":"Eq=="},
    {"type":"text","text":"\\ud83d\\ude00 \\/","citations":null}, {"type":"x_new","n":1.50} ],
  "stop_reason":"stop_sequence","stop_sequence":"END", "container":null,
  "usage":{"output_tokens":3,"input_tokens":9,"cache_read_input_tokens":20}}
"""
PING = b'event: ping\ndata: {"type": "ping"}\n\n'


def post(proxy: Proxy, path: str = "/messages", **request: Any) -> httpx.Response:
    headers = {"x-api-key": TEAM_KEY} | request.pop("headers", {})
    return patient.post(f"{proxy.api}{path}", headers=headers, timeout=60, **request)


def test_a_plain_answer_passes_unchanged_and_is_recorded(claude: Proxy, provider: Provider) -> None:
    provider.on("claude-rich", behaviours.plain(RICH, [("request-id", "req_theirs")]))

    answer = post(claude, json=ask("claude-rich"))

    assert (answer.status_code, answer.content) == (200, RICH)
    record = claude.record(id=answer.headers["request-id"])
    assert (record["dialect"], record["operation"], record["lane"]) == (
        *("anthropic", "messages", "relay"),
    )
    assert record["usage"] == {
        "prompt_tokens": 29,
        "completion_tokens": 3,
        "total_tokens": 32,
        "cached_tokens": 20,
        "reasoning_tokens": None,
        "seconds": None,
        "source": "provider",
    }
    assert (record["finish_reason"], record["outcome"]) == ("stop_sequence", "answered")
    assert record["upstream_request_id"] == "req_theirs"


def test_of_a_long_answer_usage_is_read_at_its_end(claude: Proxy, provider: Provider) -> None:
    provider.on("claude-long", behaviours.plain(anthropic.message("a" * 300_000)))

    answer = post(claude, json=ask("claude-long"))

    assert len(answer.json()["content"][0]["text"]) == 300_000
    record = claude.record(id=answer.headers["x-request-id"])
    assert (record["usage"]["prompt_tokens"], record["finish_reason"]) == (34, "end_turn")


@pytest.mark.parametrize("piece_bytes", [None, 1, 7], ids=["whole", "1", "7"])
@pytest.mark.parametrize("line_end", [b"\n", b"\r\n"], ids=["LF", "CRLF"])
def test_a_stream_passes_unchanged_however_it_is_cut(
    claude: Proxy, provider: Provider, piece_bytes: int | None, line_end: bytes
) -> None:
    model = f"claude-cut-{piece_bytes}-{len(line_end)}"
    data = anthropic.WHOLE_STREAM.replace(b"\n", line_end)
    provider.on(model, behaviours.stream(data, piece_bytes))

    answer = post(claude, json=ask(model, stream=True))

    assert answer.content == data
    assert answer.headers["content-type"].startswith("text/event-stream")
    record = claude.record(id=answer.headers["x-request-id"])
    usage = record["usage"]
    assert (usage["prompt_tokens"], usage["completion_tokens"]) == (34, 3)
    assert (usage["cached_tokens"], usage["source"]) == (20, "provider")
    assert (record["finish_reason"], record["outcome"]) == ("end_turn", "answered")


def test_a_request_goes_on_with_every_field_and_the_headers_that_matter(
    claude: Proxy, provider: Provider
) -> None:
    body = ask(
        "claude-fields",
        system=[{"type": "text", "text": "Be brief.", "cache_control": {"type": "ephemeral"}}],
        thinking={"type": "adaptive", "display": "omitted"},
        output_config={"effort": "high"},
        context_management={"edits": []},
        metadata={"user_id": '{"device_id":"d","session_id":"s"}'},
        x_new={"a": [1, 2.5, None]},
    )
    headers = {
        "anthropic-version": "2026-10-21",
        "anthropic-beta": "claude-code-20250219,context-1m-2025-08-07",
        "cookie": "a=b",
        "x-app": "cli",
    }

    answer = post(claude, "/messages?beta=true", json=body, headers=headers)

    (request,) = provider.requests_for("claude-fields")
    assert request.path.startswith("/v1/messages")
    assert request.json == body
    assert request.header("x-api-key") == UPSTREAM_KEY
    assert request.header("anthropic-version") == "2026-10-21"
    assert request.header("anthropic-beta") == headers["anthropic-beta"]
    assert not any(map(request.header, ("authorization", "cookie", "x-app")))
    record = claude.record(id=answer.headers["x-request-id"])
    assert (record["user"], record["reasoning_effort"]) == (body["metadata"]["user_id"], "high")


def test_who_names_no_version_asks_with_the_oldest(claude: Proxy, provider: Provider) -> None:
    post(claude, json=ask("claude-no-version"))

    (request,) = provider.requests_for("claude-no-version")
    assert request.header("anthropic-version") == "2023-06-01"


@pytest.mark.parametrize(
    "headers",
    [{"x-api-key": TEAM_KEY}, {"authorization": f"Bearer {TEAM_KEY}"}, {"api-key": TEAM_KEY}],
    ids=["x-api-key", "Bearer", "api-key"],
)
def test_a_key_is_taken_from_any_of_its_headers(claude: Proxy, headers: dict[str, str]) -> None:
    answer = patient.post(f"{claude.api}/messages", json=ask("claude-key"), headers=headers)

    assert answer.status_code == 200


def test_a_server_of_ones_own_that_speaks_it_is_asked_in_it(
    claude: Proxy, provider: Provider
) -> None:
    provider.on("own-model", anthropic.good_answer)

    answer = post(claude, json=ask("vllm/own-model"))

    assert answer.json()["id"] == anthropic.MESSAGE_ID
    (request,) = provider.requests_for("own-model")
    assert request.path == "/v1/messages"


def test_a_count_of_tokens_passes_and_uses_none(claude: Proxy, provider: Provider) -> None:
    answer = post(claude, "/messages/count_tokens?beta=true", json=ask("claude-count"))

    assert answer.json() == {"input_tokens": 34}
    assert "x-oai-proxy-token-count" not in answer.headers
    record = claude.record(id=answer.headers["x-request-id"])
    assert (record["operation"], record["usage"]["source"]) == ("count_tokens", "unknown")


def test_while_the_provider_is_silent_pings_go_out_between_events(
    provider: Provider, tmp_path: Path
) -> None:
    config = base_config(provider)
    config["connections"]["up"]["api_type"] = "vllm"
    config["server"] = {"stream_head_wait_s": 0.3, "ping_interval_s": 0.3}
    gate = Gate()

    async def slow(exchange: Exchange) -> None:
        await exchange.wait_for(gate)
        await anthropic.good_answer(exchange)

    provider.on("claude-slow", slow)
    body, key = ask("claude-slow", stream=True), {"x-api-key": TEAM_KEY}
    with (
        Proxy(config, tmp_path) as proxy,
        patient.stream("POST", f"{proxy.api}/messages", json=body, headers=key) as answer,
    ):
        pieces = answer.iter_raw()
        first = next(pieces)
        gate.open()
        rest = b"".join(pieces)

    assert first.startswith(PING)
    assert (first + rest).replace(PING, b"") == anthropic.WHOLE_STREAM.replace(PING, b"")


def test_what_is_known_of_the_prompt_stays_when_a_stream_breaks_off(
    claude: Proxy, provider: Provider
) -> None:
    provider.on("claude-known", anthropic.breaks_off())

    answer = post(claude, json=ask("claude-known", stream=True))

    usage = claude.record(id=answer.headers["x-request-id"])["usage"]
    assert (usage["prompt_tokens"], usage["cached_tokens"]) == (34, 20)
    assert usage["source"] == "estimated"


@pytest.mark.parametrize(
    "body", [b"[]", b"{}", b'{"type":"message","content":"x"}', b"<html>"], ids=repr
)
def test_what_is_no_message_is_no_answer(claude: Proxy, provider: Provider, body: bytes) -> None:
    model = f"claude-odd-{len(body)}"
    provider.on(model, behaviours.plain(body))

    answer = post(claude, json=ask(model))

    assert (answer.status_code, answer.json()["error"]["type"]) == (502, "api_error")
    record = claude.record(id=answer.headers["x-request-id"])
    assert record["error_code"] == "upstream_invalid_response"
