"""An lm-proxy config starts as it stands."""

from pathlib import Path
from typing import Any

import pytest
import tomli_w

from tests.harness import configs
from tests.harness.configs import of_connection

KEY = 'api_key = "env:UPSTREAM"'


def settings(folder: Path, connection: str, **variables: str) -> dict[str, Any]:
    """What became of the keys of a connection."""
    assembly = configs.assembled(folder, of_connection(connection), **variables)
    up = assembly.config.settings.connections["up"]
    return {**up.model_dump(exclude_defaults=True), "params": up.params}


KINDS = {
    "openai": "openai",
    "open_ai": "open_ai",
    "anthropic": "anthropic",
    "google": "google",
    "google_ai_studio": "google_ai_studio",
    "anyscale": "anyscale",
    "deep_infra": "deep_infra",
    "deepinfra": "deepinfra",
    "mistral": "mistral",
    "fireworks": "fireworks",
    "deepseek": "deepseek",
    "xai": "xai",
    "cerebras": "cerebras",
    "groq": "groq",
    "cohere": "cohere",
    "together_ai": "together_ai",
    "openrouter": "openrouter",
    "perplexity": "perplexity",
}


@pytest.mark.parametrize("kind", KINDS)
def test_a_value_of_api_type_needs_a_key_and_nothing_else(kind: str, tmp_path: Path) -> None:
    content = of_connection(f'api_type = "{kind}"\n{KEY}')

    assert configs.problems(tmp_path, content) == []


PLATFORMS = [name for name in KINDS if name not in ("open_ai", "google", "deep_infra")]


@pytest.mark.parametrize("platform", PLATFORMS)
def test_a_platform_alone_says_the_type(platform: str, tmp_path: Path) -> None:
    found = settings(tmp_path, f'api_platform = "{platform}"\n{KEY}')

    expected = "google" if platform == "google_ai_studio" else platform
    assert found.get("api_type", "openai") == expected


@pytest.mark.parametrize(
    ("kind", "platform", "expected"),
    [
        ("openai", "groq", "groq"),
        ("open_ai", "mistral", "mistral"),
        ("openai", "azure", "azure"),
        ("google", "google_ai_studio", "google"),
        ("google", "google_vertex_ai", "google_vertex_ai"),
        ("anthropic", "anthropic", "anthropic"),
        ("deep_infra", "deepinfra", "deepinfra"),
        ("groq", "groq", "groq"),
    ],
)
def test_type_and_platform_together_are_one_type(
    kind: str, platform: str, expected: str, tmp_path: Path
) -> None:
    base = 'api_base = "https://team.example"'
    found = settings(tmp_path, f'api_type = "{kind}"\napi_platform = "{platform}"\n{KEY}\n{base}')

    assert found["api_type"] == expected


@pytest.mark.parametrize(
    ("kind", "platform", "words"),
    [
        ("anthropic", "groq", "does not go with api_type = 'anthropic'; keep one of them"),
        ("openai", "anthropic", "does not go with api_type = 'openai'; keep one of them"),
        ("openai", "grok", "is none that is known; did you mean 'groq'?"),
    ],
)
def test_a_platform_that_cannot_be_meant_is_told(
    kind: str, platform: str, words: str, tmp_path: Path
) -> None:
    content = of_connection(f'api_type = "{kind}"\n{KEY}\napi_platform = "{platform}"')

    (found,) = configs.problems(tmp_path, content)

    line = configs.line(content, "api_platform")
    assert found == f"line {line}: connections.up.api_platform: {words}"


@pytest.mark.parametrize(
    ("base", "expected"),
    [
        ("https://api.groq.com/openai/v1", "groq"),
        ("https://api.groq.com/openai/v1/", "groq"),
        ("https://api.anthropic.com/", "anthropic"),
        ("https://api.perplexity.ai", "perplexity"),
        ("https://api.openai.com/v1/", "openai"),
        ("https://models.internal/v1", "openai"),
        ("https://api.groq.com/other", "openai"),
    ],
)
def test_an_address_says_whose_it_is_where_no_type_does(
    base: str, expected: str, tmp_path: Path
) -> None:
    assert settings(tmp_path, f'api_base = "{base}"\n{KEY}').get("api_type", "openai") == expected
    named = settings(tmp_path, f'api_type = "vllm"\napi_base = "{base}"\n{KEY}')
    assert named["api_type"] == "vllm"


def test_a_function_is_known_by_its_key(tmp_path: Path) -> None:
    (tmp_path / "answers.py").write_text("def echo(prompt):\n    return prompt\n")

    found = settings(tmp_path, 'inference_func = "answers.echo"\nchat_mode = true')

    assert found["api_type"] == "function"
    assert found["params"] == {"inference_func": "answers.echo", "chat_mode": True}


@pytest.mark.parametrize(
    ("written", "key", "value"),
    [
        ('LLM_API_TYPE = "groq"', "api_type", "groq"),
        ('API_TYPE = "groq"', "api_type", "groq"),
        ('Llm_Api_Type = "groq"', "api_type", "groq"),
        ('LLM_API_PLATFORM = "groq"', "api_type", "groq"),
        ('LLM_API_BASE = "https://x.example/v1"', "api_base", "https://x.example/v1"),
        ("DEFAULT_ARGS = { top_p = 1 }", "default_args", {"top_p": 1}),
        ("LLM_DEFAULT_ARGS = { top_p = 1 }", "default_args", {"top_p": 1}),
        ("LLM_USE_RESPONSES_API = true", "use_responses_api", True),
        ('MODEL = "m"', "params", {"model": "m"}),
        ("default_args = { model = 'm' }", "params", {"model": "m"}),
        ("default_args = { extra_body = { top_k = 3 } }", "default_args", {"top_k": 3}),
        ('init_params = { base_url = "https://y.example" }', "api_base", "https://y.example"),
        ("show_thinking = true", "show_thinking", True),
        ("deployment_id = ''", "params", {}),
    ],
)
def test_a_key_in_their_words_is_one_in_ours(
    written: str, key: str, value: Any, tmp_path: Path
) -> None:
    assert settings(tmp_path, f"{written}\n{KEY}")[key] == value


def test_the_sdks_timeout_is_that_of_each_wait(tmp_path: Path) -> None:
    said = f'{KEY}\ninit_params = {{ timeout = "7" }}\ntimeouts = {{ answer_s = 90 }}'

    found = settings(tmp_path, said)["timeouts"]

    assert found == {"connect_s": 7, "first_byte_s": 7, "answer_s": 90, "silence_s": 7}


def test_the_calls_timeout_goes_before_the_clients(tmp_path: Path) -> None:
    said = f"{KEY}\ninit_params = {{ timeout = 30 }}\ndefault_args = {{ timeout = 4 }}"

    assert set(settings(tmp_path, said)["timeouts"].values()) == {4}


@pytest.mark.parametrize(
    ("kind", "key"),
    [
        ("openai", "openai_api_key"),
        ("groq", "OPENAI_API_KEY"),
        ("anthropic", "anthropic_api_key"),
        ("google", "google_api_key"),
        ("google_ai_studio", "GOOGLE_API_KEY"),
    ],
)
def test_a_key_may_have_its_vendors_name(kind: str, key: str, tmp_path: Path) -> None:
    content = of_connection(f'api_type = "{kind}"\n{key} = "env:UPSTREAM"')

    assembly = configs.assembled(tmp_path, content)

    secret = assembly.config.settings.connections["up"].api_key
    assert secret
    assert secret.get_secret_value() == configs.ENVIRONMENT["UPSTREAM"]
    assert ("connections", "up", "api_key") in assembly.config.references


def test_what_a_variable_says_is_a_secret_only_where_it_may_be_one(tmp_path: Path) -> None:
    said = [
        *('LLM_API_TYPE = "env:KIND"', 'OPENAI_API_KEY = "env:UPSTREAM"'),
        'default_args = { user = "env:USER_TOKEN" }',
    ]
    variables = {"KIND": "openrouter", "USER_TOKEN": "user-token-0123456789"}
    secrets = configs.assembled(
        tmp_path, of_connection("\n".join(said)), **variables
    ).config.secrets()

    assert configs.ENVIRONMENT["UPSTREAM"] in secrets
    assert variables["USER_TOKEN"] in secrets
    assert variables["KIND"] not in secrets


def test_a_missing_key_is_told_with_the_line_to_write(tmp_path: Path) -> None:
    found = configs.problems(
        tmp_path, of_connection('api_type = "open_ai"'), OPENAI_API_KEY="sk-0123"
    )

    assert len(found) == 1
    assert found[0].endswith('is required for this api_type; api_key = "env:OPENAI_API_KEY"')


def test_a_variable_that_lm_proxy_reads_by_itself_has_to_be_named(tmp_path: Path) -> None:
    variables = {"LLM_API_BASE": "https://gateway.example/v1"}

    (found,) = configs.warnings(tmp_path, of_connection(KEY), **variables)
    named = of_connection(f'{KEY}\napi_base = "env:LLM_API_BASE"')

    assert "connections.up: does not read the variable LLM_API_BASE, which is set" in found
    assert 'write api_base = "env:LLM_API_BASE"' in found
    assert configs.warnings(tmp_path, named, **variables) == []


def test_a_connection_with_a_model_of_its_own_may_be_a_routes_whole_value(tmp_path: Path) -> None:
    routing = '"fast" = "up"\n"*" = "up.*"'

    assert configs.problems(tmp_path, of_connection(f'{KEY}\nmodel = "m"', routing=routing)) == []
    (found,) = configs.problems(tmp_path, of_connection(KEY, routing=routing))
    assert "routing.fast: 'up' is not 'connection.model'" in found


@pytest.mark.parametrize(
    ("top", "groups"),
    [
        ("port = '8123'", '[groups.team]\napi_keys = ["env:TEAM"]'),
        ('api_prefix = ""', '[groups.team]\napi_keys = ["env:TEAM"]'),
        ('ssl_keyfile = ""\nssl_certfile = ""', '[groups.team]\napi_keys = ["env:TEAM"]'),
        ('ssl_keyfile = "env:NOT_SET"', '[groups.team]\napi_keys = ["env:TEAM"]'),
        ('api_key_check = "lm_proxy.core.check_api_key"', '[groups.a]\napi_keys = ["env:TEAM"]'),
        ('check_api_key = "lm_proxy.core.check_api_key"', '[groups.a]\napi_keys = ["env:TEAM"]'),
        ("", '[groups.team]\napi_keys = ["env:TEAM"]\nallowed_connections = "up, up"'),
        ("", '[groups.team]\napi_keys = ["env:TEAM"]\nallowed_connections = ["up"]'),
        ('api_key_check = "checks.mine"', ""),
        ('api_key_check = "checks.mine"', "[groups]"),
        ('model_listing_mode = "ignore_wildcards"', '[groups.a]\napi_keys = ["env:TEAM"]'),
    ],
)
def test_a_top_level_value_of_theirs_is_accepted(top: str, groups: str, tmp_path: Path) -> None:
    (tmp_path / "checks.py").write_text("def mine(key):\n    return 'default'\n")
    content = f'host = "127.0.0.1"\n{top}\n[connections.up]\n{KEY}\n[routing]\n"*"="up.*"\n{groups}'

    assert configs.problems(tmp_path, content) == []


@pytest.mark.parametrize("groups", ["", "[groups]"])
def test_groups_without_a_key_let_nobody_in_and_it_is_told(groups: str, tmp_path: Path) -> None:
    content = f'host = "127.0.0.1"\n[connections.up]\n{KEY}\n[routing]\n"*" = "up.*"\n{groups}'

    (found,) = configs.problems(tmp_path, content)

    assert "no group has a key" in found


def test_a_groups_typo_is_told_with_what_was_meant(tmp_path: Path) -> None:
    content = configs.text(group='connections = "up"')

    (found,) = configs.problems(tmp_path, content)

    assert found.endswith(
        "groups.team.connections: unknown key; did you mean 'allowed_connections'?"
    )


def test_a_whole_table_in_capitals_in_json_starts_too(tmp_path: Path) -> None:
    document = {
        "host": "127.0.0.1",
        "connections": {"up": {"LLM_API_TYPE": "openai", "LLM_API_KEY": "env:UPSTREAM"}},
        "routing": {"*": "up.*"},
        "groups": {"team": {"api_keys": ["env:TEAM"]}},
    }

    assert configs.problems(tmp_path, tomli_w.dumps(document)) == []
