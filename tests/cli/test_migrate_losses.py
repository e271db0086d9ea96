"""What `oai-proxy migrate` cannot carry, closes, or refuses to do."""

import re
from pathlib import Path

import pytest

from tests.cli.test_migrate import SMALL, ask, migrate, served, written
from tests.conftest import bearer
from tests.harness import patient
from tests.harness.command import oai_proxy
from tests.provider.server import Provider

KEY = re.compile(r"^  (sk-[0-9a-f]{48})$", re.MULTILINE)


def test_functions_of_a_python_config_are_named_or_said_to_be_lost(
    provider: Provider, tmp_path: Path
) -> None:
    (tmp_path / "validators.py").write_text("def check(key):\n    return key and 'team'\n")
    text = (
        "import validators\n"
        "def local(key): ...\n"
        "config = {'host': '127.0.0.1', 'connections': {'up': {'api_key': 'x', 'api_base': 'BASE'},"
        "'fn': local}, 'routing': {'*': 'up.*', 'f': 'fn.*'}, 'groups': {'team': {}},"
        "'api_key_check': validators.check, 'loggers': [lambda context: None]}\n"
    )
    ended = migrate(tmp_path, text.replace("BASE", provider.base_url), name="old.py")

    assert ended.returncode == 1
    assert written(tmp_path)["api_key_check"] == "validators.check"
    for words in (
        "connections.fn: 'local' has no path",
        "loggers.0: '<lambda>' has no path",
        "routing.f: leads to no connection",
        "prod.toml: ok",
    ):
        assert words in ended.stdout


@pytest.mark.parametrize(
    ("more", "key", "words"),
    [
        ('[groups.team]\napi_keys = ["KEY1"]', "team", "is a placeholder that everybody knows"),
        ('[groups.team]\napi_keys = [""]', "team", "an empty key let everybody in"),
        (
            '[api_key_check]\nclass = "lm_proxy.api_key_check.AllowAll"\ngroup = "all"',
            "all",
            "api_key_check: let everybody in who can connect",
        ),
        ("", "default", "has a fresh key, for there was none at all"),
    ],
    ids=["placeholder", "empty", "everybody", "none"],
)
def test_an_open_door_is_closed_with_a_fresh_key(
    provider: Provider, tmp_path: Path, more: str, key: str, words: str
) -> None:
    text = SMALL.replace("127.0.0.1", "0.0.0.0", 1).replace("{base}", provider.base_url)
    ended = migrate(tmp_path, text + more)
    printed = KEY.findall(ended.stdout)

    assert words in ended.stdout
    assert ended.returncode == (1 if more else 0)
    assert len(printed) == 1, ended.stdout
    assert f"A key for the group '{key}', shown this once" in ended.stdout
    assert printed[0] not in (tmp_path / "prod.toml").read_text()
    with served(tmp_path) as proxy:
        url = proxy.url.replace("0.0.0.0", "127.0.0.1")
        good = patient.get(f"{url}/v1/models", headers=bearer(printed[0]))
        none = patient.get(f"{url}/v1/models", headers=bearer("KEY1"))
    assert (good.status_code, none.status_code) == (200, 401)


def test_everybody_still_comes_in_on_this_machine_alone(provider: Provider, tmp_path: Path) -> None:
    check = 'api_key_check = "lm_proxy.api_key_check.AllowAll"\n'
    ended = migrate(tmp_path, check + SMALL.replace("{base}", provider.base_url))

    assert ended.returncode == 0, ended.stdout + ended.stderr
    with served(tmp_path) as proxy:
        assert ask(proxy, "any", "m").status_code == 200


LOST = """
[nothing.of.ours]
class = "some_pkg.DB"
[groups.team]
api_keys = ["team-key-0123456789abcdef0123", "shared-0123456789abcdef01"]
connections = "openai"
[groups.other]
api_keys = ["shared-0123456789abcdef01"]
allowed_connections = "openai, gone"
"""


def test_what_cannot_be_carried_is_named_with_its_line(provider: Provider, tmp_path: Path) -> None:
    small = SMALL.replace("{base}", provider.base_url).replace(
        "[routing]", '[routing]\n"x" = "no-dot"\n"y" = "gone.z"'
    )
    ended = migrate(tmp_path, small + LOST)

    assert ended.returncode == 1
    changed, lost = ended.stdout.split("Not carried:")
    for words in (
        "line 8: routing.x: leads to no connection",
        "line 9: routing.y: leads to no connection",
        "line 12: nothing: has no place here",
        "line 16: groups.team.connections: lm-proxy ignored it, so the group may do more than it",
    ):
        assert words in lost
    assert "line 18: groups.other.api_keys.0: left out: it is a key of 'team' already" in changed
    assert 'line 19: groups.other.allowed_connections: is ["openai"]' in changed
    assert "prod.toml: ok" in lost


def test_a_result_that_cannot_be_served_yet_says_why(provider: Provider, tmp_path: Path) -> None:
    text = SMALL.replace("{base}", provider.base_url).replace("OPENAI_API_KEY", "NOT_SET")
    ended = migrate(tmp_path, text + '[groups.team]\napi_keys = ["env:OPENAI_API_KEY"]')

    assert ended.returncode == 1
    assert "connections.openai.api_key: env:NOT_SET leads to nothing" in ended.stderr
    assert "prod.toml: cannot be served yet" in ended.stderr


@pytest.mark.parametrize(
    ("to", "words"),
    [
        ("old.toml", "is the config to be read"),
        ("there.toml", "is there already: give another --to, or --force"),
        ("prod.yaml", "the config is written in TOML"),
        ("nowhere/prod.toml", "cannot be written: No such file"),
    ],
)
def test_nothing_is_overwritten(provider: Provider, tmp_path: Path, to: str, words: str) -> None:
    (tmp_path / "old.toml").write_text(SMALL)
    (tmp_path / "there.toml").write_text("mine")
    force = ["--force"] if to == "old.toml" else []
    ended = oai_proxy("migrate", "old.toml", "--to", to, *force, folder=tmp_path)

    assert ended.returncode == 1
    assert words in ended.stderr
    assert (tmp_path / "old.toml").read_text() == SMALL
    assert (tmp_path / "there.toml").read_text() == "mine"


def test_a_config_that_cannot_be_read_writes_nothing(tmp_path: Path) -> None:
    ended = migrate(tmp_path, "host = ")

    assert ended.returncode == 78
    assert "old.toml: not valid TOML" in ended.stderr
    assert not (tmp_path / "prod.toml").exists()
