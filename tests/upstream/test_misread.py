"""Parameters that LiteLLM would read otherwise than they were meant."""

from typing import Any

import pytest

from tests.upstream.parameters import BOTH, DROPPED, Asking

FUNCTION = {"type": "function", "function": {"name": "weather", "parameters": {"type": "object"}}}
GEMINI = "gemini{}/gemini-2.5-flash"


SCHEMAS: list[dict[str, Any]] = [
    {"properties": {"unit": {"const": "celsius"}}},
    {"properties": {"days": {"oneOf": [{"type": "integer"}, {"type": "string"}]}}},
    {"properties": {"days": {"type": "integer", "exclusiveMinimum": 0}}},
    {"properties": {"city": {"type": "string"}}, "additionalProperties": False},
]


def with_schema(schema: dict[str, Any]) -> dict[str, Any]:
    parameters = {"type": "object", **schema}
    return {"type": "function", "function": {"name": "weather", "parameters": parameters}}


INTEGERS = {"properties": {"days": {"type": "integer", "enum": [1, 7]}}}


@pytest.mark.parametrize("schema", [*SCHEMAS, INTEGERS], ids=str)
def test_a_schema_reaches_gemini_as_it_was_written(schema: dict[str, Any], asking: Asking) -> None:
    tool = with_schema(schema)

    answer = asking.ask(GEMINI.format(""), tools=[tool])

    assert answer.status_code == 200, answer.text
    assert DROPPED not in answer.headers
    (function,) = asking.sent[0]["tools"][0]["function_declarations"]
    assert function == {
        "name": "weather",
        "parametersJsonSchema": tool["function"]["parameters"],
    }


def test_a_schema_that_gemini_takes_anyway_is_sent_as_litellm_does(asking: Asking) -> None:
    tool = with_schema({"properties": {"city": {"type": "string"}}})

    asking.ask(GEMINI.format(""), tools=[tool])

    (function,) = asking.sent[0]["tools"][0]["function_declarations"]
    assert function["parameters"] == tool["function"]["parameters"]


@pytest.mark.parametrize("model", ["gemini-litellm/gemini-2.5-flash", "gemini/gemini-1.5-pro"])
@pytest.mark.parametrize("schema", SCHEMAS, ids=str)
def test_what_a_schema_loses_is_named(schema: dict[str, Any], model: str, asking: Asking) -> None:
    answer = asking.ask(model, tools=[with_schema(schema)])

    assert answer.status_code == 200, answer.text
    assert answer.headers[DROPPED] == "tools[].function.parameters"


@pytest.mark.parametrize("lane", BOTH)
@pytest.mark.parametrize("schema", SCHEMAS, ids=str)
def test_a_schema_that_goes_on_whole_is_not_named(
    schema: dict[str, Any], lane: str, asking: Asking
) -> None:
    answer = asking.ask(f"claude{lane}/claude-sonnet-4-5", tools=[with_schema(schema)])

    assert answer.status_code == 200, answer.text
    assert DROPPED not in answer.headers


@pytest.mark.parametrize("lane", BOTH)
@pytest.mark.parametrize(
    ("tier", "sent"),
    [
        ("auto", None),
        ("default", "standard"),
        ("flex", "flex"),
        ("priority", "priority"),
    ],
)
def test_gemini_is_asked_for_the_tier_that_was_meant(
    tier: str, sent: str | None, lane: str, asking: Asking
) -> None:
    answer = asking.ask(GEMINI.format(lane), service_tier=tier)

    assert answer.status_code == 200, answer.text
    assert DROPPED not in answer.headers
    assert {"serviceTier": sent} in (
        {"serviceTier": asking.sent[0].get("serviceTier")},
        {"serviceTier": asking.sent[0].get("service_tier")},
    )


@pytest.mark.parametrize("lane", BOTH)
def test_a_tier_that_gemini_does_not_have_is_named(lane: str, asking: Asking) -> None:
    answer = asking.ask(GEMINI.format(lane), service_tier="scale")

    assert answer.status_code == 200, answer.text
    assert answer.headers[DROPPED] == "service_tier"
    assert "scale" not in str(asking.sent[0])


@pytest.mark.parametrize("lane", BOTH)
@pytest.mark.parametrize(
    ("fields", "lost"),
    [
        ({"web_search_options": {}, "tools": [FUNCTION]}, "web_search_options"),
        ({"tools": [FUNCTION, {"type": "web_search"}]}, "tools[].web_search"),
        ({"tools": [FUNCTION, {"googleSearch": {}}]}, "tools[].googleSearch"),
    ],
    ids=str,
)
def test_a_search_beside_functions_is_named_for_gemini(
    fields: dict[str, Any], lost: str, lane: str, asking: Asking
) -> None:
    answer = asking.ask(GEMINI.format(lane), **fields)

    assert answer.status_code == 200, answer.text
    assert answer.headers[DROPPED] == lost
    assert [list(tool) for tool in asking.sent[0]["tools"]] == [["function_declarations"]]


@pytest.mark.parametrize("lane", BOTH)
def test_a_search_alone_goes_to_gemini(lane: str, asking: Asking) -> None:
    answer = asking.ask(GEMINI.format(lane), web_search_options={})

    assert answer.status_code == 200, answer.text
    assert DROPPED not in answer.headers
    assert asking.sent[0]["tools"] == [{"googleSearch": {}}]


def test_a_search_of_anthropics_beside_a_tool_is_named_for_gemini(asking: Asking) -> None:
    search = {"type": "web_search_20250305", "name": "web_search"}
    body = {
        "model": GEMINI.format(""),
        "max_tokens": 99,
        "messages": [{"role": "user", "content": "Hi."}],
        "tools": [search, {"name": "weather", "input_schema": {"type": "object"}}],
    }

    answer = asking.post("messages", body)

    assert answer.status_code == 200, answer.text
    assert answer.headers[DROPPED] == "tools[].web_search"


@pytest.mark.parametrize("lane", BOTH)
@pytest.mark.parametrize(("limit", "thinks"), [(500, False), (4096, False), (4097, True)])
def test_a_claude_is_not_told_to_think_more_than_it_may_answer(
    limit: int, lane: str, asking: Asking, *, thinks: bool
) -> None:
    model = f"claude{lane}/claude-sonnet-4-5"

    answer = asking.ask(model, reasoning_effort="high", max_tokens=limit)

    assert answer.status_code == 200, answer.text
    assert answer.headers.get(DROPPED) == (None if thinks else "reasoning_effort")
    assert ("thinking" in asking.sent[0]) is thinks
    assert asking.sent[0]["max_tokens"] == limit
