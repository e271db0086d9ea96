"""A proxy with something of everything that its HTTP side can be told."""

from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from tests.conftest import base_config, bearer
from tests.harness.proxy import Proxy
from tests.provider.server import Provider

NARROW_KEY = "narrow-key-0123456789abcdef01"
MOST_UNDER_WAY = 4
ORIGIN = "https://chat.example"
ROUTING = {
    "gpt-4": "up.gpt-4-turbo",
    "theirs": "other.*",
    "gpt*": ["other.*", "up.*"],
    "gpt-late": "single.*",
    "org/team/*": "up.{1}",
    "single/*": "single.{1}",
    "limit/*": "up.{1}",
    "[xy]z": "up.*",
    "off-model": "off.*",
    "off/*": "off.*",
    "off-or-up": ["off.*", "up.*"],
    "mapped-a": "mapped.*",
    "mapped-b": "mapped.*",
    "mapped/*": "mapped.*",
}
MODEL_INFO = {
    "gpt-4": {"context_window": 8192, "owned_by": "openai"},
    "gpt*": {"family": "gpt"},
    "gpt-4o": {"context_window": 128_000},
}


def rich_config(provider: Provider) -> dict[str, Any]:
    """Connections of several moods, rules in a telling order, and a group of few models."""
    config = base_config(provider)
    up = config["connections"]["up"]
    config["connections"] |= {
        "single": {**up, "concurrency": 1},
        "off": {**up, "enabled": False},
        "mapped": {**up, "models": {"mapped-a": "deployment-a"}},
    }
    config |= {"routing": ROUTING, "model_info": MODEL_INFO}
    config["groups"]["guests"]["allowed_connections"] = ["up", "single", "off", "mapped"]
    config["groups"]["narrow"] = {
        "api_keys": [NARROW_KEY],
        "allowed_models": ["gpt-4o", "gpt-4", "off/x", "unrouted", "org/team/*", "mapped/x"],
    }
    config["server"] = {
        "concurrency": MOST_UNDER_WAY,
        "trusted_proxies": ["127.0.0.1", "10.0.0.0/8", "2001:db8:1::/48"],
        "allowed_hosts": ["127.0.0.1", "Proxy.internal", "[::1]"],
        "allowed_origins": [ORIGIN],
    }
    return config


@pytest.fixture(scope="session")
def rich(provider: Provider, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Proxy]:
    with Proxy(rich_config(provider), tmp_path_factory.mktemp("rich")) as running:
        yield running


@pytest.fixture
def narrow(rich: Proxy) -> Iterator[httpx.Client]:
    """A client of a group that may use a few models, some of them not there."""
    with httpx.Client(base_url=rich.api, headers=bearer(NARROW_KEY), timeout=60) as client:
        yield client
