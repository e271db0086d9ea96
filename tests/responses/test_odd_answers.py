"""Whatever a server of chat answers, there is a Response of it, and the events of one."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lmproxy.errors import UpstreamInvalidResponse
from lmproxy.upstream.responses.form import ended, frame, output, usage
from tests.responses.test_forms import COUNTED, box, folded, told

Json = dict[str, Any]
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=3), inner),
    max_leaves=3,
)
CALLS = st.fixed_dictionaries(
    {},
    optional={
        "index": st.integers(0, 2) | VALUES,
        "id": st.just("c") | VALUES,
        "function": VALUES
        | st.fixed_dictionaries(
            {}, optional={"name": st.sampled_from(["f", "patch"]) | VALUES, "arguments": VALUES}
        ),
    },
)
BLOCKS = st.dictionaries(st.sampled_from(["type", "thinking", "signature", "data"]), VALUES)
SAID = st.fixed_dictionaries(
    {},
    optional={
        "content": VALUES,
        "refusal": VALUES,
        "reasoning_content": VALUES,
        "thinking_blocks": st.lists(BLOCKS, max_size=2) | VALUES,
        "tool_calls": st.lists(CALLS | VALUES, max_size=2) | VALUES,
        "images": st.lists(VALUES, max_size=2) | VALUES,
        "annotations": st.lists(st.just({"type": "url_citation", "url_citation": {}}) | VALUES),
    },
)
CHOICES = st.fixed_dictionaries(
    {},
    optional={
        "message": SAID | VALUES,
        "delta": SAID | VALUES,
        "finish_reason": VALUES,
        "logprobs": st.fixed_dictionaries({"content": st.lists(VALUES)}) | VALUES,
    },
)
ANSWERS = st.fixed_dictionaries(
    {}, optional={"choices": st.lists(CHOICES | VALUES, max_size=2) | VALUES, "usage": VALUES}
)


@settings(deadline=None)  # A busy machine is no failure.
@given(ANSWERS)
def test_an_odd_answer_is_a_response(answer: Json) -> None:
    items = output(answer, box(), wants_logprobs=True)

    counted = usage(answer.get("usage"), COUNTED)
    json.dumps(ended(frame({}, "m", box()), items, "stop", counted))


@settings(deadline=None)
@given(st.lists(ANSWERS, max_size=3))
def test_odd_chunks_are_the_events_of_a_response(chunks: list[Json]) -> None:
    try:
        events = told(chunks, "stop", frame({}, "m", box()))
    except UpstreamInvalidResponse:  # One that adds to a call that was whole.
        return

    assert folded(events) == events[-1]["response"]["output"]


def by_turns(*fragments: tuple[int, str]) -> list[Json]:
    """Chunks with a fragment each: of which call, and what of its arguments."""
    return [
        {
            "choices": [
                {
                    "delta": {
                        "tool_calls": [
                            {
                                "index": index,
                                "id": f"call_{index}",
                                "function": {"name": "f", "arguments": arguments},
                            }
                        ]
                    }
                }
            ]
        }
        for index, arguments in fragments
    ]


@pytest.mark.parametrize(
    ("first", "rest"),
    [("1", "2"), ("{}", '{"a":1}'), ('{"a"', ":1}"), ('{"a":1}', ""), ('{"a":1}', " ")],
)
def test_of_a_call_told_by_turns_nothing_is_lost(first: str, rest: str) -> None:
    chunks = by_turns((0, first), (1, '{"b":2}'), (0, rest))

    events = told(chunks, "tool_calls", frame({}, "m", box()))

    calls = [item["arguments"] for item in folded(events)]
    assert calls == [(first + rest).rstrip(), '{"b":2}']


def test_a_whole_call_said_again_is_one_and_more_of_it_is_a_fault() -> None:
    chunks = by_turns((0, '{"a":1}'), (1, '{"b":2}'), (0, '{"a":1}'))

    events = told(chunks, "tool_calls", frame({}, "m", box()))

    assert [item["arguments"] for item in folded(events)] == ['{"a":1}', '{"b":2}']
    with pytest.raises(UpstreamInvalidResponse):
        told([*chunks, *by_turns((0, "2"))], "tool_calls", frame({}, "m", box()))
