"""Connections that are a function or an object of the operator's own, as lm-proxy's configs say."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import anthropic
import openai
import pytest

from tests.conftest import TEAM_KEY, bearer, chat
from tests.harness import patient
from tests.harness.proxy import Proxy
from tests.harness.waiting import until
from tests.upstream.own_module import MODULE

FUNCTIONS = [
    "ok", "shows", "plain", "says", "object_with_content", "tools", "breaks", "fails", "leaves",
    "leaves_thread", "nothing", "waits",
]  # fmt: skip


@pytest.fixture(scope="module")
def proxy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Proxy]:
    folder: Path = tmp_path_factory.mktemp("own")
    (folder / "own_module.py").write_text(MODULE)
    connections: dict[str, Any] = {name: f"own_module.{name}" for name in FUNCTIONS}
    connections |= {
        "never": {"class": "own_module.never", "timeouts": {"answer_s": 0.5, "first_byte_s": 0.5}},
        "strategy": {"class": "own_module.Strategy", "word": "a", "api_key": "env:OWN", "times": 2},
        "factory": {"class": "own_module.factory", "word": "made"},
        "uses": "own_module.Uses",
        "anything": {"api_type": "function", "inference_func": "own_module.anything"},
        "inferred": {"api_type": "function", "inference_func": "own_module.without_model"},
        "saved": {"class": "lm_proxy.strategies.Fallback", "connections": ["fails", "ok"]},
    }
    config = {
        "host": "127.0.0.1",
        "port": 0,
        "components": {
            "db": {"class": "own_module.Store", "url": "sqlite://"},
            "helper": "own_module.helper",
        },
        "connections": connections,
        "routing": {**{name: f"{name}.*" for name in connections}, "as/*": "shows.{1}"},
        "groups": {"team": {"api_keys": [TEAM_KEY]}},
    }
    with Proxy(config, folder, environment={"OWN": "own-key-0123"}) as running:
        yield running


@pytest.fixture
def client(proxy: Proxy) -> Iterator[openai.OpenAI]:
    with openai.OpenAI(base_url=proxy.api, api_key=TEAM_KEY, max_retries=0) as made:
        yield made


ANSWERS = [
    ("ok", "ok"),
    ("plain", "plain plain"),
    ("says", "one two three"),
    ("object_with_content", "made"),
    ("strategy", "a a own-key-0123"),
    ("factory", "made"),
    ("uses", "sqlite:// helped"),
    ("inferred", "Say hello. False"),
    ("saved", "ok"),
]


@pytest.mark.parametrize(("model", "text"), ANSWERS)
def test_every_kind_answers_plain_and_streamed(
    model: str, text: str, client: openai.OpenAI, proxy: Proxy
) -> None:
    ask: Any = chat(model)

    plain = client.chat.completions.with_raw_response.create(**ask)
    chunks = list(client.chat.completions.create(**ask, stream=True))

    assert plain.parse().choices[0].message.content == text
    assert "".join(chunk.choices[0].delta.content or "" for chunk in chunks) == text
    assert chunks[-1].choices[0].finish_reason == "stop"
    record = proxy.record(id=plain.headers["x-request-id"])
    assert (record["lane"], record["outcome"]) == ("function", "answered")


@pytest.mark.parametrize(("model", "text"), ANSWERS)
def test_every_kind_answers_anthropics_clients_and_responses(
    model: str, text: str, client: openai.OpenAI, proxy: Proxy
) -> None:
    with anthropic.Anthropic(base_url=proxy.url, api_key=TEAM_KEY, max_retries=0) as other:
        message = other.messages.create(
            model=model, max_tokens=50, messages=[{"role": "user", "content": "Say hello."}]
        )
    with client.responses.stream(model=model, input="Say hello.") as stream:
        response = stream.get_final_response()

    assert [block.text for block in message.content if block.type == "text"] == [text]
    assert response.output_text == text


def test_a_function_alone_gets_messages_and_what_was_sent_with_the_resolved_model(
    client: openai.OpenAI,
) -> None:
    ask: Any = chat("as/other", temperature=0.5, stop=None)

    answer = client.chat.completions.create(**ask)

    assert answer.choices[0].message.content == "Say hello. other model,temperature"


@pytest.mark.parametrize("stream", [False, True], ids=["plain", "streamed"])
@pytest.mark.parametrize("model", ["ok", "says", "strategy", "anything"])
@pytest.mark.parametrize("name", ["callback", "prompt", "self"])
def test_no_field_of_a_request_stands_for_what_is_the_proxys_to_give(
    name: str, model: str, stream: bool, proxy: Proxy
) -> None:
    body = chat(model, stream=stream, **{name: "a client's"})

    answer = patient.post(f"{proxy.api}/chat/completions", json=body, headers=bearer(TEAM_KEY))

    assert answer.status_code == 200, answer.text
    assert '"error"' not in answer.text


def test_a_callbacks_pieces_are_the_stream_and_the_answers_usage_is_recorded(
    client: openai.OpenAI, proxy: Proxy
) -> None:
    ask: Any = chat("says", stream=True, stream_options={"include_usage": True})

    raw = client.chat.completions.with_raw_response.create(**ask)
    chunks = list(raw.parse())

    texts = [chunk.choices[0].delta.content for chunk in chunks if chunk.choices]
    assert [text for text in texts if text] == ["one", " two", " three"]
    assert chunks[-1].usage is not None
    assert chunks[-1].usage.total_tokens == 7
    usage = proxy.record(id=raw.headers["x-request-id"])["usage"]
    assert (usage["source"], usage["prompt_tokens"], usage["completion_tokens"]) == (
        "provider", 3, 4,
    )  # fmt: skip


def test_tool_calls_of_an_answer_that_knows_its_choices(client: openai.OpenAI) -> None:
    ask: Any = chat("tools")

    plain = client.chat.completions.create(**ask).choices[0]
    chunks = list(client.chat.completions.create(**ask, stream=True))

    calls = [call for c in chunks for call in c.choices[0].delta.tool_calls or ()]
    assert plain.message.tool_calls is not None
    assert plain.message.tool_calls[0].id == calls[0].id == "call_1"
    assert plain.finish_reason == chunks[-1].choices[0].finish_reason == "tool_calls"


@pytest.mark.parametrize("stream", [False, True], ids=["plain", "streamed"])
@pytest.mark.parametrize(
    ("model", "status", "code"),
    [
        ("fails", 502, "upstream_error"),
        ("leaves", 502, "upstream_error"),
        ("leaves_thread", 502, "upstream_error"),
        ("nothing", 502, "upstream_invalid_response"),
        ("never", 504, "upstream_timeout"),
    ],
)
def test_what_fails_is_an_upstream_fault_without_its_words(
    model: str, status: int, code: str, stream: bool, proxy: Proxy
) -> None:
    answer = patient.post(
        f"{proxy.api}/chat/completions", json=chat(model, stream=stream), headers=bearer(TEAM_KEY)
    )

    assert (answer.status_code, answer.json()["error"]["code"]) == (status, code)
    assert "canary" not in answer.text


def test_what_fails_after_its_first_piece_ends_in_an_error_event(proxy: Proxy) -> None:
    answer = patient.post(
        f"{proxy.api}/chat/completions",
        json=chat("breaks", stream=True),
        headers=bearer(TEAM_KEY),
    )

    assert "half" in answer.text
    assert '"code":"upstream_error"' in answer.text
    assert "[DONE]" not in answer.text
    assert "canary" not in answer.text


def test_a_function_with_a_callback_is_stopped_when_its_client_leaves(proxy: Proxy) -> None:
    url, body = f"{proxy.api}/chat/completions", chat("waits", stream=True)
    with patient.stream("POST", url, json=body, headers=bearer(TEAM_KEY)) as answer:
        next(answer.iter_lines())
        request_id = answer.headers["x-request-id"]

    assert proxy.record(id=request_id)["outcome"] == "client_gone"
    until((proxy.folder / "stopped").exists, "the end of the function")


PYTHON = """
async def answers(messages, **params):
    return "from Python"

def infers(prompt):
    return prompt

class Strategy:
    async def __call__(self, messages, **params):
        return "an instance"

config = {{
    "host": "127.0.0.1",
    "port": 0,
    "connections": {{
        "fn": answers,
        "cls": Strategy,
        "made": Strategy(),
        "inferred": {{"api_type": "function", "inference_func": infers}},
    }},
    "routing": {{"fn": "fn.*", "cls": "cls.*", "made": "made.*", "inferred": "inferred.*"}},
    "groups": {{"team": {{"api_keys": ["{key}"]}}}},
}}
"""


def test_a_python_config_has_the_things_themselves(tmp_path: Path) -> None:
    config = PYTHON.format(key=TEAM_KEY)

    with Proxy(config, tmp_path, name="proxy.py") as running:
        said = [
            patient.post(
                f"{running.api}/chat/completions", json=chat(model), headers=bearer(TEAM_KEY)
            ).json()["choices"][0]["message"]["content"]
            for model in ("fn", "cls", "made", "inferred")
        ]

    assert said == ["from Python", "an instance", "an instance", "Say hello."]
