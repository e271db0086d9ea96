"""What the installed LiteLLM is, asked once; and a proxy to see what becomes of parameters."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, TypeAlias

import pytest

from tests.conftest import TEAM_KEY, UPSTREAM_KEY
from tests.harness.command import run_python
from tests.harness.proxy import Proxy
from tests.provider.server import Provider
from tests.upstream.parameters import CONNECTIONS, Asking
from tests.upstream.test_injection import any_format

Installed: TypeAlias = dict[str, Any]

LITELLM_ENVIRONMENT = {
    "LITELLM_LOCAL_MODEL_COST_MAP": "True",
    "LITELLM_LOCAL_ANTHROPIC_BETA_HEADERS": "true",
    "LITELLM_MODE": "PRODUCTION",
    "LITELLM_OFFLINE_MODE": "true",
}


@pytest.fixture(scope="session")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Installed:
    folder = tmp_path_factory.mktemp("litellm")
    module = "tests.upstream.litellm_installed"
    ended = run_python("-m", module, folder=folder, environment=LITELLM_ENVIRONMENT)
    assert ended.returncode == 0, ended.stderr
    facts: Installed = json.loads(ended.stdout)
    return facts


@pytest.fixture(scope="module")
def target() -> Iterator[Provider]:
    with Provider() as running:
        running.on_any(any_format)
        yield running


@pytest.fixture(scope="module")
def parameters(target: Provider, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Proxy]:
    folder: Path = tmp_path_factory.mktemp("parameters")
    base = {"api_base": target.base_url, "api_key": UPSTREAM_KEY}
    config = {
        "host": "127.0.0.1",
        "port": 0,
        "connections": {name: {**base, **settings} for name, settings in CONNECTIONS.items()},
        "routing": {f"{name}/*": f"{name}.{{1}}" for name in CONNECTIONS},
        "groups": {"team": {"api_keys": [TEAM_KEY]}},
    }
    with Proxy(config, folder) as proxy:
        yield proxy


@pytest.fixture
def asking(parameters: Proxy, target: Provider) -> Asking:
    return Asking(parameters, target)
