"""What Claude did with tools of Anthropic's own, and ends that only Anthropic has a word for."""

import json
from typing import Any

import pytest

from tests.harness.answer import Answer
from tests.lanes.way import WAYS, Way
from tests.provider import anthropic, behaviours
from tests.provider.exchange import Behaviour

CLAUDES = [way for way in WAYS if way[1] == "anthropic"]
SEARCH: dict[str, Any] = {
    "type": "server_tool_use",
    "id": "srvtoolu_1",
    "name": "web_search",
    "input": {"q": "x"},
}
FOUND = {"type": "web_search_result", "url": "https://e.example", "title": "t"}
RESULT: dict[str, Any] = {
    "type": "web_search_tool_result",
    "tool_use_id": "srvtoolu_1",
    "content": [FOUND],
}
CALL: dict[str, Any] = {
    "type": "tool_use",
    "id": "toolu_1",
    "name": "weather",
    "input": {"city": "Rome"},
}


def said(blocks: list[dict[str, Any]], stop: str, *, stream: bool) -> Behaviour:
    """A message of the blocks, whole or streamed."""
    if not stream:
        return behaviours.plain(anthropic.message(blocks, stop))
    told = (_events(index, block) for index, block in enumerate(blocks))
    return behaviours.stream(anthropic.begin() + b"".join(told) + anthropic.end(stop))


def _events(index: int, block: dict[str, Any]) -> bytes:
    if block["type"] == "text":
        return anthropic.text_block(index, [block["text"]])
    if "input" not in block:
        started = anthropic.event("content_block_start", index=index, content_block=block)
        return started + anthropic.event("content_block_stop", index=index)
    told = anthropic.tool_block(index, block["id"], block["name"], [json.dumps(block["input"])])
    return told.replace(b'"tool_use"', b'"%b"' % block["type"].encode())


def heard(answer: Answer) -> tuple[list[tuple[int, str | None]], str, str]:
    """The calls by index and name, the text and the reason of a chat answer."""
    assert answer.status == 200, answer.body
    documents = answer.chunks if answer.is_stream else [json.loads(answer.body)]
    choices = [choice for document in documents for choice in document["choices"]]
    parts = [choice.get("message") or choice["delta"] for choice in choices]
    called = [call for part in parts for call in part.get("tool_calls") or ()]
    named = [(call.get("index", 0), call["function"].get("name")) for call in called]
    reason = choices[-1]["finish_reason"]
    return [call for call in named if call[1]], answer.text, reason


@pytest.mark.parametrize("way", CLAUDES, ids="-".join, indirect=True)
@pytest.mark.parametrize("stream", [False, True], ids=["plain", "stream"])
@pytest.mark.parametrize("calls", [False, True], ids=["search", "search and call"])
def test_a_search_of_claudes_own_is_no_call_for_the_client(
    way: Way, stream: bool, calls: bool
) -> None:
    model = f"claude-search-{stream}-{calls}"
    text: list[dict[str, Any]] = [
        {"type": "text", "text": "Let me see. "},
        {"type": "text", "text": "It is so."},
    ]
    blocks = [text[0], SEARCH, RESULT, text[1], *([CALL] if calls else [])]
    way.on(model, said(blocks, "tool_use" if calls else "end_turn", stream=stream))

    answer = way.ask(model, stream=stream)

    named = [(0, "weather")] if calls else []
    reason = "tool_calls" if calls else "stop"
    assert heard(answer) == (named, "Let me see. It is so.", reason)
    arguments = b'\\"city\\"' in answer.body
    assert (b"web_search_tool_result" in answer.body, arguments) == (True, calls)


@pytest.mark.parametrize("way", CLAUDES, ids="-".join, indirect=True)
@pytest.mark.parametrize("stream", [False, True], ids=["plain", "stream"])
@pytest.mark.parametrize("stop", ["model_context_window_exceeded", "pause_turn"])
def test_an_answer_that_was_not_finished_says_so(way: Way, stop: str, stream: bool) -> None:
    model = f"claude-{stop}-{stream}"
    way.on(model, said([{"type": "text", "text": "Half"}], stop, stream=stream))

    answer = way.ask(model, stream=stream)

    assert heard(answer) == ([], "Half", "length")
    assert way.proxy.record(id=answer.id)["finish_reason"] == "length"
