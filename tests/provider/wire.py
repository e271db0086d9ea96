"""What did the client send? One HTTP/1.1 request, read by hand and kept as it came."""

import asyncio
import dataclasses
import json
import re
import time
from typing import Any
from urllib.parse import unquote

MAX_HEAD_BYTES = 1 << 20
_MODEL_IN_PATH = re.compile(r"/models/([^:?]+):|/(?:model|deployments)/([^/?]+)/")
"""Google's, Bedrock's and Azure's."""
_MULTIPART_MODEL = re.compile(rb'name="model"[^\r\n]*\r\n(?:[^\r\n]+\r\n)*\r\n([^\r\n]*)\r\n')


class NotHttp(Exception):
    """The client speaks something else, such as TLS on a port without it."""


@dataclasses.dataclass(frozen=True, slots=True)
class SeenRequest:
    """A request as it was received.

    `path` is the request target with its query. `headers` keep order, case and repetitions.
    `json` is None unless the body is a JSON object; `model` comes from it, from a form, or from a
    path of Google's, Bedrock's or Azure's.
    `connection` numbers the TCP connections from 1. `received_at` is on the monotonic clock.
    """

    method: str
    path: str
    headers: tuple[tuple[str, str], ...]
    body: bytes
    json: dict[str, Any] | None
    model: str | None
    connection: int
    received_at: float

    def header(self, name: str) -> str | None:
        """The first header of that name, in any case; None if there is none."""
        return _header(self.headers, name)

    @property
    def is_stream(self) -> bool:
        """Whether the request asks for a stream; with Google the path says it."""
        asks = self.json is not None and self.json.get("stream") is True
        return asks or ":streamGenerateContent" in self.path


async def read_request(reader: asyncio.StreamReader, connection: int) -> SeenRequest | None:
    """The next request; None if the client closed instead.

    Raises NotHttp, and asyncio.IncompleteReadError if the client closed in the middle.
    """
    first = await reader.read(1)
    if not first:
        return None
    if not first.isalpha():
        raise NotHttp
    head = (first + await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
    request_line, *lines = head.removesuffix("\r\n\r\n").split("\r\n")
    method, path, _version = request_line.split(" ")
    headers = tuple((name, value.strip()) for name, _, value in (x.partition(":") for x in lines))
    body = await _read_body(reader, headers)
    document = _object(body)
    return SeenRequest(
        method=method,
        path=path,
        headers=headers,
        body=body,
        json=document,
        model=_model(document, body, path),
        connection=connection,
        received_at=time.monotonic(),
    )


async def _read_body(reader: asyncio.StreamReader, headers: tuple[tuple[str, str], ...]) -> bytes:
    if (_header(headers, "transfer-encoding") or "").lower() == "chunked":
        return await _read_chunked(reader)
    return await reader.readexactly(int(_header(headers, "content-length") or 0))


async def _read_chunked(reader: asyncio.StreamReader) -> bytes:
    pieces: list[bytes] = []
    while size := int((await reader.readuntil(b"\r\n")).split(b";")[0], 16):
        pieces.append(await reader.readexactly(size))
        await reader.readexactly(2)
    while await reader.readuntil(b"\r\n") != b"\r\n":
        pass
    return b"".join(pieces)


def _header(headers: tuple[tuple[str, str], ...], name: str) -> str | None:
    return next((value for key, value in headers if key.lower() == name.lower()), None)


def _object(body: bytes) -> dict[str, Any] | None:
    try:
        document = json.loads(body)
    except ValueError:
        return None
    return document if isinstance(document, dict) else None


def _model(document: dict[str, Any] | None, body: bytes, path: str) -> str | None:
    if found := _MODEL_IN_PATH.search(path):
        return unquote(found[1] or found[2])
    if document is not None:
        model = document.get("model")
        return model if isinstance(model, str) else None
    part = _MULTIPART_MODEL.search(body)
    return part[1].decode() if part else None
