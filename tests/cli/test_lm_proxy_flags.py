"""The command line of lm-proxy's starts this proxy: its flags, and the one variable that it has."""

from pathlib import Path

import pytest

from tests.conftest import TEAM_KEY, base_config, chat
from tests.handlers.own import ask
from tests.harness import patient
from tests.harness.proxy import Proxy
from tests.provider.server import Provider

FLAGS = [["--env", "{}"], ["--env-file", "{}"], ["--env_file={}"], ["serve", "--env_file", "{}"]]


@pytest.mark.parametrize("flags", FLAGS, ids=" ".join)
def test_an_env_file_may_be_named_in_each_of_its_ways(
    provider: Provider, tmp_path: Path, flags: list[str]
) -> None:
    env = tmp_path / "other.env"
    env.write_text(f"TEAM={TEAM_KEY}\n")
    config = {**base_config(provider), "groups": {"team": {"api_keys": ["env:TEAM"]}}}
    arguments = tuple(flag.format(env) for flag in flags)
    with Proxy(config, tmp_path, arguments=arguments, warm=False) as proxy:
        answer = ask(proxy, "by-env-file")

    assert answer.status_code == 200, answer.text
    assert provider.requests_for("by-env-file")[0].json == chat("by-env-file")


@pytest.mark.parametrize(
    ("flags", "variable", "in_file", "shows"),
    [
        ((), "", "", False),
        ((), "on", "", True),
        ((), "0", "", False),
        ((), "", "Y", True),
        (("--no-debug",), "1", "", False),
        (("--debug",), "0", "", True),
        (("--debug", "serve", "--no-debug"), "", "", False),
    ],
)
def test_debugging_is_asked_for_by_flag_or_variable(
    provider: Provider,
    tmp_path: Path,
    flags: tuple[str, ...],
    variable: str,
    in_file: str,
    shows: bool,
) -> None:
    environment = {"LM_PROXY_DEBUG": variable} if variable else {}
    if in_file:
        (tmp_path / ".env").write_text(f"LM_PROXY_DEBUG={in_file}\n")
    config = base_config(provider)
    with Proxy(config, tmp_path, arguments=flags, environment=environment, warm=False) as proxy:
        page = patient.get(f"{proxy.url}/docs", timeout=60)

    assert page.status_code == (200 if shows else 404)
