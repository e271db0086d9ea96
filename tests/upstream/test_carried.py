"""Words and calls of a conversation that a provider's request lacks are named, or refused."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lmproxy.upstream import carried
from tests.conftest import chat
from tests.harness.errors import assert_refused
from tests.upstream.parameters import BOTH, DROPPED, Asking

ASK = {"role": "user", "content": "What now?"}
NAMED = {"role": "user", "name": "zoe", "content": "Hello."}
THOUGHT = {
    "role": "assistant",
    "content": "17.",
    "thinking_blocks": [{"type": "redacted_thinking", "data": "c2VjcmV0"}],
}
AS_JSON = {"type": "json_object"}
TEXTS = st.text(st.characters(codec="utf-8", min_codepoint=32), max_size=8)


def call(number: int, arguments: str) -> dict[str, Any]:
    function = {"name": "weather", "arguments": arguments}
    return {"id": f"call_{number}", "type": "function", "function": function}


def called(*arguments: str) -> list[dict[str, Any]]:
    """A turn that calls, and its results."""
    calls = [call(number, said) for number, said in enumerate(arguments)]
    results = [
        {"role": "tool", "tool_call_id": made["id"], "content": f"Result of {made['id']}."}
        for made in calls
    ]
    return [ASK, {"role": "assistant", "content": None, "tool_calls": calls}, *results]


@pytest.mark.parametrize("lane", BOTH)
@pytest.mark.parametrize(
    ("model", "fields", "lost"),
    [
        ("claude{}/claude-sonnet-4-5", {"messages": [NAMED]}, "messages[].name"),
        ("gemini{}/gemini-2.5-flash", {"messages": [NAMED]}, "messages[].name"),
        ("gemini{}/gemini-2.5-flash", {"messages": [ASK, THOUGHT, ASK]}, "messages[].thinking"),
        ("mistral{}/m", {"messages": [ASK, THOUGHT, ASK]}, "messages[].thinking"),
        ("claude{}/claude-sonnet-4-5", {"response_format": AS_JSON}, "response_format"),
    ],
    ids=["name, Anthropic", "name, Gemini", "redacted, Gemini", "redacted, Mistral", "JSON"],
)
def test_what_the_provider_does_not_get_is_named(
    model: str, fields: dict[str, Any], lost: str, lane: str, asking: Asking
) -> None:
    answer = asking.ask(model.format(lane), **fields)

    assert answer.status_code == 200
    assert answer.headers[DROPPED] == lost
    assert asking.record(answer)["dropped_params"] == [lost]


@pytest.mark.parametrize("lane", BOTH)
@pytest.mark.parametrize(
    ("fields", "lost"),
    [({"messages": [NAMED]}, "messages[].name"), ({"response_format": AS_JSON}, "response_format")],
    ids=["name", "JSON"],
)
def test_an_operator_may_have_refused_what_the_provider_would_not_get(
    fields: dict[str, Any], lost: str, lane: str, asking: Asking
) -> None:
    answer = asking.ask(f"rejecting{lane}/claude-sonnet-4-5", **fields)

    assert_refused(answer, 400, "unsupported_parameter", lost)
    assert asking.sent == []


@pytest.mark.parametrize("model", ["claude-sonnet-4-5", "amazon.nova-lite-v1:0"])
def test_a_wish_for_json_is_named_in_the_words_of_the_client(model: str, asking: Asking) -> None:
    provider = "claude" if model.startswith("claude") else "bedrock"
    body = {"model": f"{provider}/{model}", "input": "Hi", "text": {"format": AS_JSON}}

    answer = asking.post("responses", body)

    assert answer.status_code == 200, answer.text
    assert answer.headers[DROPPED] == "text.format"


@pytest.mark.parametrize("model", ["gemini/gemini-2.5-flash", "mistral/m", "ollama/m", "vllm/m"])
def test_a_wish_for_json_that_goes_on_is_not_named(model: str, asking: Asking) -> None:
    answer = asking.ask(model, response_format=AS_JSON)

    assert DROPPED not in answer.headers


@pytest.mark.parametrize("lane", BOTH)
@pytest.mark.parametrize(
    "model",
    ["claude{}/claude-sonnet-4-5", "gemini{}/gemini-2.5-flash", "mistral{}/m", "ollama{}/m"],
)
def test_a_conversation_that_goes_on_whole_lacks_nothing(
    model: str, lane: str, asking: Asking
) -> None:
    turns = called('{"city": "Zürich\\n", "days": [1, 2]}', '{"city": "Oslo"}')
    turns[-1]["content"] = '{"weather": "fine", "of": ["Oslo"]}'
    system = {"role": "system", "content": [{"type": "text", "text": " Be \n brief. "}]}
    asked = chat(model.format(lane), messages=[system, *turns, ASK, ASK])

    answer = asking.post("chat/completions", asked)

    assert answer.status_code == 200, answer.text
    assert DROPPED not in answer.headers


def test_a_call_and_a_result_that_are_lost_are_counted() -> None:
    turns = called("{}", "{}")

    found = carried.lost(turns, json.dumps({"messages": called("{}")}).encode(), as_json=False)

    assert found == ("messages[].content", "messages[].tool_calls", "messages[].tool_call_id")


@given(st.lists(TEXTS, min_size=1), st.data())
def test_a_text_that_is_said_once_less_is_lost(texts: list[str], data: st.DataObject) -> None:
    turns = [{"role": "user", "content": text} for text in texts]
    gone = data.draw(st.integers(0, len(texts) - 1))
    contents = [{"parts": [{"text": text}]} for n, text in enumerate(texts) if n != gone]

    found = carried.lost(turns, json.dumps({"contents": contents}).encode(), as_json=False)

    others = "\n".join(text.strip() for n, text in enumerate(texts) if n != gone)
    if texts[gone].strip() and texts[gone].strip() not in others:
        assert found == ("messages[].content",)


@given(st.lists(TEXTS), st.sampled_from(["", "\n", "\n\n", " "]))
def test_texts_that_are_joined_are_not_lost(texts: list[str], between: str) -> None:
    turns = [{"role": "user", "content": [{"type": "text", "text": text}]} for text in texts]
    sent = json.dumps({"prompt": between.join(texts)}).encode()

    assert carried.lost(turns, sent, as_json=False) == ()


JUNK = st.recursive(
    st.none() | st.integers() | TEXTS,
    lambda inside: (
        st.lists(inside, max_size=3)
        | st.dictionaries(
            st.sampled_from(["role", "content", "type", "text", "tool_calls", "function", "name"]),
            inside,
        )
    ),
)


@given(JUNK, JUNK)
def test_nothing_in_a_request_is_too_odd_to_be_compared(messages: Any, sent: Any) -> None:
    carried.lost(messages, json.dumps(sent).encode(), as_json=True)
