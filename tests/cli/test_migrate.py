"""`oai-proxy migrate`: from a config of lm-proxy's to one of ours that serves."""

import json
import shlex
import stat
import tomllib
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml

from tests.conftest import bearer, chat
from tests.docs.blocks import ENVIRONMENT as DOCUMENTED
from tests.docs.blocks import block, blocks
from tests.harness import patient
from tests.harness.command import Ended, oai_proxy
from tests.harness.proxy import Proxy
from tests.harness.waiting import until
from tests.provider import behaviours
from tests.provider.server import Provider

ENVIRONMENT = {
    "OPENAI_API_KEY": "canary-openai-0123456789",
    "GOOGLE_API_KEY": "canary-google-0123456789",
    "ANTHROPIC_API_KEY": "canary-anthropic-0123456789",
    "LOG_SALT": "canary-salt-0123456789",
}
QUICK_START = """
host = "127.0.0.1"
port = 0
dev_autoreload = false
check_api_key = "lm_proxy.core.check_api_key"
[connections]
[connections.openai]
api_type = "open_ai"
api_base = "{base}/"
api_key = "env:OPENAI_API_KEY"
[connections.google]
api_type = "google_ai_studio"
api_key = "env:GOOGLE_API_KEY"
[connections.anthropic]
api_type = "anthropic"
api_key = "env:ANTHROPIC_API_KEY"
[routing]
"gpt*" = "openai.*"
"claude*" = "anthropic.*"
"gemini*" = "google.*"
"*" = "openai.gpt-3.5-turbo"
[groups.admin]
api_keys = ["ADMIN_KEY_1"]
allowed_connections = "*"
[groups.users]
api_keys = ["USER_KEY_1", "USER_KEY_2"]
allowed_connections = "openai, anthropic"
"""
LOGGERS = """
[[loggers]]
class = 'lm_proxy.loggers.BaseLogger'
[loggers.log_writer]
class = 'lm_proxy.loggers.log_writers.JsonLogWriter'
file_name = 'storage/json.log'
[loggers.entry_transformer]
class = 'lm_proxy.loggers.LogEntryTransformer'
completion_tokens = "response.usage.completion_tokens"
prompt = "request.messages"
"""
USERINFO = """
[api_key_check]
class = "lm_proxy.api_key_check.CheckAPIKeyWithRequest"
method = "POST"
url = "http://keycloak:8080/realms/master/protocol/openid-connect/userinfo"
response_as_user_info = true
use_cache = true
cache_ttl = 60
[api_key_check.headers]
Authorization = "Bearer {api_key}"
"""
SMALL = """
host = "127.0.0.1"
port = 0
[connections.openai]
api_base = "{base}"
api_key = "env:OPENAI_API_KEY"
[routing]
"*" = "openai.*"
"""


def migrate(folder: Path, text: str, *arguments: str, name: str = "old.toml") -> Ended:
    (folder / name).write_text(text)
    return oai_proxy(
        "migrate", name, "--to", "prod.toml", *arguments, folder=folder, environment=ENVIRONMENT
    )


def written(folder: Path) -> dict[str, Any]:
    return tomllib.loads((folder / "prod.toml").read_text())


def served(folder: Path) -> Proxy:
    """The migrated config, in a process of its own."""
    text = (folder / "prod.toml").read_text()
    return Proxy(text, folder, environment=ENVIRONMENT, name="prod.toml")


def ask(proxy: Proxy, key: str, model: str) -> httpx.Response:
    return patient.post(
        f"{proxy.api}/chat/completions", headers=bearer(key), json=chat(model), timeout=60
    )


def test_the_quick_start_becomes_a_config_that_serves_alike(
    provider: Provider, tmp_path: Path
) -> None:
    ended = migrate(tmp_path, QUICK_START.replace("{base}", provider.base_url))

    assert ended.returncode == 0, ended.stderr + ended.stdout
    assert "prod.toml: ok" in ended.stdout
    assert "line 8: connections.openai.api_type: 'open_ai' is 'openai'" in ended.stdout
    assert stat.S_IMODE((tmp_path / "prod.toml").stat().st_mode) == 0o600
    config = written(tmp_path)
    assert config["connections"]["google"] == {
        "api_type": "google",
        "api_key": "env:GOOGLE_API_KEY",
    }
    assert list(config["routing"]) == ["gpt*", "claude*", "gemini*", "*"]
    assert config["groups"]["users"]["allowed_connections"] == ["openai", "anthropic"]
    assert not {"check_api_key", "api_key_check", "dev_autoreload"} & {*config}
    with served(tmp_path) as proxy:
        answers = [ask(proxy, *pair) for pair in (("USER_KEY_2", "gpt-1"), ("ADMIN_KEY_1", "x"))]
        assert ask(proxy, "USER_KEY_1", "gemini-1").status_code == 403
        assert ask(proxy, "KEY", "gpt-1").status_code == 401
        used = [proxy.record(model_asked=name)["model_used"] for name in ("gpt-1", "x")]

    assert [answer.status_code for answer in answers] == [200, 200]
    assert used == ["gpt-1", "gpt-3.5-turbo"]


def test_the_page_shows_what_happens(tmp_path: Path) -> None:
    old = next(b for b in blocks("toml") if "check_api_key" in b.text)
    shown = block("from-lm-proxy.md", "console").text.removeprefix("$ oai-proxy ")
    (tmp_path / "config.toml").write_text(old.text)

    command, _, screen = shown.partition("\n")
    environment = {**ENVIRONMENT, **DOCUMENTED}
    ended = oai_proxy(*shlex.split(command), folder=tmp_path, environment=environment)

    assert ended.stdout == screen, ended.stderr
    assert ended.returncode == 0


def test_no_secret_is_looked_up(provider: Provider, tmp_path: Path) -> None:
    text = 'encryption_key = "env:LOG_SALT"\n' + QUICK_START.replace("{base}", provider.base_url)
    ended = migrate(tmp_path, text)

    said = ended.stdout + ended.stderr + (tmp_path / "prod.toml").read_text()
    assert "canary" not in said
    assert written(tmp_path)["encryption_key"] == "env:LOG_SALT"


def quick_start_as(form: str, provider: Provider) -> str:
    values = tomllib.loads(QUICK_START.replace("{base}", provider.base_url))
    return {
        "json": lambda: json.dumps({**values, "ssl_keyfile": None}),
        "yaml": lambda: yaml.safe_dump(values, sort_keys=False),
        "py": lambda: f"config = {values!r}",
    }[form]()


@pytest.mark.parametrize("form", ["json", "yaml", "py"])
def test_every_form_becomes_the_same(provider: Provider, tmp_path: Path, form: str) -> None:
    migrate(tmp_path, QUICK_START.replace("{base}", provider.base_url))
    of_toml = written(tmp_path)

    ended = migrate(tmp_path, quick_start_as(form, provider), "--force", name=f"old.{form}")

    assert ended.returncode == 0, ended.stderr
    assert written(tmp_path) == of_toml


def test_loggers_and_checks_keep_their_meaning(provider: Provider, tmp_path: Path) -> None:
    with Provider() as knower:
        knower.on_any(behaviours.plain({"sub": "anna"}))
        where = knower.base_url.removesuffix("/v1")
        small = SMALL.replace("{base}", provider.base_url)
        check = USERINFO.replace("http://keycloak:8080", where)
        ended = migrate(tmp_path, small + check + LOGGERS)
        with served(tmp_path) as proxy:
            answer = ask(proxy, "token-of-anna", "migrated")
            log = tmp_path / "storage" / "json.log"
            until(lambda: log.exists() and log.read_text().count("\n") == 1, "a line")
        asked = knower.requests

    assert ended.returncode == 0, ended.stderr + ended.stdout
    assert answer.status_code == 200, answer.text
    assert [request.header("authorization") for request in asked] == ["Bearer token-of-anna"]
    assert [request.method for request in asked] == ["POST"]
    assert json.loads(log.read_text()).keys() == {"completion_tokens", "prompt"}
    assert written(tmp_path)["api_key_check"]["class"] == "request"
    writer = written(tmp_path)["loggers"][0]["log_writer"]
    assert writer["class"] == "lm_proxy.loggers.JsonLogWriter"


HANDLERS = """
[connections.fallback]
class = "lm_proxy.strategies.Fallback"
connections = ["openai.first", "openai.second"]
[groups.users]
api_keys = ["USER_KEY_1"]
[[before]]
class = "lm_proxy.handlers.RateLimiter"
max_requests = 1
"""


def test_handlers_and_fallbacks_keep_their_meaning(provider: Provider, tmp_path: Path) -> None:
    small = SMALL.replace("{base}", provider.base_url).replace('"openai.*"', '"fallback.*"')
    ended = migrate(tmp_path, small + HANDLERS)

    assert ended.returncode == 0, ended.stderr + ended.stdout
    assert written(tmp_path)["connections"]["fallback"]["class"] == "fallback"
    assert written(tmp_path)["before"] == [{"class": "rate_limiter", "max_requests": 1}]
    with served(tmp_path) as proxy:
        answers = [ask(proxy, "USER_KEY_1", "any").status_code for _ in range(2)]
        used = proxy.record(status=200)["model_used"]

    assert (answers, used) == ([200, 429], "first")
