"""Of answers that are odd in their types nothing gets into the log."""

import json
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from tests.conftest import TEAM_KEY, UPSTREAM_KEY, base_config
from tests.harness.answer import client_of
from tests.harness.proxy import Proxy
from tests.provider.behaviours import plain
from tests.provider.exchange import Behaviour, Exchange
from tests.provider.server import Provider

CANARY = "canary-7f3a"
PARTS = [{"type": "text", "text": CANARY}]
FRAME = {"id": "chatcmpl-1", "created": 1760000000, "model": "odd"}


@pytest.fixture(scope="module")
def odd(provider: Provider, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Proxy]:
    """A proxy that has LiteLLM ask."""
    config = base_config(provider)
    own = {"api_base": provider.base_url, "api_key": UPSTREAM_KEY, "lane": "litellm"}
    config["connections"] = {"odd": {"api_type": "openai", **own}}
    config["routing"] = {"*": "odd.*"}
    config["groups"] = {"team": {"api_keys": [TEAM_KEY]}}
    with Proxy(config, tmp_path_factory.mktemp("odd")) as running:
        yield running


@pytest.fixture
def client(odd: Proxy) -> Iterator[httpx.Client]:
    with client_of(odd) as made:
        yield made


def whole() -> Behaviour:
    message = {"role": "assistant", "content": PARTS}
    choice = {"index": 0, "message": message, "finish_reason": "stop"}
    return plain({**FRAME, "object": "chat.completion", "choices": [choice]})


async def streamed(exchange: Exchange) -> None:
    delta = {"role": "assistant", "content": PARTS}
    choice = {"index": 0, "delta": delta, "finish_reason": None}
    last = {"index": 0, "delta": {}, "finish_reason": "stop"}
    await exchange.start_stream()
    for one in (choice, last):
        event = {**FRAME, "object": "chat.completion.chunk", "choices": [one]}
        await exchange.send_event(json.dumps(event))
    await exchange.end_stream()


@pytest.mark.parametrize("stream", [False, True], ids=["plain", "stream"])
def test_chat_that_is_odd_is_not_quoted_in_the_log(
    odd: Proxy, provider: Provider, client: httpx.Client, *, stream: bool
) -> None:
    name = f"odd-chat-{stream}"
    provider.on(name, streamed if stream else whole())
    asked: Any = [{"role": "user", "content": "hi"}]

    answer = client.post(
        "/chat/completions", json={"model": name, "messages": asked, "stream": stream}
    )

    odd.record(id=answer.headers["x-request-id"])
    assert CANARY not in "".join(odd.stderr)


def test_pictures_that_are_odd_are_not_quoted_in_the_log(
    odd: Proxy, provider: Provider, client: httpx.Client
) -> None:
    picture = {"b64_json": "AAAA", "revised_prompt": PARTS}
    provider.on("odd-draw", plain({"created": 1760000000, "data": [picture]}))

    answer = client.post("/images/generations", json={"model": "odd-draw", "prompt": "dots"})

    odd.record(id=answer.headers["x-request-id"])
    assert CANARY not in "".join(odd.stderr)
