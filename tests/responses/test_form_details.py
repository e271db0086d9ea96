"""What becomes of a finish reason, of repeated thoughts, of calls by turns, and of counts."""

from typing import Any

import pytest

from lmproxy.call import Usage
from lmproxy.upstream.responses.form import ended, frame, usage
from lmproxy.upstream.responses.parts import unsealed
from tests.responses.test_forms import COUNTED, SIGNED, box, call, told, whole

Json = dict[str, Any]


@pytest.mark.parametrize(
    ("reason", "status", "why"),
    [
        ("stop", "completed", None),
        ("tool_calls", "completed", None),
        ("length", "incomplete", {"reason": "max_output_tokens"}),
        ("content_filter", "incomplete", {"reason": "content_filter"}),
        ("of_tomorrow", "completed", None),
    ],
)
def test_a_finish_reason_is_a_status(reason: str, status: str, why: Json | None) -> None:
    response = whole({"content": "Hello"}, reason, frame({}, "m", box()))

    assert (response["status"], response["incomplete_details"]) == (status, why)
    assert response["output"][0]["status"] == status
    assert (response["completed_at"] is None) == (status == "incomplete")


def test_a_thought_that_is_told_again_with_its_signature_is_told_once() -> None:
    begun = frame({}, "m", box())
    deltas: list[Json] = [
        {"reasoning_content": "h", "thinking_blocks": [{"type": "thinking", "thinking": "h"}]},
        {"reasoning_content": "m", "thinking_blocks": [{"type": "thinking", "thinking": "m"}]},
        {"thinking_blocks": [SIGNED]},
        {"thinking_blocks": [SIGNED]},
    ]
    made = [{"choices": [{"index": 0, "delta": delta}]} for delta in deltas]

    first, second = told(made, "stop", begun)[-1]["response"]["output"]

    assert [part["text"] for part in first["summary"]] == ["hm"]
    assert unsealed(first["encrypted_content"]) == [SIGNED]
    assert unsealed(second["encrypted_content"]) == [SIGNED]


def test_calls_by_turns_lose_nothing_and_end_in_order() -> None:
    fragments = [
        *({**call(arguments='{"a"'), "index": 0}, {**call("g", '{"b"', "2"), "index": 1}),
        *({"index": 0, "function": {"arguments": ":1}"}}, {"index": 1}),
        {"index": 1, "function": {"arguments": ":"}},
    ]
    made = [{"choices": [{"delta": {"tool_calls": [fragment]}}]} for fragment in fragments]

    *events, last = told(made, "length", frame({}, "m", box()))

    first, second = last["response"]["output"]
    assert (first["arguments"], first["status"]) == ('{"a":1}', "completed")
    assert (second["arguments"], second["status"]) == ('{"b":', "incomplete")
    done = [event["output_index"] for event in events if event["type"].endswith("item.done")]
    assert done == [0, 1]


def test_counts_nobody_gave_are_not_made_up() -> None:
    begun = frame({}, "m", box())

    assert "usage" not in ended(begun, [], "stop", usage(None, Usage()))


def test_what_a_cache_took_is_counted() -> None:
    counted = usage({"prompt_tokens_details": {"cache_creation_tokens": 4}}, COUNTED)

    assert counted is not None
    assert counted["input_tokens_details"] == {"cached_tokens": 20, "cache_write_tokens": 4}


def test_what_a_magistral_thinks_among_its_words_is_a_thought_that_nobody_signed() -> None:
    begun = frame({}, "m", box())
    pieces = [{"type": "thinking", "thinking": [{"type": "text", "text": t}]} for t in ("h", "m")]
    text = {"type": "text", "text": "Yes"}
    raw = [{"choices": [{"delta": {"content": [piece]}}]} for piece in [*pieces, text]]
    block = {"type": "thinking", "thinking": "hm", "signature": "mistral"}
    translated: Json = {"reasoning_content": "hm", "thinking_blocks": [block], "content": "Yes"}

    made = [
        whole({"content": [*pieces, text]}, "stop", begun),
        told(raw, "stop", begun)[-1]["response"],
        whole(translated, "stop", begun),
    ]

    for response in made:
        thought, said = response["output"]
        assert [part["text"] for part in thought["summary"]] == ["hm"]
        assert thought["encrypted_content"] is None
        assert said["content"][0]["text"] == "Yes"
