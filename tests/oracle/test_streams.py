"""Folding a stream, the rules for its form, and Amazon's framing."""

from typing import Any

import pytest
from botocore.eventstream import EventStreamBuffer

from tests.oracle.event_stream import frame
from tests.oracle.folding import JSON, fold
from tests.oracle.form import broken_rules

MODEL = "translate/some-model"


def chunk(delta: JSON | None, finish: str | None = None, **top: Any) -> JSON:
    choices = [] if delta is None else [{"index": 0, "delta": delta, "finish_reason": finish}]
    head = {"id": "c1", "object": "chat.completion.chunk", "created": 1, "model": MODEL}
    return {**head, "choices": choices, **top}


def good() -> list[JSON]:
    """A stream without a fault."""
    return [
        chunk({"role": "assistant", "content": ""}),
        chunk({"content": "Hi"}),
        chunk({}, "stop"),
        chunk(None, usage={"total_tokens": 3}),
    ]


def broken(chunks: list[JSON], *, with_usage: bool = True, is_done: bool = True) -> list[str]:
    return broken_rules(chunks, model=MODEL, with_usage=with_usage, is_done=is_done)


def piece(index: int, arguments: str, id_: str | None = None, name: str | None = None) -> JSON:
    call = {"index": index, "id": id_, "function": {"name": name, "arguments": arguments}}
    return {"tool_calls": [call]}


def test_text_thoughts_and_counts_are_put_together() -> None:
    thought = {"type": "thinking", "thinking": "a", "signature": ""}
    hidden = {"type": "redacted_thinking", "data": "x"}
    chunks = [
        chunk({"role": "assistant", "content": "", "thinking_blocks": [thought]}),
        chunk({"thinking_blocks": [{**thought, "thinking": "", "signature": "s"}]}),
        chunk({"thinking_blocks": [hidden]}),
        chunk({"content": "H"}),
        chunk({"content": "i"}, service_tier="default"),
        chunk({}, "stop"),
        chunk(None, usage={"total_tokens": 3}),
    ]

    assert fold(chunks) == {
        "message": {
            "content": "Hi",
            "thinking_blocks": [{"type": "thinking", "thinking": "a", "signature": "s"}, hidden],
        },
        "finish_reason": "stop",
        "choice": {},
        "usage": {"total_tokens": 3},
        "top": {"service_tier": ["default"]},
    }


def test_pieces_of_interleaved_tool_calls_find_their_own() -> None:
    chunks = [
        chunk(piece(0, "", "call_a", "f")),
        chunk(piece(1, "[", "call_b", "g")),
        chunk(piece(0, "{}")),
        chunk(piece(1, "]")),
    ]

    calls = fold(chunks)["message"]["tool_calls"]

    assert [(c["index"], c["id"], c["name"], c["arguments"]) for c in calls] == [
        (0, "call_a", "f", "{}"),
        (1, "call_b", "g", "[]"),
    ]


def test_two_calls_with_one_index_stay_two() -> None:
    chunks = [chunk(piece(0, "{}", "call_a", "f")), chunk(piece(0, "[]", "call_b", "g"))]

    assert len(fold(chunks)["message"]["tool_calls"]) == 2


def test_a_good_stream_breaks_no_rule() -> None:
    assert broken(good()) == []
    assert broken(good()[:-1], with_usage=False) == []


@pytest.mark.parametrize(
    ("at", "change"),
    [
        (1, {"id": "c2"}),
        (1, {"created": 2}),
        (1, {"object": "chat.completion"}),
        (1, {"model": "the provider's name"}),
        (1, {"choices": [{"index": 0, "delta": {"role": "assistant", "content": "Hi"}}]}),
        (1, {"choices": [{"index": 0, "delta": {"content": "Hi"}, "finish_reason": "stop"}]}),
        (1, {"choices": [{"index": 0, "delta": {"content": ""}}]}),
        (1, {"usage": {"total_tokens": 1}}),
        (0, {"choices": [{"index": 0, "delta": {"content": ""}}]}),
        (2, {"choices": [{"index": 0, "delta": {}}]}),
        (2, {"choices": []}),
        (3, {"usage": None}),
    ],
    ids=lambda value: str(value)[:60],
)
def test_each_rule_can_be_broken(at: int, change: JSON) -> None:
    chunks = good()
    chunks[at] |= change

    assert len(broken(chunks)) >= 1


@pytest.mark.parametrize(
    "second", [piece(0, "{}", "call_b", "g"), piece(2, "{}", "call_b", "g")], ids=["same", "gap"]
)
def test_calls_that_clients_cannot_put_together_break_a_rule(second: JSON) -> None:
    first = {"role": "assistant", **piece(0, "{}", "call_a", "f")}
    calls = [chunk(first), chunk(second), *good()[2:]]

    assert len(broken(calls)) == 1


def test_counts_that_nobody_asked_for_break_a_rule() -> None:
    assert broken(good(), with_usage=False) == ["it has counts that nobody asked for"]


def test_a_stream_without_its_end_breaks_a_rule() -> None:
    assert broken(good(), is_done=False) == ["[DONE] is not its end"]


def test_a_frame_is_what_amazons_own_library_reads() -> None:
    buffer = EventStreamBuffer()

    buffer.add_data(frame("messageStop", '{"stopReason":"ë"}'.encode()) + frame("metadata", b"{}"))
    events = list(buffer)

    assert [event.headers[":event-type"] for event in events] == ["messageStop", "metadata"]
    assert events[0].payload.decode() == '{"stopReason":"ë"}'
