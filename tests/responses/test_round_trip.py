"""A conversation that nobody keeps: what an answer has is sent back, and the provider takes it.

`store: false` flows, as Codex has them: the items of each answer become part of the next input.
"""

from typing import Any

import openai
import pytest

from tests.harness.proxy import Proxy
from tests.provider import anthropic, behaviours
from tests.provider.exchange import Exchange
from tests.provider.server import Provider
from tests.responses.conftest import ask
from tests.responses.test_bridge import TOOL, recorded

Json = dict[str, Any]
MODEL = "claude-sonnet-4-5"
THOUGHT: Json = {"type": "thinking", "thinking": "It is warm.", "signature": "EqQBCgIYAhIk"}
HIDDEN: Json = {"type": "redacted_thinking", "data": "EmwKAhgB"}
SAID: Json = {"type": "text", "text": "Let me see."}
USED: list[Json] = [
    {"type": "tool_use", "id": f"toolu_{number}", "name": "weather", "input": {"city": city}}
    for number, city in enumerate(["Rome", "Bonn"])
]
CONTENT: list[Json] = [THOUGHT, HIDDEN, SAID, *USED]


def event(kind: str, **fields: object) -> bytes:
    return anthropic.event(f"content_block_{kind}", **fields)


def thoughts() -> bytes:
    """The events of the thoughts of `CONTENT`."""
    empty = {"type": "thinking", "thinking": "", "signature": ""}
    deltas = [
        {"type": "thinking_delta", "thinking": "It is "},
        {"type": "thinking_delta", "thinking": "warm."},
        {"type": "signature_delta", "signature": THOUGHT["signature"]},
    ]
    said = [event("delta", index=0, delta=delta) for delta in deltas]
    first = [event("start", index=0, content_block=empty), *said, event("stop", index=0)]
    second = [event("start", index=1, content_block=HIDDEN), event("stop", index=1)]
    return b"".join([*first, *second])


async def calls_two_tools(exchange: Exchange) -> None:
    """Claude thinks, speaks and calls, and has an answer when it is told the results."""
    assert exchange.request.json is not None
    if len(exchange.request.json["messages"]) > 1:
        await anthropic.good_answer(exchange)
    elif exchange.request.is_stream:
        tools = [
            anthropic.tool_block(3 + number, used["id"], "weather", [f'{{"city":"{city}"}}'])
            for number, (used, city) in enumerate(zip(USED, ["Rome", "Bonn"], strict=True))
        ]
        text = anthropic.text_block(2, ["Let me ", "see."])
        whole = [anthropic.begin(), thoughts(), text, *tools, anthropic.end("tool_use")]
        await behaviours.stream(b"".join(whole))(exchange)
    else:
        await exchange.send_json(200, anthropic.message(CONTENT, "tool_use"))


def turn(there: openai.OpenAI, request: Json, *, stream: bool) -> list[Json]:
    """The items of an answer, as a client sends them back."""
    if not stream:
        response = there.responses.create(**request)
    else:
        with there.responses.stream(**request) as streaming:
            response = streaming.get_final_response()
    items = [item.model_dump(exclude_none=True, mode="json") for item in response.output]
    for item in items:
        item.pop("parsed_arguments", None)
    return items


def results(items: list[Json]) -> list[Json]:
    """What the tools gave."""
    return [
        {"type": "function_call_output", "call_id": item["call_id"], "output": "sunny"}
        for item in items
        if item["type"] == "function_call"
    ]


@pytest.mark.parametrize("stream", [False, True], ids=["plain", "stream"])
def test_a_claude_gets_back_what_it_thought_said_and_called(
    elsewhere: Proxy, there: openai.OpenAI, provider: Provider, stream: bool
) -> None:
    model = f"{MODEL}-{stream}"
    provider.on(model, calls_two_tools)
    more: Json = {
        "store": False,
        "include": ["reasoning.encrypted_content"],
        "reasoning": {"effort": "low", "summary": "auto"},
        "max_output_tokens": 4096,
        "tools": [TOOL],
    }
    first = [{"role": "user", "content": "Weather in Rome and Bonn?"}]

    items = turn(there, {**ask(f"claude/{model}", **more), "input": first}, stream=stream)
    request = {**ask(f"claude/{model}", **more), "input": [*first, *items, *results(items)]}
    last = turn(there, request, stream=stream)

    kinds = [item["type"] for item in items]
    assert kinds == ["reasoning", "reasoning", "message", "function_call", "function_call"]
    assert items[0]["summary"] == [{"type": "summary_text", "text": "It is warm."}]
    assert THOUGHT["signature"] not in str(items)
    sent = provider.requests_for(model)[-1].json
    assert sent is not None
    assistant, told = sent["messages"][1:]
    assert assistant == {"role": "assistant", "content": CONTENT}
    given = [(block["type"], block["tool_use_id"]) for block in told["content"]]
    assert given == [("tool_result", "toolu_0"), ("tool_result", "toolu_1")]
    assert sent["thinking"] == {"type": "enabled", "budget_tokens": 1024}
    assert [item["type"] for item in last] == ["message"]
    records = elsewhere.records(model_asked=f"claude/{model}")
    assert [record["dropped_params"] for record in records] == [[], []]


@pytest.mark.parametrize("stream", [False, True], ids=["plain", "stream"])
def test_a_gemini_gets_back_the_signature_of_its_call(
    there: openai.OpenAI, provider: Provider, stream: bool
) -> None:
    model = "gemini-3-pro-preview"
    signature = "CpEBAQ+/signed=="
    call = {"name": "weather", "args": {"city": "Rome"}}
    part = {"functionCall": call, "thoughtSignature": signature}
    candidate = {"content": {"role": "model", "parts": [part]}, "finishReason": "STOP", "index": 0}
    counts = {"promptTokenCount": 9, "candidatesTokenCount": 3, "totalTokenCount": 12}
    answer = {"candidates": [candidate], "usageMetadata": counts, "modelVersion": model}
    said = behaviours.chunks([answer]) if stream else behaviours.plain(answer)
    again = recorded("gemini", "plain", is_streamed=stream)
    provider.on(model, behaviours.in_turn(said, again))
    first = [{"role": "user", "content": "Weather in Rome?"}]

    items = turn(there, {**ask(f"gemini/{model}", tools=[TOOL]), "input": first}, stream=stream)
    request = ask(f"gemini/{model}", tools=[TOOL])
    turn(there, {**request, "input": [*first, *items, *results(items)]}, stream=stream)

    sent = provider.requests_for(model)[-1].json
    assert sent is not None
    assert sent["contents"][1]["parts"][0]["thoughtSignature"] == signature
    assert sent["contents"][2]["parts"][0]["function_response"]["name"] == "weather"
