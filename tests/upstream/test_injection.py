"""No name that LiteLLM reads gets to it from a client's request, wherever it stands in it."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from lmproxy.upstream.arguments import FUNCTION_FIELDS, TOOL_FIELDS, reserved
from lmproxy.upstream.remote_media import LOOKED_AT, NOTED
from tests.conftest import TEAM_KEY, UPSTREAM_KEY, bearer, chat
from tests.harness.proxy import Proxy
from tests.provider.answers import chat_answer
from tests.provider.exchange import Exchange
from tests.provider.server import Provider

LANES = ("translate", "litellm")
PROVIDERS = ("openai", "vllm", "anthropic", "google", "ollama_chat", "bedrock")
WAYS = [(p, lane) for p in PROVIDERS for lane in LANES if (p, lane) != ("bedrock", "translate")]
PLACES = ("top", "metadata", "extra_body", "tools[]", "tools[].function")
NAMES = sorted(reserved())
HEADER_BYTES = 1000
"""So many bytes of names fit into `x-oai-proxy-dropped-params`."""
BEDROCK_MODEL = "anthropic.claude-3-5-sonnet-20240620-v1:0"
PLAIN_TEXT = (
    *("os.environ/PLANTED", "env:PLANTED", "file:/etc/hostname", "oidc/google/audience"),
    *("${PLANTED}", "{{ 7 * 7 }}", "{% raw %}", "credential:PLANTED"),
)
PLANTED = "planted-environment-secret-0123456789"
ANTHROPIC: dict[str, Any] = {
    "id": "m", "type": "message", "role": "assistant", "model": "m", "stop_reason": "end_turn",
    "content": [{"type": "text", "text": "Hello"}],
    "usage": {"input_tokens": 3, "output_tokens": 1},
}  # fmt: skip
GEMINI: dict[str, Any] = {
    "candidates": [
        {"content": {"role": "model", "parts": [{"text": "Hello"}]}, "finishReason": "STOP"}
    ],
    "usageMetadata": {"promptTokenCount": 3, "candidatesTokenCount": 1, "totalTokenCount": 4},
}
OLLAMA: dict[str, Any] = {
    "model": "m", "message": {"role": "assistant", "content": "Hello"}, "done": True,
    "done_reason": "stop", "prompt_eval_count": 3, "eval_count": 1,
}  # fmt: skip
BEDROCK: dict[str, Any] = {
    "output": {"message": {"role": "assistant", "content": [{"text": "Hello"}]}},
    "stopReason": "end_turn",
    "usage": {"inputTokens": 3, "outputTokens": 1, "totalTokens": 4},
    "metrics": {"latencyMs": 1},
}


async def any_format(exchange: Exchange) -> None:
    """Answer in the format of the API whose path was asked."""
    path = exchange.request.path
    answer: dict[str, Any] = chat_answer("Hello")
    for mark, other in {
        "/messages": ANTHROPIC,
        "enerateContent": GEMINI,
        "/api/chat": OLLAMA,
        "/converse": BEDROCK,
    }.items():
        if mark in path:
            answer = other
    await exchange.send_json(200, answer)


def batches(extra_bytes: int) -> Iterator[list[str]]:
    """The reserved names, as many at once as the header can name."""
    batch: list[str] = []
    for name in NAMES:
        if sum(len(n) + extra_bytes for n in [*batch, name]) > HEADER_BYTES:
            yield batch
            batch = []
        batch.append(name)
    yield batch


def prefix(place: str) -> str:
    return f"{place}." if place.startswith("tools") else ""


def injected(place: str, values: dict[str, Any]) -> dict[str, Any]:
    """The fields of a request that has `values` at this place."""
    function = {"name": "weather", "parameters": {"type": "object", "properties": {}}}
    if place == "top":
        return {name: value for name, value in values.items() if name != "tools"}
    if place == "tools[]":
        return {"tools": [{**values, "type": "function", "function": function}]}
    if place == "tools[].function":
        return {"tools": [{"type": "function", "function": {**values, **function}}]}
    return {place: values}


def named(place: str, names: list[str]) -> set[str]:
    """What has to be named as left out."""
    if place in ("metadata", "extra_body"):
        return {place}
    own = {"tools[]": TOOL_FIELDS, "tools[].function": FUNCTION_FIELDS}.get(place, set())
    return {f"{prefix(place)}{name}" for name in names if name not in own}


@pytest.fixture(scope="module")
def target() -> Iterator[Provider]:
    with Provider() as running:
        running.on_any(any_format)
        yield running


@pytest.fixture(scope="module")
def trap() -> Iterator[Provider]:
    with Provider() as running:
        yield running


@pytest.fixture(scope="module")
def lanes(target: Provider, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Proxy]:
    """A proxy with every provider on every lane, as `PROVIDER-LANE/MODEL`."""
    folder: Path = tmp_path_factory.mktemp("injection")
    base = {"api_base": target.base_url, "api_key": UPSTREAM_KEY}
    aws = dict.fromkeys(("aws_access_key_id", "aws_secret_access_key"), "aws-0123456789")
    connections: dict[str, dict[str, Any]] = {
        f"{provider}-{lane}": {"api_type": provider, "lane": lane, **base}
        for provider, lane in WAYS
    }
    del connections["bedrock-litellm"]["api_key"]
    connections["bedrock-litellm"]["litellm"] = {**aws, "aws_region_name": "eu-central-1"}
    config = {
        "host": "127.0.0.1",
        "port": 0,
        "connections": connections,
        "routing": {f"{name}/*": f"{name}.{{1}}" for name in connections},
        "groups": {"team": {"api_keys": [TEAM_KEY]}},
    }
    with Proxy(config, folder, environment={"PLANTED": PLANTED}) as proxy:
        yield proxy


def ask(
    lanes: Proxy, http: httpx.Client, provider: str, lane: str, **fields: Any
) -> httpx.Response:
    model = BEDROCK_MODEL if provider == "bedrock" else "m"
    body = chat(f"{provider}-{lane}/{model}", **fields)
    return http.post(f"{lanes.api}/chat/completions", json=body, headers=bearer(TEAM_KEY))


@pytest.mark.parametrize(("provider_name", "lane"), WAYS)
@pytest.mark.parametrize("place", PLACES)
def test_a_name_that_litellm_reads_is_left_out_and_named(
    place: str,
    provider_name: str,
    lane: str,
    lanes: Proxy,
    target: Provider,
    trap: Provider,
    http: httpx.Client,
) -> None:
    for names in batches(len(prefix(place)) + 2):
        values = {name: telling(trap, name) for name in names}
        before = len(target.requests)

        answer = ask(lanes, http, provider_name, lane, **injected(place, values))

        (sent,) = target.requests[before:]
        assert answer.status_code == 200, answer.text
        assert "Hello" in answer.text
        assert leaked(sent.body, place) == ""
        assert "telling" not in f"{sent.path} {sent.headers}"
        said = answer.headers["x-oai-proxy-dropped-params"].split(", ")
        record = lanes.record(id=answer.headers["x-request-id"])
        assert named(place, names) <= set(said) == set(record["dropped_params"])
        assert record["lane"] == lane
    assert trap.accepted == 0


def telling(trap: Provider, name: str) -> str:
    """A value that nobody may act on: an address, but where one is refused for being a medium's."""
    if name in LOOKED_AT | NOTED:
        return f"data:text/plain,telling-{name}"
    return f"{trap.base_url}/telling-{name}"


def leaked(body: bytes, place: str) -> str:
    """The part of a provider's request that has a telling value, but for fields tools do have."""
    own = {"tools[]": TOOL_FIELDS, "tools[].function": FUNCTION_FIELDS}.get(place, set())
    text = body.decode()
    for name in own:
        text = text.replace(f"telling-{name}", "its own")
    start = text.find("telling")
    return text[start - 80 :][:160] if start >= 0 else ""


@pytest.mark.parametrize(("provider_name", "lane"), WAYS)
def test_a_reference_in_a_clients_text_stays_text(
    provider_name: str, lane: str, lanes: Proxy, target: Provider, http: httpx.Client
) -> None:
    before = len(target.requests)
    messages = [{"role": "user", "content": " ".join(PLAIN_TEXT)}]

    answer = ask(lanes, http, provider_name, lane, messages=messages, stop=[PLAIN_TEXT[0]])

    (sent,) = target.requests[before:]
    assert answer.status_code == 200, answer.text
    assert all(json.dumps(text)[1:-1] in sent.body.decode() for text in PLAIN_TEXT)
    assert PLANTED not in sent.body.decode()


@pytest.mark.parametrize(("provider_name", "lane"), WAYS)
@pytest.mark.parametrize("value", [-1, True, {"a": -1}, ["x"], 1e9], ids=str)
def test_no_value_of_such_a_name_does_anything(
    value: Any,
    provider_name: str,
    lane: str,
    lanes: Proxy,
    target: Provider,
    http: httpx.Client,
) -> None:
    before = len(target.requests)
    fields = {name: value for name in NAMES if name != "tools"}

    answer = ask(lanes, http, provider_name, lane, **fields)

    assert answer.status_code == 200, answer.text
    assert "Hello" in answer.text
    assert len(target.requests) == before + 1
