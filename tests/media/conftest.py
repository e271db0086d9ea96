"""A proxy before one provider of pictures and sound, reached by relay and through LiteLLM."""

from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from tests.conftest import UPSTREAM_KEY, base_config
from tests.harness.answer import client_of
from tests.harness.proxy import Proxy
from tests.provider.server import Provider

KINDS: dict[str, dict[str, Any]] = {
    "relay": {"api_type": "openai"},
    "litellm": {"api_type": "openai", "lane": "litellm"},
    "strict": {"api_type": "openai", "lane": "litellm", "unsupported_params": "reject"},
    "groq": {"api_type": "groq", "lane": "litellm"},
    "mistral": {"api_type": "mistral", "lane": "litellm"},
    "vllm": {"api_type": "vllm", "lane": "litellm"},
    "xai": {"api_type": "xai", "lane": "litellm"},
    "together": {"api_type": "together_ai", "lane": "litellm"},
    "azure": {"api_type": "azure", "api_version": "2024-06-01"},
    "google": {"api_type": "google"},
    "none": {"api_type": "deepseek"},
}
"""Connections to the same provider, by name."""
WITHOUT_V1 = ("azure", "google")


@pytest.fixture(scope="session")
def operations(provider: Provider, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Proxy]:
    """A proxy that sends the models `NAME/*` to the connection of this name, `hasty-NAME/*` too.

    `none/*` is a provider that speaks nothing but chat.
    """
    config = base_config(provider)
    hasty = config["connections"]["hasty"]["timeouts"]
    connections = {}
    for name, kind in KINDS.items():
        base = provider.base_url.removesuffix("/v1" if name in WITHOUT_V1 else "")
        own = {"api_base": base, "api_key": UPSTREAM_KEY, **kind}
        connections[name] = own
        connections[f"hasty-{name}"] = {**own, "timeouts": hasty}
    config["connections"] = connections
    config["routing"] = {f"{name}/*": f"{name}.{{1}}" for name in connections}
    config["groups"]["guests"]["allowed_connections"] = ["none"]
    with Proxy(config, tmp_path_factory.mktemp("media")) as running:
        yield running


@pytest.fixture
def client(operations: Proxy) -> Iterator[httpx.Client]:
    """A client with a good key; paths are below the API prefix."""
    with client_of(operations) as made:
        yield made
