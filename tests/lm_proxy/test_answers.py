"""What the provider is sent and what the client reads: the same on both."""

from typing import Any

import pytest

from tests.lm_proxy.asking import streamed
from tests.lm_proxy.setups import TEAM_KEY
from tests.lm_proxy.side import Pair, Side
from tests.provider import answers, behaviours

TOOL = {"type": "function", "function": {"name": "look_up", "parameters": {"type": "object"}}}
CALL = {"id": "call_1", "type": "function", "function": {"name": "look_up", "arguments": "{}"}}


@pytest.mark.relay_only("LiteLLM writes the answer anew")
def test_a_plain_answer_has_the_same_choices(pair: Pair) -> None:
    message = {"role": "assistant", "content": None, "tool_calls": [CALL], "refusal": None}
    first = {"index": 0, "message": message, "finish_reason": "tool_calls", "logprobs": None}
    second = {**first, "index": 1, "message": {**message, "content": "Grüß dich — 你好"}}
    pair.on("open-choices", behaviours.plain(answers.chat_answer(choices=[first, second])))

    def seen(side: Side) -> Any:
        with side.openai(TEAM_KEY) as client:
            answer = client.chat.completions.create(
                model="open-choices", messages=[{"role": "user", "content": "Look."}], n=2
            )
        return [choice.model_dump(exclude_none=True) for choice in answer.choices]

    found = pair.both(seen)

    assert [choice["finish_reason"] for choice in found] == ["tool_calls", "tool_calls"]
    assert found[0]["message"]["tool_calls"] == [CALL]
    assert found[1]["message"]["content"] == "Grüß dich — 你好"


def test_a_streamed_text_is_the_same(pair: Pair) -> None:
    pieces = ["Grüß", " dich", "", " — ", "你好", "\n\ndata: [DONE]\n"]
    pair.on("open-stream", behaviours.chunks(answers.chat_chunks(pieces)))

    assert pair.both(lambda side: streamed(side, "open-stream")) == ("".join(pieces), ["stop"])


FIELDS: list[dict[str, Any]] = [
    {"temperature": 0.25, "top_p": 0.5, "max_tokens": 7, "n": 1},
    {"presence_penalty": 1.5, "frequency_penalty": -1.5, "stop": ["a", "b"], "user": "tessa"},
    {"tools": [TOOL], "parallel_tool_calls": False, "max_completion_tokens": 9},
    {"response_format": {"type": "json_object"}, "logprobs": True, "top_logprobs": 2},
    {"reasoning_effort": "low", "verbosity": "high", "service_tier": "flex", "store": False},
    {"metadata": {"a": "b"}, "logit_bias": {"5": 1}, "prompt_cache_key": "k"},
    {"tool_choice": {"type": "function", "function": {"name": "look_up"}}, "tools": [TOOL]},
]


@pytest.mark.relay_only("LiteLLM writes the request anew")
@pytest.mark.parametrize("fields", FIELDS, ids=[next(iter(fields)) for fields in FIELDS])
def test_the_provider_is_sent_the_same_fields(pair: Pair, fields: dict[str, Any]) -> None:
    image = {"type": "image_url", "image_url": {"url": "data:image/png;base64,iVBORw0KGgo="}}
    parts = [{"type": "text", "text": "What is it?"}, image]
    messages = [
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": parts},
        {"role": "assistant", "content": "I look.", "tool_calls": [CALL]},
        {"role": "tool", "tool_call_id": "call_1", "content": "42"},
    ]
    body = {"model": "open-fields", "messages": messages, **fields}

    def seen(side: Side) -> dict[str, Any]:
        assert side.post(TEAM_KEY, body).status_code == 200
        return {"stream": False, **side.sent()}  # The default, said by lm-proxy.

    assert pair.both(seen) == {"stream": False, **body}
