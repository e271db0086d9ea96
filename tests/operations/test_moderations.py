"""Moderations: OpenAI's, by relay and through LiteLLM."""

import json

import httpx
import pytest

from tests.harness.proxy import Proxy
from tests.operations.asking import MODERATION, ask
from tests.provider.behaviours import plain
from tests.provider.server import Provider

PICTURE = {"type": "image_url", "image_url": {"url": "data:image/png;base64,aGVsbG8="}}
INPUTS = {
    "a text": "hello",
    "texts": ["hello", "there"],
    "a picture": [{"type": "text", "text": "hello"}, PICTURE],
}


@pytest.mark.parametrize("given", INPUTS)
@pytest.mark.parametrize("lane", ["relay", "litellm"])
def test_a_verdict_arrives_whole(
    provider: Provider, client: httpx.Client, lane: str, given: str
) -> None:
    name = f"verdict-{lane}-{given.replace(' ', '-')}"
    provider.on(name, plain(MODERATION))

    answer = ask(client, "moderations", f"{lane}/{name}", input=INPUTS[given])

    assert answer.status == 200, answer.body
    (result,) = json.loads(answer.body)["results"]
    assert result == MODERATION["results"][0]
    (sent,) = provider.requests_for(name)
    assert sent.json == {"model": name, "input": INPUTS[given]}


def test_without_a_model_it_is_openais_own(
    operations: Proxy, provider: Provider, client: httpx.Client
) -> None:
    provider.on("omni-moderation-latest", plain(MODERATION))

    answer = client.post("/moderations", json={"input": "hello"})

    assert answer.status_code == 200, answer.text
    record = operations.record(id=answer.headers["x-request-id"])
    assert record["model_asked"] == "omni-moderation-latest"
