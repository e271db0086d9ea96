"""Counts of tokens that nobody but LiteLLM made are not told to clients or records."""

import json
from typing import Any

import pytest

from tests.harness.answer import Answer
from tests.lanes.way import Way
from tests.provider import behaviours
from tests.provider.exchange import Behaviour, Exchange

COUNTS = {"input_tokens": 10, "output_tokens": 42}
OWN = {**COUNTS, "output_tokens_details": {"thinking_tokens": 30}}
THOUGHTS = "Let me think about it."


def plain(usage: dict[str, Any]) -> Behaviour:
    content = [
        {"type": "thinking", "thinking": THOUGHTS, "signature": "c2ln"},
        {"type": "text", "text": "Hello"},
    ]
    message = {"id": "msg_1", "type": "message", "role": "assistant", "model": "claude"}
    ending = {"stop_reason": "end_turn", "stop_sequence": None, "usage": usage}
    return behaviours.plain({**message, "content": content, **ending})


def streamed(usage: dict[str, Any]) -> Behaviour:
    message = {"id": "msg_1", "type": "message", "role": "assistant", "model": "claude"}
    thinking = {"type": "thinking", "thinking": "", "signature": ""}
    thought = {"type": "thinking_delta", "thinking": THOUGHTS}
    said = {"type": "text_delta", "text": "Hello"}
    events: list[dict[str, Any]] = [
        {
            "type": "message_start",
            "message": {**message, "content": [], "usage": {**usage, "output_tokens": 1}},
        },
        {"type": "content_block_start", "index": 0, "content_block": thinking},
        {"type": "content_block_delta", "index": 0, "delta": thought},
        {"type": "content_block_stop", "index": 0},
        {"type": "content_block_start", "index": 1, "content_block": {"type": "text", "text": ""}},
        {"type": "content_block_delta", "index": 1, "delta": said},
        {"type": "content_block_stop", "index": 1},
        {"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": usage},
        {"type": "message_stop"},
    ]

    async def behave(exchange: Exchange) -> None:
        await exchange.start_stream()
        for event in events:
            line = f"event: {event['type']}\ndata: {json.dumps(event)}\n\n"
            await exchange.send_chunk(line.encode())
        await exchange.end_stream(done=False)

    return behave


def counted(answer: Answer, *, stream: bool) -> dict[str, Any]:
    """The usage that the client is told."""
    assert answer.status == 200, answer.body
    if not stream:
        usage: dict[str, Any] = json.loads(answer.body)["usage"]
        return usage
    lines = [line[6:] for line in answer.body.splitlines() if line.startswith(b"data: {")]
    (usage,) = [json.loads(line)["usage"] for line in lines if b'"usage":{' in line]
    return usage


def asked(way: Way, name: str, usage: dict[str, Any], *, stream: bool) -> tuple[Any, Any]:
    if way.kind != "anthropic":
        pytest.skip("it is Anthropic's answers that LiteLLM counts in")
    way.on(name, streamed(usage) if stream else plain(usage))
    options: dict[str, Any] = {"stream_options": {"include_usage": True}} if stream else {}

    answer = way.ask(name, stream=stream, **options)

    return counted(answer, stream=stream), way.proxy.record(id=answer.id)["usage"]


@pytest.mark.parametrize("stream", [False, True], ids=["plain", "stream"])
def test_no_count_of_reasoning_or_text_is_made_up(way: Way, *, stream: bool) -> None:
    told, recorded = asked(way, f"no-counts-{stream}", COUNTS, stream=stream)

    assert "reasoning_tokens" not in str(told)
    assert "text_tokens" not in str(told)
    assert (told["prompt_tokens"], told["completion_tokens"]) == (10, 42)
    assert (recorded["completion_tokens"], recorded["reasoning_tokens"]) == (42, None)


@pytest.mark.parametrize("stream", [False, True], ids=["plain", "stream"])
def test_the_providers_own_count_of_reasoning_is_kept(way: Way, *, stream: bool) -> None:
    told, recorded = asked(way, f"own-counts-{stream}", OWN, stream=stream)

    assert told["completion_tokens_details"]["reasoning_tokens"] == 30
    assert recorded["reasoning_tokens"] == 30
