"""Whatever a server of chat answers, there is a message of it, or its fault."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lmproxy.errors import UpstreamInvalidResponse
from lmproxy.upstream.messages.events import MessageEvents
from lmproxy.upstream.messages.form import message
from tests.harness.proxy import Proxy
from tests.messages.conftest import ask
from tests.messages.test_forms import events_in, folded
from tests.messages.test_relay import post
from tests.provider import answers, behaviours
from tests.provider.server import Provider
from tests.responses.test_odd_answers import ANSWERS

Json = dict[str, Any]


@settings(deadline=None)  # A busy machine is no failure.
@given(ANSWERS)
def test_an_odd_answer_is_a_message_or_a_fault(answer: Json) -> None:
    try:
        made = message(answer, "m", {})
    except UpstreamInvalidResponse:
        return

    kinds = [block["type"] for block in made["content"]]
    assert set(kinds) <= {"text", "thinking", "redacted_thinking", "tool_use"}
    json.dumps(made)


@settings(deadline=None)
@given(st.lists(ANSWERS, max_size=3))
def test_odd_chunks_are_the_events_of_a_message_or_a_fault(chunks: list[Json]) -> None:
    events = MessageEvents("m", {})
    try:
        stream = b"".join([*map(events.add, chunks), events.end()])
    except UpstreamInvalidResponse:
        return

    made = folded(events_in(stream))
    assert {type(block[block["type"]]) for block in made["content"] if block["type"] == "text"} <= {
        str
    }


ODD: dict[str, Json] = {
    "calls that are a text": {"tool_calls": "abc"},
    "calls that are texts": {"tool_calls": ["abc"]},
    "a function that is a text": {"tool_calls": [{"index": 0, "function": "abc"}]},
    "arguments that are a number": {"tool_calls": [{"function": {"name": "f", "arguments": 3}}]},
    "a name that is a list": {"tool_calls": [{"function": {"name": ["f"]}}]},
    "a thought that is a number": {"thinking_blocks": [{"type": "thinking", "thinking": 3}]},
    "a signature that is a list": {"thinking_blocks": [{"thinking": "hm", "signature": ["s"]}]},
}


@pytest.mark.parametrize("case", ODD)
def test_what_cannot_be_read_is_the_providers_fault(case: str) -> None:
    with pytest.raises(UpstreamInvalidResponse):
        message({"choices": [{"message": ODD[case]}]}, "m", {})
    with pytest.raises(UpstreamInvalidResponse):
        MessageEvents("m", {}).add({"choices": [{"delta": ODD[case]}]})


@pytest.mark.parametrize("reason", [["stop"], {"stop": 1}, 3], ids=repr)
def test_a_reason_that_is_no_text_is_the_providers_fault(reason: Any) -> None:
    choice = {"message": {"content": "Hi"}, "delta": {}, "finish_reason": reason}

    with pytest.raises(UpstreamInvalidResponse):
        message({"choices": [choice]}, "m", {})
    with pytest.raises(UpstreamInvalidResponse):
        MessageEvents("m", {}).add({"choices": [choice]})


@pytest.mark.parametrize("case", ["calls that are a text", "arguments that are a number"])
def test_a_stream_that_cannot_be_read_ends_as_one(
    claude: Proxy, provider: Provider, case: str
) -> None:
    model = f"gpt-odd-{case.replace(' ', '-')}"
    chunks = [answers.chat_chunk({"role": "assistant", "content": "Hi"})]
    chunks += [answers.chat_chunk(ODD[case]), answers.chat_chunk({}, "stop")]
    provider.on(model, behaviours.chunks(chunks))

    answer = post(claude, json=ask(f"chat/{model}", stream=True))

    assert events_in(answer.content)[-1]["error"]["type"] == "api_error"
    record = claude.record(id=answer.headers["x-request-id"])
    assert record["error_code"] == "upstream_invalid_response", record
    assert "message_stop" not in answer.text


def test_arguments_that_are_an_object_are_taken_as_such() -> None:
    function = {"name": "f", "arguments": {"a": 1}}
    said = {"tool_calls": [{"id": "c", "index": 0, "function": function}]}
    events = MessageEvents("m", {})

    whole = message({"choices": [{"message": said}]}, "m", {})
    streamed = folded(events_in(events.add({"choices": [{"delta": said}]}) + events.end()))

    assert whole["content"][0]["input"] == {"a": 1}
    assert streamed["content"][0]["input"] == '{"a":1}'
