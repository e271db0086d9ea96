"""Uploads: what goes on of a form, when, and what becomes of those that cannot go on."""

import secrets
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from tests.conftest import GUEST_KEY, TEAM_KEY, base_config, bearer
from tests.harness.answer import client_of
from tests.harness.errors import assert_refused
from tests.harness.process import PeakMemory, descriptors
from tests.harness.proxy import Proxy
from tests.harness.raw import Raw, request
from tests.harness.waiting import until
from tests.media.uploading import PATH, SeenPart, lines, parts_of, transcribe, wav, written
from tests.provider import media
from tests.provider.behaviours import plain
from tests.provider.server import Provider

FORM = b"Content-Type: multipart/form-data; boundary=xyz"
TEAM = b"Authorization: Bearer " + TEAM_KEY.encode()
MIB = 1024 * 1024
GOOD = plain(media.transcription())


def upload(client: httpx.Client, body: bytes, path: str = PATH) -> httpx.Response:
    headers = {"content-type": "multipart/form-data; boundary=xyz"}
    return client.post(path, content=body, headers=headers)


def test_every_part_arrives_as_it_was_and_the_model_renamed(
    provider: Provider, client: httpx.Client
) -> None:
    provider.on("up-parts", GOOD)
    sound = wav()
    body = written(
        (lines(b"timestamp_granularities[]"), b"word"),
        (lines(b"file", "größe & 1.wav".encode(), b"audio/x-wav; a=b"), sound),
        (lines(b"timestamp_granularities[]"), b"segment"),
        (lines(b"known_speaker_references[]"), b"data:audio/wav;base64," + b"A" * 200_000),
        (lines(b"unknown_field"), b"\r\n--xy\xff\r\n"),
        (lines(b"model"), b"relay/up-parts"),
        (lines(b"prompt"), b""),
    )

    answer = upload(client, body)

    assert answer.status_code == 200, answer.text
    (sent,) = provider.requests_for("up-parts")
    assert sent.path == "/v1/audio/transcriptions"
    assert sent.header("transfer-encoding") is None
    assert int(sent.header("content-length") or 0) == len(sent.body)
    renamed = body.replace(b"relay/up-parts", b"up-parts")
    boundary = (sent.header("content-type") or "").partition("boundary=")[2].encode()
    assert boundary != b"xyz"
    assert sent.body.replace(b"--" + boundary, b"--xyz") == renamed


def test_a_large_file_goes_through_the_disk_and_never_through_memory(
    operations: Proxy, provider: Provider, client: httpx.Client
) -> None:
    provider.on("up-large", GOOD)
    sound = secrets.token_bytes(60 * MIB)
    transcribe(client, "relay/warm-up")
    memory = PeakMemory(operations.pid)

    answer = transcribe(client, "relay/up-large", sound)

    assert answer.status_code == 200, answer.text
    (sent,) = provider.requests_for("up-large")
    assert SeenPart(parts_of(sent)[1].headers, sound) == parts_of(sent)[1]
    assert memory.grown_bytes < 16 * MIB
    assert open_temporary_files(operations) == []


def open_temporary_files(proxy: Proxy) -> list[str]:
    """Deleted files that the process has open, but for the standard streams: pytest's."""
    links: list[str] = []
    for link in Path(f"/proc/{proxy.pid}/fd").iterdir():
        if link.name in ("0", "1", "2"):
            continue
        try:
            links.append(str(link.readlink()))
        except FileNotFoundError:
            continue
    return [link for link in links if link.endswith("(deleted)")]


def test_a_form_without_a_model_gets_the_default_one(provider: Provider, tmp_path: Path) -> None:
    provider.on("up-default", GOOD)
    config = {**base_config(provider), "default_model": "up-default"}
    with Proxy(config, tmp_path) as proxy, client_of(proxy) as client:
        answer = upload(client, written((lines(b"file", b"a.wav"), wav())))

    assert answer.status_code == 200, answer.text
    assert parts_of(provider.requests_for("up-default")[0])[-1].data == b"up-default"


@pytest.mark.parametrize(
    ("path", "model", "status", "code"),
    [
        pytest.param(PATH, "nowhere", 404, "model_not_found", id="unknown model"),
        pytest.param(PATH, "relay/up-refused", 403, "model_not_allowed", id="not allowed"),
        pytest.param("/images/edits", "relay/up-refused", 403, "model_not_allowed", id="picture"),
    ],
)
def test_nothing_is_sent_before_the_model_is_known_and_allowed(
    operations: Proxy, provider: Provider, path: str, model: str, status: int, code: str
) -> None:
    name = b"file" if path == PATH else b"image"
    body = written((lines(name, b"a"), b"x" * 100_000), (lines(b"model"), model.encode()))

    with httpx.Client(base_url=operations.api, headers=bearer(GUEST_KEY), timeout=60) as guest:
        answer = upload(guest, body, path)

    assert_refused(answer, status, code, "model")
    assert provider.requests_for("up-refused") == []


def test_without_a_key_no_byte_of_the_body_is_read(operations: Proxy) -> None:
    with Raw(operations) as raw:
        length = b"Content-Length: %d" % (50 * MIB)
        raw.send(request("POST", "/v1" + PATH, FORM, length, b"Expect: 100-continue"))
        answer = raw.answer()

    assert_refused(answer, 401, "invalid_api_key")


@pytest.mark.parametrize(
    ("body", "code", "param"),
    [
        pytest.param(b"", "invalid_form", None, id="empty"),
        pytest.param(b'{"model":"m"}', "invalid_form", None, id="JSON"),
        pytest.param(written((lines(b"model"), b"m"))[:-6], "invalid_form", None, id="cut"),
        pytest.param(
            written((lines(b"model"), b"a"), (lines(b"model"), b"b")),
            "invalid_form",
            "model",
            id="two models",
        ),
        pytest.param(
            written((lines(b"model"), b"m")), "missing_required_parameter", "file", id="no file"
        ),
        pytest.param(
            written((lines(b"file", b"a"), b"x"), (lines(b"stream"), b"maybe")),
            "invalid_type",
            "stream",
            id="stream",
        ),
    ],
)
def test_a_form_that_cannot_be_read_is_a_400_in_openais_form(
    operations: Proxy, client: httpx.Client, body: bytes, code: str, param: str | None
) -> None:
    answer = upload(client, body)

    assert_refused(answer, 400, code, param)
    record = operations.record(id=answer.headers["x-request-id"])
    assert (record["outcome"], record["operation"]) == ("refused", "transcription")


@pytest.mark.parametrize(
    ("kind", "status", "code"),
    [
        pytest.param("application/json", 415, "unsupported_media_type", id="JSON"),
        pytest.param("application/x-www-form-urlencoded", 415, "unsupported_media_type", id="URL"),
        pytest.param("multipart/mixed; boundary=xyz", 415, "unsupported_media_type", id="mixed"),
        pytest.param("multipart/form-data", 400, "invalid_form", id="no boundary"),
        pytest.param('multipart/form-data; boundary=""', 400, "invalid_form", id="empty boundary"),
        pytest.param(
            f"multipart/form-data; boundary={'x' * 4000}", 400, "invalid_form", id="long boundary"
        ),
    ],
)
def test_the_content_type_has_to_be_that_of_a_form(
    client: httpx.Client, kind: str, status: int, code: str
) -> None:
    body = written((lines(b"model"), b"m"), (lines(b"file", b"a"), b"x"))

    answer = client.post(PATH, content=body, headers={"content-type": kind})

    assert_refused(answer, status, code)


def test_a_compressed_form_is_refused(client: httpx.Client) -> None:
    headers = {"content-type": "multipart/form-data; boundary=xyz", "content-encoding": "gzip"}

    answer = client.post(PATH, content=b"x", headers=headers)

    assert_refused(answer, 415, "unsupported_content_encoding")


def test_uploads_have_a_limit_of_their_own(provider: Provider, tmp_path: Path) -> None:
    limits = {"max_body_bytes": 10_000, "max_upload_bytes": 50_000}
    provider.on("up-limit", GOOD)
    with (
        Proxy({**base_config(provider), "server": limits}, tmp_path) as proxy,
        client_of(proxy) as client,
    ):
        taken = transcribe(client, "up-limit", b"x" * 40_000)
        declared = transcribe(client, "up-limit", b"x" * 60_000)
        body = written((lines(b"file", b"a"), b"x" * 60_000))
        pieces = (body[start : start + 5000] for start in range(0, len(body), 5000))
        headers = {"content-type": "multipart/form-data; boundary=xyz"}
        in_chunks = client.post(PATH, content=pieces, headers=headers)

    assert taken.status_code == 200
    assert_refused(declared, 413, "request_too_large")
    assert_refused(in_chunks, 413, "request_too_large")
    assert len(provider.requests_for("up-limit")) == 1


def test_a_disk_without_room_is_a_503_and_said_in_the_log(
    provider: Provider, tmp_path: Path
) -> None:
    """The directory for temporary files goes away while the proxy runs."""
    temporary = tmp_path / "tmp"
    temporary.mkdir()
    with (
        Proxy(base_config(provider), tmp_path, environment={"TMPDIR": str(temporary)}) as proxy,
        client_of(proxy) as client,
    ):
        small = transcribe(client, "relay/x")
        first = transcribe(client, "up-room", secrets.token_bytes(2 * MIB))
        temporary.rmdir()
        answer = transcribe(client, "up-no-room", secrets.token_bytes(2 * MIB))
        record = proxy.record(id=answer.headers["x-request-id"])
        until(lambda: proxy.log("an upload cannot be kept"), "the line in the log")

    assert small.status_code == 404
    assert first.status_code == 404
    assert_refused(answer, 503, "no_room_for_upload")
    assert (record["outcome"], record["error_code"]) == ("refused", "no_room_for_upload")
    assert provider.requests_for("up-no-room") == []


@contextmanager
def hasty_refuser() -> Iterator[str]:
    """A provider that refuses uploads by their head and reads no further; gives its base URL."""
    body = b'{"error":{"message":"too large for us","code":"too_large"}}'
    head = b"HTTP/1.1 413 Too Large\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n"

    def serve(listener: socket.socket) -> None:
        with listener, listener.accept()[0] as peer:
            peer.recv(1000)
            peer.sendall(head % len(body) + body)
            gone.wait(10)

    gone, listener = threading.Event(), socket.create_server(("127.0.0.1", 0))
    thread = threading.Thread(target=serve, args=(listener,))
    thread.start()
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}/v1"
    finally:
        gone.set()
        thread.join()


def test_a_provider_may_refuse_before_it_has_read_the_upload(
    provider: Provider, tmp_path: Path
) -> None:
    with hasty_refuser() as base:
        config = base_config(provider)
        config["connections"]["up"] = {"api_base": base, "api_key": "k"}
        with Proxy(config, tmp_path) as proxy, client_of(proxy) as client:
            answer = transcribe(client, "up-hasty", secrets.token_bytes(20 * MIB))
            until(lambda: not open_temporary_files(proxy), "no temporary file")

    assert_refused(answer, 413, "too_large")


def test_C020_a_client_that_leaves_in_the_middle_of_its_upload_leaves_a_record_and_no_file(
    operations: Proxy, provider: Provider
) -> None:
    before = descriptors(operations.pid)
    with socket.create_connection(("127.0.0.1", operations.port), 10) as client:
        head = request(
            "POST",
            "/v1" + PATH,
            FORM,
            TEAM,
            b"Content-Length: %d" % (50 * MIB),
            b"x-request-id: up-leaver",
        )
        part = b"--xyz\r\n%b\r\nrelay/up-leaver" % lines(b"model")
        client.sendall(head + part + b"\r\n--xyz\r\n" + lines(b"file", b"a") + b"\r\n")
        client.sendall(b"x" * (8 * MIB))
        until(lambda: open_temporary_files(operations), "the upload's file")

    record = operations.record(client_request_id="up-leaver")
    assert (record["status"], record["outcome"]) == (499, "client_gone")
    until(lambda: not open_temporary_files(operations), "the end of the upload's file")
    until(lambda: descriptors(operations.pid) <= before, "the end of the connection")
    assert provider.requests_for("up-leaver") == []
