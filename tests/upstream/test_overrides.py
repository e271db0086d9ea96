"""What a fallback says of a request stands where each dialect has it."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.conftest import TEAM_KEY, UPSTREAM_KEY, bearer
from tests.harness import patient
from tests.harness.proxy import Proxy
from tests.provider.behaviours import good_answer
from tests.provider.ports import closed_port
from tests.provider.server import Provider
from tests.routing.fallbacks import FALLBACK

OVERRIDES: dict[str, dict[str, Any]] = {
    "stops": {"stop": "END"},
    "limits": {"max_tokens": 5},
    "tunes": {
        "max_completion_tokens": 5,
        "reasoning_effort": "low",
        "verbosity": "low",
        "seed": 7,
        "user": "the team",
        "top_k": 5,
        "min_p": 0.1,
    },
    "calms": {"reasoning_effort": "none"},
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
def overriding(target: Provider, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Proxy]:
    with closed_port() as dead_port:
        up = {"api_base": target.base_url, "api_key": UPSTREAM_KEY}
        says = {name: {**up, "speaks": [*BODIES]} for name in OVERRIDES}
        chats = {f"{name}-chats": {**up, "speaks": ["chat"]} for name in OVERRIDES}
        connections: dict[str, Any] = {
            "dead": {**says["limits"], "api_base": f"http://127.0.0.1:{dead_port}/v1"},
            **says,
            **chats,
        }
        tuned = {
            f"tuned-{name}": {
                "class": FALLBACK,
                "connections": {"dead": {}, name: OVERRIDES[name.removesuffix("-chats")]},
            }
            for name in (*says, *chats)
        }
        config = {
            "host": "127.0.0.1",
            "port": 0,
            "connections": {**connections, **tuned},
            "routing": {f"{name}/*": f"{name}.{{1}}" for name in tuned},
            "groups": {"team": {"api_keys": [TEAM_KEY]}},
        }
        with Proxy(config, tmp_path_factory.mktemp("overriding")) as proxy:
            yield proxy


@pytest.fixture
def sent(overriding: Proxy, target: Provider) -> Any:
    def ask(operation: str, name: str, model: str = "m", **said: Any) -> dict[str, Any]:
        """The body that the member `name` gets of a request for `operation`."""
        path, body = BODIES[operation]
        before = len(target.requests)
        patient.post(
            f"{overriding.api}{path}",
            json={"model": f"tuned-{name}/{model}", **body, **said},
            headers=bearer(TEAM_KEY),
        )
        (request,) = target.requests[before:]
        assert request.json is not None
        return {n: v for n, v in request.json.items() if n not in body and n != "model"} | {
            n: v for n, v in request.json.items() if n in body and v != body[n]
        }

    return ask


def test_a_text_that_ends_answers_is_a_list_where_messages_are_asked(sent: Any) -> None:
    assert sent("messages", "stops") == {"stop_sequences": ["END"]}


def test_a_limit_replaces_the_one_that_the_client_gave_by_its_other_name(sent: Any) -> None:
    assert sent("chat", "limits", max_completion_tokens=900) == {"max_tokens": 5}


@pytest.mark.parametrize(
    ("operation", "found"),
    [
        ("chat", OVERRIDES["tunes"]),
        (
            "messages",
            {
                "max_tokens": 5,
                "output_config": {"effort": "low"},
                "metadata": {"user_id": "the team"},
                "top_k": 5,
                "min_p": 0.1,
            },
        ),
        (
            "responses",
            {
                "max_output_tokens": 5,
                "reasoning": {"effort": "low"},
                "text": {"verbosity": "low"},
                "user": "the team",
                "top_k": 5,
                "min_p": 0.1,
            },
        ),
        (
            "completions",
            {"max_tokens": 5, "seed": 7, "user": "the team", "top_k": 5, "min_p": 0.1},
        ),
        ("count_tokens", {"output_config": {"effort": "low"}}),
        ("embeddings", {}),
    ],
)
def test_an_operation_gets_of_chats_fields_those_it_has_where_it_has_them(
    operation: str, found: dict[str, Any], sent: Any
) -> None:
    assert sent(operation, "tunes") == found


def test_what_is_asked_for_as_chat_gets_what_only_chat_has(sent: Any) -> None:
    found = sent("messages", "tunes-chats")

    assert (found["seed"], found["reasoning_effort"]) == (7, "low")


def test_what_is_around_an_override_stays(sent: Any) -> None:
    said = {"format": {"type": "json_schema", "schema": {}}}

    found = sent("messages", "tunes", output_config={**said, "effort": "high"})

    assert found["output_config"] == {**said, "effort": "low"}


def test_an_effort_that_anthropics_api_has_not_takes_away_the_clients(sent: Any) -> None:
    found = sent("messages", "calms", output_config={"effort": "high"})

    assert found == {"output_config": {}}
    assert sent("messages", "calms") == {}


def test_a_claude_that_refuses_an_effort_is_sent_none(sent: Any) -> None:
    assert "output_config" not in sent("messages", "tunes", model="claude-haiku-4-5")
