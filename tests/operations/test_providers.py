"""Every provider that LiteLLM has a function for is asked in its form, and its answer is read."""

from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest

from lmproxy.upstream.operations.embeddings import EMBEDDINGS as EMBEDDINGS_OPERATION
from lmproxy.upstream.operations.operation import Operation
from lmproxy.upstream.operations.rerank import RERANK as RERANK_OPERATION
from lmproxy.upstream.vendors import ALL
from tests.conftest import TEAM_KEY, UPSTREAM_KEY, base_config
from tests.harness.answer import client_of
from tests.harness.errors import assert_refused
from tests.harness.proxy import Proxy
from tests.operations.forms import EMBEDDINGS, RERANK, TOKENS, VECTORS, Asked
from tests.provider.behaviours import plain
from tests.provider.server import Provider

OWN_LIBRARY = {"vertex_ai"}
"""The cloud's own library fetches a token first; `tests/oracle` has what answers it."""


@pytest.fixture(scope="module")
def provider() -> Iterator[Provider]:
    with Provider() as running:
        yield running


@pytest.fixture(scope="module")
def everywhere(provider: Provider, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Proxy]:
    """A proxy with a connection of every kind, on the litellm lane."""
    config = base_config(provider)
    config["connections"] = {
        kind: {
            "api_type": kind,
            "api_base": f"http://127.0.0.1:{provider.port}{base_path(kind)}",
            "lane": "litellm",
            **({} if asked.settings else {"api_key": UPSTREAM_KEY}),
            **dict(asked.settings),
        }
        for kind, asked in {**EMBEDDINGS, **RERANK}.items()
    }
    config["routing"] = {f"{kind}/*": f"{kind}.{{1}}" for kind in config["connections"]}
    config["groups"] = {"team": {"api_keys": [TEAM_KEY]}}
    with Proxy(config, tmp_path_factory.mktemp("everywhere")) as running:
        yield running


def base_path(kind: str) -> str:
    return urlsplit(ALL[kind].api_base or "").path


def ask(proxy: Proxy, provider: Provider, path: str, kind: str, asked: Asked, **body: Any) -> Any:
    """The parsed answer; the provider has to be asked once, at its path, with the key."""
    model = asked.model or f"{kind}{path.replace('/', '-')}"
    provider.on_any(plain(asked.answer))
    before = len(provider.requests)
    with client_of(proxy) as client:
        answer = client.post(path, json={"model": f"{kind}/{model}", **body})

    assert answer.status_code == 200, answer.text
    (sent,) = provider.requests[before:]
    assert sent.path == base_path(kind) + asked.path.format(model)
    if not asked.settings:
        assert UPSTREAM_KEY in str(sent.headers)
    record = proxy.record(id=answer.headers["x-request-id"])
    assert (record["lane"], record["operation"]) == ("litellm", path[1:])
    read = (record["usage"]["prompt_tokens"], record["usage"]["source"])
    assert read == ((TOKENS, "provider") if asked.counts else (1, "estimated"))
    return answer.json()


@pytest.mark.parametrize("kind", EMBEDDINGS)
def test_texts_become_vectors_at(kind: str, everywhere: Proxy, provider: Provider) -> None:
    asked = EMBEDDINGS[kind]

    answer = ask(everywhere, provider, "/embeddings", kind, asked, input=["a", "b"])

    assert answer["object"] == "list"
    assert answer["model"].startswith(f"{kind}/")
    assert [item["embedding"] for item in answer["data"]] == VECTORS
    assert [item["index"] for item in answer["data"]] == [0, 1]


@pytest.mark.parametrize("kind", RERANK)
def test_documents_are_sorted_at(kind: str, everywhere: Proxy, provider: Provider) -> None:
    asked = RERANK[kind]

    answer = ask(everywhere, provider, "/rerank", kind, asked, query="q", documents=["a", "b"])

    scores = {found["index"]: found["relevance_score"] for found in answer["results"]}
    assert scores == {0: 0.1, 1: 0.9}


@pytest.mark.parametrize(
    ("operation", "tried"),
    [(EMBEDDINGS_OPERATION, EMBEDDINGS), (RERANK_OPERATION, RERANK)],
    ids=["embeddings", "rerank"],
)
def test_every_provider_of_the_table_is_tried(
    operation: Operation, tried: dict[str, Asked]
) -> None:
    assert operation.litellm is not None
    known = {ALL[kind].litellm for kind in tried}

    assert known == operation.litellm.providers.keys() - OWN_LIBRARY


def test_what_litellm_cannot_place_is_refused_before_anything_is_sent(
    everywhere: Proxy, provider: Provider
) -> None:
    before = len(provider.requests)
    with client_of(everywhere) as client:
        embed = {"model": "bedrock/some-model", "input": "hello"}
        rank = {"model": "cohere_chat/some-model", "query": "hello", "documents": [7]}
        answers = [client.post("/embeddings", json=embed), client.post("/rerank", json=rank)]

    for answer in answers:
        assert_refused(answer, 400, "untranslatable_request")
    assert len(provider.requests) == before


@pytest.mark.parametrize(
    ("kind", "own"),
    [
        ("cohere_chat", {"input_type": "search_query", "truncate": "END"}),
        ("nvidia_nim", {"input_type": "query", "truncate": "END"}),
        ("voyage", {"input_type": "query", "truncation": False}),
        ("openai", {}),
    ],
)
def test_what_a_text_is_for_goes_on_to_providers_that_ask(
    kind: str, own: dict[str, Any], everywhere: Proxy, provider: Provider
) -> None:
    wish = {"input_type": "query", "truncate": "END", "truncation": False} | own
    before = len(provider.requests)
    provider.on_any(plain(EMBEDDINGS[kind].answer))
    with client_of(everywhere) as client:
        body = {"model": f"{kind}/purpose", "input": ["a", "b"], **wish}
        answer = client.post("/embeddings", json=body)

    assert answer.status_code == 200, answer.text
    (sent,) = provider.requests[before:]
    assert {name: v for name, v in (sent.json or {}).items() if name in wish} == own
    dropped = answer.headers["x-oai-proxy-dropped-params"].split(", ")
    assert set(dropped) == wish.keys() - own.keys()
