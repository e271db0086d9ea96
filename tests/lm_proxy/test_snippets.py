"""Configs as the two generations of lm-proxy's README and its documents show them, on our server.

The files of `configs` are started as they stand; only what leads to a provider leads to that of the
tests, by a variable.
"""

import hashlib
import json
import shutil
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
import trustme
from openai import AuthenticationError, OpenAI, PermissionDeniedError, RateLimitError

from tests.harness import patient
from tests.harness.command import oai_proxy
from tests.harness.proxy import Proxy
from tests.harness.waiting import until
from tests.lm_proxy.setups import README_MAPPING
from tests.provider import behaviours, refusals
from tests.provider.exchange import Exchange
from tests.provider.server import Provider
from tests.provider.wire import SeenRequest

CONFIGS = Path(__file__).parent / "configs"
KEYS = {
    "OPENAI_API_KEY": "sk-openai-0123456789",
    "GOOGLE_API_KEY": "google-0123456789",
    "ANTHROPIC_API_KEY": "sk-ant-0123456789",
    "LOG_SALT": "a salt of the tests",
    "DB_URL": "db.txt",
}
MESSAGES: Any = [{"role": "user", "content": "Hello, world!"}]


@pytest.fixture(scope="module")
def target() -> Iterator[Provider]:
    with Provider() as running:
        yield running


def environment(target: Provider, **more: str) -> dict[str, str]:
    root = target.base_url.removesuffix("/v1")
    return {**KEYS, "PROVIDER_URL": f"{target.base_url}/", "PROVIDER_ROOT": root, **more}


@contextmanager
def started(name: str, folder: Path, target: Provider, **variables: str) -> Iterator[Proxy]:
    """A server on this file, with every module of `configs` beside it."""
    for module in CONFIGS.glob("*.py"):
        shutil.copy(module, folder)
    text = (CONFIGS / name).read_text()
    known = environment(target, **variables)
    with Proxy(text, folder, name=name, arguments=("--port", "0"), environment=known) as proxy:
        yield proxy


@contextmanager
def sdk(proxy: Proxy, key: str, **more: Any) -> Iterator[OpenAI]:
    with OpenAI(base_url=proxy.api, api_key=key, max_retries=0, timeout=90, **more) as client:
        yield client


def asked(proxy: Proxy, key: str, model: str, **more: Any) -> str | None:
    with sdk(proxy, key) as client:
        answer = client.chat.completions.create(model=model, messages=MESSAGES, **more)
    text: str | None = answer.choices[0].message.content
    return text


def seen(target: Provider, proxy: Proxy, key: str, model: str, **more: Any) -> SeenRequest:
    """What the provider got of a request that is answered."""
    assert asked(proxy, key, model, **more) == "Hello there"
    return target.requests[-1]


def logged(folder: Path, count: int) -> list[dict[str, Any]]:
    file = folder / "storage" / "json.log"

    def read() -> list[dict[str, Any]]:
        lines = file.read_text().splitlines() if file.exists() else []
        return [json.loads(line) for line in lines] if len(lines) >= count else []

    return until(read, f"{count} lines", 30)


@pytest.mark.parametrize("name", ["quick_start.toml", "quick_start_1x.toml"])
def test_the_quick_start_of_both_generations_asks_every_provider(
    name: str, target: Provider, tmp_path: Path
) -> None:
    with started(name, tmp_path, target) as proxy:
        gpt = seen(target, proxy, "USER_KEY_1", "gpt-5")
        other = seen(target, proxy, "USER_KEY_2", "anything/else")
        claude = seen(target, proxy, "USER_KEY_1", "claude-opus-4-1-20250805")
        gemini = seen(target, proxy, "ADMIN_KEY_1", "gemini-2.5-flash")
        with pytest.raises(PermissionDeniedError):
            asked(proxy, "USER_KEY_1", "gemini-2.5-flash")
        with pytest.raises(AuthenticationError):
            asked(proxy, "nobody", "gpt-5")
        first, *_ = logged(tmp_path, 4)

    assert (gpt.path, gpt.model) == ("/v1/chat/completions", "gpt-5")
    assert gpt.header("authorization") == f"Bearer {KEYS['OPENAI_API_KEY']}"
    assert other.model == "gpt-3.5-turbo"
    assert (claude.path, claude.model) == ("/v1/messages", "claude-opus-4-1-20250805")
    assert claude.header("x-api-key") == KEYS["ANTHROPIC_API_KEY"]
    assert gemini.path.endswith("/models/gemini-2.5-flash:generateContent")
    assert list(first) == list(README_MAPPING)
    assert (first["group"], first["response"], first["prompt"]) == (
        "users",
        "Hello there",
        MESSAGES,
    )


def test_the_first_config_of_the_readme_asks_for_a_key_of_ones_own(
    target: Provider, tmp_path: Path
) -> None:
    text, known = (CONFIGS / "first.toml").read_text(), environment(target)
    (tmp_path / "first.toml").write_text(text)
    ended = oai_proxy("--config", "first.toml", folder=tmp_path, environment=known)
    own = text.replace("YOUR_API_KEY_HERE", "6b1f0c2d9a4e")
    with Proxy(own, tmp_path, arguments=("--port", "0"), environment=known) as proxy:
        request = seen(target, proxy, "6b1f0c2d9a4e", "gpt-5")

    assert "line 21: groups.default.api_keys.0: is a placeholder; make a key with" in ended.stderr
    assert ended.returncode != 0
    assert request.model == "gpt-5"


@pytest.mark.parametrize("name", ["small.json", "small.yaml", "small.py"])
def test_a_config_in_every_format_does_the_same(
    name: str, target: Provider, tmp_path: Path
) -> None:
    with started(name, tmp_path, target) as proxy:
        gpt = seen(target, proxy, "USER_KEY_2", "gpt-5")
        other = seen(target, proxy, "ADMIN_KEY_1", "any")
        with pytest.raises(PermissionDeniedError):
            asked(proxy, "USER_KEY_1", "any")

    assert (gpt.model, gpt.header("authorization")) == ("gpt-5", "Bearer sk-openai-0123456789")
    assert (other.model, other.header("authorization")) == ("other/model.v1", "Bearer sk-second")


def test_a_validator_of_ones_own_says_whose_a_key_is(target: Provider, tmp_path: Path) -> None:
    with started("own_check.toml", tmp_path, target) as proxy:
        assert asked(proxy, "secret-key", "any") == "Hello there"
        assert asked(proxy, "user-7", "gpt-5") == "Hello there"
        with pytest.raises(PermissionDeniedError):
            asked(proxy, "user-7", "any")
        with pytest.raises(AuthenticationError):
            asked(proxy, "nobody", "gpt-5")


def test_a_userinfo_endpoint_says_whose_a_token_is(target: Provider, tmp_path: Path) -> None:
    async def answer(exchange: Exchange) -> None:
        known = exchange.request.header("authorization") == "Bearer token-of-anna"
        await exchange.send_json(200 if known else 401, {"preferred_username": "anna"})

    with Provider() as keycloak:
        keycloak.on("", answer)
        url = f"{keycloak.base_url}/realms/master/protocol/openid-connect/userinfo"
        with started("userinfo.toml", tmp_path, target, USERINFO_URL=url) as proxy:
            assert asked(proxy, "token-of-anna", "gpt-5") == "Hello there"
            assert asked(proxy, "token-of-anna", "gpt-5") == "Hello there"
            with pytest.raises(AuthenticationError):
                asked(proxy, "token-of-nobody", "gpt-5")
            first, *_ = logged(tmp_path, 2)

    assert first == {"user": "anna", "group": "default"}
    assert [request.method for request in keycloak.requests] == ["POST", "POST"]


def test_handlers_limit_forward_and_watch(target: Provider, tmp_path: Path) -> None:
    traced = {"extra_headers": {"x-trace-id": "t-1", "x-other": "o"}}
    with started("handlers.toml", tmp_path, target) as proxy:
        request = seen(target, proxy, "USER_KEY_1", "gpt-5", **traced)
        for _ in range(9):
            asked(proxy, "USER_KEY_1", "gpt-5")
        with pytest.raises(RateLimitError) as refused:
            asked(proxy, "USER_KEY_1", "gpt-5")
        assert asked(proxy, "USER_KEY_2", "gpt-5") == "Hello there"

    assert (request.header("x-trace-id"), request.header("x-other")) == ("t-1", None)
    assert refused.value.code == "rate_limit_exceeded"
    assert int(refused.value.response.headers["retry-after"]) in range(1, 61)
    audit = (tmp_path / "audit.txt").read_text().splitlines()
    assert audit == ["[SECURITY_AUDIT] User 'anonymous' requested model 'gpt-5'"] * 11


@pytest.mark.parametrize(("form", "effort"), [("list", None), ("table", "low")])
def test_a_fallback_asks_the_next_one(
    form: str, effort: str | None, target: Provider, tmp_path: Path
) -> None:
    with started(f"fallback_{form}.toml", tmp_path, target) as proxy:
        local = seen(target, proxy, "USER_KEY_1", "any")
        target.on("openai/gpt-oss-20b", refusals.server_error(500))
        second = seen(target, proxy, "USER_KEY_1", "any")
        target.on("openai/gpt-oss-20b", behaviours.good_answer)

    assert local.json is not None
    assert second.json is not None
    assert (local.model, local.json["temperature"]) == ("openai/gpt-oss-20b", 0.2)
    assert local.header("x-source") == "proxy-node-1"
    assert local.header("authorization") == "Bearer not required"
    assert (second.model, second.json.get("reasoning_effort")) == ("gpt-5.2", effort)
    assert second.header("authorization") == f"Bearer {KEYS['OPENAI_API_KEY']}"


def test_code_of_ones_own_answers_and_logs_over_https(target: Provider, tmp_path: Path) -> None:
    authority = trustme.CA()
    certificate = authority.issue_cert("127.0.0.1", "0.0.0.0")
    certificate.private_key_pem.write_to_path(tmp_path / "privkey.pem")
    certificate.cert_chain_pems[0].write_to_path(tmp_path / "fullchain.pem")
    trust = ssl.create_default_context()
    authority.configure_trust(trust)
    with (
        started("own_code.toml", tmp_path, target) as proxy,
        httpx.Client(verify=trust, timeout=patient.PATIENCE_S) as http,
        sdk(proxy, "USER_KEY_1", http_client=http) as client,
    ):
        create = client.chat.completions.create
        plain = create(model="test", messages=MESSAGES)
        chunks = list(create(model="test", messages=MESSAGES, stream=True))
        function = create(model="fn", messages=MESSAGES, temperature=0.5)
        listed = {model.id: model.to_dict() for model in client.models.list()}
        lines = until(lambda: _lines(tmp_path / "db.txt", 3), "the lines", 30)

    assert plain.choices[0].message.content == "ok"
    assert "".join(chunk.choices[0].delta.content or "" for chunk in chunks) == "ok"
    assert function.choices[0].message.content == "Hello, world! (0.5)"
    assert list(listed) == ["gpt-5", "fn", "test"]
    assert listed["gpt-5"]["context_length"] == 400000
    named = hashlib.md5(f"USER_KEY_1{KEYS['LOG_SALT']}".encode()).hexdigest()
    assert {line.split()[1] for line in lines} == {named}


def _lines(file: Path, count: int) -> list[str]:
    lines = file.read_text().splitlines() if file.exists() else []
    return lines if len(lines) >= count else []
