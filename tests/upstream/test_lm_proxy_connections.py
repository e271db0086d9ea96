"""What the provider sees of a connection that is written in lm-proxy's words."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import openai
import pytest

from tests.conftest import TEAM_KEY, bearer, chat
from tests.harness import patient
from tests.harness.proxy import Proxy
from tests.oracle.service_account import service_account
from tests.provider import behaviours, responses
from tests.provider.behaviours import good_answer
from tests.provider.exchange import Exchange
from tests.provider.server import Provider
from tests.provider.wire import SeenRequest
from tests.upstream.lm_proxy_cases import CASES, KEY, VERTEX

IDENTITY = """
class DefaultAzureCredential:
    name = "machine"

class ClientSecretCredential:
    def __init__(self, tenant_id, client_id, client_secret):
        self.name = f"{tenant_id}.{client_id}.{client_secret}"

def get_bearer_token_provider(credential, scope):
    return lambda: f"{credential.name}@{scope}"
"""
"""Of azure-identity what is asked of it. The real one asks Azure."""

ROOTED = ("anthropic", "google", "azure", "entra")
"""Connections whose base has no `/v1`."""


def base_of(name: str, table: dict[str, Any], provider: Provider) -> str:
    root = provider.base_url.removesuffix("/v1")
    words = (name, str(table.get("api_type")))
    return root if any(word.startswith(ROOTED) for word in words) else provider.base_url


@pytest.fixture(scope="module")
def target() -> Iterator[Provider]:
    with Provider() as running:
        running.on_any(good_answer)
        yield running


@pytest.fixture(scope="module")
def account() -> Iterator[str]:
    """A service account's key, with a server that gives it tokens."""
    token = {"access_token": "vertex-token", "expires_in": 3600, "token_type": "Bearer"}
    with Provider() as tokens:
        tokens.on_any(behaviours.plain(token))
        yield service_account(tokens.base_url)


@pytest.fixture(scope="module")
def theirs(
    target: Provider, account: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Proxy]:
    folder: Path = tmp_path_factory.mktemp("theirs")
    (folder / "account.json").write_text(account)
    library, info = folder / "azure" / "identity", folder / "azure_identity-1.dist-info"
    library.mkdir(parents=True)
    info.mkdir()
    (library / "__init__.py").write_text(IDENTITY)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: azure-identity\nVersion: 1\n")
    connections = {}
    for name, (table, *_) in CASES.items():
        key = {} if "azure_use_entra_id" in table else {"api_key": KEY}
        connections[name] = {"api_base": base_of(name, table, target), **key, **table}
    for name, (table, _) in VERTEX.items():
        connections[name] = {"api_base": base_of("google", {}, target), **table}
    connections["vertex-table"]["google_cloud_service_account"] = json.loads(account)
    connections["own"] = {**connections["azure"]}
    connections["nothing"] = {"api_type": "none"}
    config = {
        "host": "127.0.0.1",
        "port": "0",
        "dev_autoreload": False,
        "connections": connections,
        "routing": {"own": "own", **{f"{name}/*": f"{name}.{{1}}" for name in connections}},
        "groups": {"team": {"api_keys": [TEAM_KEY], "allowed_connections": "*"}},
    }
    with Proxy(config, folder, environment={"ACCOUNT": account}) as proxy:
        yield proxy


def seen(theirs: Proxy, target: Provider, model: str, **more: Any) -> SeenRequest:
    before = len(target.requests)
    url, body = f"{theirs.api}/chat/completions", chat(model, **more)
    answer = patient.post(url, json=body, headers=bearer(TEAM_KEY))
    assert answer.status_code == 200, answer.text
    assert "Hello" in answer.text
    (request,) = target.requests[before:]
    return request


@pytest.mark.parametrize("name", CASES)
def test_the_provider_sees_what_lm_proxy_would_have_sent(
    name: str, theirs: Proxy, target: Provider
) -> None:
    _, path, headers, fields = CASES[name]

    request = seen(theirs, target, f"{name}/m")

    assert request.path == path
    assert {header: request.header(header) for header in headers} == headers
    assert request.json is not None
    assert {field: request.json.get(field) for field in fields} == fields


@pytest.mark.parametrize("name", VERTEX)
def test_vertex_ai_is_asked_as_the_service_account(
    name: str, theirs: Proxy, target: Provider
) -> None:
    request = seen(theirs, target, f"{name}/gemini-2.5-flash")

    assert VERTEX[name][1] in request.path
    assert request.path.endswith("/models/gemini-2.5-flash:generateContent")
    assert request.header("authorization") == "Bearer vertex-token"


def test_a_route_without_a_model_leads_to_the_connections_own(
    theirs: Proxy, target: Provider
) -> None:
    request = seen(theirs, target, "own")

    assert request.path.startswith("/openai/deployments/dep/")


def test_a_connection_to_no_model_says_that_it_is_switched_off(theirs: Proxy) -> None:
    client = openai.OpenAI(base_url=theirs.api, api_key=TEAM_KEY, max_retries=0)
    with client, pytest.raises(openai.APIStatusError) as refused:
        client.chat.completions.create(**chat("nothing/m"))

    assert refused.value.status_code == 503
    assert refused.value.code == "connection_disabled"


@pytest.mark.parametrize(
    "words", [["Hello", " there"], ["Hello", " " * 40_000]], ids=["short", "long"]
)
def test_a_stream_of_the_responses_api_ends_as_one_of_chat(
    words: list[str], theirs: Proxy, target: Provider
) -> None:
    async def stream(exchange: Exchange) -> None:
        await exchange.start_stream()
        for event in responses.events(words):
            await exchange.send_chunk(event)
        await exchange.end_stream(done=False)

    target.on("gpt-4o", stream)
    with openai.OpenAI(base_url=theirs.api, api_key=TEAM_KEY, max_retries=0) as client:
        chunks = list(client.chat.completions.create(**chat("responses/gpt-4o"), stream=True))

    assert "".join(c.choices[0].delta.content or "" for c in chunks) == "".join(words)
    assert chunks[-1].choices[0].finish_reason == "stop"
    assert [r.is_stream for r in target.requests_for("gpt-4o")][-1]


def test_a_stream_of_the_responses_api_that_breaks_off_says_so(
    theirs: Proxy, target: Provider
) -> None:
    target.on("gpt-4.1", responses.breaks_off())
    client = openai.OpenAI(base_url=theirs.api, api_key=TEAM_KEY, max_retries=0)
    with client, pytest.raises(openai.APIError, match="broke off"):
        list(client.chat.completions.create(**chat("responses/gpt-4.1"), stream=True))
