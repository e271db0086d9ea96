"""Which tools a model may call gets to its provider, or is named; so are other lost parameters."""

from typing import Any

import pytest

from tests.upstream.parameters import BOTH, DROPPED, Asking

CLAUDE, GEMINI = "claude{}/claude-sonnet-4-5", "gemini{}/gemini-2.5-flash"
BEDROCK = "bedrock/anthropic.claude-sonnet-4-20250514-v1:0"


def tool(name: str) -> dict[str, Any]:
    return {"type": "function", "function": {"name": name, "parameters": {"type": "object"}}}


TOOLS = [tool("weather"), tool("clock")]
CLOCK = {"type": "function", "function": {"name": "clock"}}


def allowed(mode: str) -> dict[str, Any]:
    return {"type": "allowed_tools", "allowed_tools": {"mode": mode, "tools": [CLOCK]}}


@pytest.mark.parametrize("lane", BOTH)
@pytest.mark.parametrize(("mode", "sent"), [("auto", "auto"), ("required", "any")])
def test_only_the_tools_that_are_allowed_are_offered(
    mode: str, sent: str, lane: str, asking: Asking
) -> None:
    answer = asking.ask(CLAUDE.format(lane), tools=TOOLS, tool_choice=allowed(mode))

    assert answer.status_code == 200, answer.text
    assert DROPPED not in answer.headers
    assert [offered["name"] for offered in asking.sent[0]["tools"]] == ["clock"]
    assert asking.sent[0]["tool_choice"]["type"] == sent


@pytest.mark.parametrize("lane", BOTH)
def test_mistral_has_to_call_the_tool_that_is_named(lane: str, asking: Asking) -> None:
    answer = asking.ask(f"mistral{lane}/m", tools=TOOLS, tool_choice=CLOCK)

    assert answer.status_code == 200, answer.text
    assert DROPPED not in answer.headers
    assert [offered["function"]["name"] for offered in asking.sent[0]["tools"]] == ["clock"]
    assert asking.sent[0]["tool_choice"] == "any"


@pytest.mark.parametrize(
    ("model", "fields", "lost"),
    [
        ("ollama{}/m", {"tools": TOOLS, "tool_choice": "none"}, "tool_choice"),
        ("ollama{}/m", {"tools": TOOLS, "tool_choice": CLOCK}, "tool_choice"),
        (GEMINI, {"tools": TOOLS, "parallel_tool_calls": False}, "parallel_tool_calls"),
        (CLAUDE, {"user": "zoe@example.com"}, "user"),
        (
            GEMINI,
            {"response_format": {"type": "json_schema", "json_schema": {"name": "x"}}},
            "response_format",
        ),
    ],
    ids=str,
)
@pytest.mark.parametrize("lane", BOTH)
def test_what_litellm_leaves_out_though_it_says_that_it_is_taken_is_named(
    model: str, fields: dict[str, Any], lost: str, lane: str, asking: Asking
) -> None:
    answer = asking.ask(model.format(lane), **fields)

    assert answer.status_code == 200, answer.text
    assert answer.headers[DROPPED] == lost


@pytest.mark.parametrize(
    "fields",
    [
        {"tools": TOOLS, "tool_choice": "auto"},
        {"tools": TOOLS, "parallel_tool_calls": True},
        {"tools": TOOLS, "tool_choice": "required"},
        {"user": "Zoë"},
    ],
    ids=str,
)
@pytest.mark.parametrize("lane", BOTH)
def test_what_arrives_is_not_named(fields: dict[str, Any], lane: str, asking: Asking) -> None:
    answer = asking.ask(CLAUDE.format(lane), **fields)

    assert answer.status_code == 200, answer.text
    assert DROPPED not in answer.headers


@pytest.mark.parametrize(
    "model", [*(name.format(lane) for name in (CLAUDE, GEMINI) for lane in BOTH), BEDROCK]
)
def test_no_tools_are_no_choice_either(model: str, asking: Asking) -> None:
    answer = asking.ask(model, tools=[], tool_choice="auto", parallel_tool_calls=False)

    assert answer.status_code == 200, answer.text
    assert DROPPED not in answer.headers
    assert "ool" not in str(asking.sent[0])


@pytest.mark.parametrize("model", [CLAUDE.format("-litellm"), CLAUDE.format(""), BEDROCK])
def test_every_stop_sequence_goes_on(model: str, asking: Asking) -> None:
    stops = ["one", "two", "three", "four", "five"]

    answer = asking.ask(model, stop=stops)

    assert answer.status_code == 200, answer.text
    sent = asking.sent[0]
    assert sent.get("stop_sequences", sent.get("inferenceConfig", {}).get("stopSequences")) == stops
