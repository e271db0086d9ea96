"""What becomes of parts of messages and tools that a provider does not take, or nobody can read."""

import json
from typing import Any

import pytest

from tests.conftest import TEAM_KEY, bearer, chat
from tests.harness import patient
from tests.harness.errors import assert_refused
from tests.harness.proxy import Proxy
from tests.upstream.parameters import (
    BOTH,
    BY_URL,
    DETAILED,
    DROPPED,
    IMAGE,
    MARKED,
    STRICT,
    Asking,
)


@pytest.mark.parametrize("lane", BOTH)
@pytest.mark.parametrize("fields", [{"messages": [DETAILED]}, {"tools": [STRICT]}], ids=str)
def test_an_operator_may_have_marks_refused_that_would_be_lost(
    fields: dict[str, Any], lane: str, asking: Asking
) -> None:
    answer = asking.ask(f"rejecting{lane}/m", **fields)

    lost = "strict" if "tools" in fields else "detail"
    assert_refused(answer, 400, "unsupported_parameter", lost)
    assert asking.sent == []


def test_an_operator_may_have_refused_what_chat_has_no_word_for(
    asking: Asking, parameters: Proxy
) -> None:
    turn = {"role": "user", "content": [{"type": "container_upload", "file_id": "f"}]}
    request = {**chat("openai-rejecting/gpt-4o"), "messages": [turn], "max_tokens": 9}

    answer = patient.post(f"{parameters.api}/messages", json=request, headers=bearer(TEAM_KEY))

    assert answer.status_code == 400
    assert "messages[].container_upload" in answer.json()["error"]["message"]


@pytest.mark.parametrize("lane", BOTH)
@pytest.mark.parametrize("stream", [False, True], ids=["plain", "streamed"])
def test_a_picture_that_the_provider_cannot_take_is_refused(
    lane: str, asking: Asking, *, stream: bool
) -> None:
    answer = asking.ask(f"deepseek{lane}/deepseek-chat", messages=[IMAGE], stream=stream)

    assert_refused(answer, 400, "unsupported_content", "messages")
    assert asking.sent == []


@pytest.mark.parametrize("lane", BOTH)
def test_a_picture_by_url_is_not_fetched_for_a_provider_that_takes_none(
    lane: str, asking: Asking
) -> None:
    answer = asking.ask(f"gemini{lane}/gemini-2.5-flash", messages=[BY_URL])

    assert_refused(answer, 400, "unsupported_content", "messages")
    assert "by URL" in answer.json()["error"]["message"]
    assert asking.sent == []


@pytest.mark.parametrize("lane", BOTH)
@pytest.mark.parametrize(
    "fields", [{"response_format": "a private wish"}, {"tools": [{"type": "function"}]}], ids=str
)
def test_a_field_that_litellm_trips_over_is_the_clients(
    fields: dict[str, Any], lane: str, asking: Asking
) -> None:
    answer = asking.ask(f"claude{lane}/claude-sonnet-4-5", **fields)

    assert answer.status_code == 400
    assert "private" not in answer.text


@pytest.mark.parametrize("lane", BOTH)
@pytest.mark.parametrize("stream", [False, True], ids=["plain", "streamed"])
def test_a_part_of_a_message_that_litellm_trips_over_is_the_clients(
    lane: str, asking: Asking, *, stream: bool
) -> None:
    messages = [{"role": "user", "content": [{"type": ["image_url"]}]}]

    answer = asking.ask(f"claude{lane}/m", messages=messages, stream=stream)

    assert_refused(answer, 400, "untranslatable_request")
    assert asking.sent == []


ALLOWED = {
    "type": "allowed_tools",
    "allowed_tools": {"mode": "required", "tools": [{"type": "function"}]},
}


@pytest.mark.parametrize("lane", BOTH)
@pytest.mark.parametrize(
    ("model", "fields", "param"),
    [
        ("m", {"tools": [STRICT], "tool_choice": ALLOWED, "temperature": 0.5}, "tool_choice"),
        ("claude-opus-4-6", {"reasoning_effort": "xhigh", "max_tokens": 9}, "reasoning_effort"),
        ("m", {"tools": [STRICT], "tool_choice": ALLOWED, "user": "x" * 70_000}, None),
    ],
    ids=["a choice", "an effort", "too large to look for it"],
)
def test_the_parameter_that_litellm_trips_over_is_named(
    lane: str, asking: Asking, model: str, fields: dict[str, Any], param: str | None
) -> None:
    answer = asking.ask(f"claude{lane}/{model}", **fields)

    assert_refused(answer, 400, "untranslatable_request", param)
    assert param is None or f"'{param}'" in answer.json()["error"]["message"]
    assert asking.sent == []


@pytest.mark.parametrize("lane", BOTH)
@pytest.mark.parametrize(
    ("model", "fields", "lost"),
    [
        ("mistral{}/m", {"messages": [MARKED]}, "cache_control"),
        ("claude{}/m", {"messages": [DETAILED]}, "detail"),
        ("gemini{}/gemini-2.5-flash", {"tools": [STRICT]}, "strict"),
    ],
    ids=["cache_control", "detail", "strict"],
)
def test_a_mark_that_is_lost_in_translation_is_named(
    model: str, fields: dict[str, Any], lost: str, lane: str, asking: Asking
) -> None:
    answer = asking.ask(model.format(lane), **fields)

    assert answer.status_code == 200
    assert lost not in json.dumps(asking.sent)
    assert answer.headers[DROPPED] == lost
