"""`oai-proxy` as it is started: the command line, what it says, how it ends."""

import os
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
import typer
from typer.core import TyperGroup

from lmproxy import __version__
from lmproxy.cli import EXIT_CONFIG, app
from tests.conftest import base_config
from tests.harness import patient
from tests.harness.command import oai_proxy, python
from tests.harness.proxy import Proxy, StartError
from tests.provider.server import Provider

HELP_S = 0.3
TAKES_A_SECRET = {"key", "token", "password", "secret"}


@pytest.fixture(scope="module")
def elsewhere(provider: Provider, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Proxy]:
    """A proxy whose command line contradicts its config."""
    config = {**base_config(provider), "host": "192.0.2.1", "port": 1}
    arguments = ("serve", "--host", "127.0.0.2", "--port", "0", "--debug")
    with Proxy(config, tmp_path_factory.mktemp("elsewhere"), arguments=arguments) as running:
        yield running


def test_the_start_says_version_config_file_and_address(proxy: Proxy) -> None:
    (line,) = proxy.log("listening")

    assert line["version"] == __version__
    assert line["config"] == str(proxy.config_file)
    assert line["address"] == f"http://127.0.0.1:{proxy.port}"
    assert line["api"] == f"http://127.0.0.1:{proxy.port}/v1"


def test_port_0_is_a_free_one_and_the_real_one_is_printed(proxy: Proxy) -> None:
    assert proxy.port > 0
    assert patient.get(f"{proxy.url}/health").status_code == 200


def test_the_start_says_what_is_unwise(proxy: Proxy) -> None:
    said = [line["event"] for line in proxy.log_lines() if line["level"] == "warning"]

    assert any("groups.guests.api_keys.0: stands in the file as plain text" in w for w in said)


def test_host_and_port_of_the_command_line_go_before_the_configs(elsewhere: Proxy) -> None:
    assert elsewhere.url.startswith("http://127.0.0.2:")
    assert elsewhere.port > 1


def test_the_openapi_page_is_for_debugging_only(elsewhere: Proxy, proxy: Proxy) -> None:
    found = [patient.get(f"{url}/docs").status_code for url in (elsewhere.url, proxy.url)]

    assert found == [200, 404]


def test_the_openapi_page_has_the_endpoints_that_stand_in_front_of_it(elsewhere: Proxy) -> None:
    paths = patient.get(f"{elsewhere.url}/openapi.json").json()["paths"]

    assert {"/v1/chat/completions", "/v1/models", "/v1/models/{model}", "/health"} <= set(paths)


def test_a_host_that_others_reach_makes_a_placeholder_key_an_error(
    provider: Provider, tmp_path: Path
) -> None:
    config = base_config(provider)
    config["groups"] = {"team": {"api_keys": ["KEY1"]}}

    with (
        pytest.raises(StartError) as refused,
        Proxy(config, tmp_path, arguments=("--host", "0.0.0.0")),
    ):
        pass

    assert refused.value.code == EXIT_CONFIG
    assert "groups.team.api_keys.0: is a placeholder" in refused.value.stderr


def test_a_port_in_use_is_named_and_exits_with_1(provider: Provider, tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as occupied:
        port = occupied.getsockname()[1]

        with (
            pytest.raises(StartError) as refused,
            Proxy({**base_config(provider), "port": port}, tmp_path),
        ):
            pass

    assert refused.value.code == 1
    assert f"cannot listen on 127.0.0.1 port {port}: Address already in use" in (
        refused.value.stderr
    )
    assert "Traceback" not in refused.value.stderr


@pytest.mark.parametrize(
    "arguments",
    [
        ("--config", "bad.toml"),
        ("serve", "--config", "bad.toml"),
        ("--config", "bad.toml", "serve"),
    ],
    ids=" ".join,
)
def test_serving_a_broken_config_says_all_of_it_and_exits_with_78(
    arguments: tuple[str, ...], tmp_path: Path
) -> None:
    (tmp_path / "bad.toml").write_text("prot = 1\n[connection]\n")

    ended = oai_proxy(*arguments, folder=tmp_path)

    assert ended.returncode == EXIT_CONFIG
    assert ended.stderr.splitlines() == [
        "bad.toml: connections: is required",
        "bad.toml: line 1: prot: unknown key; did you mean 'port'?",
        "bad.toml: line 2: connection: unknown key; did you mean 'connections'?",
    ]


def test_a_directory_that_cannot_be_written_ends_the_start_with_its_path(
    provider: Provider, tmp_path: Path
) -> None:
    config = {**base_config(provider), "storage": {"dir": "/proc/nowhere"}}

    with pytest.raises(StartError) as refused, Proxy(config, tmp_path):
        pass

    assert refused.value.code == EXIT_CONFIG
    assert "storage.dir: /proc/nowhere cannot be written" in refused.value.stderr


def test_sigterm_ends_it_in_good_order(provider: Provider, tmp_path: Path) -> None:
    with Proxy(base_config(provider), tmp_path) as running:
        code = running.stop()

    assert code == 0
    assert "Traceback" not in "".join(running.stderr)


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (("--version",), 0, f"oai-proxy {__version__}\n"),
        (("--log-level", "loud"), 2, "--log-level must be one of debug, info, warning, error\n"),
        (("--port", "many"), 2, "Invalid value for '--port'"),
        (("severe",), 2, "No such command 'severe'"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
)
def test_a_command_line_is_answered_with_its_exit_code(
    arguments: tuple[str, ...], code: int, words: str, tmp_path: Path
) -> None:
    ended = oai_proxy(*arguments, folder=tmp_path)

    assert ended.returncode == code
    assert words in ended.stdout + ended.stderr


def test_python_m_lmproxy_is_the_same_program(tmp_path: Path) -> None:
    ended = python("-m", "lmproxy", "--version", folder=tmp_path)

    assert ended.stdout == f"oai-proxy {__version__}\n"


def test_help_names_every_option_and_command(tmp_path: Path) -> None:
    said = oai_proxy("--help", folder=tmp_path).stdout

    for word in ("--config", "--env-file", "--host", "--port", "--log-level", "--debug"):
        assert word in said
    assert "serve" in said
    assert "check" in said


def test_help_takes_no_longer_than_a_glance(tmp_path: Path) -> None:
    def once() -> float:
        before = os.times()
        oai_proxy("--help", folder=tmp_path)
        after = os.times()  # Of CPU, whatever else the machine does.
        return after.children_user + after.children_system - before[2] - before[3]

    assert min(once() for _ in range(3)) < HELP_S


def test_no_option_takes_a_secret() -> None:
    command = typer.main.get_command(app)
    assert isinstance(command, TyperGroup)
    commands = [command, *command.commands.values()]
    options = {name for each in commands for option in each.params for name in option.opts}
    options.remove("--key")  # `explain --key ID`: the name of a key, never the key.
    options -= {f"--api-key-{place}" for place in ("env", "file", "credential")}  # Where one is.

    assert "--config" in options
    assert not [name for name in options if TAKES_A_SECRET & set(name.strip("-").split("-"))]
