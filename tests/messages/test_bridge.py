"""Anthropic's clients before providers that do not speak Anthropic's API."""

from pathlib import Path
from typing import Any

import anthropic as sdks
import httpx
import pytest

from tests.harness.proxy import REPOSITORY, Proxy
from tests.messages.conftest import ask
from tests.messages.test_errors import error_of
from tests.messages.test_relay import post
from tests.messages.test_sdk import TOOL
from tests.provider import answers, behaviours, faults, refusals
from tests.provider.exchange import Behaviour, Exchange
from tests.provider.server import Provider

ANSWERS = REPOSITORY / "tests" / "oracle" / "answers"
USAGE = {
    "prompt_tokens": 30,
    "completion_tokens": 3,
    "total_tokens": 33,
    "prompt_tokens_details": {"cached_tokens": 20},
}
LONG_NAME = "mcp__a_server_with_a_very_long_name__a_tool_with_a_very_long_name_too"


def events_of(answer: httpx.Response) -> list[str]:
    """The names of the events, a row of deltas as one."""
    names = [line[7:] for line in answer.text.splitlines() if line.startswith("event: ")]
    pairs = zip(names, ["", *names], strict=False)
    return [name for name, before in pairs if name != before or not name.endswith("_delta")]


def test_a_plain_answer_becomes_a_message(claude: Proxy, provider: Provider) -> None:
    provider.on("gpt-plain", behaviours.plain(answers.chat_answer("Hello", USAGE)))

    answer = post(claude, json=ask("chat/gpt-plain"))

    message = answer.json()
    assert message.pop("id").startswith("msg_")
    assert message == {
        "type": "message",
        "role": "assistant",
        "model": "chat/gpt-plain",
        "content": [{"type": "text", "text": "Hello"}],
        "stop_reason": "end_turn",
        "stop_sequence": None,
        "usage": {
            "input_tokens": 10,
            "cache_creation_input_tokens": 0,
            "cache_read_input_tokens": 20,
            "output_tokens": 3,
        },
    }
    record = claude.record(id=answer.headers["x-request-id"])
    assert (record["operation"], record["lane"], record["outcome"]) == (
        *("messages", "translate", "answered"),
    )
    assert (record["usage"]["prompt_tokens"], record["usage"]["cached_tokens"]) == (30, 20)


def test_a_streamed_answer_becomes_events_in_order(
    claude: Proxy, sdk: sdks.Anthropic, provider: Provider
) -> None:
    provider.on("gpt-stream", behaviours.chunks(answers.chat_chunks(usage=USAGE)))

    answer = post(claude, json=ask("chat/gpt-stream", stream=True))
    with sdk.messages.stream(**ask("chat/gpt-stream")) as stream:
        message = stream.get_final_message()

    assert events_of(answer) == [
        *("message_start", "content_block_start", "content_block_delta", "content_block_stop"),
        *("message_delta", "message_stop"),
    ]
    assert [block.text for block in message.content if block.type == "text"] == ["Hello there"]
    assert (message.usage.input_tokens, message.usage.cache_read_input_tokens) == (10, 20)
    record = claude.record(id=answer.headers["x-request-id"])
    assert (record["outcome"], record["usage"]["source"]) == ("answered", "provider")


def tool_chunks(*deltas: dict[str, Any]) -> list[dict[str, Any]]:
    """A stream of tool calls, as OpenAI has it."""
    said = [answers.chat_chunk({"role": "assistant", "content": None})]
    said += [answers.chat_chunk({"tool_calls": [delta]}) for delta in deltas]
    return [*said, answers.chat_chunk({}, "tool_calls"), answers.usage_chunk(USAGE)]


def fragment(index: int, arguments: str, name: str | None = None) -> dict[str, Any]:
    begun = {"id": f"call_{index}", "type": "function"} if name else {}
    function = {"arguments": arguments} | ({"name": name} if name else {})
    return {"index": index, **begun, "function": function}


ROME, BONN = '{"city":"Rome"}', '{"city":"Bonn"}'
TOOL_STREAMS = {
    "one after another": [
        *(fragment(0, "", "weather"), fragment(0, ROME[:5]), fragment(0, ROME[5:])),
        *(fragment(1, BONN[:3], "weather"), fragment(1, BONN[3:])),
    ],
    "by turns": [
        *(fragment(0, ROME[:5], "weather"), fragment(1, BONN[:5], "weather")),
        *(fragment(0, ROME[5:]), fragment(1, BONN[5:])),
    ],
    "whole": [fragment(0, ROME, "weather"), fragment(1, BONN, "weather")],
    "all with one index": [
        fragment(0, ROME, "weather"),
        {**fragment(1, BONN, "weather"), "index": 0},
    ],
}


@pytest.mark.parametrize("form", TOOL_STREAMS)
def test_tools_called_at_once_are_each_a_block(
    sdk: sdks.Anthropic, provider: Provider, form: str
) -> None:
    model = f"gpt-tools-{form.replace(' ', '-')}"
    provider.on(model, behaviours.chunks(tool_chunks(*TOOL_STREAMS[form])))

    with sdk.messages.stream(**ask(f"chat/{model}", tools=[TOOL])) as stream:
        message = stream.get_final_message()

    used = [(block.id, block.input) for block in message.content if block.type == "tool_use"]
    assert used == [("call_0", {"city": "Rome"}), ("call_1", {"city": "Bonn"})]
    assert message.stop_reason == "tool_use"


def test_a_tool_has_its_own_name_again_in_the_answer(
    sdk: sdks.Anthropic, provider: Provider
) -> None:
    async def call_it(exchange: Exchange) -> None:
        assert exchange.request.json is not None
        name = exchange.request.json["tools"][0]["function"]["name"]
        if exchange.request.is_stream:
            await behaviours.chunks(tool_chunks(fragment(0, "{}", name)))(exchange)
            return
        called = {"id": "c", "type": "function", "function": {"name": name, "arguments": "{}"}}
        message = {"role": "assistant", "content": None, "tool_calls": [called]}
        choice = {"index": 0, "message": message, "finish_reason": "tool_calls"}
        await exchange.send_json(200, answers.chat_answer(choices=[choice]))

    provider.on("gpt-long-name", call_it)
    request = ask("chat/gpt-long-name", tools=[{**TOOL, "name": LONG_NAME}])

    plain = sdk.messages.create(**request)
    with sdk.messages.stream(**request) as stream:
        streamed = stream.get_final_message()

    for message in (plain, streamed):
        (block,) = [block.model_dump() for block in message.content]
        assert (block["type"], block["name"], block["input"]) == ("tool_use", LONG_NAME, {})


def from_gemini(file: Path) -> Behaviour:
    """What Gemini said to somebody."""
    if file.suffix == ".sse":
        return behaviours.stream(file.read_bytes())
    return behaviours.plain(file.read_bytes())


@pytest.mark.parametrize("case", ["plain", "parallel_tools", "reasoning", "length"])
def test_a_stream_says_what_a_plain_answer_says(
    sdk: sdks.Anthropic, provider: Provider, case: str
) -> None:
    model = f"gemini-2.5-flash-{case}"
    request = ask(f"gemini/{model}", tools=[TOOL])

    provider.on(model, from_gemini(ANSWERS / "gemini" / f"{case}.json"))
    plain = sdk.messages.create(**request)
    provider.on(model, from_gemini(ANSWERS / "gemini" / f"{case}.sse"))
    with sdk.messages.stream(**request) as stream:
        streamed = stream.get_final_message()

    assert plain.content
    kinds = [(block.type, getattr(block, "name", None)) for block in plain.content]
    assert [(b.type, getattr(b, "name", None)) for b in streamed.content] == kinds
    assert streamed.stop_reason == plain.stop_reason
    assert streamed.usage.output_tokens > 0


def test_a_python_function_is_asked_as_well(claude: Proxy, sdk: sdks.Anthropic) -> None:
    plain = sdk.messages.create(**ask("echo", "One two"))
    with sdk.messages.stream(**ask("echo", "One two")) as stream:
        streamed = stream.get_final_message()

    for message in (plain, streamed):
        assert [block.model_dump()["text"] for block in message.content] == ["You said: One two"]
    assert {record["lane"] for record in claude.records(model_asked="echo")} == {"function"}


REFUSALS: dict[str, tuple[Behaviour, int, str, str | None]] = {
    "bad": (refusals.bad_request("No."), 400, "invalid_request_error", None),
    "unauthorized": (refusals.unauthorized, 502, "api_error", None),
    "limited": (refusals.rate_limited(retry_after="11"), 429, "rate_limit_error", "11"),
    "overloaded": (refusals.server_error(529, retry_after="11"), 529, "overloaded_error", "11"),
    "failed": (refusals.server_error(500), 502, "api_error", None),
}


@pytest.mark.parametrize("stream", [False, True], ids=["plain", "stream"])
@pytest.mark.parametrize("case", REFUSALS)
def test_a_refusal_is_said_in_the_clients_form(
    claude: Proxy, provider: Provider, case: str, stream: bool
) -> None:
    model, (behaviour, status, kind, wait_s) = f"gpt-{case}-{stream}", REFUSALS[case]
    provider.on(model, behaviour)

    answer = post(claude, json=ask(f"chat/{model}", stream=stream))

    error_of(answer, status, kind)
    assert answer.headers.get("retry-after") == wait_s


@pytest.mark.parametrize(
    "behaviour",
    [faults.ends_unfinished(), faults.reset_mid_event(), faults.eof_mid_event()],
    ids=["ends", "reset", "eof"],
)
def test_half_a_stream_is_no_whole_message(
    claude: Proxy, provider: Provider, behaviour: Behaviour
) -> None:
    model = f"gpt-half-{behaviour.__name__.partition('(')[0]}"
    provider.on(model, behaviour)

    answer = post(claude, json=ask(f"chat/{model}", stream=True))

    assert events_of(answer)[-1] == "error"
    assert "message_stop" not in answer.text
    assert claude.record(id=answer.headers["x-request-id"])["outcome"] == "broken"


@pytest.mark.parametrize(
    "messages",
    [[3], ["text"], [{"role": "user"}], [{"content": "x"}], [{"role": "user", "content": [1]}], []],
    ids=repr,
)
def test_messages_that_are_none_are_no_bug_of_ours(
    claude: Proxy, provider: Provider, messages: list[Any]
) -> None:
    answer = post(claude, json={**ask("chat/gpt-odd"), "messages": messages})

    assert answer.status_code in (200, 400), answer.text
