"""From Anthropic's form to chat's and back: what a Claude elsewhere than at Anthropic has to keep.

The provider is Anthropic again, asked for chat only, so that the request that reaches it can be
held against the one that the client sent; and Bedrock, which has a form of its own.
"""

from typing import Any

import anthropic as sdks
import pytest

from tests.harness.proxy import Proxy
from tests.messages.conftest import ask
from tests.messages.test_relay import post
from tests.messages.test_sdk import TOOL
from tests.oracle.corpus import find_answer
from tests.provider import anthropic, behaviours
from tests.provider.exchange import Behaviour, Exchange
from tests.provider.server import Provider

CACHED = {"cache_control": {"type": "ephemeral"}}
MODEL = "claude-sonnet-4-5"
THOUGHT = {"type": "thinking", "thinking": "It is warm.", "signature": "EqQBCgIYAhIk"}
CONVERSATION: list[dict[str, Any]] = [
    {"role": "user", "content": [{"type": "text", "text": "Weather in Rome?", **CACHED}]},
    {
        "role": "assistant",
        "content": [
            THOUGHT,
            {"type": "text", "text": "Let me see."},
            {"type": "tool_use", "id": "toolu_1", "name": "weather", "input": {"city": "Rome"}},
        ],
    },
    {
        "role": "user",
        "content": [{"type": "tool_result", "tool_use_id": "toolu_1", "content": "sunny"}],
    },
]


def test_thoughts_caching_and_tools_reach_a_claude(claude: Proxy, provider: Provider) -> None:
    request = {
        **ask(f"round/{MODEL}"),
        "system": [{"type": "text", "text": "Be brief.", **CACHED}],
        "messages": CONVERSATION,
        "tools": [{**TOOL, **CACHED}],
        "thinking": {"type": "enabled", "budget_tokens": 1024},
        "max_tokens": 4096,
        "stop_sequences": ["END"],
    }
    provider.on(MODEL, anthropic.good_answer)

    answer = post(claude, json=request)

    assert answer.status_code == 200, answer.text
    sent = provider.requests_for(MODEL)[-1].json
    assert sent is not None
    assert sent["messages"] == CONVERSATION
    assert sent["system"] == request["system"]
    assert sent["tools"][0]["cache_control"] == CACHED["cache_control"]
    assert sent["tools"][0]["input_schema"] == TOOL["input_schema"]
    assert (sent["thinking"], sent["max_tokens"]) == (request["thinking"], 4096)
    assert sent["stop_sequences"] == ["END"]
    assert "x-oai-proxy-dropped-params" not in answer.headers
    assert answer.json()["usage"] == {
        "input_tokens": 9,
        "cache_creation_input_tokens": 5,
        "cache_read_input_tokens": 20,
        "output_tokens": 3,
    }


@pytest.mark.parametrize("at", ["round", "bedrock"])
def test_thoughts_between_words_and_calls_stay_there(
    claude: Proxy, provider: Provider, at: str
) -> None:
    """A Claude refuses thoughts that are not where it had them."""
    later = {**THOUGHT, "thinking": "Bonn too.", "signature": "EqQBCgIYAhIm"}
    hidden = {"type": "redacted_thinking", "data": "EmwKAhgB"}
    use = {"type": "tool_use", "id": "toolu_2", "name": "weather", "input": {"city": "Bonn"}}
    said = [*CONVERSATION[1]["content"], later, hidden, use]
    results = [{**CONVERSATION[2]["content"][0], "tool_use_id": f"toolu_{n}"} for n in (1, 2)]
    turns = [CONVERSATION[0], {"role": "assistant", "content": said}]
    turns.append({"role": "user", "content": results})
    model = "claude-between" if at == "round" else "anthropic.claude-sonnet-4-5-v1:0"

    answer = post(claude, json={**ask(f"{at}/{model}"), "messages": turns, "tools": [TOOL]})

    sent = provider.requests_for(model)[-1].json
    assert sent is not None
    assert [turn["role"] for turn in sent["messages"]] == ["user", "assistant", "user"]
    assert sent["messages"][1]["content"] == said
    assert [block["tool_use_id"] for block in sent["messages"][2]["content"]] == [
        *("toolu_1", "toolu_2"),
    ]
    assert "x-oai-proxy-dropped-params" not in answer.headers


def test_signed_thoughts_come_back_as_blocks(sdk: sdks.Anthropic, provider: Provider) -> None:
    begun = anthropic.event(
        "content_block_start",
        index=0,
        content_block={"type": "thinking", "thinking": "", "signature": ""},
    )
    deltas = [
        {"type": "thinking_delta", "thinking": "It is "},
        {"type": "thinking_delta", "thinking": "warm."},
        {"type": "signature_delta", "signature": THOUGHT["signature"]},
    ]
    said = [anthropic.event("content_block_delta", index=0, delta=delta) for delta in deltas]
    stream = [
        anthropic.begin(),
        begun,
        *said,
        anthropic.event("content_block_stop", index=0),
        anthropic.text_block(1, ["Sunny", "."]),
        anthropic.end(),
    ]
    text = {"type": "text", "text": "Sunny."}
    plain = behaviours.plain(anthropic.message([THOUGHT, text]))
    provider.on(MODEL, behaviours.in_turn(plain, behaviours.stream(b"".join(stream))))

    whole = sdk.messages.create(**ask(f"round/{MODEL}"))
    with sdk.messages.stream(**ask(f"round/{MODEL}")) as streaming:
        streamed = streaming.get_final_message()

    for answer in (whole, streamed):
        blocks = [block.model_dump(exclude_none=True) for block in answer.content]
        known = [{k: v for k, v in b.items() if k in (*THOUGHT, "text")} for b in blocks]
        assert known == [THOUGHT, text]
        assert answer.usage.cache_read_input_tokens == 20


def from_bedrock(case: str, *, is_streamed: bool) -> Behaviour:
    """What Bedrock said to somebody."""
    kind, body = find_answer("bedrock", case, is_streamed=is_streamed)

    async def behave(exchange: Exchange) -> None:
        length = ("Content-Length", str(len(body)))
        await exchange.send_head(headers=[("Content-Type", kind), length])
        await exchange.send_raw(body)

    return behave


@pytest.mark.parametrize("case", ["plain", "parallel_tools", "reasoning", "length"])
def test_bedrock_says_the_same_streamed_and_not(
    claude: Proxy, sdk: sdks.Anthropic, provider: Provider, case: str
) -> None:
    model = "anthropic.claude-3-7-sonnet-20250219-v1:0"
    request = ask(f"bedrock/{model}", tools=[TOOL])

    provider.on(model, from_bedrock(case, is_streamed=False))
    plain = sdk.messages.create(**request)
    provider.on(model, from_bedrock(case, is_streamed=True))
    with sdk.messages.stream(**request) as stream:
        streamed = stream.get_final_message()

    contents = [
        [block.model_dump(exclude={"id", "citations", "caller"}) for block in answer.content]
        for answer in (plain, streamed)
    ]
    assert contents[0] == contents[1]
    assert contents[0]
    assert streamed.stop_reason == plain.stop_reason
    assert {r["lane"] for r in claude.records(connection="bedrock")} == {"litellm"}


@pytest.mark.parametrize(
    ("thought", "parts", "named"),
    [
        ({"thinking": "hm", "signature": ""}, [{"thought": True, "text": "hm"}], None),
        ({"thinking": "hm", "signature": "EqQBCgIYAhIk"}, [], "messages[].thinking"),
        ({"type": "redacted_thinking", "data": "xyz"}, [], "messages[].thinking"),
    ],
    ids=["its own", "another's", "hidden"],
)
def test_gemini_never_gets_a_thought_as_something_it_said(
    claude: Proxy,
    provider: Provider,
    thought: dict[str, Any],
    parts: list[dict[str, Any]],
    named: str | None,
) -> None:
    model = "gemini-2.5-flash-thoughts"
    said = [{"type": "thinking", **thought}, {"type": "text", "text": "Sunny."}]
    turns = [*ask("any")["messages"], {"role": "assistant", "content": said}]
    turns.append({"role": "user", "content": "And in Bonn?"})

    answer = post(claude, json={**ask(f"gemini/{model}"), "messages": turns})

    assert answer.status_code == 200, answer.text
    sent = provider.requests_for(model)[-1].json
    assert sent is not None
    assert sent["contents"][1]["parts"] == [*parts, {"text": "Sunny."}]
    assert answer.headers.get("x-oai-proxy-dropped-params") == named


def test_geminis_signature_of_a_call_comes_back_beside_its_thought(
    claude: Proxy, provider: Provider
) -> None:
    model, signature = "gemini-3-pro-calls", "Ab+/cd=="
    call = {"functionCall": {"name": "weather", "args": {"city": "Rome"}}}
    parts = [{"thought": True, "text": "hm"}, {**call, "thoughtSignature": signature}]
    candidate = {"content": {"role": "model", "parts": parts}, "finishReason": "STOP", "index": 0}
    provider.on(model, behaviours.plain({"candidates": [candidate], "usageMetadata": {}}))
    turns = ask("any")["messages"]

    content = post(claude, json=ask(f"gemini/{model}", tools=[TOOL])).json()["content"]
    result = {"type": "tool_result", "tool_use_id": content[-1]["id"], "content": "sunny"}
    turns += [{"role": "assistant", "content": content}, {"role": "user", "content": [result]}]
    again = post(claude, json={**ask(f"gemini/{model}", tools=[TOOL]), "messages": turns})

    sent = provider.requests_for(model)[-1].json
    assert sent is not None
    thought, called = sent["contents"][1]["parts"]
    assert thought == {"thought": True, "text": "hm"}
    assert called["thoughtSignature"] == signature
    assert "x-oai-proxy-dropped-params" not in again.headers


@pytest.mark.parametrize(("at", "longest"), [("chat", 40), ("mistral", 9)])
def test_a_conversation_with_gemini_goes_on_elsewhere(
    claude: Proxy, provider: Provider, at: str, longest: int
) -> None:
    """OpenAI takes ids of 40 characters, Mistral of 9; Gemini's have its signature in them."""
    identifier, model = f"call_1__thought__{'Ab-_' * 50}", f"next-{at}"
    use = {**CONVERSATION[1]["content"][2], "id": identifier}
    result = {**CONVERSATION[2]["content"][0], "tool_use_id": identifier}
    turns = [{"role": "user", "content": "Weather?"}, {"role": "assistant", "content": [use]}]
    turns.append({"role": "user", "content": [result]})

    answer = post(claude, json={**ask(f"{at}/{model}"), "messages": turns, "tools": [TOOL]})

    assert answer.status_code == 200, answer.text
    sent = provider.requests_for(model)[-1].json
    assert sent is not None
    called, told = sent["messages"][1]["tool_calls"][0]["id"], sent["messages"][2]["tool_call_id"]
    assert called == told
    assert 0 < len(called) <= longest
    assert answer.headers["x-oai-proxy-dropped-params"] == "messages[].thinking"
