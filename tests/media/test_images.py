"""Pictures: made, changed and varied; streamed while they are made, in events of megabytes."""

import base64
import json
from typing import Any

import httpx
import pytest

from tests.harness.errors import assert_refused
from tests.harness.proxy import Proxy
from tests.media.uploading import model_of, parts_of
from tests.provider import media
from tests.provider.behaviours import plain
from tests.provider.exchange import Behaviour
from tests.provider.refusals import rate_limited
from tests.provider.server import Provider

BASE64 = base64.b64encode(media.PNG).decode()
PARTIAL: dict[str, Any] = {
    "type": "image_generation.partial_image",
    "b64_json": BASE64,
    "partial_image_index": 0,
}
COMPLETED: dict[str, Any] = {
    "type": "image_generation.completed",
    "b64_json": BASE64,
    "usage": media.IMAGE_USAGE,
}
MIB = 1024 * 1024


def make(client: httpx.Client, model: str, **more: Any) -> httpx.Response:
    return client.post(
        "/images/generations", json={"model": model, "prompt": "a white dot", **more}
    )


def change(client: httpx.Client, model: str, path: str = "edits", **more: Any) -> httpx.Response:
    files = [("image[]", (f"{n}.png", media.PNG, "image/png")) for n in range(2)]
    return client.post(f"/images/{path}", data={"model": model, **more}, files=files)


def test_pictures_arrive_byte_for_byte_with_their_usage_in_the_record(
    operations: Proxy, provider: Provider, client: httpx.Client
) -> None:
    body = b'{ "created":1, "data":[{"b64_json":"AA=="}],"usage":%b, "x":1.50 }'
    usage = json.dumps(media.IMAGE_USAGE).encode()
    provider.on("draw-bytes", plain(body % usage))

    answer = make(client, "relay/draw-bytes", n=2, size="256x256", user="tessa", unknown={"a": 1})

    assert answer.content == body % usage
    (sent,) = provider.requests_for("draw-bytes")
    assert sent.json == {
        "model": "draw-bytes",
        "prompt": "a white dot",
        "n": 2,
        "size": "256x256",
        "user": "tessa",
        "unknown": {"a": 1},
    }
    record = operations.record(id=answer.headers["x-request-id"])
    assert (record["operation"], record["user"]) == ("image_generation", "tessa")
    assert (record["usage"]["prompt_tokens"], record["usage"]["completion_tokens"]) == (10, 272)


def test_a_large_picture_passes_with_its_usage(
    operations: Proxy, provider: Provider, client: httpx.Client
) -> None:
    provider.on("draw-large", plain(media.pictures(data=[{"b64_json": "A" * 20 * MIB}])))

    answer = make(client, "relay/draw-large")

    assert len(answer.json()["data"][0]["b64_json"]) == 20 * MIB
    record = operations.record(id=answer.headers["x-request-id"])
    assert record["usage"]["total_tokens"] == 282


def test_without_usage_nothing_is_made_up(
    operations: Proxy, provider: Provider, client: httpx.Client
) -> None:
    provider.on("draw-uncounted", plain({"created": 1, "data": [{"url": "https://x/y.png"}]}))

    answer = make(client, "relay/draw-uncounted")

    usage = operations.record(id=answer.headers["x-request-id"])["usage"]
    assert (usage["prompt_tokens"], usage["source"]) == (None, "unknown")


@pytest.mark.parametrize("size", [1, 12 * MIB])
def test_a_stream_shows_pictures_of_megabytes_while_they_are_made(
    operations: Proxy, provider: Provider, client: httpx.Client, size: int
) -> None:
    events = [{**PARTIAL, "b64_json": "A" * size}, {**COMPLETED, "b64_json": "B" * size}]
    provider.on(f"draw-stream-{size}", media.typed_events(events))

    answer = make(client, f"relay/draw-stream-{size}", stream=True, partial_images=1)

    assert answer.content == b"".join(map(media.as_event, events))
    record = operations.record(id=answer.headers["x-request-id"])
    assert (record["stream"], record["outcome"]) == (True, "answered")
    assert record["usage"]["completion_tokens"] == 272


def test_a_second_picture_may_take_longer_than_the_end_of_a_stream(
    provider: Provider, client: httpx.Client
) -> None:
    events = [COMPLETED, {**COMPLETED, "b64_json": "AA=="}]
    provider.on("draw-two", media.typed_events(events, pause_s=1.5))

    answer = make(client, "relay/draw-two", stream=True, n=2)

    assert answer.content == b"".join(map(media.as_event, events))


def test_an_event_that_is_too_large_ends_the_stream_with_an_error(
    provider: Provider, client: httpx.Client
) -> None:
    events = [PARTIAL, {**COMPLETED, "b64_json": "A" * 17 * MIB}]
    provider.on("draw-too-large", media.typed_events(events))

    answer = make(client, "relay/draw-too-large", stream=True)

    *_, last = answer.text.strip().split("\n\n")
    assert json.loads(last.removeprefix("data: "))["error"]["code"] == "upstream_invalid_response"


def test_a_stream_without_a_picture_at_its_end_says_so(
    operations: Proxy, provider: Provider, client: httpx.Client
) -> None:
    provider.on("draw-half", media.typed_events([PARTIAL]))

    answer = make(client, "relay/draw-half", stream=True)

    assert "upstream_stream_broken" in answer.text
    assert operations.record(id=answer.headers["x-request-id"])["outcome"] == "broken"


@pytest.mark.parametrize("path", ["edits", "variations"])
def test_pictures_are_uploaded_in_their_order(
    operations: Proxy, provider: Provider, client: httpx.Client, path: str
) -> None:
    provider.on(f"draw-{path}", plain(media.pictures()))

    answer = change(client, f"relay/draw-{path}", path, prompt="more dots", n="2")

    assert answer.json() == media.pictures()
    (sent,) = provider.requests_for(f"draw-{path}")
    assert sent.path == f"/v1/images/{path}"
    files = [part for part in parts_of(sent) if b"Content-Type" in part.headers]
    assert [part.headers[b"Content-Disposition"] for part in files] == [
        b'form-data; name="image[]"; filename="%d.png"' % n for n in range(2)
    ]
    assert {part.data for part in files} == {media.PNG}
    record = operations.record(id=answer.headers["x-request-id"])
    assert (record["operation"], record["usage"]["total_tokens"]) == (
        f"image_{path.removesuffix('s')}",
        282,
    )


def test_an_edit_may_be_streamed(provider: Provider, client: httpx.Client) -> None:
    completed = {**COMPLETED, "type": "image_edit.completed"}
    provider.on("draw-edit-stream", media.typed_events([completed]))

    answer = change(client, "relay/draw-edit-stream", prompt="x", stream="true")

    assert answer.content == media.as_event(completed)


def test_an_edit_may_be_json(provider: Provider, client: httpx.Client) -> None:
    provider.on("draw-edit-json", plain(media.pictures()))
    body = {"model": "relay/draw-edit-json", "prompt": "x", "images": [{"file_id": "f-1"}]}

    answer = client.post("/images/edits", json=body)

    assert answer.status_code == 200
    assert provider.requests_for("draw-edit-json")[0].json == {**body, "model": "draw-edit-json"}


def test_what_every_such_request_needs_is_asked_for(client: httpx.Client) -> None:
    no_prompt = client.post("/images/generations", json={"model": "relay/x"})
    no_image = client.post("/images/edits", json={"model": "relay/x", "prompt": "x"})
    variation = client.post("/images/variations", json={"model": "relay/x"})

    assert_refused(no_prompt, 400, "missing_required_parameter", "prompt")
    assert_refused(no_image, 400, "missing_required_parameter", "image")
    assert_refused(variation, 415, "unsupported_media_type")


@pytest.mark.parametrize(
    ("behaviour", "status", "code"),
    [
        pytest.param(rate_limited(), 429, "rate_limit_exceeded", id="429"),
        pytest.param(plain({"created": 1}), 502, "upstream_invalid_response", id="no data"),
        pytest.param(
            media.text("<html>", "text/html"), 502, "upstream_invalid_response", id="page"
        ),
        pytest.param(
            plain({"error": {"message": "no", "type": "rate_limit_error"}}), 429, None, id="error"
        ),
    ],
)
@pytest.mark.parametrize("stream", [False, True])
def test_what_is_no_picture_is_an_error(
    provider: Provider,
    client: httpx.Client,
    behaviour: Behaviour,
    status: int,
    code: str,
    stream: bool,
    request: pytest.FixtureRequest,
) -> None:
    name = model_of(request)
    provider.on(name, behaviour)

    answer = make(client, f"relay/{name}", stream=stream)

    assert_refused(answer, status, code)


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/images/generations", {"prompt": "x"}),
        ("/audio/speech", {"input": "x"}),
        ("/images/edits", {"prompt": "x", "image": "x"}),
    ],
)
def test_a_model_whose_provider_has_none_is_a_clear_404(
    client: httpx.Client, path: str, body: dict[str, str]
) -> None:
    answer = client.post(path, json={"model": "none/some-model", **body})

    assert_refused(answer, 404, "operation_not_supported", "model")
