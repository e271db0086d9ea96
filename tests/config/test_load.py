"""From a file to a config: what is read, from where, and what it means."""

import hashlib
from pathlib import Path

import pytest
from pydantic import ValidationError

from lmproxy.config import Config, load_config
from lmproxy.config.load import is_this_machine
from lmproxy.problems import ConfigError
from tests.harness import configs

MINIMAL = "[connections]\n"


def load(folder: Path, content: str | bytes, **overrides: object) -> Config:
    path = folder / "proxy.toml"
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return load_config(path, overrides=overrides)


def refusal(folder: Path, content: str | bytes) -> str:
    with pytest.raises(ConfigError) as caught:
        load(folder, content)
    return str(caught.value).replace(f"{folder}/", "")


def test_a_missing_file_is_named_with_the_reason(tmp_path: Path) -> None:
    path = tmp_path / "nowhere.toml"

    with pytest.raises(ConfigError, match="No such file or directory") as caught:
        load_config(path)

    assert str(caught.value).startswith(f"{path}: ")


def test_a_directory_in_place_of_the_file_is_said(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="Is a directory"):
        load_config(tmp_path)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"host = '\xff'", "the file is not UTF-8 text"),
        (
            "\nhost = localhost",
            "line 2: not valid TOML: Invalid value at column 8; texts stand in quotes",
        ),
        ("port = 1\nport = 2", "line 2: not valid TOML: Cannot overwrite a value at column 9"),
        ("[a]\n[a]", "line 2: not valid TOML: Cannot declare ('a',) twice at column 3"),
        (f"a = {'[' * 5000}", "not valid TOML: it is nested too deeply or a number is too long"),
        (f"port = {'1' * 5000}", "not valid TOML: it is nested too deeply or a number is too"),
    ],
    ids=["not UTF-8", "no quotes", "key twice", "table twice", "too deep", "number too long"],
)
def test_what_is_no_toml_is_refused_with_its_line(
    content: str | bytes, words: str, tmp_path: Path
) -> None:
    content = f"{content}\n" if isinstance(content, str) else content

    found = refusal(tmp_path, content)

    assert found.startswith(f"proxy.toml: {words}")


def test_a_byte_order_mark_is_no_part_of_the_first_key(tmp_path: Path) -> None:
    config = load(tmp_path, b"\xef\xbb\xbfport = 81\n[connections]")

    assert config.settings.port == 81


def test_the_digest_is_of_the_text_so_that_records_tell_which_config_decided(
    tmp_path: Path,
) -> None:
    config = load(tmp_path, MINIMAL)

    assert config.digest == hashlib.sha256(MINIMAL.encode()).hexdigest()[:12]


def test_a_key_knows_its_line_and_a_missing_one_that_of_its_table(tmp_path: Path) -> None:
    content = configs.text()

    config = configs.assembled(tmp_path, content).config

    assert config.line("connections", "up", "api_key") == configs.line(content, "api_key =")
    assert config.line("connections", "up", "proxy") == configs.line(content, "[connections.up]")
    assert config.line("default_model") is None


def test_the_settings_cannot_be_changed(tmp_path: Path) -> None:
    config = load(tmp_path, MINIMAL)

    with pytest.raises(ValidationError, match="frozen"):
        config.settings.port = 5


def test_a_printed_config_shows_neither_environment_nor_secrets(tmp_path: Path) -> None:
    config = configs.assembled(tmp_path, configs.text()).config

    shown = repr(config)

    assert "upstream-secret" not in shown
    assert "team-secret" not in shown


def test_the_command_line_overrides_the_file(tmp_path: Path) -> None:
    config = load(tmp_path, "port = 81\nhost = '::1'\n[connections]", port=0)

    assert (config.settings.port, config.settings.host) == (0, "::1")


@pytest.mark.parametrize(
    ("value", "expected"),
    [("'a, b'", ("a", "b")), ("['a', 'b']", ("a", "b")), ("'a'", ("a",)), ("''", ())],
)
def test_names_are_a_list_or_lm_proxys_text_with_commas(
    value: str, expected: tuple[str, ...], tmp_path: Path
) -> None:
    config = load(tmp_path, f"[connections]\n[groups.g]\nallowed_connections = {value}")

    assert config.settings.groups["g"].allowed_connections == expected


def test_a_route_leads_to_one_target_or_to_a_list(tmp_path: Path) -> None:
    config = load(tmp_path, "[connections]\n[routing]\na = 'x.*'\nb = ['x.*', 'y.z']")

    assert config.settings.routing == {"a": ("x.*",), "b": ("x.*", "y.z")}


def test_the_order_of_the_rules_is_that_of_the_file(tmp_path: Path) -> None:
    config = load(tmp_path, "[connections]\n[routing]\nz = 'x.*'\na = 'x.*'\n'*' = 'x.*'")

    assert list(config.settings.routing) == ["z", "a", "*"]


def test_numbers_and_switches_may_be_texts_as_references_give_them(tmp_path: Path) -> None:
    content = configs.text(top='port = "env:PORT"\nenabled = "env:ON"')

    settings = configs.assembled(tmp_path, content, PORT="8123", ON="false").config.settings

    assert (settings.port, settings.enabled) == (8123, False)


@pytest.mark.parametrize("name", ["ssl_keyfile", "ssl_certfile"])
def test_an_empty_certificate_path_means_none_as_in_lm_proxy(name: str, tmp_path: Path) -> None:
    config = load(tmp_path, f"{name} = ''\n[connections]")

    assert getattr(config.settings, name) is None


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        ("127.0.0.1", True),
        ("127.8.9.1", True),
        ("::1", True),
        ("localhost", True),
        ("0.0.0.0", False),
        ("::", False),
        ("", False),
        ("10.0.0.1", False),
        ("127.0.0.1.example.org", False),
        ("proxy.internal", False),
    ],
)
def test_only_loopback_addresses_are_this_machine(host: str, expected: bool) -> None:
    assert is_this_machine(host) is expected


def test_records_go_to_the_named_directory_first(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STATE_DIRECTORY", "/var/lib/other")

    config = load(tmp_path, "[connections]\n[storage]\ndir = '/srv/records'")

    assert config.storage_dir == Path("/srv/records")


def test_a_tilde_in_the_storage_directory_is_the_home_directory(tmp_path: Path) -> None:
    config = load(tmp_path, "[connections]\n[storage]\ndir = '~/records'")

    assert config.storage_dir == Path.home() / "records"


def test_records_go_to_systemds_first_state_directory_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STATE_DIRECTORY", "/var/lib/oai-proxy:/var/lib/second")

    config = load(tmp_path, MINIMAL)

    assert config.storage_dir == Path("/var/lib/oai-proxy")


def test_records_go_to_storage_in_the_working_directory_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("STATE_DIRECTORY", raising=False)

    config = load(tmp_path, MINIMAL)

    assert config.storage_dir == Path("storage")
