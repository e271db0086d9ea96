"""Which fields of a Responses request become chat's, which are named, and which refused."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lmproxy.errors import InvalidRequest
from lmproxy.upstream.responses.form import frame
from lmproxy.upstream.responses.request import chat_request
from tests.responses.reference import faults
from tests.responses.test_bridged_requests import SIGNED, call, made, reasoning, result, say

Json = dict[str, Any]
EVERYTHING: Json = {
    "temperature": 0.5,
    "top_p": 0.9,
    "max_output_tokens": 99,
    "top_logprobs": 3,
    "reasoning": {"effort": "low", "summary": "auto", "of_tomorrow": 1},
    "text": {
        "verbosity": "low",
        "format": {"type": "json_schema", "name": "n", "schema": {}, "strict": True},
    },
    "user": "u",
    "safety_identifier": "s",
    "prompt_cache_key": "k",
    "service_tier": "flex",
    "store": True,
    "truncation": "auto",
    "metadata": {"a": "b"},
    "include": ["reasoning.encrypted_content", "file_search_call.results"],
    "stream_options": {"include_obfuscation": False},
    "client_metadata": {"x": 1},
    "max_tool_calls": 3,
}
NAMED = {
    "client_metadata",
    "include[].file_search_call.results",
    "max_tool_calls",
    "metadata",
    "reasoning.of_tomorrow",
    "store",
    "truncation",
}


@pytest.mark.parametrize("is_relayed", [False, True], ids=["translated", "relayed"])
def test_every_field_is_chats_or_named(is_relayed: bool) -> None:
    request = made("Hi", is_relayed=is_relayed, **EVERYTHING)

    hints = {
        "user": "u",
        "safety_identifier": "s",
        "prompt_cache_key": "k",
        "service_tier": "flex",
        "verbosity": "low",
    }
    assert request.body == {
        "model": "gpt-4o",
        "messages": [{"role": "user", "content": "Hi"}],
        "temperature": 0.5,
        "top_p": 0.9,
        "max_tokens": 99,
        "logprobs": True,
        "top_logprobs": 3,
        "reasoning_effort": "low",
        "response_format": {
            "type": "json_schema",
            "json_schema": {"name": "n", "schema": {}, "strict": True},
        },
        **({} if is_relayed else hints),
    }
    assert set(request.dropped) == NAMED | (set(hints) if is_relayed else set())
    assert faults(frame(EVERYTHING, "m", request.tools), "Response") == []


def test_what_asks_for_nothing_is_not_named() -> None:
    nothing: Json = {"store": False, "truncation": "disabled", "metadata": {}, "background": False}

    request = made("Hi", **nothing, service_tier="auto", text={"format": {"type": "text"}}, x=None)

    assert request.dropped == []
    assert request.body.keys() == {"model", "messages"}


@pytest.mark.parametrize("effort", ["none", "minimal", "low", "high", "xhigh"])
@pytest.mark.parametrize("provider", ["gemini", "anthropic", None])
def test_an_effort_is_one_that_the_provider_knows(effort: str, provider: str | None) -> None:
    request = made("Hi", provider, reasoning={"effort": effort})

    is_high = effort == "xhigh" and provider != "anthropic"
    assert request.body["reasoning_effort"] == ("high" if is_high else effort)


OLDER = ["claude-sonnet-4-5", "claude-3-7-sonnet-20250219", "claude-opus-4-1-20250805"]
OLDER += ["anthropic.claude-sonnet-4-20250514-v1:0", "claude-sonnet-4@20250514"]
NEWER = ["claude-opus-4-8", "claude-sonnet-5", "gpt-5", "claude-sonnet-4-6"]


@pytest.mark.parametrize("model", [*OLDER, *NEWER])
@pytest.mark.parametrize("kept", [True, False], ids=["kept", "lost"])
def test_a_claude_whose_thoughts_were_not_sent_back_is_not_told_to_think(
    model: str, kept: bool
) -> None:
    thought = [reasoning(SIGNED)] if kept else []
    turns = [say("user", "Weather?"), *thought, call(), result()]
    fields = {"input": turns, "reasoning": {"effort": "low"}}

    request = chat_request(fields, model, "anthropic", is_relayed=False)
    later = {**fields, "input": [*turns, say("assistant", "Sunny."), say("user", "Thanks.")]}
    next_turn = chat_request(later, model, "anthropic", is_relayed=False)

    thinks = kept or model in NEWER
    assert ("reasoning_effort" in request.body) == thinks
    assert request.dropped == ([] if thinks else ["reasoning.effort"])
    assert next_turn.body["reasoning_effort"] == "low"


@pytest.mark.parametrize("model", ["gpt-5.2", "o3-mini", "openai/gpt-5", "gpt-4o", "gpt-oss", "m"])
def test_a_limit_has_the_name_that_the_model_knows(model: str) -> None:
    body = {"input": "Hi", "max_output_tokens": 9}

    request = chat_request(body, model, None, is_relayed=True)

    (name,) = request.body.keys() - {"model", "messages"}
    is_newer = model in ("gpt-5.2", "o3-mini", "openai/gpt-5")
    assert name == ("max_completion_tokens" if is_newer else "max_tokens")


@pytest.mark.parametrize(
    ("fields", "param"),
    [
        ({"previous_response_id": "resp_1"}, "previous_response_id"),
        ({"conversation": "conv_1"}, "conversation"),
        ({"prompt": {"id": "pmpt_1"}}, "prompt"),
        ({"background": True}, "background"),
        ({"input": [{"type": "item_reference", "id": "msg_1"}]}, "input[0]"),
        ({"input": [{"id": "msg_1"}]}, "input[0]"),
        ({"input": [say("user", "x"), {"role": "tool", "content": "x"}]}, "input[1].role"),
        (
            {"input": [{"role": "user", "content": [{"type": "input_image", "file_id": "f"}]}]},
            "input[0].content[0]",
        ),
        (
            {"input": [{"role": "user", "content": [{"type": "input_file", "file_url": "f"}]}]},
            "input[0].content[0]",
        ),
        ({"input": [3]}, "input[0]"),
        ({"input": [{"role": "user", "content": 3}]}, "input[0].content"),
        ({"input": [{"role": "user", "content": [3]}]}, "input[0].content[0]"),
        ({"input": {}}, "input"),
        ({"input": None}, "input"),
        ({"input": []}, None),
        ({"instructions": 3}, "instructions"),
        ({"tools": {}}, "tools"),
        ({"tools": [3]}, "tools"),
        ({"text": "x"}, "text"),
        ({"text": {"format": "x"}}, "text.format"),
        ({"reasoning": "low"}, "reasoning"),
        ({"include": "x"}, "include"),
    ],
    ids=str,
)
def test_what_cannot_be_said_in_chat_is_refused_and_says_where(
    fields: Json, param: str | None
) -> None:
    with pytest.raises(InvalidRequest) as caught:
        chat_request({"input": "Hi", **fields}, "m", None, is_relayed=False)

    assert caught.value.param == param


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.text(max_size=4),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner),
    max_leaves=4,
)
KINDS = """
    message reasoning function_call function_call_output custom_tool_call custom_tool_call_output
    web_search_call input_text input_image output_text refusal function custom namespace
    allowed_tools json_schema
"""
NAMES = """
    content text call_id name namespace arguments output input summary encrypted_content image_url
    tools description format mode strict parameters
"""
ROLES = st.sampled_from(["user", "assistant", "system", "developer", "tool"])


def things(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Json]:
    """What looks like a part of a request."""
    values = {name: inner | st.lists(inner, max_size=2) for name in NAMES.split()}
    return st.fixed_dictionaries(
        {"type": st.sampled_from(KINDS.split()) | VALUES}, optional={"role": ROLES, **values}
    )


THINGS = st.recursive(VALUES, things, max_leaves=4)
FIELDS = [*EVERYTHING, "instructions", "tools", "tool_choice", "parallel_tool_calls"]


@settings(deadline=None)  # A busy machine is no failure.
@given(
    st.lists(THINGS, max_size=4) | VALUES,
    st.dictionaries(st.sampled_from(FIELDS), THINGS | st.lists(THINGS, max_size=3), max_size=4),
    st.booleans(),
)
def test_whatever_is_sent_becomes_chat_or_is_refused(
    given_: Any, fields: Json, is_relayed: bool
) -> None:
    body = {"model": "m", "input": given_, **fields}

    try:
        request = chat_request(body, "m", "anthropic", is_relayed=is_relayed)
    except InvalidRequest:
        return

    roles = {message["role"] for message in request.body["messages"]}
    assert roles <= {"system", "user", "assistant", "tool"}
    assert all(isinstance(name, str) for name in request.dropped)
    json.dumps(frame(body, "m", request.tools))
