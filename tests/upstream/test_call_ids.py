"""Ids of tool calls that another provider made are such as the next one takes."""

import re
from typing import Any

import pytest

from lmproxy.upstream.call_ids import LONGEST, SIGNED, fit

Json = dict[str, Any]
GEMINIS = f"call_0123456789{SIGNED}{'Ab+/' * 200}"
CLAUDES = "toolu_01A09q90qw90lq917835lq9"
LONG = "x" * 51


def conversation(*identifiers: str) -> list[Json]:
    function = {"name": "f", "arguments": "{}"}
    calls = [{"id": one, "type": "function", "function": function} for one in identifiers]
    results = [{"role": "tool", "tool_call_id": one, "content": "sunny"} for one in identifiers]
    return [{"role": "assistant", "content": None, "tool_calls": calls}, *results]


def ids(messages: list[Json]) -> tuple[list[str], list[str]]:
    """Those of calls, those of results."""
    calls = [call["id"] for call in messages[0]["tool_calls"]]
    return calls, [message["tool_call_id"] for message in messages[1:]]


@pytest.mark.parametrize("provider", ["openai", "azure", "anthropic", "bedrock", None])
def test_a_signature_and_what_is_too_long_do_not_go_on(provider: str | None) -> None:
    messages = conversation(GEMINIS, CLAUDES, LONG, f"{LONG}y")

    was_signed = fit(messages, provider, "some-model")

    calls, results = ids(messages)
    assert was_signed
    assert calls == results
    assert calls[:2] == ["call_0123456789", CLAUDES]
    assert len(set(calls)) == 4
    assert max(map(len, calls)) <= LONGEST


def test_mistral_gets_ids_of_nine_letters_and_digits() -> None:
    messages = conversation(GEMINIS, CLAUDES, LONG, "D681PevKs")

    assert fit(messages, "mistral", "mistral-large-latest")

    calls, results = ids(messages)
    assert calls == results
    assert calls[-1] == "D681PevKs"
    assert len(set(calls)) == 4
    assert all(re.fullmatch("[A-Za-z0-9]{9}", one) for one in calls)


def test_the_same_id_becomes_the_same_each_time() -> None:
    first, second = conversation(LONG), conversation(CLAUDES, LONG)

    fit(first, "openai", "gpt-5")
    fit(second, "openai", "gpt-5")

    assert ids(first)[0][0] == ids(second)[0][1]


@pytest.mark.parametrize(
    ("provider", "model"),
    [
        ("gemini", "gemini-3-pro"),
        ("vertex_ai", "gemini-3-pro"),
        ("openai", "google/gemini-3-pro"),
    ],
)
def test_a_gemini_gets_its_signatures_back(provider: str, model: str) -> None:
    messages = conversation(GEMINIS, LONG)

    assert not fit(messages, provider, model)

    assert ids(messages) == ([GEMINIS, LONG], [GEMINIS, LONG])


def test_a_claude_at_google_does_not_get_geminis() -> None:
    assert fit(conversation(GEMINIS), "vertex_ai", "claude-sonnet-4-5")


@pytest.mark.parametrize(
    "messages",
    [
        None,
        "x",
        [1, None],
        [{"role": "assistant", "tool_calls": [1, {"id": 4}, {}]}, {"tool_call_id": 4}],
        [{"tool_calls": 4}],
    ],
)
def test_what_has_no_ids_stays(messages: Any) -> None:
    before = repr(messages)

    assert not fit(messages, "openai", "gpt-5")

    assert repr(messages) == before
