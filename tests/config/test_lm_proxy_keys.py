"""A key of lm-proxy's that does nothing here, or is wrong, is told by its line and what to do."""

from pathlib import Path

import pytest

from tests.harness import configs
from tests.harness.command import oai_proxy
from tests.harness.configs import of_connection

KEY = 'api_key = "env:UPSTREAM"'
NO_EFFECT = "has no effect"
AZURE = 'api_type = "azure"\napi_base = "https://team.openai.azure.com"\nazure_use_entra_id = true'


WITHOUT_EFFECT = {
    "dev_autoreload": ("", "dev_autoreload = true", "restart the proxy after a change"),
    "callbacks": ('callbacks = ["a.b"]', "", "[[loggers]]"),
    "tiktoken_encoding": ('tiktoken_encoding = "o200k_base"', "", "counted by the provider"),
    "use_dot_env": ("use_dot_env = false", "", '--env=""'),
    "dot_env_file": ('dot_env_file = "x.env"', "", "--env FILE"),
    "validate_config": ("validate_config = false", "", "every config is checked"),
    "chat_mode": ("chat_mode = false", "", "ask /v1/completions"),
    "model": ('model = "high-end"', "", "name the model itself"),
    "anthropic_api_key": ('anthropic_api_key = "a"', "", "api_key is the key"),
    "openai_api_key": ('openai_api_key = "a"', "", "api_key is the key"),
    "google_api_key": ('google_api_key = "a"', "", "api_key is the key"),
    "deployment_id": ('deployment_id = "d"', "", "only api_type = 'azure' has deployments"),
    "azure_deployment_id": ('azure_deployment_id = "d"', "", "only api_type = 'azure'"),
    "azure_entra_scope": ('azure_entra_scope = "s"', "", "set azure_use_entra_id = true"),
    "azure_tenant_id": ('azure_tenant_id = "t"', "", "set azure_use_entra_id = true"),
    "google_cloud_project_id": ('google_cloud_project_id = "p"', "", "'google_vertex_ai'"),
    "google_cloud_location": ('google_cloud_location = "l"', "", "'google_vertex_ai'"),
    "google_genai_use_vertexai": (
        "google_genai_use_vertexai = true",
        "",
        "set api_type = 'google_vertex_ai'",
    ),
    "hidden_output_begin": ('hidden_output_begin = "<a>"', "", "give hidden_output_end too"),
    "max_retries": ("init_params = { max_retries = 3 }", "", "requests are not sent again"),
    "strict_response_validation": (
        "init_params = { strict_response_validation = true }",
        "",
        "no SDK of the provider's is used here",
    ),
    "http_client": ("init_params = { http_client = 1 }", "", "write proxy, ca_file or timeouts"),
    "stream": ("default_args = { stream = true }", "", "the client says whether"),
    "stream_options": ("default_args = { stream_options = { a = 1 } }", "", "stream_usage"),
    "use_logging": ("use_logging = true", "", "print_stream = true prints"),
    "max_concurrent_tasks": ("max_concurrent_tasks = 5", "", "write concurrency"),
    "prompt_templates_path": ('prompt_templates_path = "tpl"', "", "lm-proxy had no use for it"),
    "inference_func": ('api_type = "openai"\ninference_func = "a.b"', "", "api_type = 'function'"),
    "cli": ('api_type = "openai"\ncli = "cat"', "", "api_type = 'cli'"),
    "extra_query": ("default_args = { extra_query = { a = 1 } }", "", "no field of a request"),
}


@pytest.mark.parametrize("key", WITHOUT_EFFECT)
def test_a_key_that_does_nothing_is_a_warning_that_says_what_to_do(
    key: str, tmp_path: Path
) -> None:
    connection, top, instead = WITHOUT_EFFECT[key]
    content = of_connection(f"{KEY}\n{connection}", top=top)

    (found,) = [words for words in configs.warnings(tmp_path, content) if NO_EFFECT in words]

    assert found.startswith(f"line {configs.line(content, key)}: ")
    assert f"{key}: {NO_EFFECT}; " in found
    assert instead in found


@pytest.mark.parametrize(
    "harmless",
    [
        "init_params = { max_retries = 0 }",
        "init_params = {}",
        "use_dot_env = true",
        "validate_config = true",
        "chat_mode = true",
        "azure_use_entra_id = false",
        "google_genai_use_vertexai = false",
        'tiktoken_encoding = ""',
        "default_args = { temperature = 0.2 }",
    ],
)
def test_what_happens_anyway_is_no_warning(harmless: str, tmp_path: Path) -> None:
    found = configs.warnings(tmp_path, of_connection(f"{KEY}\n{harmless}"))

    assert found == []


@pytest.mark.parametrize(
    ("said", "key"),
    [
        ('model = "m"', "model"),
        ('http_headers = { a = "b" }', "http_headers"),
        ("init_params = { timeout = 3 }", "init_params"),
        ("default_args = { stream = true }", "default_args.stream"),
        ("use_responses_api = true", "use_responses_api"),
        ('cli = "cat"', "cli"),
        ('azure_deployment_id = "d"', "azure_deployment_id"),
        ('google_cloud_location = "l"', "google_cloud_location"),
        ('anthropic_api_key = "a"', "anthropic_api_key"),
    ],
)
def test_what_a_function_has_no_use_for_is_a_warning(said: str, key: str, tmp_path: Path) -> None:
    (tmp_path / "answers.py").write_text("def echo(prompt):\n    return prompt\n")
    content = of_connection(f'inference_func = "answers.echo"\n{said}')

    (found,) = configs.warnings(tmp_path, content)

    line = configs.line(content, said)
    assert found.startswith(f"line {line}: connections.up.{key}: {NO_EFFECT}; ")


@pytest.mark.parametrize(
    ("kind", "said", "key"),
    [
        ('api_type = "cli"\ncli = "cat"', "chat_mode = true", "chat_mode"),
        ('api_type = "cli"\ncli = "cat"', "init_params = { timeout = 3 }", "init_params"),
        ('api_type = "none"', 'cli = "cat"', "cli"),
        ('api_type = "none"', 'inference_func = "a.b"', "inference_func"),
    ],
)
def test_what_is_no_provider_takes_every_key_and_says_which_does_nothing(
    kind: str, said: str, key: str, tmp_path: Path
) -> None:
    content = of_connection(f"{kind}\n{said}")

    (found,) = configs.warnings(tmp_path, content)

    assert found.startswith(f"line {configs.line(content, said)}: connections.up.{key}: ")
    assert "asks no provider" in found


def test_a_warning_is_printed_by_check_and_at_the_end_it_says_ok(tmp_path: Path) -> None:
    content = of_connection(f"{KEY}\nLLM_API_VERSION = '2024-06-01'\nCALLBACKS = ['a.b']")
    configs.write(tmp_path, content)

    ended = oai_proxy(
        *("check", "--config", "proxy.toml", "--env-file", "variables.env"), folder=tmp_path
    )

    line = configs.line(content, "CALLBACKS")
    assert ended.returncode == 0
    words = "connections.up.CALLBACKS: has no effect; [[loggers]] takes functions of yours"
    assert f"proxy.toml: warning: line {line}: {words}" in ended.stderr
    assert "ok, with 1 warning" in ended.stdout


@pytest.mark.parametrize(
    ("connection", "key", "words"),
    [
        (f'{KEY}\nLLM_API_KEY = "b"', "LLM_API_KEY", "says the same as 'api_key'; keep one of"),
        (f"{KEY}\ninit_params = 1", "init_params", "must be a table"),
        (f"{KEY}\ninit_params = {{ timeout = -1 }}", "init_params.timeout", "must be greater"),
        (f"{KEY}\ndefault_args = 1", "default_args", "must be a table"),
        (f'{KEY}\nhttp_heaers = "b"', "http_heaers", "unknown key; did you mean 'http_headers'?"),
        (f'{KEY}\nazure_tenat_id = "b"', "azure_tenat_id", "did you mean 'azure_tenant_id'?"),
        (f'{AZURE}\nazure_entra_credential = "x"', "azure_entra_credential", "is none that is"),
        (
            f'{AZURE}\nazure_tenant_id="a"\nazure_client_id="b"\n'
            'azure_entra_credential = "client_secret"',
            "azure_entra_credential",
            "needs azure_client_secret beside it",
        ),
        (
            'api_type = "google"\ngoogle_cloud_service_account = "nowhere.json"',
            "google_cloud_service_account",
            "there is no such file",
        ),
        (AZURE, "azure_use_entra_id", "needs the package 'azure-identity'"),
        (
            'api_type = "anthropic"\napi_key = "k"\nuse_responses_api = true',
            "use_responses_api",
            "this provider has no Responses API",
        ),
    ],
)
def test_what_is_wrong_is_told_by_the_key_and_line_that_was_written(
    connection: str, key: str, words: str, tmp_path: Path
) -> None:
    content = of_connection(connection)

    (found, *_) = [said for said in configs.problems(tmp_path, content) if f"up.{key}: " in said]

    line = configs.line(content, key.rpartition(".")[2])
    assert found.startswith(f"line {line}: connections.up.{key}: ")
    assert words in found
