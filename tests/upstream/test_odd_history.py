"""Conversations as clients of OpenAI's have them, and which other providers refuse as they are."""

import json
from typing import Any

import pytest

from tests.harness.errors import assert_refused
from tests.upstream.parameters import BOTH, DROPPED, Asking

ASK = {"role": "user", "content": "What now?"}
TOOL = {"type": "function", "function": {"name": "weather", "parameters": {"type": "object"}}}
CLAUDE, GEMINI, OLLAMA = "claude{}/claude-sonnet-4-5", "gemini{}/gemini-2.5-flash", "ollama{}/m"
BEDROCK = "bedrock/anthropic.claude-3-5-sonnet-20241022-v2:0"
IN_TABLES = [model.format(lane) for model in (CLAUDE, GEMINI, OLLAMA) for lane in BOTH] + [BEDROCK]


def called(arguments: str) -> list[dict[str, Any]]:
    """A user, a call with these arguments, and its result."""
    call = {"id": "c1", "type": "function", "function": {"name": "weather", "arguments": arguments}}
    said = {"role": "assistant", "content": None, "tool_calls": [call]}
    return [ASK, said, {"role": "tool", "tool_call_id": "c1", "content": "That was no JSON."}]


@pytest.mark.parametrize("arguments", ['{"city": "Par', '["Par"]', "Par"], ids=str)
@pytest.mark.parametrize("model", IN_TABLES)
def test_arguments_that_are_no_table_are_put_into_one(
    model: str, arguments: str, asking: Asking
) -> None:
    answer = asking.ask(model, tools=[TOOL], messages=called(arguments))

    assert answer.status_code == 200, answer.text
    assert DROPPED not in answer.headers
    assert {"arguments": json.loads(arguments) if arguments[0] == "[" else arguments} in tables(
        asking.sent[0]
    )


def tables(document: Any) -> list[Any]:
    """Every table inside a document."""
    inside = document.values() if isinstance(document, dict) else document
    if not isinstance(document, dict | list):
        return []
    found = [table for value in inside for table in tables(value)]
    return [document, *found] if isinstance(document, dict) else found


@pytest.mark.parametrize("arguments", ["null", "{}"])
@pytest.mark.parametrize("model", IN_TABLES)
def test_arguments_that_are_null_are_none(model: str, arguments: str, asking: Asking) -> None:
    answer = asking.ask(model, tools=[TOOL], messages=called(arguments))

    assert answer.status_code == 200, answer.text
    assert DROPPED not in answer.headers


@pytest.mark.parametrize("role", ["system", "developer"])
@pytest.mark.parametrize("model", [*IN_TABLES[:4], BEDROCK])
def test_what_the_system_alone_says_is_asked_by_a_user(
    model: str, role: str, asking: Asking
) -> None:
    rules = {"role": "system", "content": "Be brief."}

    answer = asking.ask(model, messages=[rules, {"role": role, "content": "Tell a joke."}])

    assert answer.status_code == 200, answer.text
    (turn,) = asking.sent[0].get("messages") or asking.sent[0]["contents"]
    assert turn["role"] == "user"
    assert [part["text"] for part in turn.get("content") or turn["parts"]] == ["Tell a joke."]


@pytest.mark.parametrize("model", IN_TABLES)
def test_an_empty_list_of_calls_is_no_call(model: str, asking: Asking) -> None:
    said = {"role": "assistant", "content": "Hello.", "tool_calls": []}

    answer = asking.ask(model, messages=[ASK, said, ASK])

    assert answer.status_code == 200, answer.text
    assert DROPPED not in answer.headers


def test_earlier_calls_go_to_amazon_without_tools(asking: Asking) -> None:
    answer = asking.ask(BEDROCK, messages=called('{"city": "Paris"}'))

    assert answer.status_code == 200, answer.text
    assert {"city": "Paris"} in tables(asking.sent[0])
    (tool,) = asking.sent[0]["toolConfig"]["tools"]
    assert tool["toolSpec"]["name"] == "no_tool"


@pytest.mark.parametrize("lane", BOTH)
@pytest.mark.parametrize("model", ["mistral{}/m", "ollama{}/m", "deepseek{}/deepseek-chat", GEMINI])
def test_texts_that_stand_apart_are_not_run_together(model: str, lane: str, asking: Asking) -> None:
    apart = [{"type": "text", "text": "One."}, {"type": "text", "text": "Two."}]
    roles = ("system", "user", "assistant", "user")

    answer = asking.ask(
        model.format(lane), messages=[{"role": role, "content": apart} for role in roles]
    )

    assert answer.status_code == 200, answer.text
    assert DROPPED not in answer.headers
    assert "One.Two." not in json.dumps(asking.sent[0])


EMPTY, FULL = {"type": "text", "text": ""}, {"type": "text", "text": "Hi."}


@pytest.mark.parametrize("lane", BOTH)
@pytest.mark.parametrize(
    "turn",
    [{"role": "user", "content": [EMPTY, FULL]}, {"role": "assistant", "content": " "}],
    ids=lambda turn: turn["role"],
)
def test_nothing_is_said_where_claude_would_get_an_empty_text(
    turn: dict[str, Any], lane: str, asking: Asking
) -> None:
    answer = asking.ask(CLAUDE.format(lane), messages=[ASK, turn, ASK])

    assert answer.status_code == 200, answer.text
    assert "Empty message" not in json.dumps(asking.sent[0])


@pytest.mark.parametrize("model", IN_TABLES)
@pytest.mark.parametrize(
    ("turn", "param"),
    [
        ({"role": "user", "content": 5}, "messages[1].content"),
        ({"role": "tool", "tool_call_id": "c1", "content": {"a": 1}}, "messages[1].content"),
        ({"content": "Hello."}, "messages[1].role"),
    ],
    ids=str,
)
def test_a_message_that_is_none_of_openais_is_refused_by_its_place(
    turn: dict[str, Any], param: str, model: str, asking: Asking
) -> None:
    answer = asking.ask(model, messages=[ASK, turn])

    assert_refused(answer, 400, "invalid_type", param)
    assert asking.sent == []
