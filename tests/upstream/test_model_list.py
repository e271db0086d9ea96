"""How providers list their models, asked over real sockets."""

import asyncio
import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from pydantic import SecretStr

from lmproxy.config import schema
from lmproxy.config.schema import Timeouts
from lmproxy.errors import (
    UpstreamAuthError,
    UpstreamFault,
    UpstreamInvalidResponse,
    UpstreamRejected,
    UpstreamTimeout,
)
from lmproxy.scrub import Scrubber
from lmproxy.upstream.connection import Common
from lmproxy.upstream.egress import Egress, EgressPolicy
from lmproxy.upstream.litellm.door import Door
from lmproxy.upstream.model_list import (
    ANTHROPIC,
    GOOGLE,
    MOST_BYTES,
    MOST_PAGES,
    OPENAI,
    ModelList,
    Way,
    listing_way,
)
from lmproxy.upstream.provider import Provider as Upstream
from lmproxy.upstream.vendors import VENDORS
from tests.provider import behaviours, faults, refusals
from tests.provider.exchange import Behaviour, Exchange, Gate
from tests.provider.server import Provider
from tests.provider.wire import SeenRequest

KEY = "secret-0123456789abcdef"
NO_LIST = {"azure", "bedrock", "google_vertex_ai", "cohere", "jina_ai", "perplexity", "voyage"}


@pytest.fixture
def lister() -> Iterator[Provider]:
    with Provider() as running:
        yield running


def read(provider: Provider, way: Way | None, **limits: float) -> tuple[str, ...] | None:
    """What is read of the provider's list."""

    async def work() -> tuple[str, ...] | None:
        base = provider.base_url if way is not GOOGLE else provider.base_url.removesuffix("/v1")
        headers = {"authorization": f"Bearer {KEY}"}
        egress = Egress(EgressPolicy(base, headers, Timeouts(**limits)))
        try:
            return await ModelList(egress, way, Scrubber([KEY])).read()
        finally:
            await egress.close()

    return asyncio.run(work())


def query(request: SeenRequest) -> dict[str, str]:
    return {name: value for name, (value,) in parse_qs(urlsplit(request.path).query).items()}


def paged(pages: dict[str, Any], parameter: str) -> Behaviour:
    """Each page by what the query says; the first one by ""."""

    async def behave(exchange: Exchange) -> None:
        await exchange.send_json(200, pages[query(exchange.request).get(parameter, "")])

    return behave


def models(*names: object) -> list[dict[str, object]]:
    return [{"id": name, "object": "model"} for name in names]


@pytest.mark.parametrize(
    "document",
    [{"object": "list", "data": models("b", "a", "b")}, models("b", "a")],
    ids=["OpenAI's object", "a bare array"],
)
def test_an_openai_compatible_provider_is_asked_once(lister: Provider, document: object) -> None:
    lister.on("", behaviours.plain(document))

    found = read(lister, OPENAI)

    assert found == ("b", "a")
    (request,) = lister.requests
    assert (request.method, request.path, request.body) == ("GET", "/v1/models", b"")
    assert request.header("authorization") == f"Bearer {KEY}"
    assert request.header("accept-encoding") == "identity"


def test_anthropic_s_pages_are_followed_to_the_last(lister: Provider) -> None:
    first = {"data": models("a"), "has_more": True, "last_id": "a"}
    last = {"data": models("b"), "has_more": False, "last_id": "b"}
    lister.on("", paged({"": first, "a": last}, "after_id"))

    found = read(lister, ANTHROPIC)

    assert found == ("a", "b")
    assert [query(request)["limit"] for request in lister.requests] == ["1000", "1000"]
    assert {request.header("anthropic-version") for request in lister.requests} == {"2023-06-01"}
    assert lister.requests[0].path.startswith("/v1/models?")


def test_google_s_pages_are_followed_and_names_lose_their_prefix(lister: Provider) -> None:
    first = {"models": [{"name": "models/gemini-a"}], "nextPageToken": "t+/="}
    last = {"models": [{"name": "models/gemini-b"}]}
    lister.on("", paged({"": first, "t+/=": last}, "pageToken"))

    found = read(lister, GOOGLE)

    assert found == ("gemini-a", "gemini-b")
    assert lister.requests[0].path.startswith("/v1beta/models?")


def test_an_empty_page_of_google_s_has_no_models(lister: Provider) -> None:
    lister.on("", behaviours.plain({}))

    assert read(lister, GOOGLE) == ()


def test_pages_without_end_are_read_up_to_a_bound(lister: Provider) -> None:
    lister.on("", behaviours.plain({"data": models("a"), "has_more": True, "last_id": "a"}))

    found = read(lister, ANTHROPIC)

    assert found == ("a",)
    assert len(lister.requests) == MOST_PAGES


@pytest.mark.parametrize(
    ("api_type", "path", "header"),
    [
        ("openai", "/v1/models", ("authorization", f"Bearer {KEY}")),
        ("together_ai", "/v1/models", ("authorization", f"Bearer {KEY}")),
        ("anthropic", "/v1/models?limit=1000", ("x-api-key", KEY)),
        ("google", "/v1beta/models?pageSize=1000", ("x-goog-api-key", KEY)),
        ("azure", None, None),
    ],
)
def test_a_connection_asks_where_and_as_its_vendor_wants(
    api_type: str, path: str | None, header: tuple[str, str] | None, lister: Provider
) -> None:
    lister.on("", behaviours.plain([]))
    root = lister.base_url.removesuffix("/v1")
    base = lister.base_url if path == "/v1/models" else root
    settings = schema.Connection(api_type=api_type, api_base=base, api_key=SecretStr(KEY))

    async def work() -> tuple[str, ...] | None:
        connection = Upstream(Common("c", settings, "auto", Scrubber([KEY]), Door()))
        try:
            return await connection.models()
        finally:
            await connection.close()

    found = asyncio.run(work())

    assert found == (None if path is None else ())
    assert [request.path for request in lister.requests] == ([path] if path else [])
    if header:
        assert lister.requests[0].header(header[0]) == header[1]


def test_a_provider_without_a_list_is_not_asked(lister: Provider) -> None:
    assert read(lister, None) is None
    assert lister.requests == []


def test_what_has_no_name_is_left_out(lister: Provider) -> None:
    lister.on("", behaviours.plain({"data": [*models("a", 7, None), {}, "b", None]}))

    assert read(lister, OPENAI) == ("a",)


@pytest.mark.parametrize(
    "document",
    [b"", b"no JSON", b"[" * 2000, {}, {"data": None}, {"data": {"a": 1}}, 7, None, "models"],
    ids=str,
)
def test_what_is_no_list_is_told(lister: Provider, document: object) -> None:
    lister.on("", behaviours.plain(document))

    with pytest.raises(UpstreamInvalidResponse, match="cannot be read"):
        read(lister, OPENAI)


@pytest.mark.parametrize(
    ("behaviour", "fault"),
    [
        (refusals.unauthorized, UpstreamAuthError),
        (refusals.rate_limited("7"), UpstreamRejected),
        (refusals.status_only(500), UpstreamFault),
        (refusals.redirect("http://127.0.0.1:9/v1/models"), UpstreamInvalidResponse),
        (behaviours.plain({"error": {"message": "no", "code": 404}}), UpstreamRejected),
        (faults.reset_after_request, UpstreamFault),
    ],
)
def test_a_provider_that_says_no_is_a_fault(
    lister: Provider, behaviour: Behaviour, fault: type[UpstreamFault]
) -> None:
    lister.on("", behaviour)

    with pytest.raises(fault) as caught:
        read(lister, OPENAI)

    assert type(caught.value) is fault


def test_a_key_that_the_provider_repeats_is_masked(lister: Provider) -> None:
    lister.on("", refusals.key_echo("raw", 400))

    with pytest.raises(UpstreamRejected) as caught:
        read(lister, OPENAI)

    assert "[secret]" in caught.value.message
    assert KEY not in caught.value.message


def test_a_list_that_is_too_long_is_not_read_to_its_end(lister: Provider) -> None:
    too_long = json.dumps({"data": models("a" * (MOST_BYTES + 1))}).encode()
    lister.on("", behaviours.plain(too_long + b" " * MOST_BYTES))

    with pytest.raises(UpstreamInvalidResponse, match="too long"):
        read(lister, OPENAI)


def test_the_connection_s_own_deadline_holds(lister: Provider) -> None:
    lister.on("", behaviours.held(Gate()))

    with pytest.raises(UpstreamTimeout):
        read(lister, OPENAI, answer_s=0.1)


@pytest.mark.parametrize("name", sorted({found.api_type for found in VENDORS.values()}))
def test_every_vendor_is_asked_unless_it_has_no_list(name: str) -> None:
    way = listing_way(VENDORS[name], VENDORS[name].speaks)

    assert (way is None) == (name in NO_LIST)
    assert listing_way(VENDORS["perplexity"], {"chat", "models"}) is OPENAI
    assert listing_way(VENDORS["openai"], {"chat"}) is None
