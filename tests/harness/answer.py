"""What did the client get? One answer to a chat request, read to its end or to where it broke."""

import json
import re
import time
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import httpx

from tests.conftest import TEAM_KEY, chat
from tests.harness.proxy import Proxy

BLANK_LINE = re.compile(rb"\r\n\r\n|\n\n|\r\r")
DONE = b"[DONE]"


@dataclass(frozen=True)
class Answer:
    """What arrived. `is_cut`: the connection ended before the answer did."""

    status: int
    headers: httpx.Headers
    body: bytes
    is_cut: bool
    duration_s: float

    @property
    def id(self) -> str:
        """The proxy's id of the request, which is its record's."""
        return self.headers["x-request-id"]

    @property
    def is_stream(self) -> bool:
        return self.headers["content-type"].startswith("text/event-stream")

    @cached_property
    def events(self) -> list[bytes]:
        """The data of every event; comments are left out."""
        found = (_data(event) for event in BLANK_LINE.split(self.body))
        return [data for data in found if data is not None]

    @property
    def chunks(self) -> list[dict[str, Any]]:
        """Every event but `[DONE]`, parsed."""
        return [json.loads(data) for data in self.events if data != DONE]

    @property
    def text(self) -> str:
        """The text of the first choice, of a stream put together."""
        documents = self.chunks if self.is_stream else [json.loads(self.body)]
        choices = [choice for document in documents for choice in document["choices"]]
        parts = [choice.get("message") or choice["delta"] for choice in choices]
        return "".join(part.get("content") or "" for part in parts)

    @property
    def text_before_error(self) -> str:
        """The text of a stream whose last event is an error."""
        choices = [choice for chunk in self.chunks[:-1] for choice in chunk["choices"]]
        return "".join(choice["delta"].get("content") or "" for choice in choices)

    @property
    def error(self) -> dict[str, Any]:
        """The error object: of a refusal, or of a stream's last event."""
        document = json.loads(self.events[-1] if self.is_stream else self.body)
        assert set(document) == {"error"}
        error: dict[str, Any] = document["error"]
        return error


def client_of(proxy: Proxy) -> httpx.Client:
    """A client of the team, for `with`."""
    headers = {"authorization": f"Bearer {TEAM_KEY}"}
    return httpx.Client(base_url=proxy.api, headers=headers, timeout=60)


def ask(client: httpx.Client, model: str, *, stream: bool = False, **fields: Any) -> Answer:
    """Send a chat request and read what comes."""
    document = chat(model, **({"stream": True} if stream else {}), **fields)
    return send(client, "/chat/completions", document)


def send(client: httpx.Client, path: str, document: dict[str, Any]) -> Answer:
    """Send any request and read what comes."""
    body, is_cut, began = bytearray(), False, time.monotonic()
    with client.stream("POST", path, json=document) as response:
        try:
            for piece in response.iter_raw():
                body += piece
        except httpx.RemoteProtocolError:
            is_cut = True
    took_s = time.monotonic() - began
    return Answer(response.status_code, response.headers, bytes(body), is_cut, took_s)


def _data(event: bytes) -> bytes | None:
    lines = [line.partition(b":") for line in event.splitlines()]
    data = [value.removeprefix(b" ") for name, _, value in lines if name == b"data"]
    return b"\n".join(data) if data else None
