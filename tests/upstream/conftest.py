"""What the installed LiteLLM is, asked once."""

import json
from typing import Any, TypeAlias

import pytest

from tests.harness.command import run_python

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
