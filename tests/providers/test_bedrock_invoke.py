"""Models that Bedrock has under `invoke` only: each event of their streams is text in base64."""

import base64
import json
from collections.abc import Iterator
from typing import Any

import openai
import pytest

from tests.conftest import TEAM_KEY
from tests.harness.proxy import Proxy
from tests.oracle.event_stream import frame
from tests.provider.exchange import Behaviour, Exchange, makes_behaviour
from tests.provider.server import Provider
from tests.providers.asking import Heard, ask, user
from tests.providers.ways import AWS

MODEL = "invoke/anthropic.claude-3-7-sonnet-20250219-v1:0"
METRICS = {"inputTokenCount": 4, "outputTokenCount": 2}


def events(padding: str) -> list[dict[str, Any]]:
    """Claude's, as Bedrock hands them on: with its own figures in the last."""
    usage = {"input_tokens": 4, "output_tokens": 1}
    text = {"type": "text_delta", "text": "Hello"}
    return [
        {"type": "message_start", "message": {"role": "assistant", "content": [], "usage": usage}},
        {
            "type": "content_block_start",
            "index": 0,
            "content_block": {"type": "text", "text": ""},
        },
        {"type": "content_block_delta", "index": 0, "delta": text},
        {"type": "content_block_stop", "index": 0},
        {
            "type": "message_delta",
            "delta": {"stop_reason": "end_turn"},
            "usage": {"output_tokens": 2},
        },
        {"type": f"message_stop{padding}", "amazon-bedrock-invocationMetrics": METRICS},
    ]


@makes_behaviour
def framed(said: list[dict[str, Any]]) -> Behaviour:
    chunks = [base64.b64encode(json.dumps(event).encode()).decode() for event in said]
    body = b"".join(frame("chunk", json.dumps({"bytes": chunk}).encode()) for chunk in chunks)
    kind = ("content-type", "application/vnd.amazon.eventstream")

    async def behave(exchange: Exchange) -> None:
        await exchange.send_head(headers=[kind, ("content-length", str(len(body)))])
        await exchange.send_raw(body)

    return behave


@pytest.fixture(scope="module")
def bedrock() -> Iterator[Provider]:
    with Provider() as running:
        yield running


@pytest.fixture(scope="module")
def client(bedrock: Provider, tmp_path_factory: pytest.TempPathFactory) -> Iterator[openai.OpenAI]:
    address = f"http://127.0.0.1:{bedrock.port}"
    config = {
        "host": "127.0.0.1",
        "port": 0,
        "connections": {"aws": {"api_type": "bedrock", "api_base": address, "litellm": AWS}},
        "routing": {"*": "aws.*"},
        "groups": {"team": {"api_keys": [TEAM_KEY]}},
    }
    with (
        Proxy(config, tmp_path_factory.mktemp("invoke")) as proxy,
        openai.OpenAI(base_url=proxy.api, api_key=TEAM_KEY, max_retries=0) as sdk,
    ):
        yield sdk


def hear(bedrock: Provider, client: openai.OpenAI, said: list[dict[str, Any]]) -> Heard:
    bedrock.on_any(framed(said))
    return ask(client, MODEL, user("Say hello."), stream=True)


@pytest.mark.parametrize("padding", ["", "x", "xx"], ids=["0 bytes", "1 byte", "2 bytes"])
def test_the_end_of_a_stream_is_seen_wherever_it_stands_in_base64(
    bedrock: Provider, client: openai.OpenAI, padding: str
) -> None:
    heard = hear(bedrock, client, events(padding))

    assert (heard.text, heard.reasons, heard.error) == ("Hello", ["stop"], None)


def test_a_stream_without_its_last_event_is_broken(
    bedrock: Provider, client: openai.OpenAI
) -> None:
    heard = hear(bedrock, client, events("")[:-1])

    assert heard.text == "Hello"
    assert heard.reasons == []
    assert heard.error is not None
