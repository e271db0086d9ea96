"""The vendor table: its own sense, and its agreement with the installed LiteLLM."""

import json
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias, get_args
from urllib.parse import urlsplit

import pytest

from lmproxy.config.values import Operation
from lmproxy.upstream.vendor import Vendor, chat_lane, relayed
from lmproxy.upstream.vendors import VENDORS, advice, vendor
from tests.upstream.conftest import LITELLM_ENVIRONMENT

Facts: TypeAlias = Mapping[str, str | None]

CANONICAL = {name: found for name, found in VENDORS.items() if name == found.api_type}
RELAY = {name: found for name, found in CANONICAL.items() if found.chat_lane == "relay"}

LM_PROXY_NAMES = [
    *("openai", "open_ai", "anthropic", "google", "google_ai_studio", "google_vertex_ai", "azure"),
    *("anyscale", "deep_infra", "deepinfra", "mistral", "fireworks", "deepseek", "xai", "cerebras"),
    *("groq", "cohere", "together_ai", "openrouter", "perplexity"),
]

LITELLM_NAMES = {
    "fireworks": "fireworks_ai",
    "vllm": "hosted_vllm",
    "llamacpp": "llamafile",  # llama.cpp's server in one file; LiteLLM has no other name for it.
    "ollama": "ollama_chat",
    "tgi": "huggingface",
}
"""Where LiteLLM's name of a relayed vendor is not ours."""

OWN_BASE = "https://proxy.example/v1"


@dataclass(frozen=True, slots=True)
class Difference:
    facts: frozenset[str]
    reason: str


def _difference(facts: str, reason: str) -> Difference:
    return Difference(frozenset(facts.split()), reason)


DIFFERENCES = {
    "openai": _difference(
        "api_base chat_url",
        "LiteLLM's default for OpenAI stands in main.py; its config alone would leave out /v1",
    ),
    "anyscale": _difference(
        "api_base chat_url own_chat_url auth",
        "LiteLLM no longer lists it; lm-proxy's configs may, with a base of their own",
    ),
    "deepseek": _difference(
        "api_base chat_url",
        "LiteLLM uses /beta for prefix completion; /v1 is the stable address and lm-proxy's",
    ),
    "cohere": _difference(
        "api_base chat_url own_chat_url",
        "LiteLLM speaks Cohere's own v2 chat; the relay needs its OpenAI dialect",
    ),
    "together_ai": _difference(
        "api_base chat_url",
        "one service under two domains: api.together.xyz is lm-proxy's, api.together.ai is newer",
    ),
    "openrouter": _difference(
        "api_base chat_url",
        "LiteLLM's default for OpenRouter stands in main.py; its config has none",
    ),
    "ollama": _difference(
        "api_base chat_url own_chat_url",
        "LiteLLM speaks Ollama's native /api/chat; the relay needs its OpenAI dialect under /v1",
    ),
    "lm_studio": _difference(
        "api_base chat_url",
        "LiteLLM takes the address from its environment; ours is LM Studio's own default",
    ),
}
"""Every deliberate difference from LiteLLM, and why."""


@pytest.fixture(scope="module")
def litellm_facts(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Facts]:
    script = Path(__file__).with_name("litellm_vendors.py")
    names = [LITELLM_NAMES.get(name, name) for name in RELAY]
    run = subprocess.run(
        [sys.executable, str(script), *names],
        env=LITELLM_ENVIRONMENT,
        cwd=tmp_path_factory.mktemp("litellm"),
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stderr
    said: dict[str, Facts] = json.loads(run.stdout)
    return {name: said[LITELLM_NAMES.get(name, name)] for name in RELAY}


def _our_facts(found: Vendor) -> Facts:
    return {
        "api_base": found.api_base,
        "chat_url": f"{found.api_base}/chat/completions" if found.api_base else None,
        "own_chat_url": f"{OWN_BASE}/chat/completions",
        "auth": found.auth,
    }


@pytest.mark.parametrize("name", RELAY)
def test_a_relayed_vendor_differs_from_litellm_only_where_a_reason_is_given(
    name: str, litellm_facts: dict[str, Facts]
) -> None:
    ours, theirs = _our_facts(RELAY[name]), litellm_facts[name]
    differing = {fact for fact in ours if ours[fact] != theirs[fact]}

    explained = DIFFERENCES[name].facts if name in DIFFERENCES else frozenset()
    assert differing == explained, f"ours {dict(ours)}, LiteLLM's {dict(theirs)}"


def test_every_explained_difference_is_of_a_relayed_vendor_and_has_a_reason() -> None:
    assert DIFFERENCES.keys() <= RELAY.keys()
    assert all(difference.reason for difference in DIFFERENCES.values())


def test_no_name_belongs_to_two_vendors() -> None:
    names = [name for found in CANONICAL.values() for name in (found.api_type, *found.aliases)]

    assert sorted(names) == sorted(VENDORS)


@pytest.mark.parametrize("name", LM_PROXY_NAMES)
def test_every_http_provider_of_lm_proxy_is_known(name: str) -> None:
    assert vendor(name) is not None


@pytest.mark.parametrize("name", ["", "OpenAI", "function", "transformers", "cli", "none", "local"])
def test_other_names_are_no_vendors(name: str) -> None:
    assert vendor(name) is None


def test_an_alias_is_the_same_vendor_as_the_canonical_name() -> None:
    for found in CANONICAL.values():
        assert all(vendor(alias) is found for alias in found.aliases)


@pytest.mark.parametrize("name", CANONICAL)
def test_a_default_base_is_https_or_loopback_and_ends_without_a_slash(name: str) -> None:
    api_base = CANONICAL[name].api_base
    if api_base is None:
        return

    url = urlsplit(api_base)
    assert not api_base.endswith("/")
    assert url.scheme == "https" or (url.scheme, url.hostname) == ("http", "127.0.0.1")
    assert api_base == f"{url.scheme}://{url.netloc}{url.path}"
    assert url.username is None


@pytest.mark.parametrize("name", CANONICAL)
def test_a_vendor_speaks_only_operations_there_are(name: str) -> None:
    assert CANONICAL[name].speaks <= set(get_args(Operation))


@pytest.mark.parametrize("name", CANONICAL)
def test_chat_is_relayed_exactly_where_the_vendor_speaks_it(name: str) -> None:
    found = CANONICAL[name]

    assert (found.chat_lane == "relay") == ("chat" in found.speaks and found.relay_ending is None)


@pytest.mark.parametrize("name", CANONICAL)
def test_a_vendor_that_requires_a_key_has_a_header_for_it(name: str) -> None:
    found = CANONICAL[name]

    assert not found.key_required or found.auth != "none"


@pytest.mark.parametrize(
    ("api_base", "lane"),
    [
        ("https://team.openai.azure.com/openai/v1", "relay"),
        ("https://team.services.ai.azure.com/openai/v1/", "relay"),
        ("https://team.openai.azure.com", "translate"),
        (None, "translate"),
    ],
    ids=["v1", "v1-slash", "resource", "none"],
)
def test_azure_is_relayed_at_its_v1_address_alone(api_base: str | None, lane: str) -> None:
    azure = VENDORS["azure"]

    assert chat_lane(azure, api_base) == lane
    assert relayed(azure, api_base) == (azure.speaks if lane == "relay" else frozenset())


def test_the_base_of_other_vendors_changes_no_lane() -> None:
    assert chat_lane(VENDORS["openai"], "http://127.0.0.1:9/v1") == "relay"
    assert relayed(VENDORS["anthropic"], None) == {"messages", "count_tokens", "models"}
    assert chat_lane(VENDORS["anthropic"], None) == "translate"


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("deep_infra", "write 'deepinfra'"),
        ("google_ai_studio", "write 'google'"),
        ("anyscale", "closed its public address"),
    ],
)
def test_old_names_and_closed_services_come_with_advice(name: str, words: str) -> None:
    assert words in (advice(name) or "")


@pytest.mark.parametrize("name", ["openai", "open_ai", "azure", "gemini", "nobody"])
def test_current_and_unknown_names_come_without_advice(name: str) -> None:
    assert advice(name) is None


def test_a_deprecated_name_is_an_alias() -> None:
    for found in CANONICAL.values():
        assert set(found.deprecated) <= set(found.aliases)
