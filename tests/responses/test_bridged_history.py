"""What was said before, where the model is asked for chat: in its order, with what it was."""

import pytest

from tests.responses.test_bridged_requests import (
    HIDDEN,
    SIGNED,
    call,
    made,
    messages,
    reasoning,
    result,
    say,
)

GEMINIS = f"call_1__thought__{'Ab+/' * 50}"


@pytest.mark.parametrize("provider", ["anthropic", "bedrock"])
def test_thoughts_between_words_and_calls_stay_there(provider: str) -> None:
    """LiteLLM makes one turn of them again, in this order; a Claude refuses any other."""
    spoken = {**say("assistant", "Let me see.", kind="output_text"), "type": "message"}
    items = [reasoning(SIGNED), spoken, call(1), reasoning(HIDDEN), call(2), result(1), result(2)]

    told = messages([say("user", "Weather?"), *items], provider)

    roles = ["user", "assistant", "assistant", "tool", "tool"]
    assert [message["role"] for message in told] == roles
    assert [message["thinking_blocks"] for message in told[1:3]] == [[SIGNED], [HIDDEN]]
    assert [len(message["tool_calls"]) for message in told[1:3]] == [1, 1]
    assert told[1]["content"] == "Let me see."


def test_what_an_earlier_message_cites_and_what_it_was_for_is_named() -> None:
    cited = {"type": "url_citation", "url": "https://x.example", "title": "X"}
    part = {"type": "output_text", "text": "See X.", "annotations": [cited], "logprobs": []}
    plain = {**part, "annotations": []}
    items = [
        {"type": "message", "role": "assistant", "phase": "commentary", "content": [part, plain]},
        say("user", "And?"),
    ]

    request = made(items)

    assert request.body["messages"][0]["content"] == "See X.See X."
    assert request.dropped == ["input[].content[].annotations", "input[].phase"]


def test_a_call_that_gemini_signed_goes_elsewhere_without_its_signature() -> None:
    turns = [say("user", "Weather?"), call(call_id=GEMINIS), result(call_id=GEMINIS)]

    elsewhere = made(turns)
    there = made(turns, "gemini")

    for request, expected in ((elsewhere, "call_1"), (there, GEMINIS)):
        _, called, told = request.body["messages"]
        assert called["tool_calls"][0]["id"] == told["tool_call_id"] == expected
    assert elsewhere.dropped == ["input[].reasoning"]
