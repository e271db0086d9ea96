"""Pictures and sound through LiteLLM's functions: what is asked, and what comes of it."""

import base64

import httpx
import pytest

from tests.conftest import UPSTREAM_KEY
from tests.harness.errors import assert_refused
from tests.harness.proxy import Proxy
from tests.media.test_images import change, make
from tests.media.test_transcriptions import data_of
from tests.media.uploading import SAY, fields_of, parts_of, say, transcribe, wav
from tests.provider import media
from tests.provider.behaviours import plain
from tests.provider.server import Provider
from tests.provider.wire import SeenRequest

GEMINI = {
    "candidates": [
        {
            "content": {
                "role": "model",
                "parts": [{"inlineData": {"mimeType": "image/png", "data": "AAAA"}}],
            },
            "finishReason": "STOP",
        }
    ],
    "usageMetadata": {"promptTokenCount": 5, "candidatesTokenCount": 7, "totalTokenCount": 12},
}


def only(provider: Provider, model: str) -> SeenRequest:
    (seen,) = provider.requests_for(model)
    assert UPSTREAM_KEY in str(seen.headers)
    return seen


@pytest.mark.parametrize("kind", ["litellm", "xai", "together"])
def test_pictures_are_made(
    operations: Proxy, provider: Provider, client: httpx.Client, kind: str
) -> None:
    provider.on(f"lite-draw-{kind}", plain(media.pictures()))

    answer = make(client, f"{kind}/lite-draw-{kind}", n=1)

    assert answer.status_code == 200, answer.text
    assert answer.json()["data"] == media.pictures()["data"]
    assert answer.json()["usage"]["total_tokens"] == 282
    sent = only(provider, f"lite-draw-{kind}")
    assert (sent.path, sent.json) == (
        "/v1/images/generations",
        {"model": f"lite-draw-{kind}", "prompt": "a white dot", "n": 1},
    )
    record = operations.record(id=answer.headers["x-request-id"])
    assert (record["lane"], record["usage"]["total_tokens"]) == ("litellm", 282)


def test_gemini_changes_pictures(
    operations: Proxy, provider: Provider, client: httpx.Client
) -> None:
    provider.on("gemini-2.5-flash-image", plain(GEMINI))

    answer = change(client, "google/gemini-2.5-flash-image", prompt="more dots", user="tessa")

    assert answer.status_code == 200, answer.text
    assert answer.json()["data"] == [{"b64_json": "AAAA"}]
    assert answer.headers["x-oai-proxy-dropped-params"] == "user"
    (sent,) = provider.requests_for("gemini-2.5-flash-image")
    assert sent.path == "/v1beta/models/gemini-2.5-flash-image:generateContent"
    assert sent.body.count(base64.b64encode(media.PNG)) == 2
    record = operations.record(id=answer.headers["x-request-id"])
    assert (record["usage"]["prompt_tokens"], record["usage"]["completion_tokens"]) == (5, 7)


def test_azures_deployments_draw_change_speak_and_listen(
    provider: Provider, client: httpx.Client
) -> None:
    provider.on("azure-draw", plain(media.pictures()))
    provider.on("azure-hear", plain(media.transcription()))
    provider.on("azure-say", media.sound([b"ID3"]))

    drawn = make(client, "azure/azure-draw")
    changed = change(client, "azure/azure-draw", prompt="x")
    heard = transcribe(client, "azure/azure-hear", wav())
    said = say(client, "azure/azure-say")

    assert drawn.json()["data"] == media.pictures()["data"], drawn.text
    assert changed.json()["data"] == media.pictures()["data"], changed.text
    assert heard.json()["text"] == media.SPOKEN, heard.text
    assert said.content == b"ID3", said.text
    seen = provider.requests_for("azure-draw") + provider.requests_for("azure-hear")
    seen += provider.requests_for("azure-say")
    assert [request.path.partition("?")[0].partition("/azure-")[2] for request in seen] == [
        "draw/images/generations",
        "draw/images/edits",
        "hear/audio/transcriptions",
        "say/audio/speech",
    ]
    assert {request.path.partition("?")[2] for request in seen} == {"api-version=2024-06-01"}


def test_pictures_are_changed_with_all_that_was_uploaded(
    provider: Provider, client: httpx.Client
) -> None:
    provider.on("lite-edit", plain(media.pictures()))
    files = [
        ("image[]", ("a.png", media.PNG, "image/png")),
        ("image[]", ("b.png", media.PNG, "image/png")),
        ("mask", ("m.png", media.PNG, "image/png")),
    ]
    form = {"model": "litellm/lite-edit", "prompt": "dots", "n": "2", "frobnicate": "1"}

    answer = client.post("/images/edits", data=form, files=files)

    assert answer.json()["data"] == media.pictures()["data"], answer.text
    assert answer.headers["x-oai-proxy-dropped-params"] == "frobnicate"
    sent = only(provider, "lite-edit")
    assert {name: data for name, data in fields_of(sent).items() if name != "image[]"} == {
        "model": b"lite-edit",
        "prompt": b"dots",
        "n": b"2",
        "mask": media.PNG,
    }
    assert [part.data for part in parts_of(sent)].count(media.PNG) == 3


@pytest.mark.parametrize("kind", ["litellm", "groq", "mistral", "vllm"])
def test_what_is_said_is_written_down(
    operations: Proxy, provider: Provider, client: httpx.Client, kind: str
) -> None:
    name, sound = f"lite-hear-{kind}", wav()
    provider.on(name, plain(media.transcription()))

    answer = transcribe(client, f"{kind}/{name}", sound, language="en", temperature="0.5")

    assert answer.json()["text"] == media.SPOKEN, answer.text
    sent = fields_of(only(provider, name))
    assert (sent["file"], sent["language"]) == (sound, b"en")
    file = next(part for part in parts_of(only(provider, name)) if part.data == sound)
    assert b'filename="speech.wav"' in file.headers[b"Content-Disposition"]
    assert sent.get("response_format", b"json") == b"json"
    record = operations.record(id=answer.headers["x-request-id"])
    assert (record["lane"], record["operation"]) == ("litellm", "transcription")
    assert record["usage"]["prompt_tokens"] == (None if kind == "mistral" else 14)


def test_a_bare_text_and_a_stream_have_their_forms(
    provider: Provider, client: httpx.Client
) -> None:
    provider.on("lite-hear-srt", media.text("1\n00:00 --> 00:01\nhello\n"))
    provider.on("lite-hear-stream", plain(media.transcription()))

    bare = transcribe(client, "litellm/lite-hear-srt", response_format="srt")
    streamed = transcribe(client, "litellm/lite-hear-stream", stream="true")

    assert bare.text == "1\n00:00 --> 00:01\nhello\n"
    assert bare.headers["content-type"] == "text/plain; charset=utf-8"
    assert [event["type"] for event in data_of(streamed)] == [
        "transcript.text.delta",
        "transcript.text.done",
    ]


@pytest.mark.parametrize("kind", ["litellm", "groq", "together"])
def test_a_text_is_spoken(
    operations: Proxy, provider: Provider, client: httpx.Client, kind: str
) -> None:
    provider.on(f"lite-say-{kind}", media.sound([b"ID3", b"sound"], content_type="audio/ogg"))

    answer = say(client, f"{kind}/lite-say-{kind}", speed=1.5, response_format="opus", extra=1)

    assert answer.content == b"ID3sound"
    assert answer.headers["content-type"] == "audio/ogg"
    assert answer.headers["x-oai-proxy-dropped-params"] == "extra"
    assert only(provider, f"lite-say-{kind}").json == {
        **SAY,
        "model": f"lite-say-{kind}",
        "speed": 1.5,
        "response_format": "opus",
    }
    record = operations.record(id=answer.headers["x-request-id"])
    assert (record["usage"]["source"], record["dropped_params"]) == ("unknown", ["extra"])


def test_files_are_taken_from_uploads_and_from_nowhere_else(
    provider: Provider, client: httpx.Client
) -> None:
    """LiteLLM opens a text in the place of a file as a path, or fetches it."""
    by_path = client.post(
        "/images/edits",
        json={"model": "litellm/lite-path", "prompt": "x", "image": "/etc/hostname"},
    )
    form = {"model": "litellm/lite-path", "file": "/etc/hostname"}
    as_text = client.post(
        "/audio/transcriptions", data=form, files={"other": ("a", b"x", "text/plain")}
    )

    assert_refused(by_path, 400, "unsupported_content", "image")
    assert_refused(as_text, 400, "invalid_type", "file")
    assert provider.requests_for("lite-path") == []


def test_what_is_no_number_is_refused(client: httpx.Client) -> None:
    answer = transcribe(client, "litellm/x", temperature="hot")

    assert_refused(answer, 400, "invalid_type", "temperature")


def test_what_cannot_be_streamed_here_is_refused(client: httpx.Client) -> None:
    drawn = make(client, "litellm/x", stream=True)
    said = say(client, "litellm/x", stream_format="sse")

    assert_refused(drawn, 400, "unsupported_parameter", "stream")
    assert_refused(said, 400, "unsupported_parameter", "stream_format")


def test_a_strict_connection_refuses_what_cannot_go_on(client: httpx.Client) -> None:
    answer = say(client, "strict/x", extra=1)

    assert_refused(answer, 400, "unsupported_parameter", "extra")


@pytest.mark.parametrize(
    ("path", "model"),
    [
        ("/audio/translations", "none/x"),
        ("/audio/translations", "google/x"),
        ("/images/variations", "google/x"),
        ("/audio/transcriptions", "google/x"),
    ],
)
def test_where_there_is_no_function_the_answer_is_a_clear_404(
    client: httpx.Client, path: str, model: str
) -> None:
    file = {"image" if "images" in path else "file": ("a.png", b"x", "image/png")}

    answer = client.post(path, data={"model": model}, files=file)

    assert_refused(answer, 404, "operation_not_supported", "model")


@pytest.mark.parametrize(
    ("path", "name"), [("audio/translations", "file"), ("images/variations", "image")]
)
def test_what_litellm_has_no_function_for_is_relayed_where_the_provider_speaks_it(
    operations: Proxy, provider: Provider, client: httpx.Client, path: str, name: str
) -> None:
    model = f"lite-{name}-relayed"
    provider.on(model, plain(media.pictures(text=media.SPOKEN)))

    answer = client.post(path, data={"model": f"litellm/{model}"}, files={name: ("a", b"x")})

    assert answer.status_code == 200, answer.text
    assert operations.record(id=answer.headers["x-request-id"])["lane"] == "relay"


@pytest.mark.parametrize("kind", ["azure", "litellm"])
def test_a_picture_has_only_what_its_provider_said_of_it(
    provider: Provider, client: httpx.Client, kind: str
) -> None:
    bare = {"created": 1760000000, "data": [{"b64_json": "AAAA"}]}
    provider.on(f"bare-{kind}", plain(bare))
    provider.on(f"sized-{kind}", plain({**bare, "size": "512x512", "quality": "low"}))

    unsaid = make(client, f"{kind}/bare-{kind}").json()
    said = make(client, f"{kind}/sized-{kind}").json()

    assert unsaid == bare
    assert said == {**bare, "size": "512x512", "quality": "low"}
