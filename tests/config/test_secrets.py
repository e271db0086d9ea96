"""Secrets from outside the file: where they come from, and that nothing is never an empty key."""

import os
from pathlib import Path

import pytest

from lmproxy.config.environment import child_environment, read_environment
from lmproxy.config.secrets import References
from lmproxy.problems import ConfigError
from tests.harness import configs

NOTHING = "leads to nothing: it is unset, empty or unreadable"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "secret"


def test_a_variable_is_read_at_any_depth() -> None:
    references = References({"A": "alpha"})

    found = references.resolve({"x": [{"y": "env:A"}], "z": "A", "n": 5})

    assert found == {"x": [{"y": "alpha"}], "z": "A", "n": 5}
    assert references.found == {("x", 0, "y"): "alpha"}


@pytest.mark.parametrize(
    ("text", "expected"),
    [("secret\n", "secret"), ("secret", "secret"), ("a\n\n", "a\n"), (" a ", " a ")],
)
def test_a_file_gives_its_text_without_one_trailing_newline(
    text: str, expected: str, file: Path
) -> None:
    file.write_text(text)

    assert References({}).resolve(f"file:{file}") == expected


def test_a_systemd_credential_is_a_file_of_its_directory(file: Path) -> None:
    file.write_text("secret\n")
    references = References({"CREDENTIALS_DIRECTORY": str(file.parent)})

    assert references.resolve("credential:secret") == "secret"


@pytest.mark.parametrize(
    "reference",
    [
        "env:UNSET",
        "env:EMPTY",
        "env:",
        "file:/nowhere/secret",
        "file:/",
        "credential:absent",
        "credential:../secret",
    ],
)
def test_a_reference_that_leads_to_nothing_is_a_problem(reference: str, file: Path) -> None:
    file.write_text("secret")
    (file.parent / "credentials").mkdir()
    directory = str(file.parent / "credentials")
    references = References({"EMPTY": "", "CREDENTIALS_DIRECTORY": directory})

    references.resolve({"key": reference})

    (problem,) = references.located({("key",): 7})
    assert str(problem) == f"line 7: key: {reference} {NOTHING}"


def test_an_empty_or_undecodable_file_is_no_secret(file: Path) -> None:
    for content in (b"", b"\n", b"\xff"):
        file.write_bytes(content)
        references = References({})

        references.resolve({"key": f"file:{file}"})

        assert references.problems


def test_a_problem_of_a_reference_has_the_line_of_its_place(tmp_path: Path) -> None:
    content = configs.text(api_keys='api_keys = [\n  "env:TEAM",\n  "env:UNSET",\n]')

    found = configs.problems(tmp_path, content)

    number = configs.line(content, "env:UNSET")
    assert found == [f"line {number}: groups.team.api_keys.1: env:UNSET {NOTHING}"]


def test_a_wrong_type_is_not_said_beside_a_reference_that_leads_to_nothing(tmp_path: Path) -> None:
    found = configs.problems(tmp_path, configs.text(top='port = "env:UNSET"'))

    assert found == [f"line 2: port: env:UNSET {NOTHING}"]


@pytest.mark.parametrize("variable", ["UNSET", "EMPTY"])
def test_an_unset_variable_switches_tls_off_as_in_lm_proxy(variable: str, tmp_path: Path) -> None:
    top = f'ssl_keyfile = "env:{variable}"\nssl_certfile = "env:{variable}"'

    config = configs.assembled(tmp_path, configs.text(top=top)).config

    assert config.settings.ssl_keyfile is None
    assert config.settings.ssl_certfile is None


@pytest.mark.parametrize("scheme", ["file:", "credential:"])
def test_a_missing_credential_does_not_switch_tls_off(scheme: str, tmp_path: Path) -> None:
    found = configs.problems(tmp_path, configs.text(top=f'ssl_keyfile = "{scheme}absent"'))

    assert found == [f"line 2: ssl_keyfile: {scheme}absent {NOTHING}"]


def test_a_named_env_file_overrides_the_environment(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("A", "of the process")
    file.write_text("A=of the file\n")

    assert read_environment(file)["A"] == "of the file"


def test_a_dotenv_in_the_working_directory_only_fills_gaps(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("A", "of the process")
    (tmp_path / ".env").write_text("A=of the file\nONLY_THERE=yes\n")

    found = read_environment()

    assert (found["A"], found["ONLY_THERE"]) == ("of the process", "yes")


def test_an_empty_env_file_option_means_no_env_file_as_in_lm_proxy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("A", "of the process")
    (tmp_path / ".env").write_text("ONLY_THERE=yes\n")

    found = read_environment(Path())

    assert found["A"] == "of the process"
    assert "ONLY_THERE" not in found


def test_reading_an_env_file_changes_no_variable_of_the_process(file: Path) -> None:
    file.write_text("NEVER_EXPORTED=yes\n")

    read_environment(file)

    assert "NEVER_EXPORTED" not in os.environ  # noqa: TID251 - this is what is tested.


@pytest.mark.parametrize("content", [None, b"A=\xff"], ids=["missing", "not UTF-8"])
def test_an_env_file_that_cannot_be_read_is_named(content: bytes | None, file: Path) -> None:
    if content is not None:
        file.write_bytes(content)

    with pytest.raises(ConfigError, match="the env file") as caught:
        read_environment(file)

    assert str(caught.value).startswith(f"{file}: ")


def test_child_processes_get_no_variable_that_may_be_a_secret(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "secret")

    found = child_environment()

    assert "PATH" in found
    assert "secret" not in found.values()


def test_the_scrubber_is_told_every_secret_that_may_show_up_outside(tmp_path: Path) -> None:
    folder = tmp_path
    (folder / "vault_plugin.py").write_text(
        "class Logger:\n"
        "    def __init__(self, token: str): ...\n"
        "    def write(self, record, request): ...\n"
        "    def close(self): ...\n"
    )
    content = configs.text(
        connection='http_headers = { x-tenant = "header-secret" }\n'
        'proxy = "http://agent:proxy%2Fsecret@127.0.0.1:3128"',
        tail='[[loggers]]\nclass = "vault_plugin.Logger"\ntoken = "env:TOKEN"',
    )

    known = configs.assembled(folder, content, TOKEN="logger-secret").config.secrets()

    assert {
        "upstream-secret-0123456789",
        "header-secret",
        "logger-secret",
        "agent:proxy/secret",
        "proxy/secret",
        "proxy%2Fsecret",
    } <= set(known)
