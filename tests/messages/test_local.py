"""Anthropic's own SDK and the real local model, which is asked for chat."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.conftest import TEAM_KEY
from tests.harness.answer import ask as ask_chat
from tests.harness.answer import client_of
from tests.harness.proxy import Proxy
from tests.messages.conftest import ask, sdk_of

SMALL = {"api_type": "local", "context_tokens": 512, "threads": 1}
TOOL: Any = {"name": "f", "input_schema": {"type": "object", "properties": {}}}


@pytest.fixture(scope="module")
def local(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Proxy]:
    config = {
        "host": "127.0.0.1",
        "port": 0,
        "connections": {
            "local": SMALL,
            "brief": {**SMALL, "answer_tokens": 5},
            "packaged": {"api_type": "local", "threads": 1},
        },
        "routing": {"brief": "brief.*", "packaged": "packaged.*", "*": "local.*"},
        "groups": {"team": {"api_keys": [TEAM_KEY]}},
    }
    with Proxy(config, tmp_path_factory.mktemp("local")) as running:
        yield running


@pytest.mark.parametrize(
    "more",
    [{}, {"stop_sequences": list("abcdefghijklmnopqrstuvwxyz ")}, {"tools": [TOOL]}],
    ids=["text", "an end at once", "tools"],
)
def test_a_stream_is_a_whole_message_however_it_ends(local: Proxy, more: dict[str, Any]) -> None:
    request = {**ask("smollm2"), "max_tokens": 4, **more}

    with sdk_of(local) as client, client.messages.stream(**request) as stream:
        text = "".join(stream.text_stream)
        message = stream.get_final_message()

    assert "".join(block.text for block in message.content if block.type == "text") == text
    assert message.stop_reason in ("end_turn", "max_tokens", "tool_use")
    assert message.usage.input_tokens + (message.usage.cache_read_input_tokens or 0) > 0


def test_a_prompts_tokens_are_the_models_own(local: Proxy) -> None:
    request = {name: value for name, value in ask("smollm2").items() if name != "max_tokens"}

    with sdk_of(local) as client:
        count = client.messages.with_raw_response.count_tokens(**request)

    assert count.parse().input_tokens > 10
    assert "x-oai-proxy-token-count" not in count.headers


@pytest.mark.parametrize(
    ("model", "more", "tokens"),
    [("brief", {}, 5), ("brief", {"max_tokens": 9}, 9), ("packaged", {}, 512)],
    ids=["the operator's", "the client's before it", "the packaged model's own"],
)
def test_an_answer_that_would_never_end_ends_at_a_limit(
    local: Proxy, model: str, more: dict[str, Any], tokens: int
) -> None:
    usage = {"include_usage": True}
    with client_of(local) as client:
        answer = ask_chat(client, model, stream=True, stream_options=usage, ignore_eos=True, **more)

    assert answer.chunks[-1]["usage"]["completion_tokens"] == tokens
    ends = [choice["finish_reason"] for chunk in answer.chunks for choice in chunk["choices"]]
    assert ends[-1] == "length"
