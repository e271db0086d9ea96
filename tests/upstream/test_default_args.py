"""What `default_args` adds to requests, as the provider sees it."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from lmproxy.upstream.chat_fields import placed
from lmproxy.upstream.default_args import filled
from tests.conftest import TEAM_KEY, UPSTREAM_KEY, bearer, chat
from tests.harness import patient
from tests.harness.proxy import Proxy
from tests.provider.behaviours import good_answer
from tests.provider.server import Provider

DEFAULTS: dict[str, Any] = {
    "temperature": 0.2,
    "max_tokens": 77,
    "reasoning_effort": "low",
    "stop": "END",
    "top_k": 5,
    "verbosity": "low",
    "user": "the team",
}
MESSAGE = {"role": "user", "content": "Say hello."}
BODIES: dict[str, tuple[str, dict[str, Any]]] = {
    "chat": ("/chat/completions", {"messages": [MESSAGE]}),
    "messages": ("/messages", {"messages": [MESSAGE], "max_tokens": 9}),
    "responses": ("/responses", {"input": "Say hello."}),
    "completions": ("/completions", {"prompt": "Say"}),
    "count_tokens": ("/messages/count_tokens", {"messages": [MESSAGE]}),
    "embeddings": ("/embeddings", {"input": "Say hello."}),
}


@pytest.fixture(scope="module")
def target() -> Iterator[Provider]:
    with Provider() as running:
        running.on_any(good_answer)
        yield running


@pytest.fixture(scope="module")
def filling(target: Provider, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Proxy]:
    folder: Path = tmp_path_factory.mktemp("filling")
    up = {"api_base": target.base_url, "api_key": UPSTREAM_KEY, "default_args": DEFAULTS}
    connections: dict[str, Any] = {
        "relay": {**up, "speaks": [*BODIES]},
        "bridged": {**up, "speaks": ["chat"]},
        "translate": {**up, "lane": "translate"},
        "litellm": {**up, "lane": "litellm"},
        "none": {"api_base": target.base_url, "api_key": UPSTREAM_KEY},
    }
    config = {
        "host": "127.0.0.1",
        "port": 0,
        "connections": connections,
        "routing": {f"{name}/*": f"{name}.{{1}}" for name in connections},
        "groups": {"team": {"api_keys": [TEAM_KEY]}},
    }
    with Proxy(config, folder) as proxy:
        yield proxy


def sent(filling: Proxy, target: Provider, path: str, body: dict[str, Any]) -> dict[str, Any]:
    """The body that the provider gets of this one."""
    before = len(target.requests)
    patient.post(f"{filling.api}{path}", json=body, headers=bearer(TEAM_KEY))
    (request,) = target.requests[before:]
    assert request.json is not None
    return request.json


@pytest.mark.parametrize("stream", [False, True], ids=["plain", "stream"])
@pytest.mark.parametrize("lane", ["relay", "translate", "litellm"])
def test_a_field_that_the_client_left_out_is_added_on_every_lane(
    lane: str, stream: bool, filling: Proxy, target: Provider
) -> None:
    body = chat(f"{lane}/m", stream=stream, temperature=0.9, stop=None)

    found = sent(filling, target, "/chat/completions", body)

    assert found["temperature"] == 0.9
    assert found["max_tokens"] == 77
    assert found["stop"] == "END"
    assert found["top_k"] == 5


def test_a_connection_without_defaults_adds_nothing(filling: Proxy, target: Provider) -> None:
    found = sent(filling, target, "/chat/completions", chat("none/m"))

    assert found == chat("m")


@pytest.mark.parametrize(
    ("operation", "added"),
    [
        ("chat", DEFAULTS),
        (
            "messages",
            {
                "temperature": 0.2,
                "stop_sequences": ["END"],
                "top_k": 5,
                "output_config": {"effort": "low"},
                "metadata": {"user_id": "the team"},
            },
        ),
        (
            "responses",
            {
                "temperature": 0.2,
                "max_output_tokens": 77,
                "reasoning": {"effort": "low"},
                "text": {"verbosity": "low"},
                "user": "the team",
            },
        ),
        (
            "completions",
            {"temperature": 0.2, "max_tokens": 77, "stop": "END", "user": "the team"},
        ),
        ("count_tokens", {"output_config": {"effort": "low"}}),
        ("embeddings", {}),
    ],
)
def test_another_operation_gets_what_it_has_by_its_own_names(
    operation: str, added: dict[str, Any], filling: Proxy, target: Provider
) -> None:
    path, body = BODIES[operation]

    found = sent(filling, target, path, {"model": "relay/m", **body})

    assert found == {**body, "model": "m", **added}


@pytest.mark.parametrize("operation", ["messages", "responses", "completions"])
def test_what_is_asked_for_as_chat_gets_chats(
    operation: str, filling: Proxy, target: Provider
) -> None:
    path, body = BODIES[operation]

    found = sent(filling, target, path, {"model": "bridged/m", **body})

    assert found["temperature"] == 0.2
    limits = [found.get(name) for name in ("max_tokens", "max_completion_tokens")]
    assert limits.count(None) == 1  # The client's or the default, never both.


@pytest.mark.parametrize(
    ("operation", "said", "found"),
    [
        ("messages", {"output_config": {"effort": "high"}}, {"output_config": {"effort": "high"}}),
        (
            "messages",
            {"output_config": {"format": {"type": "json_schema"}}},
            {"output_config": {"format": {"type": "json_schema"}, "effort": "low"}},
        ),
        ("messages", {"thinking": {"type": "enabled", "budget_tokens": 1024}}, {}),
        ("messages", {"thinking": {"type": "adaptive"}}, {"output_config": {"effort": "low"}}),
        (
            "responses",
            {"reasoning": {"effort": None, "summary": "auto"}},
            {"reasoning": {"effort": "low", "summary": "auto"}},
        ),
        ("responses", {"reasoning": "high"}, {"reasoning": "high"}),
    ],
    ids=["effort", "format", "budget", "adaptive", "summary", "no table"],
)
def test_an_effort_stands_beside_what_the_request_says_unless_it_says_one(
    operation: str,
    said: dict[str, Any],
    found: dict[str, Any],
    filling: Proxy,
    target: Provider,
) -> None:
    path, body = BODIES[operation]

    request = sent(filling, target, path, {"model": "relay/m", **body, **said})

    named = {name: request[name] for name in ("output_config", "reasoning") if name in request}
    assert named == found


@pytest.mark.parametrize(
    ("model", "takes_it"),
    [
        ("claude-haiku-4-5-20251001", False),
        ("anthropic.claude-sonnet-4-5-20250929-v1:0", False),
        ("claude-opus-4-20250514", False),
        ("claude-3-7-sonnet-latest", False),
        ("claude-opus-4-5", True),
        ("anthropic/claude-sonnet-4.6", True),
        ("claude-opus-5", True),
        ("claude-haiku-5", True),
        ("qwen3", True),
    ],
)
def test_a_claude_that_refuses_an_effort_is_sent_none(
    model: str, takes_it: bool, filling: Proxy, target: Provider
) -> None:
    path, body = BODIES["messages"]

    found = sent(filling, target, path, {"model": f"relay/{model}", **body})

    assert ("output_config" in found) is takes_it
    assert found["temperature"] == 0.2


@pytest.mark.parametrize(("said", "effort"), [("minimal", "low"), ("none", None), ("max", "max")])
def test_an_effort_is_said_in_anthropics_words(said: str, effort: str | None) -> None:
    config = {"output_config": {"effort": effort}} if effort else {}

    assert added("messages", {"reasoning_effort": said}) == config


def test_the_clients_own_name_of_a_limit_goes_before_the_other() -> None:
    limit = {"max_completion_tokens": 5}

    assert "max_tokens" not in added("chat", DEFAULTS, limit)
    assert "max_tokens" in added("chat", DEFAULTS)


@pytest.mark.parametrize("operation", ["chat", "completions", "messages", "responses"])
def test_of_two_limits_one_is_said(operation: str) -> None:
    (limit,) = added(operation, {"max_tokens": 7, "max_completion_tokens": 5}).values()

    assert limit == 5


def test_a_limit_by_either_name_is_one_for_responses() -> None:
    assert added("responses", {"max_completion_tokens": 5}) == {"max_output_tokens": 5}
    assert added("responses", {"top_k": 5}) == {}


def test_an_operations_own_word_goes_before_chats() -> None:
    assert added("responses", {"max_tokens": 7, "max_output_tokens": 5}) == {"max_output_tokens": 5}
    thought = {"reasoning_effort": "low", "reasoning": {"summary": "auto"}}
    assert added("responses", thought) == {"reasoning": {"summary": "auto", "effort": "low"}}


def test_neither_the_request_nor_the_defaults_are_changed() -> None:
    body: dict[str, Any] = {"reasoning": {"summary": "auto"}}
    defaults: dict[str, Any] = {"reasoning_effort": "low", "text": {}, "verbosity": "low"}

    added("responses", defaults, body)

    assert body == {"reasoning": {"summary": "auto"}}
    assert defaults["text"] == {}


def added(
    operation: str, defaults: dict[str, Any], body: dict[str, Any] | None = None
) -> dict[str, Any]:
    """What such a request is filled up to."""
    return filled(body or {}, placed(operation, defaults, effort=True))
