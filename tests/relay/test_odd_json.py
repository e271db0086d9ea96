"""JSON that strict parsers refuse, as some servers write it: read like any other where it decides.

Half a surrogate pair, `NaN`, a number of more than 64 bits: no secret passes in it, no record is
lost by it, and what it says is told in the client's form.
"""

import json
from typing import Any

import httpx
import pytest

from tests.conftest import UPSTREAM_KEY
from tests.harness.answer import ask
from tests.harness.proxy import Proxy
from tests.provider import answers, behaviours
from tests.provider.exchange import Exchange
from tests.provider.server import Provider

ODD: dict[str, dict[str, Any]] = {
    "surrogate": {"user": "half \ud83d of it"},
    "NaN": {"score": float("nan")},
    "infinity": {"score": -float("inf")},
    "number": {"tokens": 2**70, "score": float("nan")},
}
"""What an error object may hold besides its words; all of it is loosely read JSON."""

pytestmark = pytest.mark.relay_only("what is translated is judged by LiteLLM")


@pytest.fixture(params=ODD)
def error(request: pytest.FixtureRequest) -> dict[str, Any]:
    """The answer with an error in it that repeats the operator's key."""
    words = f"Too many for {UPSTREAM_KEY}"
    document = answers.error_answer(words, "rate_limit_error", "rate_limit_exceeded")
    return {"error": {**document["error"], **ODD[request.param]}}


def test_an_error_inside_an_answer_is_told_as_one(
    team: httpx.Client, proxy: Proxy, provider: Provider, error: dict[str, Any]
) -> None:
    provider.on("odd-plain", behaviours.plain(json.dumps(error).encode()))

    answer = ask(team, "odd-plain")

    assert answer.status == 429
    told = json.loads(answer.body)["error"]
    assert (told["code"], told["message"]) == ("rate_limit_exceeded", "Too many for [secret]")
    assert proxy.record(id=answer.id)["error_code"] == "rate_limit_exceeded"


def test_an_error_inside_a_stream_is_told_as_one(
    team: httpx.Client, proxy: Proxy, provider: Provider, error: dict[str, Any]
) -> None:
    async def behave(exchange: Exchange) -> None:
        await exchange.start_stream()
        for chunk in answers.chat_chunks(["word "])[:-1]:
            await exchange.send_event(chunk)
        await exchange.send_event(json.dumps(error))
        await exchange.end_stream()

    provider.on("odd-stream", behave)

    answer = ask(team, "odd-stream", stream=True)

    assert b"[secret]" in answer.body
    assert UPSTREAM_KEY.encode() not in answer.body
    assert b"[DONE]" not in answer.body
    assert proxy.record(id=answer.id)["outcome"] == "broken"


@pytest.mark.parametrize("field", ["finish_reason", "content"])
def test_an_answer_passes_and_leaves_a_record(
    team: httpx.Client, proxy: Proxy, provider: Provider, field: str
) -> None:
    said = {"finish_reason": "stop", "content": "Hello"} | {field: "half \ud83d of it"}
    message = {"role": "assistant", "content": said["content"]}
    choice = {"index": 0, "message": message, "finish_reason": said["finish_reason"]}
    body = json.dumps(answers.chat_answer(choices=[choice])).encode()
    provider.on("odd-answer", behaviours.plain(body))

    answer = ask(team, "odd-answer")

    assert (answer.status, answer.body) == (200, body)
    assert proxy.record(id=answer.id)["outcome"] == "answered"
