"""LiteLLM's own settings in a config: which there may be, and that none of them is ever shown."""

from pathlib import Path

import httpx
import pytest

from tests.conftest import TEAM_KEY, bearer, chat
from tests.harness import configs
from tests.harness.command import oai_proxy
from tests.harness.proxy import Proxy
from tests.provider.exchange import Exchange
from tests.provider.server import Provider

SECRETS = {
    "azure": ("azure_ad_token", "client_secret", "azure_password"),
    "bedrock": ("aws_access_key_id", "aws_secret_access_key", "aws_session_token"),
    "databricks": ("client_secret",),
    "google_vertex_ai": ("vertex_credentials",),
    "watsonx": ("token",),
}
PLAIN = {"bedrock": "aws_region_name", "google_vertex_ai": "vertex_location"}


def connection(api_type: str, **settings: str) -> str:
    lines = [f'api_type = "{api_type}"', "[connections.up.litellm]"]
    return "\n".join([*lines, *(f'{name} = "{value}"' for name, value in settings.items())])


@pytest.mark.parametrize("name", ["api_base", "mock_response", "num_retries", "model", "_hidden"])
def test_a_name_that_litellm_acts_on_is_none_to_pass(name: str, tmp_path: Path) -> None:
    content = configs.text(connection=f'pass_params = ["top_k", "{name}"]')

    (found,) = configs.problems(tmp_path, content)

    line = configs.line(content, "pass_params")
    assert found.startswith(f"line {line}: connections.up.pass_params: '{name}' would change")


@pytest.mark.parametrize("name", ["top_k", "num_ctx", "guided_json", "thinking", "seed"])
def test_a_parameter_of_a_provider_may_pass(name: str, tmp_path: Path) -> None:
    content = configs.text(connection=f'pass_params = ["{name}"]')

    assert configs.problems(tmp_path, content) == []


def test_a_setting_the_provider_does_not_know_is_told_with_those_it_does(tmp_path: Path) -> None:
    content = configs.text(connection=connection("bedrock", aws_region="eu-central-1"))

    (found,) = configs.problems(tmp_path, content)

    assert found.startswith(
        f"line {configs.line(content, 'aws_region')}: connections.up.litellm.aws_region: "
    )
    assert "has no setting 'aws_region'" in found
    assert "aws_region_name, " in found


def test_a_provider_without_settings_says_so(tmp_path: Path) -> None:
    content = configs.text(connection=connection("mistral", api_base="http://elsewhere"))

    (found,) = configs.problems(tmp_path, content)

    assert "this provider has no setting 'api_base'" in found


def test_a_setting_that_needs_a_package_which_is_not_there_is_told(tmp_path: Path) -> None:
    content = configs.text(connection=connection("azure", tenant_id="t"))

    (found,) = configs.problems(tmp_path, content)

    assert found.endswith("up.litellm.tenant_id: needs the package 'azure-identity'; install it")


@pytest.mark.parametrize("api_type", SECRETS)
def test_the_config_is_shown_without_the_secrets_of_a_provider(
    api_type: str, tmp_path: Path
) -> None:
    names = SECRETS[api_type]
    settings = {name: f"planted-{number}-0123456789" for number, name in enumerate(names)}
    if api_type in PLAIN:
        settings[PLAIN[api_type]] = "eu-central-1"
    content = configs.text(connection=connection(api_type, **settings))
    configs.write(tmp_path, content)

    ended = oai_proxy(
        *("config", "show", "--config", "proxy.toml", "--env-file", "variables.env"),
        folder=tmp_path,
    )

    assert ended.returncode == 0, ended.stderr
    assert "planted" not in ended.stdout + ended.stderr
    assert ended.stdout.count("[secret]") >= len(names)
    assert ("eu-central-1" in ended.stdout) == (api_type in PLAIN)


def test_a_providers_secret_that_it_repeats_reaches_nobody(
    provider: Provider, tmp_path: Path
) -> None:
    secret = "planted-token-0123456789"
    error = {"error": {"message": f"bad token {secret}", "type": secret, "code": secret}}

    async def repeat(exchange: Exchange) -> None:
        await exchange.send_json(400, error, [("x-request-id", secret)])

    provider.on("leaking", repeat)
    config = {
        "host": "127.0.0.1",
        "port": 0,
        "connections": {
            "up": {
                "api_type": "azure",
                "api_base": provider.base_url,
                "litellm": {"azure_ad_token": secret},
            }
        },
        "routing": {"*": "up.*"},
        "groups": {"team": {"api_keys": [TEAM_KEY]}},
    }
    with Proxy(config, tmp_path) as proxy, httpx.Client(timeout=60) as client:
        url, key = f"{proxy.api}/chat/completions", bearer(TEAM_KEY)
        answers = [
            client.post(url, json=chat("leaking", stream=s), headers=key) for s in (False, True)
        ]
        records = proxy.records_file.read_text()

    sent = provider.requests_for("leaking")
    heard = "".join([*proxy.stderr, records, *(f"{a.headers}{a.text}" for a in answers)])
    assert len(sent) == 2
    assert {request.header("authorization") for request in sent} == {f"Bearer {secret}"}
    assert "[secret]" in answers[0].text
    assert secret not in heard
