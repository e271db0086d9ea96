"""What `default_args` adds to requests, as the provider sees it."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from lmproxy.upstream.default_args import fields_of, left_out
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
}
MESSAGE = {"role": "user", "content": "Say hello."}
BODIES: dict[str, tuple[str, dict[str, Any]]] = {
    "chat": ("/chat/completions", {"messages": [MESSAGE]}),
    "messages": ("/messages", {"messages": [MESSAGE], "max_tokens": 9}),
    "responses": ("/responses", {"input": "Say hello."}),
    "completions": ("/completions", {"prompt": "Say"}),
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
        "relay": {**up, "speaks": ["chat", "completions", "embeddings", "responses", "messages"]},
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
        ("messages", {"temperature": 0.2, "stop_sequences": ["END"], "top_k": 5}),
        (
            "responses",
            {"temperature": 0.2, "max_output_tokens": 77, "reasoning": {"effort": "low"}},
        ),
        ("completions", {"temperature": 0.2, "max_tokens": 77, "stop": "END"}),
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


def test_the_clients_own_name_of_a_limit_goes_before_the_other() -> None:
    limit = {"max_completion_tokens": 5}

    assert "max_tokens" not in left_out(limit, DEFAULTS)
    assert "max_tokens" in left_out({}, DEFAULTS)


def test_a_limit_by_either_name_is_one_for_responses() -> None:
    assert fields_of("responses", {"max_completion_tokens": 5}) == {"max_output_tokens": 5}
    assert fields_of("responses", {"top_k": 5}) == {}
