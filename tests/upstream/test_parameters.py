"""What becomes of a client's parameters: passed on, left out and named, or refused."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.conftest import TEAM_KEY, UPSTREAM_KEY, bearer, chat
from tests.harness.errors import assert_refused
from tests.harness.proxy import Proxy
from tests.provider.server import Provider
from tests.upstream.test_injection import any_format

DROPPED = "x-oai-proxy-dropped-params"
IMAGE = {
    "role": "user",
    "content": [
        {"type": "text", "text": "What is this?"},
        {"type": "image_url", "image_url": {"url": "data:image/png;base64,iVBORw0KGgo="}},
    ],
}
BY_URL = {
    "role": "user",
    "content": [{"type": "image_url", "image_url": {"url": "http://pictures.example/a.png"}}],
}
DETAILED = {
    "role": "user",
    "content": [
        {
            "type": "image_url",
            "image_url": {"url": "data:image/png;base64,iVBORw0KGgo=", "detail": "low"},
        },
    ],
}
MARKED = {
    "role": "user",
    "content": [
        {"type": "text", "text": "Hello.", "cache_control": {"type": "ephemeral"}},
    ],
}
STRICT = {
    "type": "function",
    "function": {
        "name": "weather",
        "parameters": {"type": "object", "properties": {}},
        "strict": True,
    },
}
CONNECTIONS: dict[str, dict[str, Any]] = {
    "claude": {"api_type": "anthropic", "pass_params": ["top_k"]},
    "claude-litellm": {"api_type": "anthropic", "pass_params": ["top_k"], "lane": "litellm"},
    "gemini": {"api_type": "google", "pass_params": ["top_k"]},
    "gemini-litellm": {"api_type": "google", "pass_params": ["top_k"], "lane": "litellm"},
    "ollama": {"api_type": "ollama_chat", "pass_params": ["num_ctx"]},
    "ollama-litellm": {"api_type": "ollama_chat", "pass_params": ["num_ctx"], "lane": "litellm"},
    "vllm": {"api_type": "vllm", "pass_params": ["guided_json"], "lane": "translate"},
    "vllm-litellm": {"api_type": "vllm", "pass_params": ["guided_json"], "lane": "litellm"},
    "rejecting": {"api_type": "anthropic", "unsupported_params": "reject"},
    "openai-rejecting": {"api_type": "openai", "unsupported_params": "reject"},
    "openai-dropping": {"api_type": "openai", "unsupported_params": "drop"},
    "openai-passing": {"api_type": "openai", "unsupported_params": "pass"},
    "deepseek": {"api_type": "deepseek", "lane": "translate"},
    "deepseek-litellm": {"api_type": "deepseek", "lane": "litellm"},
    "mistral": {"api_type": "mistral", "lane": "translate"},
    "mistral-litellm": {"api_type": "mistral", "lane": "litellm"},
}
BOTH = ["", "-litellm"]


@pytest.fixture(scope="module")
def target() -> Iterator[Provider]:
    with Provider() as running:
        running.on_any(any_format)
        yield running


@pytest.fixture(scope="module")
def parameters(target: Provider, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Proxy]:
    folder: Path = tmp_path_factory.mktemp("parameters")
    base = {"api_base": target.base_url, "api_key": UPSTREAM_KEY}
    config = {
        "host": "127.0.0.1",
        "port": 0,
        "connections": {name: {**base, **settings} for name, settings in CONNECTIONS.items()},
        "routing": {f"{name}/*": f"{name}.{{1}}" for name in CONNECTIONS},
        "groups": {"team": {"api_keys": [TEAM_KEY]}},
    }
    with Proxy(config, folder) as proxy:
        yield proxy


class Asking:
    """One client of the proxy, and what the provider got of its last request."""

    def __init__(self, proxy: Proxy, target: Provider) -> None:
        self._proxy = proxy
        self._target = target
        self.sent: list[dict[str, Any]] = []

    def ask(self, model: str, **fields: Any) -> httpx.Response:
        before = len(self._target.requests)
        answer = httpx.post(
            f"{self._proxy.api}/chat/completions",
            json=chat(model, **fields),
            headers=bearer(TEAM_KEY),
            timeout=60,
        )
        self.sent = [request.json or {} for request in self._target.requests[before:]]
        return answer

    def record(self, answer: httpx.Response) -> dict[str, Any]:
        return self._proxy.record(id=answer.headers["x-request-id"])


@pytest.fixture
def asking(parameters: Proxy, target: Provider) -> Asking:
    return Asking(parameters, target)


@pytest.mark.parametrize("lane", BOTH)
def test_what_a_provider_does_not_take_is_left_out_and_named(lane: str, asking: Asking) -> None:
    answer = asking.ask(f"claude{lane}/m", seed=1, logprobs=True, temperature=0.25, unheard_of=1)

    (sent,) = asking.sent
    assert answer.status_code == 200
    assert sent["temperature"] == 0.25
    assert not sent.keys() & {"seed", "logprobs", "unheard_of"}
    assert set(answer.headers[DROPPED].split(", ")) == {"seed", "logprobs", "unheard_of"}
    assert set(asking.record(answer)["dropped_params"]) == {"seed", "logprobs", "unheard_of"}


def test_a_request_of_which_all_goes_on_names_nothing(asking: Asking) -> None:
    answer = asking.ask("claude/m", temperature=0.25, n=1, user=None, max_tokens=5)

    assert DROPPED not in answer.headers
    assert asking.record(answer)["dropped_params"] == []


def test_names_that_a_client_invents_do_not_fill_the_record(asking: Asking) -> None:
    invented = {f"{'n' * 200}{number}": 1 for number in range(2000)}

    answer = asking.ask("claude/m", **invented)

    kept = asking.record(answer)["dropped_params"]
    assert len(kept) == 100
    assert max(map(len, kept)) == 128
    assert len(answer.headers[DROPPED]) <= 1024


@pytest.mark.parametrize("model", ["rejecting/m", "openai-rejecting/gpt-4o"])
@pytest.mark.parametrize("stream", [False, True], ids=["plain", "streamed"])
def test_an_operator_may_have_such_requests_refused(
    model: str, asking: Asking, *, stream: bool
) -> None:
    answer = asking.ask(model, top_k=3, stream=stream)

    assert_refused(answer, 400, "unsupported_parameter", "top_k")
    assert asking.sent == []
    assert asking.record(answer)["outcome"] == "refused"


def test_a_connection_that_rejects_answers_what_it_can(asking: Asking) -> None:
    assert asking.ask("rejecting/m", temperature=0.25).status_code == 200


@pytest.mark.parametrize(
    ("name", "lane"),
    [
        ("openai-rejecting", "translate"),
        ("openai-dropping", "translate"),
        ("openai-passing", "relay"),
    ],
)
def test_looking_at_parameters_takes_a_connection_from_the_relay(
    name: str, lane: str, asking: Asking
) -> None:
    answer = asking.ask(f"{name}/gpt-4o", temperature=0.25)

    assert answer.status_code == 200
    assert asking.record(answer)["lane"] == lane


def test_the_relay_passes_what_nobody_knows(asking: Asking) -> None:
    answer = asking.ask("openai-passing/gpt-4o", unheard_of=1)

    (sent,) = asking.sent
    assert sent["unheard_of"] == 1
    assert DROPPED not in answer.headers


def test_a_value_that_only_this_model_refuses_is_left_out_and_named(asking: Asking) -> None:
    answer = asking.ask("openai-dropping/gpt-5", temperature=0.25, seed=1)

    (sent,) = asking.sent
    assert answer.status_code == 200
    assert sent["seed"] == 1
    assert "temperature" not in sent
    assert answer.headers[DROPPED] == "temperature"


@pytest.mark.parametrize("lane", BOTH)
@pytest.mark.parametrize(
    ("name", "parameter", "value", "path"),
    [
        ("claude", "top_k", 7, ("top_k",)),
        ("gemini", "top_k", 7, ("generationConfig", "top_k")),
        ("ollama", "num_ctx", 2048, ("options", "num_ctx")),
        ("vllm", "guided_json", {"type": "object"}, ("guided_json",)),
    ],
    ids=["claude", "gemini", "ollama", "vllm"],
)
def test_a_parameter_the_operator_lets_pass_arrives_where_the_provider_has_it(
    name: str, parameter: str, value: Any, path: tuple[str, ...], lane: str, asking: Asking
) -> None:
    answer = asking.ask(f"{name}{lane}/m", **{parameter: value})

    found: Any = asking.sent[0]
    for step in path:
        found = found[step]
    assert found == value
    assert DROPPED not in answer.headers


@pytest.mark.parametrize("lane", BOTH)
@pytest.mark.parametrize("stream", [False, True], ids=["plain", "streamed"])
def test_a_picture_that_the_provider_cannot_take_is_refused(
    lane: str, asking: Asking, *, stream: bool
) -> None:
    answer = asking.ask(f"deepseek{lane}/deepseek-chat", messages=[IMAGE], stream=stream)

    assert_refused(answer, 400, "unsupported_content", "messages")
    assert asking.sent == []


@pytest.mark.parametrize("lane", BOTH)
def test_a_picture_by_url_is_not_fetched_for_a_provider_that_takes_none(
    lane: str, asking: Asking
) -> None:
    answer = asking.ask(f"gemini{lane}/gemini-2.5-flash", messages=[BY_URL])

    assert_refused(answer, 400, "unsupported_content", "messages")
    assert "by URL" in answer.json()["error"]["message"]
    assert asking.sent == []


@pytest.mark.parametrize("lane", BOTH)
@pytest.mark.parametrize(
    "fields", [{"response_format": "a private wish"}, {"tools": [{"type": "function"}]}], ids=str
)
def test_a_field_that_litellm_trips_over_is_the_clients(
    fields: dict[str, Any], lane: str, asking: Asking
) -> None:
    answer = asking.ask(f"claude{lane}/claude-sonnet-4-5", **fields)

    assert answer.status_code == 400
    assert "private" not in answer.text


def test_a_part_of_a_message_that_litellm_trips_over_is_the_clients(asking: Asking) -> None:
    part = {"type": ["image_url"]}

    answer = asking.ask("claude/m", messages=[{"role": "user", "content": [part]}])

    assert_refused(answer, 400, "untranslatable_request")
    assert asking.sent == []


@pytest.mark.parametrize("lane", BOTH)
@pytest.mark.parametrize(
    ("model", "fields", "lost"),
    [
        ("mistral{}/m", {"messages": [MARKED]}, "cache_control"),
        ("claude{}/m", {"messages": [DETAILED]}, "detail"),
        ("gemini{}/gemini-2.5-flash", {"tools": [STRICT]}, "strict"),
    ],
    ids=["cache_control", "detail", "strict"],
)
def test_a_mark_that_is_lost_in_translation_is_named(
    model: str, fields: dict[str, Any], lost: str, lane: str, asking: Asking
) -> None:
    answer = asking.ask(model.format(lane), **fields)

    assert answer.status_code == 200
    assert lost not in json.dumps(asking.sent)
    assert answer.headers[DROPPED] == lost


@pytest.mark.parametrize("lane", BOTH)
def test_anthropics_max_tokens_is_filled_in(lane: str, asking: Asking) -> None:
    known = asking.ask(f"claude{lane}/claude-sonnet-4-5")
    known_tokens = asking.sent[0]["max_tokens"]
    asking.ask(f"claude{lane}/m")

    assert known.status_code == 200
    assert (known_tokens, asking.sent[0]["max_tokens"]) == (64000, 4096)
