"""Whatever a server of chat answers, there is a Response of it, and the events of one."""

import json
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from lmproxy.upstream.response_form import ended, frame, output, usage
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
    events = told(chunks, "stop", frame({}, "m", box()))

    assert folded(events) == events[-1]["response"]["output"]
