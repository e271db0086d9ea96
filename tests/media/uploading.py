"""What the tests upload, and what of it a provider got."""

import io
import re
import wave
from dataclasses import dataclass
from typing import Any

import httpx
import pytest

from tests.provider.wire import SeenRequest

HEADER = re.compile(rb"([^:\r\n]+): ([^\r\n]*)\r\n")
PATH = "/audio/transcriptions"
SAY = {"input": "Hello.", "voice": "alloy"}


def wav(seconds: float = 0.1) -> bytes:
    """Silence, as a WAV file."""
    data = io.BytesIO()
    with wave.open(data, "wb") as sound:
        sound.setnchannels(1)
        sound.setsampwidth(2)
        sound.setframerate(8000)
        sound.writeframes(b"\0\0" * int(8000 * seconds))
    return data.getvalue()


@dataclass(frozen=True)
class SeenPart:
    """One part of a form as a provider got it."""

    headers: dict[bytes, bytes]
    data: bytes


def parts_of(request: SeenRequest) -> list[SeenPart]:
    """The parts of a form, by its boundary; independent of any parser the proxy has."""
    boundary = (request.header("content-type") or "").partition("boundary=")[2].encode()
    first, *pieces, last = request.body.split(b"--" + boundary)
    assert (first, last) == (b"", b"--\r\n")
    found = []
    for piece in pieces:
        head, _, data = piece.removeprefix(b"\r\n").partition(b"\r\n\r\n")
        headers = dict(HEADER.findall(head + b"\r\n"))
        found.append(SeenPart(headers, data.removesuffix(b"\r\n")))
    return found


def fields_of(request: SeenRequest) -> dict[str, bytes]:
    """The data of each part by its name."""
    names = [
        re.search(rb'name="([^"]*)"', p.headers[b"Content-Disposition"]) for p in parts_of(request)
    ]
    assert all(names)
    return {n[1].decode(): p.data for n, p in zip(names, parts_of(request), strict=True) if n}


def transcribe(
    client: httpx.Client, model: str, sound: bytes | None = None, path: str = PATH, **fields: Any
) -> httpx.Response:
    """Upload a sound."""
    file = ("speech.wav", sound or wav(), "audio/wav")
    return client.post(path, data={"model": model, **fields}, files={"file": file})


def say(client: httpx.Client, model: str, **more: Any) -> httpx.Response:
    """Have something said."""
    return client.post("/audio/speech", json={**SAY, "model": model, **more})


def model_of(request: pytest.FixtureRequest) -> str:
    """A model's name that no other test asks for."""
    return re.sub("[^a-z0-9]+", "-", request.node.name.lower()).strip("-")[-80:].strip("-")


def lines(name: bytes, filename: bytes | None = None, kind: bytes | None = None) -> bytes:
    """The header lines of a part."""
    file = b'; filename="%b"' % filename if filename else b""
    more = b"Content-Type: %b\r\n" % kind if kind else b""
    return b'Content-Disposition: form-data; name="%b"%b\r\n%b' % (name, file, more)


def written(*parts: tuple[bytes, bytes], boundary: bytes = b"xyz") -> bytes:
    """A form of header lines and data."""
    body = b"".join(b"--%b\r\n%b\r\n%b\r\n" % (boundary, head, data) for head, data in parts)
    return body + b"--%b--\r\n" % boundary
