"""Texts cut out of answers, and reasoning put in, wherever a provider cuts its stream."""

import json
import re
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import anthropic
import openai
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lmproxy.upstream.rewritten import Changes, Cut, Texts
from tests.conftest import TEAM_KEY, UPSTREAM_KEY, bearer, chat
from tests.harness import patient
from tests.harness.proxy import Proxy
from tests.provider.answers import chat_answer, chat_chunk, chat_chunks, usage_chunk
from tests.provider.exchange import Exchange
from tests.provider.server import Provider

THINKING = "<think>I am <b>thinking</think>"
PIECES = ["A", "<th", "ink>I am", " <b>thinking</", "think> good", " answer <", "!"]
LEFT = "A good answer <!"
MARKS = [("<think>", "</think>"), ("ab", "ba"), ("aa", "aa"), ("x", "xy"), ("[[", "]]")]


@given(st.sampled_from(MARKS), st.lists(st.text("abxy[]<>/think", max_size=6), max_size=12))
def test_cutting_pieces_is_cutting_the_whole(marks: tuple[str, str], pieces: list[str]) -> None:
    begin, end = marks
    cut = Cut(begin, end)

    said = "".join([*map(cut.add, pieces), cut.end()])

    pattern = f"{re.escape(begin)}.*?(?:{re.escape(end)}|\\Z)"
    assert said == re.sub(pattern, "", "".join(pieces), flags=re.DOTALL)


def test_many_marks_in_one_text_cost_no_more_than_as_many_alone() -> None:
    before = time.process_time()

    assert Cut("<x>", "</x>").add("<x></x>y" * 400_000) == "y" * 400_000
    assert time.process_time() - before < 10  # A fraction of a second; minutes if it were squared.


@given(st.lists(st.text("ab<>", max_size=3), max_size=9))
def test_nothing_is_held_back_longer_than_it_may_be_a_mark(pieces: list[str]) -> None:
    cut, given_so_far, said = Cut("<aa>", "</aa>"), "", ""
    for piece in pieces:
        given_so_far += piece
        said += cut.add(piece)

        if "<aa>" not in given_so_far:
            assert len(given_so_far) - len(said) < len("<aa>")


@given(st.lists(st.tuples(st.integers(0, 2), st.text("ab<>x", max_size=5)), max_size=15))
def test_choices_do_not_mix(said: list[tuple[int, str]]) -> None:
    texts = Texts(Changes("<a>", "<b>", False))
    heard = dict.fromkeys(range(3), "")
    for index, text in said:
        chunk = {"choices": [{"index": index, "delta": {"content": text}, "finish_reason": None}]}
        texts.change(chunk, whole=False)
        heard[index] += str(chunk["choices"][0]["delta"]["content"])  # type: ignore[index]
    for index, rest in texts.rest().items():
        heard[index] += rest

    whole = {i: "".join(text for index, text in said if index == i) for i in range(3)}
    assert heard == {i: re.sub(r"(?s)<a>.*?(?:<b>|\Z)", "", text) for i, text in whole.items()}


@pytest.fixture(scope="module")
def target() -> Iterator[Provider]:
    with Provider() as running:
        yield running


@pytest.fixture(scope="module")
def changing(target: Provider, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Proxy]:
    folder: Path = tmp_path_factory.mktemp("changing")
    up = {"api_base": target.base_url, "api_key": UPSTREAM_KEY}
    hiding = {**up, "hidden_output_begin": "<think>", "hidden_output_end": "</think>"}
    connections: dict[str, Any] = {
        "relay": hiding,
        "translate": {**hiding, "lane": "translate"},
        "litellm": {**hiding, "lane": "litellm"},
        "shows": {**up, "show_thinking": True},
    }
    config = {
        "host": "127.0.0.1",
        "port": 0,
        "connections": connections,
        "routing": {f"{name}/*": f"{name}.{{1}}" for name in connections},
        "groups": {"team": {"api_keys": [TEAM_KEY]}},
    }
    with Proxy(config, folder) as proxy:
        yield proxy


@pytest.fixture
def sdk(changing: Proxy) -> Iterator[openai.OpenAI]:
    with openai.OpenAI(base_url=changing.api, api_key=TEAM_KEY, max_retries=0) as client:
        yield client


def says(pieces: list[str], **last: Any) -> Any:
    """A provider that says these pieces, plain or streamed."""

    async def answer(exchange: Exchange) -> None:
        if not exchange.request.is_stream:
            await exchange.send_json(200, {**chat_answer("".join(pieces)), **last})
            return
        await exchange.start_stream()
        for chunk in chat_chunks(pieces, usage={"prompt_tokens": 1, "completion_tokens": 2}):
            await exchange.send_event({**chunk, **last})
        await exchange.end_stream()

    return answer


def streamed(sdk: openai.OpenAI, model: str) -> str:
    chunks = sdk.chat.completions.create(**chat(model), stream=True)
    return "".join(c.choices[0].delta.content or "" for c in chunks if c.choices)


@pytest.mark.parametrize("lane", ["relay", "translate", "litellm"])
def test_what_stands_between_the_marks_reaches_no_client(
    lane: str, sdk: openai.OpenAI, target: Provider
) -> None:
    target.on("hides", says(PIECES))

    plain = sdk.chat.completions.create(**chat(f"{lane}/hides"))

    assert plain.choices[0].message.content == LEFT
    assert streamed(sdk, f"{lane}/hides") == LEFT


def test_a_long_plain_answer_is_cut_too(sdk: openai.OpenAI, target: Provider) -> None:
    target.on("long", says(["<think>", "t" * 90_000, "</think>", "w" * 90_000]))

    plain = sdk.chat.completions.create(**chat("relay/long"))

    assert plain.choices[0].message.content == "w" * 90_000


def test_what_strict_parsers_refuse_hides_nothing_from_the_cut(
    changing: Proxy, target: Provider
) -> None:
    target.on("odd", says(PIECES, score=float("nan"), name="half \ud83d of it"))

    for stream in (False, True):
        answer = patient.post(
            f"{changing.api}/chat/completions",
            json=chat("relay/odd", stream=stream),
            headers=bearer(TEAM_KEY),
        )
        assert answer.status_code == 200
        assert "good" in answer.text
        assert "thinking" not in answer.text


def test_thinking_that_was_cut_short_stays_hidden(sdk: openai.OpenAI, target: Provider) -> None:
    target.on("short", says(["Hm. ", "<think>", "secret"]))

    plain = sdk.chat.completions.create(**chat("relay/short"))

    assert plain.choices[0].message.content == "Hm. "
    assert streamed(sdk, "relay/short") == "Hm. "


def test_a_stream_without_an_end_reason_loses_nothing(sdk: openai.OpenAI, target: Provider) -> None:
    async def ends_early(exchange: Exchange) -> None:
        await exchange.start_stream()
        await exchange.send_event(chat_chunk({"role": "assistant", "content": "a <"}))
        await exchange.send_event(usage_chunk({"prompt_tokens": 1, "completion_tokens": 1}))
        await exchange.end_stream()

    target.on("endless", ends_early)

    assert streamed(sdk, "relay/endless") == "a <"


DEEP: Any = "deep"
for _ in range(300):
    DEEP = [DEEP]
ODD: dict[str, tuple[Any, str]] = {
    "index": ({"choices": [{"index": [1], "delta": {"content": "a"}}]}, "[DONE]"),
    "number": ({"choices": 5}, "[DONE]"),
    "numbers": ({"choices": [5]}, "[DONE]"),
    "deep": ({"choices": [{"delta": {"content": "a", "x": DEEP}}]}, "upstream_invalid_response"),
}


@pytest.mark.parametrize("odd", ODD)
def test_an_odd_event_is_the_providers_fault_and_no_bug(
    odd: str, changing: Proxy, target: Provider
) -> None:
    event, end = ODD[odd]

    async def answer(exchange: Exchange) -> None:
        await exchange.start_stream()
        await exchange.send_event(chat_chunk({"role": "assistant", "content": "b"}))
        await exchange.send_chunk(b"data: " + json.dumps(event).encode() + b"\n\n")
        await exchange.end_stream()

    target.on(f"odd-{odd}", answer)
    url, body = f"{changing.api}/chat/completions", chat(f"relay/odd-{odd}", stream=True)
    answered = patient.post(url, json=body, headers=bearer(TEAM_KEY))

    assert end in answered.text
    assert "internal_error" not in answered.text


def test_probabilities_of_hidden_tokens_are_hidden(sdk: openai.OpenAI, target: Provider) -> None:
    async def answer(exchange: Exchange) -> None:
        document = chat_answer(THINKING)
        document["choices"][0]["logprobs"] = {"content": [{"token": "thinking", "logprob": -1}]}
        await exchange.send_json(200, document)

    target.on("probable", answer)

    plain = sdk.chat.completions.create(**chat("relay/probable"), logprobs=True)

    assert "thinking" not in plain.model_dump_json()


@pytest.mark.parametrize("stream", [False, True], ids=["plain", "stream"])
def test_other_dialects_are_cut_as_chat(stream: bool, changing: Proxy, target: Provider) -> None:
    target.on("dialect", says(PIECES))
    question = {"model": "relay/dialect", "max_tokens": 9, "messages": chat("m")["messages"]}
    with anthropic.Anthropic(base_url=changing.url, api_key=TEAM_KEY, max_retries=0) as client:
        if stream:
            with client.messages.stream(**question) as answer:
                text = answer.get_final_text()
        else:
            text = client.messages.create(**question).content[0].text

    assert text == LEFT
    assert target.requests_for("dialect")[-1].path.endswith("/chat/completions")


def thinks(reasoning: list[str], words: list[str]) -> Any:
    """A provider whose model reasons in a field of its own."""

    async def answer(exchange: Exchange) -> None:
        if not exchange.request.is_stream:
            document = chat_answer("".join(words))
            document["choices"][0]["message"]["reasoning_content"] = "".join(reasoning)
            await exchange.send_json(200, document)
            return
        await exchange.start_stream()
        for text in reasoning:
            await exchange.send_event(chat_chunk({"reasoning_content": text}))
        for text in words:
            await exchange.send_event(chat_chunk({"content": text}))
        await exchange.send_event(chat_chunk({}, "stop"))
        await exchange.end_stream()

    return answer


@pytest.mark.parametrize(
    ("reasoning", "words", "shown"),
    [
        (["I ", "think"], ["so ", "I am"], "<think>I think</think>so I am"),
        (["I think"], [], "<think>I think</think>"),
        ([], ["I am"], "I am"),
    ],
    ids=["both", "reasoning", "words"],
)
def test_reasoning_is_shown_in_the_text(
    reasoning: list[str], words: list[str], shown: str, sdk: openai.OpenAI, target: Provider
) -> None:
    target.on("thinks", thinks(reasoning, words))

    plain = sdk.chat.completions.create(**chat("shows/thinks"))

    assert plain.choices[0].message.content == shown
    assert not hasattr(plain.choices[0].message, "reasoning_content")
    assert streamed(sdk, "shows/thinks") == shown
