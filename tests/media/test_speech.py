"""Speech: sound as it comes, or in events, and what becomes of it when the provider fails."""

import json
import secrets
from typing import Any

import httpx
import pytest

from tests.harness.answer import client_of
from tests.harness.errors import assert_refused
from tests.harness.proxy import Proxy
from tests.media.uploading import model_of
from tests.provider import faults, media
from tests.provider.behaviours import plain
from tests.provider.exchange import Behaviour, Exchange, Gate
from tests.provider.refusals import rate_limited
from tests.provider.server import Provider

SAY = {"input": "Hello.", "voice": "alloy"}
EVENTS: tuple[dict[str, Any], ...] = (
    {"type": "speech.audio.delta", "audio": "UklGRg=="},
    {"type": "speech.audio.done", "usage": media.TEXT_USAGE},
)


def test_sound_arrives_while_it_is_made(
    operations: Proxy, provider: Provider, client: httpx.Client
) -> None:
    gate, rest = Gate(), secrets.token_bytes(300_000)
    provider.on("say-gate", media.sound([b"ID3first", rest], gate, "audio/mpeg; x=1"))
    body = {**SAY, "model": "relay/say-gate", "unknown": 1, "response_format": "mp3"}

    with client.stream("POST", "/audio/speech", json=body) as answer:
        pieces = answer.iter_raw()
        first = next(pieces)
        gate.open()
        whole = first + b"".join(pieces)

    assert first == b"ID3first"
    assert whole == b"ID3first" + rest
    assert answer.headers["content-type"] == "audio/mpeg; x=1"
    (sent,) = provider.requests_for("say-gate")
    assert sent.json == {**body, "model": "say-gate"}
    record = operations.record(id=answer.headers["x-request-id"])
    assert (record["operation"], record["outcome"], record["stream"]) == (
        "speech",
        "answered",
        False,
    )
    assert record["usage"]["source"] == "unknown"


def test_sound_in_events_is_a_stream_with_its_usage(
    operations: Proxy, provider: Provider, client: httpx.Client
) -> None:
    provider.on("say-events", media.typed_events(EVENTS))
    body = {**SAY, "model": "relay/say-events", "stream_format": "sse"}

    answer = client.post("/audio/speech", json=body)

    assert answer.content == b"".join(map(media.as_event, EVENTS))
    record = operations.record(id=answer.headers["x-request-id"])
    assert (record["stream"], record["outcome"]) == (True, "answered")
    assert (record["usage"]["prompt_tokens"], record["usage"]["completion_tokens"]) == (14, 5)


async def cut_sound(exchange: Exchange) -> None:
    """Sound that breaks off with FIN."""
    headers = [("Content-Type", "audio/mpeg"), ("Content-Length", "1000")]
    await exchange.send_head(headers=headers)
    await exchange.send_raw(b"ID3")
    await exchange.close()


async def silent_sound(exchange: Exchange) -> None:
    """Sound that begins, and no more."""
    headers = [("Content-Type", "audio/mpeg"), ("Content-Length", "1000")]
    await exchange.send_head(headers=headers)
    await exchange.send_raw(b"ID3")
    await exchange.client_gone()


@pytest.mark.parametrize(
    ("model", "behaviour", "code"),
    [
        ("relay/say-cut", cut_sound, "upstream_error"),
        ("hasty-relay/say-silent", silent_sound, "upstream_timeout"),
    ],
)
def test_sound_that_breaks_off_is_never_taken_for_a_whole(
    operations: Proxy, provider: Provider, client: httpx.Client, model: str, behaviour: Behaviour,
    code: str,
) -> None:  # fmt: skip
    provider.on(model.partition("/")[2], behaviour)

    with client.stream("POST", "/audio/speech", json={**SAY, "model": model}) as answer:
        assert answer.status_code == 200
        with pytest.raises(httpx.RemoteProtocolError):
            answer.read()

    record = operations.record(id=answer.headers["x-request-id"])
    assert (record["outcome"], record["error_code"]) == ("broken", code)


@pytest.mark.parametrize(
    ("behaviour", "status", "code"),
    [
        pytest.param(rate_limited(), 429, "rate_limit_exceeded", id="429"),
        pytest.param(
            plain({"error": {"message": "no", "type": "rate_limit_error"}}), 429, None, id="error"
        ),
        pytest.param(plain({"ok": True}), 502, "upstream_invalid_response", id="JSON"),
        pytest.param(
            media.text("<html>", "text/html"), 502, "upstream_invalid_response", id="page"
        ),
        pytest.param(
            media.typed_events(EVENTS), 502, "upstream_invalid_response", id="unasked events"
        ),
        pytest.param(media.text("", "audio/mpeg"), 502, "upstream_invalid_response", id="nothing"),
        pytest.param(faults.reset_after_request, 502, "upstream_error", id="reset"),
    ],
)
def test_what_is_no_sound_is_an_error(
    provider: Provider,
    client: httpx.Client,
    behaviour: Behaviour,
    status: int,
    code: str,
    request: pytest.FixtureRequest,
) -> None:
    name = model_of(request)
    provider.on(name, behaviour)

    answer = client.post("/audio/speech", json={**SAY, "model": f"relay/{name}"})

    assert_refused(answer, status, code)


def test_a_stream_of_sound_that_breaks_off_ends_with_an_error_event(
    provider: Provider, client: httpx.Client
) -> None:
    provider.on("say-broken", media.typed_events(EVENTS[:1]))
    body = {**SAY, "model": "relay/say-broken", "stream_format": "sse"}

    answer = client.post("/audio/speech", json=body)

    *_, last = answer.text.strip().split("\n\n")
    assert json.loads(last.removeprefix("data: "))["error"]["code"] == "upstream_stream_broken"


def test_a_client_that_leaves_stops_the_speaker(operations: Proxy, provider: Provider) -> None:
    gate = Gate()
    provider.on("say-leaver", media.sound([b"ID3", b"x"], gate))
    body = {**SAY, "model": "relay/say-leaver"}
    with client_of(operations) as client, client.stream("POST", "/audio/speech", json=body) as got:
        next(got.iter_raw())

    provider.wait_for_disconnect("say-leaver")
    gate.open()
    record = operations.record(id=got.headers["x-request-id"])
    assert (record["status"], record["outcome"]) == (499, "client_gone")


def test_a_text_to_say_is_needed(client: httpx.Client) -> None:
    answer = client.post("/audio/speech", json={"model": "relay/x", "voice": "alloy"})
    wrong = client.post("/audio/speech", json={**SAY, "model": "relay/x", "stream_format": 1})

    assert_refused(answer, 400, "missing_required_parameter", "input")
    assert_refused(wrong, 400, "invalid_type", "stream_format")
