"""Secrets where they have no business, in a config or a request, are not repeated to anybody."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from lmproxy.cli import EXIT_CONFIG
from lmproxy.problems import ConfigError
from tests.conftest import GUEST_KEY, TEAM_KEY, UPSTREAM_KEY, base_config, bearer, chat
from tests.harness import configs, patient
from tests.harness.command import oai_proxy
from tests.harness.proxy import Proxy
from tests.provider.server import Provider

CANARY = "m1spl4ced-0123456789abcdef"

IN_A_CONFIG = [
    ("top", f"api_kee = '{CANARY}'"),
    ("top", f"ssl_keyfile = '{CANARY}'"),
    ("top", f"ssl_keyfile = '{CANARY * 11}'"),
    ("top", f"lane = '{CANARY}'"),
    ("top", f"port = '{CANARY}'"),
    ("top", f"enabled = '{CANARY}'"),
    ("connection", f"api_kee = '{CANARY}'"),
    ("connection", f"http_headers = '{CANARY}'"),
    ("connection", f"http_headers = {{ a = ['{CANARY}'] }}"),
    ("connection", f"proxy = '{CANARY}'"),
    ("connection", f"proxy = 'agent:{CANARY}@proxy:3128'"),
    ("connection", f"ca_file = '{CANARY}'"),
    ("connection", f"ca_file = '{CANARY * 11}'"),
    ("connection", f"api_type = 'google'\ngoogle_cloud_service_account = '{CANARY * 11}'"),
    ("connection", f"speaks = ['{CANARY}']"),
    ("connection", f"stream_usage = '{CANARY}'"),
    ("connection", f"models = '{CANARY}'"),
    ("timeouts", f"connect_s = '{CANARY}'"),
    ("api_keys", f"api_keys = '{CANARY}'"),
    ("api_keys", f"api_keys = [['{CANARY}']]"),
    ("api_keys", f"api_keys = ['sha256:{CANARY}']"),
    ("api_keys", f"api_keys = [{{ kee = '{CANARY}' }}]"),
    ("api_keys", f"api_keys = [{{ key = ['{CANARY}'] }}]"),
    ("api_keys", f"api_keys = [{{ key = '{CANARY}', sha256 = '{'ab' * 32}' }}]"),
    ("api_keys", f"api_keys = [{{ key = '{CANARY}', expires = '{CANARY}' }}]"),
    ("api_keys", f"api_keys = [{{ key = '{CANARY}', id = '{CANARY} {CANARY}' }}]"),
    ("group", f"key = '{CANARY}'"),
    ("server", f"secret = '{CANARY}'"),
    ("server", f"max_body_bytes = '{CANARY}'"),
    ("server", "trusted_proxies = ['env:SECRET']"),
    ("tail", f"[[loggers]]\npath = 'x'\ntoken = '{CANARY}'"),
    ("tail", f"[[loggers]]\npath = 'x'\nfields = '{CANARY}'"),
    ("tail", "[[loggers]]\npath = 'x'\nclass = 'env:SECRET'"),
    ("routing", "'*' = 'env:SECRET'"),
    ("connection", "api_type = 'env:SECRET'"),
    ("group", "allowed_connections = ['env:SECRET']"),
]

NO_TOML = [
    f"api_key = {CANARY}",
    f"api_key = '{CANARY}",
    f"{CANARY}",
    f"api_key = '{CANARY}'\napi_key = '{CANARY}'",
    f"api_key = '{CANARY}' '{CANARY}'",
]


@pytest.fixture(scope="module")
def own(provider: Provider, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Proxy]:
    """A proxy of its own: other tests look for these keys in the shared one's records."""
    with Proxy(base_config(provider), tmp_path_factory.mktemp("misplaced")) as running:
        yield running


@pytest.mark.parametrize(
    ("slot", "slip"), IN_A_CONFIG, ids=[f"{slot}: {slip}" for slot, slip in IN_A_CONFIG]
)
def test_a_secret_in_the_wrong_place_of_a_config_is_told_by_its_key_alone(
    slot: str, slip: str, tmp_path: Path
) -> None:
    found = configs.problems(tmp_path, configs.text(**{slot: slip}), SECRET=CANARY)

    assert found
    assert CANARY not in "".join(found)


@pytest.mark.parametrize("base", [f"http://agent:{CANARY}@127.0.0.1/v1", f"http://h/?key={CANARY}"])
def test_a_secret_in_a_base_url_is_told_by_its_key_alone(base: str, tmp_path: Path) -> None:
    content = configs.text().replace("http://127.0.0.1:9/v1", base)

    (found,) = configs.problems(tmp_path, content)

    assert found.startswith("line 4: connections.up.api_base: must have no user, query or fragment")
    assert CANARY not in found


@pytest.mark.parametrize("content", NO_TOML, ids=[text.splitlines()[-1] for text in NO_TOML])
def test_a_secret_in_what_is_no_toml_is_not_shown(content: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as refused:
        configs.assembled(tmp_path, f"{content}\n")

    assert "not valid TOML" in str(refused.value)
    assert CANARY not in str(refused.value)


def test_a_line_of_an_env_file_that_is_none_is_not_shown(tmp_path: Path) -> None:
    options = configs.write(tmp_path, configs.text(), TEAM=CANARY)
    assert options.env_file
    options.env_file.write_text(f"{CANARY} {CANARY}\n{options.env_file.read_text()}")

    ended = oai_proxy(
        "check", "--config", "proxy.toml", "--env-file", "variables.env", folder=tmp_path
    )

    assert ended.returncode == 0
    assert CANARY not in ended.stdout + ended.stderr


def test_what_looks_like_a_secret_is_masked_even_where_a_value_is_named(tmp_path: Path) -> None:
    secret = "sk-proj-0123456789abcdef"
    configs.write(tmp_path, configs.text(routing=f"'*' = '{secret}'"))

    ended = oai_proxy(
        "check", "--config", "proxy.toml", "--env-file", "variables.env", folder=tmp_path
    )

    assert ended.returncode == EXIT_CONFIG
    assert "routing.*" in ended.stderr
    assert secret not in ended.stderr


@pytest.mark.parametrize("path", ["/v1/nowhere/", "/v1/models/", "/"])
def test_a_key_pasted_into_a_path_is_in_no_record(path: str, own: Proxy) -> None:
    answer = patient.get(f"{own.url}{path}{TEAM_KEY}", headers=bearer(TEAM_KEY))

    record = own.record(id=answer.headers["x-request-id"])
    assert TEAM_KEY not in json.dumps(record)


def test_a_key_pasted_as_the_model_is_not_repeated_in_the_error(own: Proxy) -> None:
    model = f"other/{GUEST_KEY}"

    answer = patient.post(
        f"{own.api}/chat/completions", json=chat(model), headers=bearer(GUEST_KEY)
    )

    assert answer.status_code == 404
    assert GUEST_KEY not in answer.text


@pytest.mark.parametrize("secret", [TEAM_KEY, UPSTREAM_KEY], ids=["the caller's", "the operator's"])
def test_a_secret_in_any_field_of_a_request_is_in_no_record(secret: str, own: Proxy) -> None:
    body = chat(secret, user=secret, reasoning_effort=secret)
    headers = {**bearer(TEAM_KEY), "user-agent": secret, "session-id": secret}

    answer = patient.post(f"{own.api}/chat/completions", json=body, headers=headers)

    assert answer.status_code == (404 if secret == TEAM_KEY else 200)
    record = own.record(id=answer.headers["x-request-id"])
    assert secret not in json.dumps(record)
    assert record["user"] == record["model_asked"] == record["session"] == "[secret]"
