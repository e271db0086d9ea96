"""Where a connection's requests go by its settings: every key that names an address."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.conftest import TEAM_KEY, UPSTREAM_KEY
from tests.harness import configs
from tests.harness.answer import client_of
from tests.harness.proxy import Proxy
from tests.provider.behaviours import plain
from tests.provider.server import Provider
from tests.upstream.test_injection import BEDROCK, GEMINI

ENDPOINT = "aws_bedrock_runtime_endpoint"
KEYS = {
    "aws_region_name": "eu-central-1",
    "aws_access_key_id": "AKIAPLANTED",
    "aws_secret_access_key": "planted-0123456789",
}
VECTOR = {"embedding": [0.5, 0.25], "inputTextTokenCount": 3}


@pytest.fixture(scope="module")
def target() -> Iterator[Provider]:
    with Provider() as running:
        yield running


@pytest.fixture(scope="module")
def client(target: Provider, tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    """Asks a proxy that knows its providers' addresses by these keys."""
    here = target.base_url.removesuffix("/v1")
    config: dict[str, Any] = {
        "host": "127.0.0.1",
        "port": 0,
        "model_listing_mode": "expand_wildcards",
        "connections": {
            "aws": {"api_type": "bedrock", "litellm": {**KEYS, ENDPOINT: f"{here}/gate/"}},
            "google": {
                "api_type": "google",
                "api_base": f"{here}/v1beta",
                "api_key": UPSTREAM_KEY,
            },
            "cohere": {
                "api_type": "cohere_chat",
                "api_base": f"{here}/v2/chat",
                "api_key": UPSTREAM_KEY,
            },
        },
        "routing": {"aws/*": "aws.{1}", "google/*": "google.{1}", "cohere/*": "cohere.{1}"},
        "groups": {"team": {"api_keys": [TEAM_KEY]}},
    }
    with Proxy(config, tmp_path_factory.mktemp("addresses")) as proxy, client_of(proxy) as made:
        yield made


def asked_at(
    target: Provider, client: httpx.Client, path: str, body: Any, answer: Any
) -> list[str]:
    """The paths that the provider is asked at when a client asks the proxy for this."""
    before = len(target.requests)
    target.on_any(plain(answer))

    answered = client.post(path, json=body)

    assert answered.status_code == 200, answered.text
    return [request.path for request in target.requests[before:]]


def chat(model: str) -> dict[str, Any]:
    return {"model": model, "messages": [{"role": "user", "content": "hello"}]}


def test_bedrock_is_asked_at_the_endpoint_that_litellm_has_a_word_for(
    target: Provider, client: httpx.Client
) -> None:
    nova, titan = "amazon.nova-lite-v1:0", "amazon.titan-embed-text-v2:0"

    chatted = asked_at(target, client, "/chat/completions", chat(f"aws/{nova}"), BEDROCK)
    embed = {"model": f"aws/{titan}", "input": "hello"}
    embedded = asked_at(target, client, "/embeddings", embed, VECTOR)

    assert chatted == ["/gate/model/amazon.nova-lite-v1%3A0/converse"]
    assert embedded == ["/gate/model/amazon.titan-embed-text-v2%3A0/invoke"]


def test_a_version_in_googles_address_is_asked_once(target: Provider, client: httpx.Client) -> None:
    model = "gemini-2.5-flash"
    vectors = {"embeddings": [{"values": [0.5, 0.25]}]}
    count = {**chat(f"google/{model}"), "max_tokens": 9}

    chatted = asked_at(target, client, "/chat/completions", chat(f"google/{model}"), GEMINI)
    embed = {"model": "google/gemini-embedding-001", "input": "hello"}
    embedded = asked_at(target, client, "/embeddings", embed, vectors)
    counted = asked_at(target, client, "/messages/count_tokens", count, {"totalTokens": 3})

    assert chatted == [f"/v1beta/models/{model}:generateContent"]
    assert embedded == ["/v1beta/models/gemini-embedding-001:batchEmbedContents"]
    assert counted == [f"/v1beta/models/{model}:countTokens"]


def test_coheres_path_of_chat_is_no_part_of_its_address(
    target: Provider, client: httpx.Client
) -> None:
    ranking = {"id": "1", "results": [{"index": 0, "relevance_score": 0.5}], "meta": {}}
    rank = {"model": "cohere/rerank-v3.5", "query": "q", "documents": ["a"]}

    ranked = asked_at(target, client, "/rerank", rank, ranking)

    assert ranked == ["/v2/rerank"]


def test_google_lists_its_models_below_a_version_in_its_address(
    target: Provider, client: httpx.Client
) -> None:
    before = len(target.requests)
    target.on_any(plain({"models": [{"name": "models/gemini-x"}]}))

    listed = client.get("/models").json()["data"]

    assert "google/gemini-x" in [model["id"] for model in listed]
    paths = [request.path for request in target.requests[before:]]
    assert "/v1beta/models?pageSize=1000" in paths
    assert not [path for path in paths if "v1beta/v1beta" in path]


def of_bedrock(*lines: str) -> str:
    return configs.of_connection("\n".join(['api_type = "bedrock"', *lines]))


@pytest.mark.parametrize("named", ["ftp://vpce.example", "vpce.example", "", "http://[", "7"])
def test_an_endpoint_that_is_no_address_is_found(named: str, tmp_path: Path) -> None:
    content = of_bedrock("[connections.up.litellm]", f'{ENDPOINT} = "{named}"')

    (found,) = configs.problems(tmp_path, content)

    assert f"connections.up.litellm.{ENDPOINT}: must be an http:// or https:// URL" in found
    assert found.startswith(f"line {configs.line(content, ENDPOINT)}: ")


def test_two_addresses_that_differ_are_found(tmp_path: Path) -> None:
    endpoint = f'{ENDPOINT} = "https://vpce.example/"'
    same = of_bedrock('api_base = "https://vpce.example"', "[connections.up.litellm]", endpoint)
    other = same.replace('api_base = "https://vpce', 'api_base = "https://other')

    (found,) = configs.problems(tmp_path, other)

    assert f"{ENDPOINT}: says another address than api_base; leave one of them out" in found
    assert configs.problems(tmp_path, same) == []


def test_an_endpoint_over_an_open_network_is_warned_of(tmp_path: Path) -> None:
    content = of_bedrock("[connections.up.litellm]", f'{ENDPOINT} = "http://vpce.example"')

    found = [w for w in configs.warnings(tmp_path, content) if ENDPOINT in w]

    assert len(found) == 1, found
    assert "is plain http" in found[0]


def test_sagemaker_has_no_such_endpoint(tmp_path: Path) -> None:
    settings = ["[connections.up.litellm]", f'{ENDPOINT} = "https://vpce.example"']
    content = of_bedrock(*settings).replace('"bedrock"', '"sagemaker_chat"')

    (found,) = configs.problems(tmp_path, content)

    assert "has no setting" in found
