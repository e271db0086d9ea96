"""Completions: passed on where the provider speaks them, asked for as chat elsewhere."""

import json
from typing import Any

import httpx
import pytest

from tests.harness.errors import assert_refused
from tests.harness.proxy import Proxy
from tests.harness.verdict import Verdict
from tests.operations.asking import COMPLETION, ask
from tests.provider import answers, faults, refusals
from tests.provider.behaviours import chunks, plain
from tests.provider.server import Provider

BRIDGED = ("none", "google", "function")
TOKENS = [
    {"token": "He", "logprob": -0.5, "top_logprobs": [{"token": "He", "logprob": -0.5}]},
    {"token": "llo", "logprob": -0.25, "top_logprobs": []},
]


def text_chunks(*texts: str) -> list[dict[str, Any]]:
    """A stream as a provider of completions has it."""
    frame = {name: COMPLETION[name] for name in ("id", "object", "created", "model")}
    choices = [{"index": 0, "text": text, "finish_reason": None} for text in texts]
    choices.append({"index": 0, "text": "", "finish_reason": "stop"})
    usage = {**frame, "choices": [], "usage": answers.USAGE}
    return [*({**frame, "choices": [choice]} for choice in choices), usage]


def texts_of(stream: list[dict[str, Any]]) -> str:
    return "".join(choice["text"] for chunk in stream for choice in chunk["choices"])


def test_a_relayed_stream_is_counted_and_its_own_chunk_of_counts_withheld(
    operations: Proxy, provider: Provider, client: httpx.Client
) -> None:
    provider.on("text-stream", chunks(text_chunks("He", "llo")))

    answer = ask(client, "completions", "relay/text-stream", stream=True)

    record = Verdict(operations, provider).answered(answer)
    assert (record["usage"]["completion_tokens"], record["finish_reason"]) == (3, "stop")
    assert texts_of(answer.chunks) == "Hello"
    assert all(chunk["choices"] for chunk in answer.chunks)
    assert answer.events[-1] == b"[DONE]"
    (sent,) = provider.requests_for("text-stream")
    assert (sent.json or {})["stream_options"] == {"include_usage": True}


@pytest.mark.parametrize("prompt", [["a", "b"], [1, 2], [[1, 2], [3]]], ids=str)
def test_every_form_of_prompt_is_relayed(
    provider: Provider, client: httpx.Client, prompt: Any
) -> None:
    name = f"prompt-{len(str(prompt))}"
    provider.on(name, plain(COMPLETION))
    more = {"suffix": "!", "echo": True, "logprobs": 2, "n": 2, "best_of": 3}

    answer = ask(client, "completions", f"relay/{name}", prompt=prompt, **more)

    assert json.loads(answer.body) == COMPLETION
    (sent,) = provider.requests_for(name)
    assert sent.json == {"model": name, "prompt": prompt, **more}


@pytest.mark.parametrize("stream", [False, True], ids=["plain", "streamed"])
@pytest.mark.parametrize("kind", BRIDGED)
def test_where_there_is_only_chat_its_answer_becomes_a_completion(
    operations: Proxy, provider: Provider, client: httpx.Client, kind: str, stream: bool
) -> None:
    name = f"bridged-{kind}-{stream}"
    options = {"stream": True, "stream_options": {"include_usage": True}} if stream else {}

    answer = ask(client, "completions", f"{kind}/{name}", max_tokens=8, **options)

    assert answer.status == 200, answer.body
    documents = answer.chunks if stream else [json.loads(answer.body)]
    assert texts_of(documents) == "Hello there"
    for document in documents:
        assert document["object"] == "text_completion"
        assert document["id"].startswith("cmpl-")
        assert document["model"] == f"{kind}/{name}"
        assert isinstance(document["created"], int)
        assert all(set(c) == CHOICE for c in document["choices"])
    assert len({document["id"] for document in documents}) == 1
    reasons = [c["finish_reason"] for document in documents for c in document["choices"]]
    assert reasons[-1] == "stop"
    assert documents[-1]["usage"]["total_tokens"] > 0
    if stream:
        assert answer.events[-1] == b"[DONE]"
    record = operations.record(id=answer.id)
    assert (record["operation"], record["outcome"]) == ("completions", "answered")
    assert record["lane"] == {"none": "relay", "google": "translate", "function": "function"}[kind]


CHOICE = {"index", "text", "logprobs", "finish_reason"}


def test_the_prompt_is_the_only_message_and_the_other_fields_go_on(
    provider: Provider, client: httpx.Client
) -> None:
    answer = ask(
        client,
        "completions",
        "none/as-chat",
        prompt=["Say hello."],
        temperature=0.5,
        stop=["\n"],
        user="tessa",
        logprobs=2,
        frobnicate=1,
    )

    assert answer.status == 200, answer.body
    (sent,) = provider.requests_for("as-chat")
    assert sent.path == "/v1/chat/completions"
    assert sent.json == {
        "model": "as-chat",
        "messages": [{"role": "user", "content": "Say hello."}],
        "temperature": 0.5,
        "stop": ["\n"],
        "user": "tessa",
        "logprobs": True,
        "top_logprobs": 2,
        "frobnicate": 1,
    }


@pytest.mark.parametrize("stream", [False, True], ids=["plain", "streamed"])
def test_the_prompt_is_echoed_before_each_text_once(
    provider: Provider, client: httpx.Client, stream: bool
) -> None:
    name = f"echoed-{stream}"
    if stream:
        deltas = [(i, {"content": t}) for t in ("He", "llo") for i in (0, 1)]
        events = [answers.chat_chunk({"role": "assistant", "content": ""})]
        events += [_of_choice(i, delta) for i, delta in deltas]
        events += [_of_choice(i, {}, "stop") for i in (0, 1)]
        provider.on(name, chunks(events))
    else:
        choices = [
            {"index": i, "message": {"content": "Hello"}, "finish_reason": "stop"} for i in (0, 1)
        ]
        provider.on(name, plain({**answers.chat_answer(), "choices": choices}))

    answer = ask(
        client, "completions", f"none/{name}", prompt="Say: ", echo=True, n=2, stream=stream
    )

    documents = answer.chunks if stream else [json.loads(answer.body)]
    said = {0: "", 1: ""}
    for choice in (c for document in documents for c in document["choices"]):
        said[choice["index"]] += choice["text"]
    assert said == {0: "Say: Hello", 1: "Say: Hello"}


def _of_choice(index: int, delta: dict[str, Any], reason: str | None = None) -> dict[str, Any]:
    chunk = answers.chat_chunk(delta, reason)
    return {**chunk, "choices": [{**chunk["choices"][0], "index": index}]}


def test_log_probabilities_have_the_form_of_completions(
    provider: Provider, client: httpx.Client
) -> None:
    body = answers.chat_answer("Hello")
    body["choices"][0]["logprobs"] = {"content": TOKENS}
    provider.on("logprobs", plain(body))

    answer = ask(client, "completions", "none/logprobs", logprobs=1, echo=True, prompt="Say: ")

    (choice,) = json.loads(answer.body)["choices"]
    assert choice["logprobs"] == {
        "tokens": ["He", "llo"],
        "token_logprobs": [-0.5, -0.25],
        "top_logprobs": [{"He": -0.5}, {}],
        "text_offset": [5, 7],
    }


@pytest.mark.parametrize("prompt", [["a", "b"], [1, 2], [], [[1]]], ids=str)
def test_where_there_is_only_chat_one_prompt_goes_at_a_time(
    client: httpx.Client, prompt: Any
) -> None:
    answer = ask(client, "completions", "none/many", prompt=prompt)

    assert (answer.status, answer.error["code"]) == (400, "unsupported_content")
    assert answer.error["param"] == "prompt"


def test_what_chat_cannot_do_is_named_as_left_out_or_refused(client: httpx.Client) -> None:
    more: dict[str, Any] = {"suffix": "!", "best_of": 3}

    answer = ask(client, "completions", "none/left-out", **more)
    same = ask(client, "completions", "none/left-out", suffix="", best_of=1, n=1)
    refused = ask(client, "completions", "strict/left-out", **more)

    assert answer.headers["x-oai-proxy-dropped-params"] == "suffix, best_of"
    assert "x-oai-proxy-dropped-params" not in same.headers
    assert (refused.status, refused.error["code"], refused.error["param"]) == (
        400,
        "unsupported_parameter",
        "suffix",
    )


def test_a_bridged_stream_that_breaks_ends_with_an_error_event(
    operations: Proxy, provider: Provider, client: httpx.Client
) -> None:
    provider.on("bridged-break", faults.eof_mid_event(2))

    answer = ask(client, "completions", "none/bridged-break", stream=True)

    Verdict(operations, provider).broke_off(answer, "upstream_stream_broken")
    assert answer.chunks[0]["object"] == "text_completion"


def test_a_refusal_of_chat_is_one_of_the_completion(
    operations: Proxy, provider: Provider, client: httpx.Client
) -> None:
    provider.on("bridged-limit", refusals.rate_limited(retry_after="9"))

    answer = ask(client, "completions", "none/bridged-limit")

    Verdict(operations, provider).failed(answer, 429, "rate_limit_exceeded")
    assert answer.headers["retry-after"] == "9"


@pytest.mark.parametrize("broken", [[{"token": "a"}], [7]], ids=["no number", "no table"])
def test_what_is_no_log_probability_is_the_providers_fault(
    provider: Provider, client: httpx.Client, broken: Any
) -> None:
    name = f"bad-logprobs-{len(str(broken))}"
    body = answers.chat_answer("Hello")
    body["choices"][0]["logprobs"] = {"content": broken}
    provider.on(name, plain(body))

    answer = client.post(
        "/completions", json={"model": f"none/{name}", "prompt": "a", "logprobs": 1}
    )

    assert_refused(answer, 502, "upstream_invalid_response")
