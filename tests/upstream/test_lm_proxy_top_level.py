"""Top-level keys as lm-proxy takes them, in a server that runs."""

from pathlib import Path

import openai
import pytest

from tests.conftest import TEAM_KEY, UPSTREAM_KEY, bearer, chat
from tests.harness import patient
from tests.harness.proxy import Proxy
from tests.provider.server import Provider

CHECK = """
def mine(key):
    return "default" if key == "known" else None
"""


def config(provider: Provider, top: str, groups: str) -> str:
    return f"""\
host = "127.0.0.1"
port = "0"
dev_autoreload = true
ssl_keyfile = ""
ssl_certfile = "env:NOT_SET"
{top}
[connections.up]
api_type = "open_ai"
api_base = "{provider.base_url}/"
api_key = "{UPSTREAM_KEY}"
[routing]
"theirs-*" = "up.*"
"theirs.plain" = "up.theirs-plain"
{groups}
"""


@pytest.mark.parametrize("groups", ["", "[groups]"], ids=["absent", "empty"])
def test_without_groups_a_check_of_ones_own_names_the_default_one(
    groups: str, provider: Provider, tmp_path: Path
) -> None:
    (tmp_path / "checks.py").write_text(CHECK)
    content = config(provider, 'api_prefix = ""\ncheck_api_key = "checks.mine"', groups)
    with (
        Proxy(content, tmp_path) as proxy,
        openai.OpenAI(base_url=proxy.url, api_key="known", max_retries=0) as client,
    ):
        answer = client.chat.completions.create(**chat("theirs-model"))
        stranger = patient.get(f"{proxy.url}/models", headers=bearer("unknown"))
        warnings = [line for line in proxy.log_lines() if line["level"] == "warning"]

    assert answer.choices[0].message.content == "Hello there"
    assert stranger.status_code == 401
    told = "line 3: dev_autoreload: has no effect; restart the proxy after a change"
    assert told in [line["event"] for line in warnings]


def test_models_are_listed_and_described_as_with_lm_proxy(
    provider: Provider, tmp_path: Path
) -> None:
    top = 'model_listing_mode = "ignore_wildcards"'
    groups = f"""\
[groups.team]
api_keys = ["{TEAM_KEY}"]
allowed_connections = "up, other"
[model_info."theirs.plain"]
context_length = 400000
[connections.other]
api_type = "none"
"""
    with Proxy(config(provider, top, groups), tmp_path) as proxy:
        listed = patient.get(f"{proxy.api}/models", headers=bearer(TEAM_KEY)).json()["data"]

    assert [model["id"] for model in listed] == ["theirs.plain"]
    assert listed[0]["context_length"] == 400000
    assert listed[0]["owned_by"] == "up"


def test_a_service_that_is_switched_off_says_so(provider: Provider, tmp_path: Path) -> None:
    groups = f'[groups.team]\napi_keys = ["{TEAM_KEY}"]'
    with Proxy(config(provider, "enabled = false", groups), tmp_path) as proxy:
        answer = patient.post(
            f"{proxy.api}/chat/completions", json=chat("theirs-model"), headers=bearer(TEAM_KEY)
        )

    assert answer.status_code == 503
    assert answer.json()["error"]["code"] == "service_disabled"
