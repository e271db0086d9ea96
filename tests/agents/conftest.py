"""A proxy before three types of provider, as agents meet it.

aimock is each of them and plays a model that runs one command; the tests' own provider is at
`raw-*`, for what has to be seen byte by byte or refused.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.agents.google import reads_both_spellings
from tests.agents.played import fixtures
from tests.conftest import GUEST_KEY, TEAM_KEY, UPSTREAM_KEY
from tests.harness.aimock import Aimock
from tests.harness.proxy import Proxy
from tests.provider.server import Provider


@pytest.fixture(scope="session")
def emulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Aimock]:
    with Aimock(fixtures(), tmp_path_factory.mktemp("played")) as running:
        yield running


@pytest.fixture(scope="session")
def google(emulator: Aimock) -> Iterator[Provider]:
    with Provider() as running:
        running.on_any(reads_both_spellings(emulator.url))
        yield running


@pytest.fixture(scope="session")
def workplace(
    emulator: Aimock,
    google: Provider,
    provider: Provider,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Proxy]:
    """Warm, so that no agent waits for LiteLLM."""
    config = _config(emulator, google, provider)
    with Proxy(config, tmp_path_factory.mktemp("workplace")) as running:
        yield running


def _config(emulator: Aimock, google: Provider, provider: Provider) -> dict[str, Any]:
    raw = provider.base_url.removesuffix("/v1")
    return {
        "host": "127.0.0.1",
        "port": 0,
        "connections": {
            "openai": _connection("openai", f"{emulator.url}/v1"),
            "anthropic": _connection("anthropic", emulator.url),
            "google": _connection("google", google.base_url.removesuffix("/v1")),
            "raw-anthropic": _connection("anthropic", raw),
            "raw-openai": _connection("openai", provider.base_url),
        },
        "routing": {
            "gpt-*": "openai.*",
            "claude-*": "anthropic.*",
            "gemini-*": "google.*",
            "raw-claude-*": "raw-anthropic.*",
            "raw-gpt-*": "raw-openai.*",
        },
        "groups": {
            "team": {"api_keys": [{"key": TEAM_KEY, "owner": "tessa"}]},
            "guests": {"api_keys": [GUEST_KEY]},
        },
    }


def _connection(kind: str, base: str) -> dict[str, Any]:
    return {"api_type": kind, "api_base": base, "api_key": UPSTREAM_KEY}


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """Where an agent works; nothing is in it."""
    folder = tmp_path / "home"
    folder.mkdir()
    return folder
