"""A proxy before one provider, reached by relay and by LiteLLM's functions."""

from collections.abc import Iterator

import httpx
import pytest

from tests.conftest import UPSTREAM_KEY, base_config
from tests.harness.answer import client_of
from tests.harness.proxy import Proxy
from tests.provider.server import Provider

KINDS = {
    "relay": {"api_type": "openai"},
    "litellm": {"api_type": "openai", "lane": "litellm"},
}
"""Connections to the same provider, by name."""


@pytest.fixture(scope="session")
def operations(provider: Provider, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Proxy]:
    """A proxy that sends the models `NAME/*` to the connection of this name, `hasty-NAME/*` too.

    `none/*` is a provider that speaks nothing but chat.
    """
    config = base_config(provider)
    hasty = config["connections"]["hasty"]["timeouts"]
    connections = {}
    for name, kind in {**KINDS, "none": {"api_type": "deepseek"}}.items():
        own = {"api_base": provider.base_url, "api_key": UPSTREAM_KEY, **kind}
        connections[name] = own
        connections[f"hasty-{name}"] = {**own, "timeouts": hasty}
    config["connections"] = connections
    config["routing"] = {f"{name}/*": f"{name}.{{1}}" for name in connections}
    config["groups"]["guests"]["allowed_connections"] = ["none"]
    with Proxy(config, tmp_path_factory.mktemp("operations")) as running:
        running.wait_until_warm()
        yield running


@pytest.fixture
def client(operations: Proxy) -> Iterator[httpx.Client]:
    """A client with a good key; paths are below the API prefix."""
    with client_of(operations) as made:
        yield made
