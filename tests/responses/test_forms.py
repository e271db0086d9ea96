"""What an answer of OpenAI's chat becomes: a whole Response, and the events that say the same."""

import json
from typing import Any

import pytest
from hypothesis import given, reject, settings
from hypothesis import strategies as st
from openai.types.responses import Response, ResponseStreamEvent
from pydantic import TypeAdapter

from lmproxy.call import Usage
from lmproxy.errors import UpstreamInvalidResponse
from lmproxy.upstream.responses.events import ResponseEvents
from lmproxy.upstream.responses.form import ended, frame, output, usage
from lmproxy.upstream.responses.tools import Toolbox, read_tools
from tests.responses.reference import event_faults, faults

Json = dict[str, Any]
COUNTED = Usage(30, 3, 33, 20, 2, source="provider")
SIGNED = {"type": "thinking", "thinking": "hm", "signature": "Eq+/=="}
HIDDEN = {"type": "redacted_thinking", "data": "xyz"}
PICTURE = {"type": "image_url", "image_url": {"url": "data:image/png;base64,QUJD"}, "index": 0}
LIKELY = [{"token": "Hi", "logprob": -0.5, "bytes": None, "top_logprobs": []}]
CITED = {"type": "url_citation", "url_citation": {"url": "u", "title": "t", "start_index": 1}}
TOOLS: list[Json] = [
    {"type": "function", "name": "f"},
    {"type": "custom", "name": "patch"},
    {
        "type": "namespace",
        "name": "n",
        "description": "Some.",
        "tools": [{"type": "function", "name": "g"}],
    },
]


def call(name: str = "f", arguments: Any = '{"a":1}', identifier: str | None = "call_1") -> Json:
    function = {"name": name, "arguments": arguments}
    return {"id": identifier, "type": "function", "function": function}


MESSAGES: dict[str, tuple[Json, str]] = {
    "a text": ({"content": "Hello"}, "stop"),
    "cut short": ({"content": "Half"}, "length"),
    "a call": ({"content": None, "tool_calls": [call()]}, "tool_calls"),
    "a call cut short": ({"tool_calls": [call(arguments='{"a":')]}, "length"),
    "a text and a call": ({"content": "So:", "tool_calls": [call()]}, "stop"),
    "many calls": (
        {"tool_calls": [call(), call("n__g", "{}", "2"), call("patch", '{"input":"x"}', "3")]},
        "tool_calls",
    ),
    "calls without arguments": (
        {"tool_calls": [call(arguments=""), call("patch", "", "2"), call("g", None, None)]},
        "tool_calls",
    ),
    "a custom input that is none": ({"tool_calls": [call("patch", "no JSON")]}, "tool_calls"),
    "reasoning": ({"reasoning_content": "hm", "content": "Yes"}, "stop"),
    "reasoning by its other name": ({"reasoning": "hm", "content": "Yes"}, "stop"),
    "only reasoning, cut short": ({"reasoning_content": "hm"}, "length"),
    "signed": ({"thinking_blocks": [SIGNED], "reasoning_content": "hm", "content": "Yes"}, "stop"),
    "hidden": ({"thinking_blocks": [HIDDEN, SIGNED, HIDDEN], "content": "Yes"}, "stop"),
    "a refusal": ({"content": None, "refusal": "No."}, "stop"),
    "a text and a refusal": ({"content": "Well,", "refusal": "No."}, "stop"),
    "filtered": ({"content": "Some"}, "content_filter"),
    "parts": ({"content": [{"type": "text", "text": "One"}, {"text": " two"}]}, "stop"),
    "cited": ({"content": "Hello", "annotations": [CITED, {"type": "other"}]}, "stop"),
    "pictures": ({"content": "Look:", "images": [PICTURE, PICTURE]}, "stop"),
    "a picture, cut short": ({"images": [PICTURE]}, "length"),
    "nothing": ({"content": None}, "stop"),
}


def box() -> Toolbox:
    return read_tools(TOOLS, [])


def whole(said: Json, reason: str, begun: Json) -> Json:
    """The Response of a plain answer."""
    message = {"role": "assistant", "content": None, **said}
    choice = {"message": message, "finish_reason": reason, "logprobs": {"content": LIKELY}}
    items = output({"choices": [choice]}, box(), wants_logprobs=True)
    return ended(begun, items, reason, usage(None, COUNTED))


def chunks(said: Json, cut: int) -> list[Json]:
    """Chat's chunks that say the same, texts and arguments in pieces of `cut` characters."""
    deltas: list[Json] = [{"role": "assistant"}]
    if "thinking_blocks" in said:
        deltas += [{"thinking_blocks": [block]} for block in said["thinking_blocks"]]
    else:
        for name in ("reasoning_content", "reasoning"):
            deltas += [{name: piece} for piece in pieces(said.get(name), cut)]
    for name in ("content", "refusal"):
        deltas += [{name: piece} for piece in pieces(said.get(name), cut)]
    deltas += [{"annotations": said["annotations"]}] if "annotations" in said else []
    deltas += [{"images": [image]} for image in said.get("images", ())]
    for index, called in enumerate(said.get("tool_calls") or ()):
        function = {**called["function"], "arguments": ""}
        fragments = [{**called, "function": function}]
        found = pieces(called["function"]["arguments"], cut)
        fragments += [{"function": {"arguments": piece}} for piece in found]
        deltas += [{"tool_calls": [{**fragment, "index": index}]} for fragment in fragments]
    made: list[Json] = [{"choices": [{"index": 0, "delta": delta}]} for delta in deltas]
    if said.get("content"):
        choices = [choice for chunk in made for choice in chunk["choices"]]
        first = next(choice for choice in choices if "content" in choice["delta"])
        first["logprobs"] = {"content": LIKELY}
    return made


def pieces(text: Any, cut: int) -> list[Any]:
    if not isinstance(text, str):
        return [text] if text else []
    return [text[start : start + cut] for start in range(0, len(text), cut)]


def told(made: list[Json], reason: str, begun: Json) -> list[Json]:
    """The events of a stream, parsed."""
    events = ResponseEvents(begun, box(), wants_logprobs=True)
    last = {"choices": [{"index": 0, "delta": {}, "finish_reason": reason}]}
    text = b"".join([*map(events.add, [*made, last]), events.end(COUNTED)]).decode()
    found = []
    for block in text.split("\n\n")[:-1]:
        name, data = block.split("\n")
        found.append(json.loads(data.removeprefix("data: ")))
        assert name == f"event: {found[-1]['type']}"
    return found


def folded(events: list[Json]) -> list[Json]:
    """The items that the events before the last one say, which have to be in order."""
    items: list[Json] = []
    done: set[int] = set()
    for event in events[2:-1]:
        kind, where = event["type"].removeprefix("response."), event["output_index"]
        assert where not in done
        if kind == "output_item.added":
            assert where == len(items)
            items.append(event["item"])
            continue
        if kind == "output_item.done":
            late = {"status", "encrypted_content", "result"} & items[where].keys()
            built = {**items[where], **{name: event["item"][name] for name in late}}
            assert built == event["item"]
            items[where] = event["item"]
            done.add(where)
            continue
        assert event["item_id"] == items[where]["id"]
        build(items[where], kind, event)
    assert done == set(range(len(items)))
    return items


def build(item: Json, kind: str, event: Json) -> None:
    """Do to an item what an event says."""
    place, _, verb = kind.rpartition(".")
    if place == "content_part":
        parts = item["content"]
    elif place.startswith("reasoning_summary"):
        parts = item["summary"]
    else:
        parts = []
    number = event.get("content_index", event.get("summary_index", 0))
    if verb == "added" and place.endswith("part"):
        assert number == len(parts)
        parts.append(event["part"])
    elif place.endswith("part"):
        assert parts[number] == event["part"]
    elif place == "output_text.annotation":
        item["content"][number]["annotations"].append(event["annotation"])
    else:
        text = item["content"][number] if "content_index" in event else item
        text = item["summary"][number] if "summary_index" in event else text
        fields = {"function_call_arguments": "arguments", "custom_tool_call_input": "input"}
        field = fields.get(place) or ("refusal" if place == "refusal" else "text")
        if verb == "done":
            assert text[field] == event[field]
            return
        text[field] += event["delta"]
        if place == "output_text":
            text["logprobs"] += event["logprobs"]


def comparable(response: Json) -> Json:
    """Without what is made anew each time."""
    items = [
        {k: v for k, v in item.items() if k not in ("id", "call_id")} for item in response["output"]
    ]
    return {**response, "output": items, "completed_at": None}


@pytest.mark.parametrize("case", MESSAGES)
@pytest.mark.parametrize("cut", [1, 3, 100])
def test_events_say_what_the_whole_response_says(case: str, cut: int) -> None:
    said, reason = MESSAGES[case]
    begun = frame({"input": "Hi"}, "m", box())

    plain = whole(said, reason, begun)
    events = told(chunks(said, cut), reason, begun)

    assert comparable(events[-1]["response"]) == comparable(plain)
    assert folded(events) == events[-1]["response"]["output"]
    assert [event["sequence_number"] for event in events] == list(range(len(events)))
    assert [event["type"] for event in events[:2]] == ["response.created", "response.in_progress"]
    assert events[-1]["type"] == f"response.{plain['status']}"


@pytest.mark.parametrize("case", MESSAGES)
def test_the_reference_and_the_SDKs_models_find_no_fault(case: str) -> None:
    said, reason = MESSAGES[case]
    begun = frame({"input": "Hi", "instructions": "Be brief."}, "m", box())

    plain = whole(said, reason, begun)
    events = told(chunks(said, 2), reason, begun)

    assert faults(plain, "Response") == []
    Response.model_validate(plain, strict=True)
    model: TypeAdapter[Any] = TypeAdapter(ResponseStreamEvent)
    for event in events:
        assert event_faults(event) == []
        model.validate_json(json.dumps(event), strict=True)


def chosen(deltas: list[Json]) -> list[Json]:
    """Chunks that bring these."""
    return [{"choices": [{"index": 0, "delta": delta}]} for delta in deltas]


DELTAS = st.one_of(
    st.builds(lambda text: {"content": text}, st.text(max_size=3) | st.none()),
    st.builds(lambda text: {"refusal": text}, st.text(max_size=3)),
    st.builds(lambda text: {"reasoning_content": text}, st.text(max_size=3)),
    st.sampled_from([{"thinking_blocks": [SIGNED]}, {"thinking_blocks": [HIDDEN]}]),
    st.just({"annotations": [CITED]}),
    st.just({"images": [PICTURE]}),
    st.builds(
        lambda index, identifier, name, more: {
            "tool_calls": [{**call(name, more, identifier), "index": index}]
        },
        st.integers(0, 2),
        st.sampled_from([None, "call_1", "call_2"]),
        st.sampled_from(["f", "patch", "n__g", "x"]),
        st.sampled_from(["", None, "{", "}", "{}", '{"input":"x"}', '"']),
    ),
)


@settings(deadline=None)  # A busy machine is no failure.
@given(st.lists(DELTAS, max_size=8), st.sampled_from(["stop", "length", "tool_calls"]))
def test_events_build_the_response_whatever_order_chat_has(deltas: list[Json], reason: str) -> None:
    try:
        events = told(chosen(deltas), reason, frame({}, "m", box()))
    except UpstreamInvalidResponse:
        reject()  # The next test is about those.

    assert folded(events) == events[-1]["response"]["output"]
    assert [event["sequence_number"] for event in events] == list(range(len(events)))


@pytest.mark.parametrize("more", ["{", "x", '{"input":"y"}'])
def test_an_addition_to_a_call_that_was_complete_is_no_answer(more: str) -> None:
    first, later = call("f", '{"input":"x"}', "call_1"), call("f", more, None)
    deltas: list[Json] = [
        {"tool_calls": [{**first, "index": 1}]},
        {"content": "Meanwhile,"},
        {"tool_calls": [{**later, "index": 1}]},
    ]

    with pytest.raises(UpstreamInvalidResponse, match="complete"):
        told(chosen(deltas), "stop", frame({}, "m", box()))
