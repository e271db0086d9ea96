"""A Python function as a model, over a real proxy with the openai SDK as its client."""

import asyncio
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any

import openai
import pytest
import structlog

from lmproxy.call import Call
from lmproxy.upstream.inference import Inference
from tests.conftest import TEAM_KEY, bearer, chat
from tests.harness import configs, patient
from tests.harness.proxy import Proxy

FUNCTIONS = """
import asyncio
import threading

def shout(prompt, temperature=1.0):
    assert threading.current_thread() is not threading.main_thread()
    return f"{prompt.upper()} {temperature}"

async def whisper(messages, **fields):
    await asyncio.sleep(0)
    return f"{messages[-1]['content'].lower()} {fields['temperature']}"

async def pieces(prompt):
    for word in ("one", " two"):
        yield word

def slow_pieces(prompt):
    yield "three"
    yield " four"

async def tools(prompt):
    call = {"index": 0, "id": "call_1", "type": "function"}
    yield {"choices": [{"delta": {"tool_calls": [{**call, "function": {"name": "add"}}]}}]}
    arguments = {"index": 0, "function": {"arguments": "{}"}}
    yield {"choices": [{"delta": {"tool_calls": [arguments]}, "finish_reason": "tool_calls"}]}

def whole(prompt):
    message = {"role": "assistant", "content": "whole", "refusal": None}
    usage = {"prompt_tokens": 3, "completion_tokens": 4, "total_tokens": 7}
    return {"choices": [{"index": 0, "message": message, "finish_reason": "stop"}], "usage": usage}

def broken(prompt):
    raise ValueError("canary in an error")

async def breaks_later(prompt):
    yield "half"
    raise ValueError("canary in an error")

def wrong(prompt):
    return 7

async def never(prompt):
    await asyncio.Event().wait()

async def waits(prompt):
    yield "begun"
    try:
        await asyncio.Event().wait()
    finally:
        print("the function was stopped", flush=True)
"""
NAMES = [
    "shout", "whisper", "pieces", "slow_pieces", "tools", "whole", "broken", "breaks_later",
    "wrong", "never", "waits",
]  # fmt: skip


@pytest.fixture(scope="module")
def proxy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Proxy]:
    folder: Path = tmp_path_factory.mktemp("functions")
    (folder / "functions.py").write_text(FUNCTIONS)
    hasty = {"first_byte_s": 0.5, "answer_s": 0.5, "silence_s": 5}
    connections: dict[str, Any] = {
        name: {"api_type": "function", "inference_func": f"functions.{name}", "timeouts": hasty}
        for name in NAMES
    }
    connections["whisper"]["chat_mode"] = True
    config = {
        "host": "127.0.0.1",
        "port": 0,
        "connections": connections,
        "routing": {name: f"{name}.*" for name in NAMES},
        "groups": {"team": {"api_keys": [TEAM_KEY]}},
    }
    with Proxy(config, folder) as running:
        yield running


@pytest.fixture
def client(proxy: Proxy) -> Iterator[openai.OpenAI]:
    with openai.OpenAI(base_url=proxy.api, api_key=TEAM_KEY, max_retries=0) as made:
        yield made


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("shout", "SAY HELLO. 0.5"),
        ("whisper", "say hello. 0.5"),
        ("pieces", "one two"),
        ("slow_pieces", "three four"),
        ("whole", "whole"),
    ],
)
def test_a_function_of_any_kind_answers_plain_and_streamed(
    name: str, text: str, client: openai.OpenAI, proxy: Proxy
) -> None:
    ask: Any = chat(name, temperature=0.5)

    plain = client.chat.completions.with_raw_response.create(**ask)
    chunks = list(client.chat.completions.create(**ask, stream=True))

    answer = plain.parse()
    streamed = [chunk.choices[0].delta.content or "" for chunk in chunks]
    assert answer.choices[0].message.content == text
    assert answer.choices[0].finish_reason == chunks[-1].choices[0].finish_reason == "stop"
    assert "".join(streamed) == text
    assert chunks[0].choices[0].delta.role == "assistant"
    assert len({chunk.id for chunk in chunks}) == 1
    record = proxy.record(id=plain.headers["x-request-id"])
    assert (record["lane"], record["outcome"]) == ("function", "answered")


def test_tool_calls_arrive_plain_and_streamed(client: openai.OpenAI) -> None:
    ask: Any = chat("tools")

    plain = client.chat.completions.create(**ask)
    chunks = list(client.chat.completions.create(**ask, stream=True))

    calls = plain.choices[0].message.tool_calls
    assert calls is not None
    assert calls[0].model_dump() == {
        "id": "call_1",
        "type": "function",
        "function": {"name": "add", "arguments": "{}"},
    }
    assert plain.choices[0].finish_reason == chunks[-1].choices[0].finish_reason == "tool_calls"


@pytest.mark.parametrize(("name", "source"), [("whole", "provider"), ("pieces", "estimated")])
def test_usage_is_the_functions_own_or_an_estimate(
    name: str, source: str, client: openai.OpenAI, proxy: Proxy
) -> None:
    ask: Any = chat(name, stream=True, stream_options={"include_usage": True})

    raw = client.chat.completions.with_raw_response.create(**ask)
    chunks = list(raw.parse())

    record = proxy.record(id=raw.headers["x-request-id"])
    assert record["usage"]["source"] == source
    assert chunks[-1].choices == []
    assert chunks[-1].usage is not None
    assert chunks[-1].usage.completion_tokens == record["usage"]["completion_tokens"]


@pytest.mark.parametrize("stream", [False, True], ids=["plain", "streamed"])
@pytest.mark.parametrize(
    ("name", "status", "code"),
    [
        ("broken", 502, "upstream_error"),
        ("wrong", 502, "upstream_invalid_response"),
        ("never", 504, "upstream_timeout"),
    ],
)
def test_a_function_that_fails_is_an_upstream_fault_without_its_words(
    name: str, status: int, code: str, stream: bool, proxy: Proxy
) -> None:
    answer = patient.post(
        f"{proxy.api}/chat/completions", json=chat(name, stream=stream), headers=bearer(TEAM_KEY)
    )

    assert (answer.status_code, answer.json()["error"]["code"]) == (status, code)
    assert "canary" not in answer.text


def test_a_generator_that_fails_midway_ends_in_an_error_event(proxy: Proxy) -> None:
    answer = patient.post(
        f"{proxy.api}/chat/completions",
        json=chat("breaks_later", stream=True),
        headers=bearer(TEAM_KEY),
    )

    assert "half" in answer.text
    assert '"code":"upstream_error"' in answer.text
    assert "[DONE]" not in answer.text
    assert "canary" not in answer.text


def test_a_function_is_stopped_when_its_client_leaves(proxy: Proxy) -> None:
    body = chat("waits", stream=True)
    url = f"{proxy.api}/chat/completions"
    with patient.stream("POST", url, json=body, headers=bearer(TEAM_KEY)) as answer:
        next(answer.iter_lines())
        request_id = answer.headers["x-request-id"]

    assert proxy.record(id=request_id)["outcome"] == "client_gone"


def test_a_function_that_is_not_there_is_told_by_check(tmp_path: Path) -> None:
    config = configs.text(connection="api_type = 'function'\ninference_func = 'json.nope'")

    (found,) = configs.problems(tmp_path, config)

    assert "connections.up.inference_func: there is no 'json.nope'" in found


async def begin_and_close(function: Callable[..., Any]) -> None:
    """Take its first piece and no more."""
    call = Call("openai", "chat", "m", chat("m"), stream=True)
    items = Inference(function, by_messages=True, alone=False).items("own", call, "m")
    await anext(items)
    await items.aclose()


def test_a_generator_that_nobody_reads_any_more_has_ended_before_its_place_is_given_back() -> None:
    ended: list[str] = []

    async def gives(_: Any) -> AsyncIterator[str]:
        try:
            yield "one"
            yield "two"
        finally:
            await asyncio.sleep(0)
            ended.append("it")

    async def work() -> list[str]:
        await begin_and_close(gives)
        return list(ended)

    assert asyncio.run(work()) == ["it"]


def test_a_plain_generator_ends_in_a_thread_as_it_ran_in_one() -> None:
    ended_in: list[threading.Thread] = []

    def gives(_: Any) -> Iterator[str]:
        try:
            yield "one"
            yield "two"
        finally:
            ended_in.append(threading.current_thread())

    asyncio.run(begin_and_close(gives))

    assert len(ended_in) == 1
    assert ended_in[0] is not threading.main_thread()


def test_a_generator_that_fails_to_end_is_logged_and_holds_nothing() -> None:
    async def gives(_: Any) -> AsyncIterator[str]:
        try:
            yield "one"
        finally:
            raise ValueError("mine")

    with structlog.testing.capture_logs() as logged:
        asyncio.run(begin_and_close(gives))

    assert [line["event"] for line in logged] == ["the function of a connection did not end well"]


PICTURE = {"type": "image_url", "image_url": {"url": "data:image/png;base64,iVBORw0KGgo="}}


@pytest.mark.parametrize("streamed", [False, True])
def test_a_picture_is_refused_where_a_function_gets_texts_alone(
    client: openai.OpenAI, *, streamed: bool
) -> None:
    asked: Any = [{"role": "user", "content": [{"type": "text", "text": "hi"}, PICTURE]}]

    with pytest.raises(openai.BadRequestError) as caught:
        client.chat.completions.create(model="shout", messages=asked, stream=streamed)

    assert (caught.value.code, caught.value.param) == ("unsupported_content", "messages")


def test_a_picture_goes_to_a_function_that_gets_the_messages(client: openai.OpenAI) -> None:
    last = {"role": "user", "content": "HI"}
    asked: Any = [{"role": "user", "content": [{"type": "text", "text": "a"}, PICTURE]}, last]

    answer = client.chat.completions.create(model="whisper", messages=asked, temperature=0.5)

    assert answer.choices[0].message.content == "hi 0.5"
