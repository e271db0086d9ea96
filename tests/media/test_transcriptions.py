"""Transcriptions: JSON, bare texts and streams, and answers that are none."""

import json
from typing import Any

import httpx
import pytest

from tests.harness.errors import assert_refused
from tests.harness.proxy import Proxy
from tests.media.uploading import fields_of, model_of, transcribe
from tests.provider import faults, media
from tests.provider.behaviours import plain
from tests.provider.exchange import Behaviour, Exchange
from tests.provider.refusals import rate_limited
from tests.provider.server import Provider

SRT = "1\n00:00:00,000 --> 00:00:01,000\nSay hello.\n"
DELTAS = [{"type": "transcript.text.delta", "delta": word} for word in ("Say ", "hello.")]
DONE = {"type": "transcript.text.done", "text": media.SPOKEN, "usage": media.TEXT_USAGE}
CHUNK = {
    "object": "transcription.chunk",
    "choices": [{"delta": {"content": "Say hello."}, "finish_reason": "stop"}],
}


def data_of(answer: httpx.Response) -> list[Any]:
    """What the events of a stream say."""
    found = [line for line in answer.text.splitlines() if line.startswith("data: ")]
    return [json.loads(line[6:]) if line != "data: [DONE]" else "[DONE]" for line in found]


@pytest.mark.parametrize("path", ["transcriptions", "translations"])
def test_json_arrives_byte_for_byte_with_its_usage_in_the_record(
    operations: Proxy, provider: Provider, client: httpx.Client, path: str
) -> None:
    body = b'{ "text" : "\\u00fcber",  "usage":{"type":"duration","seconds":3}, "x":1.50 }'
    provider.on(f"heard-{path}", plain(body))

    answer = transcribe(client, f"relay/heard-{path}", path=f"/audio/{path}")

    assert answer.content == body
    record = operations.record(id=answer.headers["x-request-id"])
    assert record["operation"] == path.removesuffix("s")
    assert record["usage"] == {
        "prompt_tokens": None,
        "completion_tokens": None,
        "total_tokens": None,
        "cached_tokens": None,
        "reasoning_tokens": None,
        "seconds": 3,
        "source": "provider",
    }


def test_tokens_are_counted(operations: Proxy, provider: Provider, client: httpx.Client) -> None:
    provider.on("heard-tokens", plain(media.transcription(logprobs=[{"token": "x" * 70_000}])))

    answer = transcribe(client, "relay/heard-tokens", user="tessa", language="en")

    record = operations.record(id=answer.headers["x-request-id"])
    usage = record["usage"]
    assert (usage["prompt_tokens"], usage["completion_tokens"], usage["total_tokens"]) == (
        14,
        5,
        19,
    )
    assert record["user"] == "tessa"
    assert fields_of(provider.requests_for("heard-tokens")[0])["language"] == b"en"


@pytest.mark.parametrize("form", ["text", "srt", "vtt"])
@pytest.mark.parametrize("kind", ["text/plain; charset=utf-8", "application/json"])
@pytest.mark.parametrize("size", [1, 3000])
def test_a_bare_text_arrives_as_it_is(
    provider: Provider, client: httpx.Client, form: str, kind: str, size: int
) -> None:
    name = f"heard-{form}-{kind[:4]}-{size}"
    provider.on(name, media.text(SRT * size, kind))

    answer = transcribe(client, f"relay/{name}", response_format=form)

    assert answer.text == SRT * size
    assert answer.headers["content-type"] == kind


def test_silence_is_an_empty_text(provider: Provider, client: httpx.Client) -> None:
    provider.on("heard-silence", media.text(""))

    answer = transcribe(client, "relay/heard-silence", response_format="text")

    assert (answer.status_code, answer.content) == (200, b"")


@pytest.mark.parametrize(
    ("name", "events", "done"),
    [
        ("openai", [*DELTAS, DONE], False),
        ("marked", [*DELTAS, DONE], True),
        ("vllm", [{"type": "x", **CHUNK}], True),
    ],
)
def test_a_stream_arrives_byte_for_byte(
    operations: Proxy,
    provider: Provider,
    client: httpx.Client,
    name: str,
    events: list[dict[str, Any]],
    done: bool,
) -> None:
    provider.on(f"heard-{name}", media.typed_events(events, done=done))

    answer = transcribe(client, f"relay/heard-{name}", stream="true")

    end = b"data: [DONE]\n\n" if done else b""
    assert answer.content == b"".join(map(media.as_event, events)) + end
    record = operations.record(id=answer.headers["x-request-id"])
    assert (record["stream"], record["outcome"]) == (True, "answered")
    assert record["usage"]["prompt_tokens"] == (None if name == "vllm" else 14)


def test_a_stream_without_its_end_says_so(
    operations: Proxy, provider: Provider, client: httpx.Client
) -> None:
    provider.on("heard-half", media.typed_events(DELTAS))

    answer = transcribe(client, "relay/heard-half", stream="true")

    assert data_of(answer)[-1]["error"]["code"] == "upstream_stream_broken"
    record = operations.record(id=answer.headers["x-request-id"])
    assert record["outcome"] == "broken"


@pytest.mark.parametrize(
    ("name", "behaviour"),
    [
        ("json", plain(media.transcription())),
        ("text", media.text(media.SPOKEN)),
    ],
)
def test_a_model_that_cannot_stream_is_streamed_all_the_same(
    operations: Proxy, provider: Provider, client: httpx.Client, name: str, behaviour: Behaviour
) -> None:
    provider.on(f"heard-unstreamed-{name}", behaviour)

    answer = transcribe(client, f"relay/heard-unstreamed-{name}", stream="true")

    assert answer.headers["content-type"].startswith("text/event-stream")
    delta, done = data_of(answer)
    assert (delta["type"], delta["delta"]) == ("transcript.text.delta", media.SPOKEN)
    assert (done["type"], done["text"]) == ("transcript.text.done", media.SPOKEN)
    record = operations.record(id=answer.headers["x-request-id"])
    assert record["outcome"] == "answered"
    assert record["usage"]["prompt_tokens"] == (14 if name == "json" else None)


async def early_refusal(exchange: Exchange) -> None:
    """What a provider says before it has read the whole form."""
    await exchange.send_json(413, {"error": {"message": "too large", "code": "too_large"}})


@pytest.mark.parametrize("stream", ["true", "false"])
@pytest.mark.parametrize(
    ("behaviour", "status", "code"),
    [
        pytest.param(rate_limited(), 429, "rate_limit_exceeded", id="429"),
        pytest.param(early_refusal, 413, "too_large", id="413"),
        pytest.param(plain({"task": "x"}), 502, "upstream_invalid_response", id="no text"),
        pytest.param(plain(b"[]"), 502, "upstream_invalid_response", id="a list"),
        pytest.param(
            media.text("<html>", "text/html"), 502, "upstream_invalid_response", id="page"
        ),
        pytest.param(
            plain({"error": {"message": "no", "type": "rate_limit_error"}}), 429, None, id="error"
        ),
        pytest.param(faults.reset_after_request, 502, "upstream_error", id="reset"),
        pytest.param(faults.never_answers, 504, "upstream_timeout", id="silence"),
        pytest.param(faults.content_length_too_long, 502, "upstream_error", id="cut"),
    ],
)
def test_what_is_no_transcription_is_an_error(
    operations: Proxy,
    provider: Provider,
    client: httpx.Client,
    behaviour: Behaviour,
    status: int,
    code: str,
    stream: str,
    request: pytest.FixtureRequest,
) -> None:
    name = model_of(request)
    provider.on(name, behaviour)

    connection = "hasty-relay" if code == "upstream_timeout" else "relay"
    answer = transcribe(client, f"{connection}/{name}", b"x" * 3_000_000, stream=stream)

    assert_refused(answer, status, code)
    assert len(provider.requests_for(name)) == 1
    record = operations.record(id=answer.headers["x-request-id"])
    assert record["outcome"] == "upstream_failed"
