"""Anthropic's own SDK and the real local model, which is asked for chat."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.conftest import TEAM_KEY, bearer, chat
from tests.harness import patient
from tests.harness.proxy import Proxy
from tests.messages.conftest import ask, sdk_of

TOOL: Any = {"name": "f", "input_schema": {"type": "object", "properties": {}}}


@pytest.fixture(scope="module")
def local(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Proxy]:
    config = {
        "host": "127.0.0.1",
        "port": 0,
        "connections": {
            "local": {"api_type": "local", "context_tokens": 512, "threads": 1},
            "roomy": {"api_type": "local"},
        },
        "routing": {"roomy": "roomy.*", "*": "local.*"},
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


def test_the_packaged_model_ends_an_answer_that_would_fill_its_context(local: Proxy) -> None:
    endless = chat("roomy", ignore_eos=True, temperature=0)

    answer = patient.post(f"{local.api}/chat/completions", headers=bearer(TEAM_KEY), json=endless)

    assert answer.json()["usage"]["completion_tokens"] == 512
    assert answer.json()["choices"][0]["finish_reason"] == "length"
