"""Whatever LiteLLM does for a provider leaves over our client, to the connection's base, once."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeAlias
from urllib.parse import urlsplit

import pytest

from lmproxy.upstream.litellm.names import region_address
from lmproxy.upstream.vendors import ALL
from tests.harness.command import run_python
from tests.provider.server import Provider
from tests.upstream.asked_by_litellm import VALUES

Seen: TypeAlias = dict[str, dict[str, Any]]

OWN_ADDRESS = {"replicate", "sagemaker_chat"}
"""LiteLLM makes their URL without asking for a base: any other base is refused."""
OWN_LIBRARY = {"google_vertex_ai"}
"""Their credentials are exchanged for a token by the cloud's own library first."""
TOKEN_EXCHANGES = {"oauth2.googleapis.com:443"}
"""Where to; that library heeds HTTPS_PROXY."""
ENVIRONMENT_KEYS = (
    *("OPENAI_API_KEY", "ANTHROPIC_API_KEY", "AZURE_API_KEY", "AZURE_OPENAI_API_KEY"),
    *("AZURE_AD_TOKEN", "GEMINI_API_KEY", "GOOGLE_API_KEY", "MISTRAL_API_KEY", "GROQ_API_KEY"),
    *("DEEPSEEK_API_KEY", "OPENROUTER_API_KEY", "COHERE_API_KEY", "HF_TOKEN", "REPLICATE_API_KEY"),
    *("DATABRICKS_API_KEY", "WATSONX_TOKEN", "AWS_BEARER_TOKEN_BEDROCK", "AWS_SESSION_TOKEN"),
    *("OPENAI_ORGANIZATION", "OPENAI_ORG_ID", "OPENAI_PROJECT_ID", "OR_APP_NAME", "OR_SITE_URL"),
)
ENVIRONMENT_ADDRESSES = (
    *("OPENAI_BASE_URL", "OPENAI_API_BASE", "ANTHROPIC_BASE_URL", "ANTHROPIC_API_BASE"),
    *("AZURE_API_BASE", "GEMINI_API_BASE", "AWS_BEDROCK_RUNTIME_ENDPOINT", "OLLAMA_API_BASE"),
    *("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy"),
)
LITELLMS_OWN = ("litellm", "http-referer", "x-title", "x-stainless")


@pytest.fixture(scope="module")
def ask_all(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Seen]:
    """Asks every provider, once for each way to be answered, in an environment full of traps."""
    done: dict[str, Seen] = {}
    folder: Path = tmp_path_factory.mktemp("egress")

    def ask(what: str) -> Seen:
        if what not in done:
            with Provider() as trap:
                variables = {
                    **{name: f"env-canary-{name}" for name in ENVIRONMENT_KEYS},
                    **dict.fromkeys((*ENVIRONMENT_ADDRESSES, "TRAP"), trap.base_url),
                }
                found = [_see(what, which, folder, variables) for which in ("chat", "others")]
                assert {request.path for request in trap.requests} <= TOKEN_EXCHANGES
            done[what] = {name: seen for one in found for name, seen in one.items()}
        return done[what]

    return ask


def _see(what: str, which: str, folder: Path, variables: dict[str, str]) -> Seen:
    module = "tests.upstream.asked_by_litellm"
    ended = run_python("-m", module, what, which, folder=folder, environment=variables)
    assert ended.returncode == 0, ended.stderr
    said = json.loads(ended.stdout)
    assert said["prices"], "a request changed the prices of the whole process"
    seen: Seen = said["seen"]
    return seen


@pytest.mark.parametrize("status", ["307", "500"])
def test_a_request_goes_to_the_connections_base_once_and_nowhere_else(
    status: str, ask_all: Callable[[str], Seen]
) -> None:
    seen = ask_all(status)

    reached = {name: found for name, found in seen.items() if kind_of(name) not in OWN_LIBRARY}
    assert {name: found["elsewhere"] for name, found in reached.items() if found["elsewhere"]} == {}
    assert {
        name: (found["code"], found["paths"])
        for name, found in reached.items()
        if len(found["paths"]) != (kind_of(name) not in OWN_ADDRESS)
    } == {}
    assert all(path.startswith("/v1/") for found in seen.values() for path in found["paths"])


def test_a_refusal_is_the_providers_and_is_said_so(ask_all: Callable[[str], Seen]) -> None:
    seen = ask_all("500").items()
    codes = {found["code"] for name, found in seen if kind_of(name) not in OWN_LIBRARY}

    assert codes == {"upstream_error"}


def test_nothing_follows_a_redirect(ask_all: Callable[[str], Seen]) -> None:
    seen = ask_all("307").items()

    assert {found["code"] for name, found in seen if kind_of(name) not in OWN_LIBRARY} <= {
        "upstream_error",
        "upstream_invalid_response",
    }


def test_no_key_or_address_of_the_environment_is_used(ask_all: Callable[[str], Seen]) -> None:
    sent = json.dumps(ask_all("500"))

    assert "env-canary" not in sent


def test_the_operators_headers_win_and_nothing_tells_of_litellm(
    ask_all: Callable[[str], Seen],
) -> None:
    for name, found in ask_all("500").items():
        for headers in found["headers"]:
            assert (headers["x-own"], headers["user-agent"]) == ("own", "own-agent"), name
            told = [f"{n}: {v}" for n, v in headers.items() if tells(n, v)]
            assert not told, (name, told)


def tells(name: str, value: str) -> bool:
    return any(word in f"{name}: {value}".lower() for word in LITELLMS_OWN)


def test_without_a_base_a_request_goes_to_the_address_that_the_table_has(
    ask_all: Callable[[str], Seen],
) -> None:
    seen = {name: f for name, f in ask_all("default").items() if kind_of(name) not in OWN_LIBRARY}
    assert len(seen) > 80

    for name, found in seen.items():
        known = ALL[kind_of(name)]
        address = known.api_base or region_address(known.litellm, VALUES)
        host = urlsplit(address or "").hostname or ""
        reached = {place.partition(":")[0] for place in found["elsewhere"]}
        assert reached == {host}, (name, found)


def kind_of(name: str) -> str:
    return name.partition(" ")[0]
