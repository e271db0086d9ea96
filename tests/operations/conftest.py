"""A proxy before one provider, reached by relay and by LiteLLM's functions."""

from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from tests.conftest import UPSTREAM_KEY, base_config
from tests.harness.answer import client_of
from tests.harness.proxy import Proxy
from tests.provider.server import Provider

RELAYED = ["chat", "completions", "embeddings", "moderations", "rerank"]
KINDS: dict[str, dict[str, Any]] = {
    "relay": {"api_type": "openai", "speaks": RELAYED},
    "litellm": {"api_type": "openai", "lane": "litellm", "speaks": RELAYED},
    "ranking": {"api_type": "vllm", "lane": "litellm"},
    "narrow": {"api_type": "openai", "lane": "litellm", "concurrency": 1},
    "none": {"api_type": "deepseek"},
    "strict": {"api_type": "deepseek", "unsupported_params": "reject"},
    "google": {"api_type": "google"},
}
"""Connections to the same provider, by name."""


@pytest.fixture(scope="session")
def operations(provider: Provider, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Proxy]:
    """A proxy that sends the models `NAME/*` to the connection of this name, `hasty-NAME/*` too.

    `narrow/*` takes one request at a time; `none/*` is a provider that speaks nothing but chat.
    """
    config = base_config(provider)
    hasty = config["connections"]["hasty"]["timeouts"]
    connections = {}
    for name, kind in KINDS.items():
        own = {"api_base": provider.base_url, "api_key": UPSTREAM_KEY, **kind}
        connections[name] = own
        connections[f"hasty-{name}"] = {**own, "timeouts": hasty}
    connections["google"]["api_base"] = provider.base_url.removesuffix("/v1")
    connections["function"] = {"api_type": "function", "inference_func": "answering.answer"}
    config["connections"] = connections
    config["routing"] = {f"{name}/*": f"{name}.{{1}}" for name in connections}
    config["groups"]["guests"]["allowed_connections"] = ["none"]
    config["routing"]["omni-moderation*"] = "relay.*"
    folder = tmp_path_factory.mktemp("operations")
    (folder / "answering.py").write_text("def answer(prompt):\n    return 'Hello there'\n")
    with Proxy(config, folder) as running:
        yield running


@pytest.fixture
def client(operations: Proxy) -> Iterator[httpx.Client]:
    """A client with a good key; paths are below the API prefix."""
    with client_of(operations) as made:
        yield made
