"""What is made here of other providers' answers is what OpenAI's own reference promises."""

import json
from typing import Any

import httpx
import pytest

from tests.operations.asking import MODERATION, ask
from tests.provider import answers
from tests.provider.behaviours import plain
from tests.provider.server import Provider
from tests.responses.reference import faults

LOGPROBS = {"content": [{"token": "Hello", "logprob": -0.5, "bytes": None, "top_logprobs": []}]}
SCORES = {
    "violence": 0.5,
    **dict.fromkeys(MODERATION["results"][0]["categories"], 0.1),
}
WHOLE = {
    "flagged": True,
    "categories": dict.fromkeys(SCORES, False),
    "category_scores": SCORES,
    "category_applied_input_types": {name: ["text"] for name in SCORES},
}


@pytest.mark.parametrize("form", ["float", "base64"])
def test_vectors_of_another_form(provider: Provider, client: httpx.Client, form: str) -> None:
    given = {"float": "AACAPgAAAL8=", "base64": [0.25, -0.5]}[form]
    provider.on(f"spec-{form}", plain(answers.embeddings_answer([given])))

    relayed = ask(client, "embeddings", f"relay/spec-{form}", encoding_format=form)
    translated = ask(client, "embeddings", f"litellm/spec-{form}", encoding_format=form)

    for answer in (relayed, translated):
        document: dict[str, Any] = json.loads(answer.body)
        if form == "base64":  # Which the reference leaves out.
            assert [item["embedding"] for item in document["data"]] == ["AACAPgAAAL8="]
            document["data"][0]["embedding"] = [0.25, -0.5]
        assert document["data"][0]["embedding"] == [0.25, -0.5]
        assert faults(document, "CreateEmbeddingResponse") == []


@pytest.mark.parametrize("kind", ["none", "google", "function"])
@pytest.mark.parametrize("stream", [False, True], ids=["plain", "streamed"])
def test_a_completion_that_was_a_chat(
    provider: Provider, client: httpx.Client, kind: str, stream: bool
) -> None:
    name = f"spec-{kind}-{stream}"
    if kind == "none" and not stream:
        body = answers.chat_answer("Hello")
        body["choices"][0]["logprobs"] = LOGPROBS
        provider.on(name, plain(body))

    answer = ask(client, "completions", f"{kind}/{name}", stream=stream)

    documents = answer.chunks if stream else [json.loads(answer.body)]
    assert documents
    for document in documents:
        for choice in document["choices"]:
            if stream and choice["finish_reason"] is None:  # So say OpenAI's own streams.
                choice["finish_reason"] = "stop"
        assert faults(document, "CreateCompletionResponse") == []


def test_a_verdict_through_litellm(provider: Provider, client: httpx.Client) -> None:
    provider.on("spec-moderation", plain({**MODERATION, "results": [WHOLE]}))

    answer = ask(client, "moderations", "litellm/spec-moderation")

    document = json.loads(answer.body)
    assert faults(document, "CreateModerationResponse") == []
    assert document["results"] == [WHOLE]
