"""S005, S006: an address is found whatever stands beside it, and no name is ever looked up."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from lmproxy.errors import InvalidRequest
from lmproxy.upstream.remote_media import check_media
from tests.conftest import TEAM_KEY, UPSTREAM_KEY, bearer
from tests.harness import patient
from tests.harness.proxy import Proxy
from tests.operations.asking import RANKING
from tests.provider import behaviours, media, responses
from tests.provider.server import Provider

Json = dict[str, Any]
LOCAL = "http://169.254.169.254/"
PUBLIC = "https://pictures.example/a.png"
NAMED = "http://rebinding.example/a.png"
MP3 = "//uQxAAAAAAAAAAAAAAAAAAAAAAA"
PATHS = {
    "chat": "/chat/completions",
    "messages": "/messages",
    "responses": "/responses",
    "images": "/images/edits",
    "rerank": "/rerank",
}
GOOD = {
    "images": behaviours.plain(media.pictures()),
    "rerank": behaviours.plain(RANKING),
    "responses": responses.good_answer,
}
LISTENS = """
import os, sys
import uvloop

names = os.environ["NAMES_FILE"]
loops = {name: getattr(uvloop.Loop, name) for name in ("getaddrinfo", "create_connection")}

def note(name):
    with open(names, "a") as file:
        print(name, file=file)

def hear(event, arguments):
    if event in ("socket.getaddrinfo", "socket.gethostbyname"):
        note(arguments[0])

def getaddrinfo(self, host, *rest, **more):
    note(host)
    return loops["getaddrinfo"](self, host, *rest, **more)

def create_connection(self, protocol, host=None, *rest, **more):
    note(host)
    return loops["create_connection"](self, protocol, host, *rest, **more)

sys.addaudithook(hear)
uvloop.Loop.getaddrinfo = getaddrinfo
uvloop.Loop.create_connection = create_connection
"""
"""Writes down every name that a process looks up, in Python or in the loop, which does so in C."""


@pytest.fixture(scope="module")
def names(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file with the names that the proxy looked up."""
    return tmp_path_factory.mktemp("names") / "names.txt"


@pytest.fixture(scope="module")
def proxy(
    provider: Provider, names: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Proxy]:
    """Relays to a provider by its name, once as OpenAI and once as a server of one's own."""
    folder = tmp_path_factory.mktemp("hidden")
    (folder / "sitecustomize.py").write_text(LISTENS)
    base = provider.base_url.replace("127.0.0.1", "localhost")
    own = {"api_base": base, "api_key": UPSTREAM_KEY}
    bare = {"api_base": base.removesuffix("/v1"), "api_key": UPSTREAM_KEY}
    connections = {
        "vllm": {"api_type": "vllm", "api_base": base},
        "openai": {"api_type": "openai", **own},
        "strict": {"api_type": "openai", **own, "remote_media": "refuse"},
        "litellm": {"api_type": "anthropic", **bare, "lane": "litellm"},
        "gemini": {"api_type": "google", **bare},
    }
    config = {
        "host": "127.0.0.1",
        "port": 0,
        "connections": connections,
        "routing": {f"{name}/*": f"{name}.{{1}}" for name in connections},
        "groups": {"team": {"api_keys": [TEAM_KEY]}},
    }
    environment = {"PYTHONPATH": str(folder), "NAMES_FILE": str(names)}
    environment["MAX_IMAGE_URL_DOWNLOAD_SIZE_MB"] = "50"  # LiteLLM's; not an operator's to set.
    with Proxy(config, folder, environment=environment) as running:
        yield running


def body_of(operation: str, place: str, value: Any) -> Json:
    """A small request with `value` at `place`; for chat and messages, among a user's parts."""
    if place == "part":
        place, value = "messages", [{"role": "user", "content": [value]}]
    elif place == "item":
        place, value = "input", [{"role": "user", "content": "Hi"}, value]
    rest: dict[str, Json] = {
        "messages": {"max_tokens": 9},
        "images": {"prompt": "a white dot", "image": "file-1"},
        "rerank": {"query": "hello", "documents": ["bye"]},
    }
    return {**rest.get(operation, {}), place: value}


def post(proxy: Proxy, operation: str, model: str, body: Json) -> httpx.Response:
    url = f"{proxy.api}{PATHS[operation]}"
    return patient.post(url, json={"model": model, **body}, headers=bearer(TEAM_KEY))


def picture(url: Any, **more: Any) -> Json:
    return {"type": "image_url", "image_url": {"url": url}, **more}


def block(url: str, **more: Any) -> Json:
    return {"type": "image", "source": {"type": "url", "url": url}, **more}


Hidden = dict[str, tuple[str, str, str, Any]]
"""Connection, operation, place and what stands there, by a word for it."""


def hidden(url: str) -> Hidden:
    return {**hidden_in_chat(url), **hidden_elsewhere(url)}


def hidden_in_chat(url: str) -> Hidden:
    return {
        "a part with a role": ("openai", "chat", "part", picture(url, role="user")),
        "a part called a text": ("openai", "chat", "part", picture(url, type="text")),
        "a part whose type is a table": ("openai", "chat", "part", picture(url, type={"a": 1})),
        "a part called a tool's use": (
            *("openai", "chat", "part"),
            {"type": "tool_use", "content": [picture(url)]},
        ),
        "a message called a text": (
            *("openai", "chat", "messages"),
            [{"type": "text", "role": "user", "content": [picture(url)]}],
        ),
        "a message of its own": ("openai", "chat", "messages", [{"role": "user", "image": url}]),
        "a list of addresses": ("openai", "chat", "part", {"image_url": ["file-1", url]}),
        "a list of pictures": ("openai", "chat", "part", {"image_url": [{"url": url}]}),
        "an address in a table": ("openai", "chat", "part", picture({"url": url})),
        "a list in a list": ("openai", "chat", "part", [[picture(url)]]),
        "a picture by its name": ("vllm", "chat", "part", {"type": "image", "image": url}),
        "a picture's url": ("vllm", "chat", "part", {"type": "image", "url": url}),
    }


def hidden_elsewhere(url: str) -> Hidden:
    said = {"type": "message", "role": "user", "content": [{"image_url": url}]}
    items = {"a text": "text", "a thought": "reasoning", "a number": 7}
    return {
        "a block with a role": ("vllm", "messages", "part", block(url, role="user")),
        "a block called a text": ("vllm", "messages", "part", block(url, type="text")),
        "a thought with a result": (
            *("vllm", "messages", "part"),
            {"type": "thinking", "thinking": "", "content": [block(url)]},
        ),
        **{
            f"an item called {name}": ("openai", "responses", "item", {**said, "type": kind})
            for name, kind in items.items()
        },
        "what a program drew": (
            *("openai", "responses", "item"),
            {"type": "code_interpreter_call", "outputs": [{"type": "image", "url": url}]},
        ),
        "an image": ("openai", "images", "image", url),
        "images in a list": ("openai", "images", "image", ["file-1", url]),
        "images": ("openai", "images", "images", [url]),
        "an image in a table": ("openai", "images", "image", {"url": url}),
        "a mask": ("openai", "images", "mask", url),
        "a document": ("vllm", "rerank", "documents", ["bye", {"content": [picture(url)]}]),
        "a document that is a picture": ("vllm", "rerank", "documents", [{"image": url}]),
        "a query": ("vllm", "rerank", "query", {"content": [picture(url, type="text")]}),
    }


ROWS = pytest.mark.parametrize("what", hidden(LOCAL))


@ROWS
def test_S005_an_address_is_found_whatever_stands_beside_it(
    proxy: Proxy, provider: Provider, what: str
) -> None:
    connection, operation, place, value = hidden(LOCAL)[what]
    model = f"hidden-{what.replace(' ', '-')}".replace("'", "")
    body = body_of(operation, place, value)

    answer = post(proxy, operation, f"{connection}/{model}", body)

    assert answer.status_code == 400, answer.text
    assert "private or local address" in answer.json()["error"]["message"]
    record = proxy.record(id=answer.headers["x-request-id"])
    assert (record["outcome"], record["error_code"]) == ("refused", "remote_urls_disabled")
    assert provider.requests_for(model) == []


@ROWS
def test_S005_public_addresses_there_go_on_unless_an_operator_refuses_them(what: str) -> None:
    _, operation, place, value = hidden(PUBLIC)[what]
    body = body_of(operation, place, value)

    check_media(body, "forward")

    with pytest.raises(InvalidRequest, match="by URL are not taken"):
        check_media(body, "refuse")


TEXTS: dict[str, tuple[str, Json]] = {
    "a message": ("chat", {"messages": [{"role": "user", "content": LOCAL}]}),
    "a text": ("chat", body_of("chat", "part", {"type": "text", "text": LOCAL})),
    "an MP3": (
        "chat",
        body_of("chat", "part", {"type": "input_audio", "input_audio": {"data": MP3}}),
    ),
    "a tool call": (
        "chat",
        {
            "messages": [
                {"role": "user", "content": "Hi"},
                {
                    "role": "assistant",
                    "tool_calls": [
                        {
                            "id": "call_1",
                            "type": "function",
                            "function": {"name": "f", "arguments": f'{{"image_url":"{LOCAL}"}}'},
                        }
                    ],
                },
                {"role": "tool", "tool_call_id": "call_1", "content": LOCAL},
            ]
        },
    ),
    "an input": ("responses", {"input": LOCAL, "instructions": LOCAL}),
    "a call of a function": (
        "responses",
        body_of(
            *("responses", "item"),
            {"type": "function_call_output", "call_id": "c", "output": LOCAL},
        ),
    ),
    "a prompt": ("images", {"prompt": LOCAL, "image": "data:image/png;base64,AA=="}),
    "documents": ("rerank", {"query": LOCAL, "documents": [LOCAL, {"text": LOCAL, "url": LOCAL}]}),
}


@pytest.mark.parametrize("what", TEXTS)
def test_S005_a_text_is_never_refused_for_an_address_in_it(
    proxy: Proxy, provider: Provider, what: str
) -> None:
    operation, body = TEXTS[what]
    model = f"text-{what.replace(' ', '-')}"
    provider.on(model, GOOD.get(operation, behaviours.good_answer))
    connection = "vllm" if operation == "rerank" else "strict"

    answer = post(proxy, operation, f"{connection}/{model}", body)

    assert answer.status_code == 200, answer.text
    assert len(provider.requests_for(model)) == 1


def test_S005_a_document_of_plain_text_and_a_tools_input_may_be_an_address() -> None:
    document = {"type": "document", "source": {"type": "text", "data": LOCAL}}
    use = {"type": "tool_use", "input": {"image_url": LOCAL, "content": [picture(LOCAL)]}}

    check_media({"messages": [{"role": "user", "content": [document, use]}]}, "refuse")


def test_S006_no_name_of_a_medium_is_looked_up(
    proxy: Proxy, provider: Provider, names: Path
) -> None:
    """The names are written down as they are looked up; the provider's own shows that they are."""
    for connection in ("vllm", "openai", "litellm", "gemini"):
        for operation, part in (("chat", picture(NAMED)), ("messages", block(NAMED))):
            model = f"named-{connection}-{operation}"
            post(proxy, operation, f"{connection}/{model}", body_of(operation, "part", part))
    post(proxy, "images", "openai/named-images", body_of("images", "image", NAMED))

    looked_up = set(names.read_text().split())

    assert NAMED.encode() in provider.requests_for("named-vllm-chat")[0].body
    assert "localhost" in looked_up
    assert not any("rebinding" in name for name in looked_up)
