"""S001 to S007: media by URL, in every dialect, on every lane. The proxy itself fetches none."""

import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from lmproxy.errors import InvalidRequest
from lmproxy.upstream.remote_media import check_media, refusal
from tests.conftest import TEAM_KEY, UPSTREAM_KEY, bearer
from tests.harness import patient
from tests.harness.proxy import Proxy
from tests.provider import behaviours
from tests.provider.server import Provider

Json = dict[str, Any]
PUBLIC = "https://pictures.example/a.png"
LOCAL = "http://10.0.0.1/a.png"
DATA = "data:image/png;base64,iVBORw0KGgo="
PRIVATE = (
    *("http://127.0.0.1/a.png", "http://[::1]/", "https://0.0.0.0", "http://0", "http://[::]"),
    *("http://169.254.169.254/latest", "http://[fd00:ec2::254]/", "http://[fe80::1%25eth0]/"),
    *("http://10.1.2.3", "http://172.16.0.1", "http://192.168.1.1:80/x", "http://100.64.0.1"),
    *("http://[::ffff:127.0.0.1]", "http://[64:ff9b::7f00:1]", "http://[2002:7f00:1::]"),
    *("http://0x7f000001", "http://2130706433", "http://017700000001", "http://127.1"),
    *("http://example.com\\@10.0.0.1/", "http://example.com\\.10.0.0.1/"),
    *("http://localhost.", "HTTP://LOCALHOST:9", "http://a.localhost", "http://pictures"),
    *("http://metadata.google.internal/", "http://printer.local./x", "http://224.0.0.1"),
    *("http://user@127.0.0.1/", "http://a.example@127.0.0.1", "http://127.0.0.1#.example.com"),
    *("http:\\\\127.0.0.1\\x", "http:127.0.0.1", "http:///127.0.0.1", "//127.0.0.1", "http://"),
    *("http://%31%32%37.0.0.1", "http://\uff11\uff12\uff17.0.0.1", "http://127\u30020.0.1"),
    *("ht\ntp://127.0.0.1", " " * 99 + "http://127.0.0.1", "http:/\t/127.0.0.1", "http:// /"),
)
PASSING = (
    *(PUBLIC, "http://8.8.8.8/x", "https://[2606:4700::1111]/x", "https://internal.example.com"),
    *("https://user:pw@cdn.example.com:8443/x?u=http://127.0.0.1", "https://b\u00fccher.example/x"),
)
NO_ADDRESSES = (DATA, "DATA:audio/wav;base64,AA", "file-abc123", "/9j/4AAQSkZJRg", "", "aHR0cDo=")
OTHER_SCHEMES = (
    *("file:///etc/passwd", "file:/etc/passwd", "gs://b/x", "s3://b/x", "ftp://example.com/x"),
    *("gopher://example.com", "javascript:alert(1)", "unix://socket"),
)


@pytest.fixture(scope="module")
def media(provider: Provider, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Proxy]:
    """`relay` speaks both dialects; `strict` is the same and refuses; the others translate."""
    folder: Path = tmp_path_factory.mktemp("media")
    base = provider.base_url.removesuffix("/v1")
    own = {"api_base": base, "api_key": UPSTREAM_KEY}
    vllm = {"api_type": "vllm", "api_base": provider.base_url}
    connections = {
        "relay": vllm,
        "strict": {**vllm, "remote_media": "refuse"},
        "translate": {**own, "api_type": "anthropic", "speaks": ["models"]},
        "litellm": {**own, "api_type": "anthropic", "lane": "litellm"},
        "gemini": {**own, "api_type": "google"},
    }
    config = {
        "host": "127.0.0.1",
        "port": 0,
        "connections": connections,
        "routing": {f"{name}/*": f"{name}.{{1}}" for name in connections},
        "groups": {"team": {"api_keys": [TEAM_KEY]}},
    }
    with Proxy(config, folder) as running:
        yield running


@pytest.fixture
def listener() -> Iterator[socket.socket]:
    """A port of this machine on which nobody may knock."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.setblocking(False)
        yield server


def part(dialect: str, url: str) -> Json:
    """A picture by URL, as a dialect has it."""
    if dialect == "messages":
        return {"type": "image", "source": {"type": "url", "url": url}}
    return {"type": "image_url", "image_url": {"url": url}}


def post(proxy: Proxy, dialect: str, model: str, *parts: Json, **more: Any) -> httpx.Response:
    path = "/messages" if dialect == "messages" else "/chat/completions"
    content = [{"type": "text", "text": "What is this?"}, *parts]
    body = {"model": model, "max_tokens": 9, "messages": [{"role": "user", "content": content}]}
    headers = bearer(TEAM_KEY)
    return patient.post(f"{proxy.api}{path}", json={**body, **more}, headers=headers)


def assert_refused(answer: httpx.Response, dialect: str, proxy: Proxy) -> None:
    """Check that it is a 400 in the dialect's own form, and recorded as a refusal."""
    assert answer.status_code == 400, answer.text
    document = answer.json()
    if dialect == "messages":
        assert (document["type"], document["error"]["type"]) == ("error", "invalid_request_error")
    else:
        error = document["error"]
        assert (error["code"], error["param"]) == ("remote_urls_disabled", "messages")
    record = proxy.record(id=answer.headers["x-request-id"])
    assert (record["outcome"], record["error_code"]) == ("refused", "remote_urls_disabled")


DIALECTS = pytest.mark.parametrize("dialect", ["chat", "messages"])
LANES = pytest.mark.parametrize("lane", ["relay", "translate", "litellm", "gemini"])


@DIALECTS
@LANES
def test_S001_a_private_address_is_refused_on_every_lane_and_nobody_knocks_there(
    media: Proxy, provider: Provider, listener: socket.socket, lane: str, dialect: str
) -> None:
    model = f"private-{lane}-{dialect}"
    url = f"http://127.0.0.1:{listener.getsockname()[1]}/a.png"

    answer = post(media, dialect, f"{lane}/{model}", part(dialect, url), stream=dialect == "chat")

    assert_refused(answer, dialect, media)
    assert provider.requests_for(model) == []
    with pytest.raises(BlockingIOError):
        listener.accept()


@pytest.mark.parametrize("address", PRIVATE)
def test_S001_an_address_is_seen_through_however_it_is_written(address: str) -> None:
    assert "private or local" in (refusal(address, "forward") or "")


@pytest.mark.parametrize("address", PASSING)
def test_S002_a_public_url_is_the_providers_to_fetch(address: str) -> None:
    assert refusal(address, "forward") is None
    assert "by URL are not taken" in (refusal(address, "refuse") or "")


@DIALECTS
@pytest.mark.parametrize("lane", ["relay", "translate", "litellm"])
def test_S002_a_public_url_reaches_the_provider_as_it_is(
    media: Proxy, provider: Provider, lane: str, dialect: str
) -> None:
    model = f"public-{lane}-{dialect}"
    provider.on(model, behaviours.good_answer)

    answer = post(media, dialect, f"{lane}/{model}", part(dialect, PUBLIC))

    assert answer.status_code == 200, answer.text
    assert PUBLIC in provider.requests_for(model)[0].body.decode()


@DIALECTS
def test_S002_an_operator_may_refuse_all_urls_but_not_data(
    media: Proxy, provider: Provider, dialect: str
) -> None:
    model = f"strict-{dialect}"
    picture = {"type": "image_url", "image_url": {"url": DATA}}
    if dialect == "messages":
        source = {"type": "base64", "media_type": "image/png", "data": "iVBORw0KGgo="}
        picture = {"type": "image", "source": source}

    refused = post(media, dialect, f"strict/{model}", part(dialect, PUBLIC))
    taken = post(media, dialect, f"strict/{model}", picture)

    assert_refused(refused, dialect, media)
    assert taken.status_code == 200
    assert len(provider.requests_for(model)) == 1


@pytest.mark.parametrize("address", OTHER_SCHEMES)
def test_S003_no_other_scheme_goes_on(address: str) -> None:
    assert refusal(address, "forward")


@pytest.mark.parametrize("text", NO_ADDRESSES)
def test_S003_what_is_no_address_goes_on(text: str) -> None:
    assert refusal(text, "refuse") is None


NESTED: dict[str, tuple[str, Json]] = {
    "a URL as a file's id": ("chat", {"type": "file", "file": {"file_id": "http://10.0.0.1/x"}}),
    "a file's data": ("chat", {"type": "file", "file": {"file_data": "http://10.0.0.1/x"}}),
    "a sound": ("chat", {"type": "input_audio", "input_audio": {"data": "file:///etc/passwd"}}),
    "a bare picture": ("chat", {"type": "image_url", "image_url": "http://10.0.0.1/x"}),
    "a video": ("chat", {"type": "video_url", "video_url": {"url": "http://10.0.0.1/x"}}),
    "a part without a type": ("chat", {"image_url": {"url": "http://10.0.0.1/x"}}),
    "a type that is none": ("chat", {"type": ["image_url"], "image_url": "http://10.0.0.1/x"}),
    "a document": (
        "messages",
        {"type": "document", "source": {"type": "url", "url": "http://10.0.0.1/x"}},
    ),
    "a document's picture": (
        "messages",
        {
            "type": "document",
            "source": {"type": "content", "content": [part("messages", "http://10.0.0.1/x")]},
        },
    ),
    "a tool's result": (
        "messages",
        {
            "type": "tool_result",
            "tool_use_id": "toolu_1",
            "content": [part("messages", "http://10.0.0.1/x")],
        },
    ),
}


@pytest.mark.parametrize("place", NESTED)
def test_S005_one_policy_holds_wherever_an_address_stands(
    media: Proxy, provider: Provider, place: str
) -> None:
    dialect, nested = NESTED[place]
    model = f"nested-{place.replace(' ', '-')}".replace("'", "")

    answer = post(media, dialect, f"relay/{model}", nested)

    assert_refused(answer, dialect, media)
    assert provider.requests_for(model) == []


@pytest.mark.parametrize(
    "body",
    [
        {"input": [{"role": "user", "content": [{"type": "input_image", "image_url": LOCAL}]}]},
        {"input": [{"role": "user", "content": [{"type": "input_file", "file_url": LOCAL}]}]},
        {"input": [{"type": "computer_call_output", "output": {"image_url": LOCAL}}]},
        {"input": [{"type": "function_call_output", "output": [{"file_url": LOCAL}]}]},
        {"prompt": {"id": "p", "variables": {"x": {"type": "input_image", "image_url": LOCAL}}}},
        {"tools": [{"type": "image_generation", "input_image_mask": {"image_url": LOCAL}}]},
        {"images": [{"image_url": LOCAL}]},
    ],
    ids=str,
)
def test_S005_every_place_of_openais_other_requests_is_looked_at(body: Json) -> None:
    with pytest.raises(InvalidRequest) as refused:
        check_media(body, "forward")

    assert refused.value.param == next(iter(body))


def test_S005_what_a_tool_is_called_with_or_found_is_no_medium(
    media: Proxy, provider: Provider
) -> None:
    local = "http://localhost:3000/"
    use = {"type": "tool_use", "id": "t", "name": "open", "input": {"url": local, "source": local}}
    found = {"type": "search_result", "source": local, "title": "It", "content": []}
    text = {"type": "text", "text": local}

    answer = post(media, "messages", "relay/mentioned", use, found, text)

    assert answer.status_code == 200, answer.text
    assert provider.requests_for("mentioned")[0].body.decode().count(local) == 4


@DIALECTS
def test_S006_a_name_is_never_resolved(media: Proxy, provider: Provider, dialect: str) -> None:
    """Gemini's format takes no URL, so LiteLLM would have to fetch it: no name, no address does."""
    model = f"unresolved-{dialect}"

    answer = post(media, dialect, f"gemini/{model}", part(dialect, "http://rebinding.example/a"))

    assert answer.status_code == 400
    assert "by URL" in answer.json()["error"]["message"]
    assert provider.requests_for(model) == []


def test_S007_a_server_of_ones_own_is_not_asked_to_look_around(
    media: Proxy, provider: Provider
) -> None:
    picture = part("chat", "http://169.254.169.254/latest/meta-data")

    answer = post(media, "chat", "relay/looks-around", picture, stream=True)

    assert_refused(answer, "chat", media)
    assert provider.requests_for("looks-around") == []
