"""Clients of the Responses API before providers that do not speak it."""

import json
from typing import Any

import httpx
import openai
import pytest
from openai.types.responses import Response
from pydantic import BaseModel

from tests.harness.proxy import Proxy
from tests.messages.test_bridge import BONN, ROME, TOOL_STREAMS, fragment, tool_chunks
from tests.oracle.corpus import find_answer
from tests.provider import answers, behaviours
from tests.provider.exchange import Behaviour, Exchange
from tests.provider.server import Provider
from tests.responses.conftest import ask, post
from tests.responses.reference import event_faults
from tests.responses.reference import faults as faults_of

Json = dict[str, Any]
TOOL: Json = {
    "type": "function",
    "name": "weather",
    "description": "The weather in a city",
    "parameters": {"type": "object", "properties": {"city": {"type": "string"}}},
    "strict": False,
}
USAGE = {
    "prompt_tokens": 30,
    "completion_tokens": 3,
    "total_tokens": 33,
    "prompt_tokens_details": {"cached_tokens": 20},
    "completion_tokens_details": {"reasoning_tokens": 2},
}


def events_of(answer: httpx.Response) -> list[Json]:
    """The events, each held against the reference and numbered without a gap."""
    blocks = [block for block in answer.text.split("\n\n") if block.startswith("event: ")]
    events: list[Json] = []
    for block in blocks:
        name, data = block.split("\n")
        events.append(json.loads(data.removeprefix("data: ")))
        assert name == f"event: {events[-1]['type']}"
        assert event_faults(events[-1]) == []
    assert [event["sequence_number"] for event in events] == list(range(len(events)))
    return events


def kinds(events: list[Json]) -> list[str]:
    """Their types, a row of deltas as one."""
    names = [event["type"].removeprefix("response.") for event in events]
    pairs = zip(names, ["", *names], strict=False)
    return [name for name, before in pairs if name != before or not name.endswith("delta")]


def without_ids(items: list[Json]) -> list[Json]:
    return [{name: value for name, value in item.items() if name != "id"} for item in items]


def streamed(there: openai.OpenAI, request: Json) -> Response:
    """The response at the end of a stream that the SDK followed."""
    with there.responses.stream(**request) as stream:
        *_, last = stream
    assert last.type in ("response.completed", "response.incomplete")
    whole: Response = last.response
    return whole


def test_a_plain_answer_becomes_a_response(elsewhere: Proxy, provider: Provider) -> None:
    provider.on("resp-plain", behaviours.plain(answers.chat_answer("Hello", USAGE)))

    answer = post(elsewhere, **ask("chat/resp-plain", instructions="Be brief.", store=False))

    response = answer.json()
    assert faults_of(response, "Response") == []
    (item,) = without_ids(response["output"])
    part = {"type": "output_text", "text": "Hello", "annotations": [], "logprobs": []}
    assert item == {
        "type": "message",
        "status": "completed",
        "role": "assistant",
        "content": [part],
    }
    assert (response["status"], response["model"]) == ("completed", "chat/resp-plain")
    assert (response["store"], response["instructions"]) == (False, "Be brief.")
    assert response["usage"] == {
        "input_tokens": 30,
        "input_tokens_details": {"cached_tokens": 20, "cache_write_tokens": 0},
        "output_tokens": 3,
        "output_tokens_details": {"reasoning_tokens": 2},
        "total_tokens": 33,
    }
    record = elsewhere.record(id=answer.headers["x-request-id"])
    assert (record["operation"], record["outcome"]) == ("responses", "answered")
    assert (record["usage"]["prompt_tokens"], record["usage"]["cached_tokens"]) == (30, 20)


@pytest.mark.relay_only("another lane loads LiteLLM")
def test_a_server_with_OpenAIs_chat_is_asked_without_LiteLLM(
    elsewhere: Proxy, provider: Provider
) -> None:
    answer = post(elsewhere, **ask("chat/resp-relayed"))

    assert elsewhere.record(id=answer.headers["x-request-id"])["lane"] == "relay"


def test_a_streamed_answer_becomes_events_in_order(
    elsewhere: Proxy, there: openai.OpenAI, provider: Provider
) -> None:
    provider.on("resp-stream", behaviours.chunks(answers.chat_chunks(usage=USAGE)))

    answer = post(elsewhere, **ask("chat/resp-stream", stream=True))
    response = streamed(there, ask("chat/resp-stream"))

    events = events_of(answer)
    assert kinds(events) == [
        *("created", "in_progress", "output_item.added", "content_part.added"),
        *("output_text.delta", "output_text.done", "content_part.done", "output_item.done"),
        "completed",
    ]
    assert response.output_text == "Hello there"
    assert response.usage is not None
    assert response.usage.input_tokens_details.cached_tokens == 20
    record = elsewhere.record(id=answer.headers["x-request-id"])
    assert (record["outcome"], record["usage"]["source"]) == ("answered", "provider")


@pytest.mark.parametrize("form", TOOL_STREAMS)
def test_tools_called_at_once_are_each_an_item(
    elsewhere: Proxy, there: openai.OpenAI, provider: Provider, form: str
) -> None:
    model = f"resp-tools-{form.replace(' ', '-')}"
    provider.on(model, behaviours.chunks(tool_chunks(*TOOL_STREAMS[form])))

    response = streamed(there, ask(f"chat/{model}", tools=[TOOL]))
    events = events_of(post(elsewhere, **ask(f"chat/{model}", tools=[TOOL], stream=True)))

    calls = [item for item in response.output if item.type == "function_call"]
    assert [(call.call_id, call.name, call.arguments) for call in calls] == [
        ("call_0", "weather", ROME),
        ("call_1", "weather", BONN),
    ]
    deltas = ["", ""]
    for event in events:
        if event["type"] == "response.function_call_arguments.delta":
            deltas[event["output_index"]] += event["delta"]
    assert deltas == [ROME, BONN]


def test_a_call_is_told_to_be_complete_before_the_next_one_is(
    elsewhere: Proxy, provider: Provider
) -> None:
    provider.on(
        "resp-tools-in-turn",
        behaviours.chunks(tool_chunks(*TOOL_STREAMS["one after another"])),
    )

    events = events_of(post(elsewhere, **ask("chat/resp-tools-in-turn", stream=True)))

    order = [
        (event["type"].rpartition(".")[2], event["output_index"])
        for event in events
        if "output_item" in event["type"]
    ]
    assert order == [("added", 0), ("done", 0), ("added", 1), ("done", 1)]


CUSTOM = {
    "type": "custom",
    "name": "apply_patch",
    "description": "Edit files.",
    "format": {"type": "grammar", "syntax": "lark", "definition": "start: /.+/"},
}
NAMESPACE = {
    "type": "namespace",
    "name": "mcp__calendar",
    "description": "Dates.",
    "tools": [{"type": "function", "name": "add", "parameters": {"type": "object"}}],
}


async def call_every_tool(exchange: Exchange) -> None:
    """Call each tool of the request, with the input `x` where it takes one."""
    assert exchange.request.json is not None
    names = [tool["function"]["name"] for tool in exchange.request.json["tools"]]
    fragments = [
        fragment(number, '{"input":"*** Begin\\n+x"}' if name == "apply_patch" else "{}", name)
        for number, name in enumerate(names)
    ]
    if exchange.request.is_stream:
        await behaviours.chunks(tool_chunks(*fragments))(exchange)
        return
    message = {"role": "assistant", "content": None, "tool_calls": fragments}
    choice = {"index": 0, "message": message, "finish_reason": "tool_calls"}
    await exchange.send_json(200, answers.chat_answer(choices=[choice]))


def test_custom_tools_and_namespaces_are_called_as_the_client_knows_them(
    elsewhere: Proxy, there: openai.OpenAI, provider: Provider
) -> None:
    provider.on("resp-kinds", call_every_tool)
    request = ask("chat/resp-kinds", tools=[CUSTOM, NAMESPACE, TOOL, {"type": "web_search"}])

    answer = post(elsewhere, **request)
    whole = there.responses.create(**request)
    response = streamed(there, request)
    events_of(post(elsewhere, **request, stream=True))

    for said in (whole, response):
        patch, *functions = [item.model_dump() for item in said.output]
        assert (patch["type"], patch["name"]) == ("custom_tool_call", "apply_patch")
        assert patch["input"] == "*** Begin\n+x"
        assert [(call["name"], call.get("namespace")) for call in functions] == [
            ("add", "mcp__calendar"),
            ("weather", None),
        ]
    sent = provider.requests_for("resp-kinds")[0].json
    assert sent is not None
    names = [tool["function"]["name"] for tool in sent["tools"]]
    assert names == ["apply_patch", "mcp__calendar__add", "weather"]
    assert "start: /.+/" in sent["tools"][0]["function"]["description"]
    dropped = answer.headers["x-oai-proxy-dropped-params"]
    assert dropped == "tools[].format, tools[].web_search"
    assert [tool["type"] for tool in answer.json()["tools"]] == ["custom", "namespace", "function"]


MODELS = {
    "claude": ("claude-sonnet-4-5", "anthropic"),
    "gemini": ("gemini-2.5-flash", "gemini"),
    "bedrock": ("anthropic.claude-3-7-sonnet-20250219-v1:0", "bedrock"),
    "chat": ("resp-recorded", "openai"),
}


def recorded(vendor: str, case: str, *, is_streamed: bool) -> Behaviour:
    """What a provider said to somebody."""
    kind, body = find_answer(vendor, case, is_streamed=is_streamed)

    async def behave(exchange: Exchange) -> None:
        length = ("Content-Length", str(len(body)))
        await exchange.send_head(headers=[("Content-Type", kind), length])
        await exchange.send_raw(body)

    return behave


@pytest.mark.parametrize("case", ["plain", "parallel_tools", "reasoning", "length"])
@pytest.mark.parametrize("where", MODELS)
def test_a_stream_says_what_a_plain_answer_says(
    elsewhere: Proxy, there: openai.OpenAI, provider: Provider, where: str, case: str
) -> None:
    model, vendor = MODELS[where]
    request = ask(f"{where}/{model}", tools=[TOOL])

    provider.on(model, recorded(vendor, case, is_streamed=False))
    whole = there.responses.create(**request)
    provider.on(model, recorded(vendor, case, is_streamed=True))
    response = streamed(there, request)
    events_of(post(elsewhere, **request, stream=True))

    assert whole.output
    shapes = [
        [(item.type, getattr(item, "name", None)) for item in said.output]
        for said in (whole, response)
    ]
    assert shapes[0] == shapes[1]
    assert faults_of(whole.to_dict(), "Response") == []
    assert response.status == whole.status == ("incomplete" if case == "length" else "completed")
    assert response.usage is not None
    assert response.usage.output_tokens > 0


def test_a_python_function_is_asked_as_well(elsewhere: Proxy, there: openai.OpenAI) -> None:
    whole = there.responses.create(**ask("echo", "One two"))
    response = streamed(there, ask("echo", "One two"))

    assert [said.output_text for said in (whole, response)] == ["You said: One two"] * 2
    assert {record["lane"] for record in elsewhere.records(model_asked="echo")} == {"function"}


class City(BaseModel):
    name: str


def test_a_form_is_asked_for_and_read_by_the_sdk(there: openai.OpenAI, provider: Provider) -> None:
    provider.on("resp-parse", behaviours.plain(answers.chat_answer('{"name":"Rome"}')))

    parsed = there.responses.parse(**ask("chat/resp-parse"), text_format=City)

    assert parsed.output_parsed == City(name="Rome")
    sent = provider.requests_for("resp-parse")[0].json
    assert sent is not None
    assert sent["response_format"]["json_schema"]["name"] == "City"
    assert sent["response_format"]["json_schema"]["strict"] is True
