"""A config in another form than TOML says the same, and what is wrong in it is said as well."""

import json
import sys
from pathlib import Path
from typing import Any

import pytest
import tomli_w
import yaml

from lmproxy.config import Config, load_config
from lmproxy.problems import ConfigError
from tests.conftest import TEAM_KEY, base_config, bearer, chat
from tests.harness import patient
from tests.harness.command import oai_proxy
from tests.harness.proxy import Proxy
from tests.provider.server import Provider

BOM = "\ufeff"
DOCUMENT: dict[str, Any] = {
    "host": "127.0.0.1",
    "port": 8001,
    "connections": {
        "one": {"api_base": "http://127.0.0.1:9/v1", "api_key": "env:FORMATS_KEY"},
        "two": {"api_type": "anthropic", "api_key": "x" * 20, "timeouts": {"connect_s": 2.5}},
    },
    "routing": {"gpt-4.1": "one.*", "claude*": ["two.*", "one.gpt-4.1"], "*": "one.*"},
    "groups": {
        "admin": {"api_keys": ["k" * 24], "allowed_connections": "*"},
        "users": {"api_keys": [{"key": "u" * 24, "id": "u"}], "allowed_connections": "one, two"},
    },
    "loggers": [{"class": "file", "path": "log.jsonl"}],
    "model_info": {"gpt-4.1": {"context_length": 1000, "tags": ["a", True, None][:2]}},
}
TEXTS = {
    "toml": tomli_w.dumps(DOCUMENT),
    "json": json.dumps(DOCUMENT, indent=1),
    "yaml": yaml.safe_dump(DOCUMENT, sort_keys=False),
    "yml": yaml.safe_dump(DOCUMENT, sort_keys=False, default_flow_style=True),
    "py": f"config = {DOCUMENT!r}\n",
}


def load(folder: Path, name: str, content: str | bytes) -> Config:
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return load_config(path)


def refusal(folder: Path, name: str, content: str | bytes) -> str:
    with pytest.raises(ConfigError) as caught:
        load(folder, name, content)
    return str(caught.value).replace(f"{folder}/", "")


@pytest.mark.parametrize("mark", ["", BOM], ids=["plain", "byte order mark"])
@pytest.mark.parametrize("form", TEXTS)
def test_every_form_says_the_same(
    form: str, mark: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FORMATS_KEY", "from-the-environment")

    config = load(tmp_path, f"proxy.{form}", mark + TEXTS[form])

    assert config.settings == load(tmp_path, "other.toml", TEXTS["toml"]).settings
    key = config.settings.connections["one"].api_key
    assert key is not None
    assert key.get_secret_value() == "from-the-environment"
    assert ("connections", "one", "api_key") in config.references
    assert list(config.settings.routing) == ["gpt-4.1", "claude*", "*"]


def test_a_name_without_an_end_is_toml_and_ends_are_of_any_case(tmp_path: Path) -> None:
    assert load(tmp_path, "proxy", "port = 1\n[connections]").settings.port == 1
    assert load(tmp_path, "proxy.JSON", '{"port": 2, "connections": {}}').settings.port == 2


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("p.json", '{\n "port": }', "line 2: not valid JSON: Expecting value at column 10"),
        ("p.json", '{"port": 1, "port": 2}', "not valid JSON: 'port' stands twice in one table"),
        ("p.json", '{"port": NaN}', "not valid JSON: NaN is no JSON number"),
        ("p.json", "[" * 100_000, "not valid JSON: it is nested too deeply"),
        ("p.json", "[]", "the file holds no table"),
        ("p.json", b"\xff{}", "the file is not UTF-8 text"),
        ("p.yaml", "port: 1\nhost: [", "line 2: not valid YAML: expected the node content"),
        ("p.yaml", "port: 1\nport: 2", "line 2: not valid YAML: 'port' stands twice in one table"),
        ("p.yaml", "a: 1\n---\nb: 2", "not valid YAML: but found another document"),
        ("p.yaml", "a: !!python/name:os.system", "not valid YAML: could not determine a"),
        ("p.yaml", "[" * 10_000, "not valid YAML"),
        ("p.yaml", "just words", "the file holds no table"),
        ("p.yaml", "routing:\n  4: one.*", "routing.4: a name must be a text; put it in quotes"),
        ("p.yaml", "", "connections: is required"),
        ("p.py", "config = 7", "the file holds no table"),
        ("p.py", "conf = {}", "the file leaves no 'config'; write: config = {…}"),
        ("p.py", "config = {\n 1: {}}", "1: a name must be a text"),
        ("p.py", "\nconfig = 1 +", "the file cannot be run: SyntaxError at p.py:2"),
        ("p.py", "\n\n'canary' + 1", "the file cannot be run: TypeError at p.py:3"),
        ("p.py", "import nowhere_at_all", "there is no module 'nowhere_at_all'"),
        ("p.py", "from lm_proxy.loggers import BaseLogger", "docs/from-lm-proxy.md"),
        ("p.tmol", "", "no form of config file is known by '.tmol'; did you mean 'toml'?"),
        ("p.ini", "", "known by '.ini'; known are .json, .py, .toml, .yaml, .yml"),
    ],
)
def test_what_is_wrong_with_a_form_is_said(
    name: str, content: str | bytes, words: str, tmp_path: Path
) -> None:
    said = refusal(tmp_path, name, content)

    assert words in said
    assert "canary" not in said


def test_in_yaml_a_problem_has_its_line(tmp_path: Path) -> None:
    content = """
connections:
  one: &one {api_key: x}
  two:
    <<: *one
    timeouts:
      connect: 5
loggers:
  - class: file
prot: 1
"""
    said = refusal(tmp_path, "p.yaml", content)

    assert "line 7: connections.two.timeouts.connect: unknown key" in said
    assert "line 10: prot: unknown key; did you mean 'port'?" in said


def test_in_json_a_problem_has_the_path_of_its_key(tmp_path: Path) -> None:
    said = refusal(tmp_path, "p.json", '{"connections": {}, "prot": 1}')

    assert said == "p.json: prot: unknown key; did you mean 'port'?"


def test_a_python_config_may_import_what_lies_beside_it(tmp_path: Path) -> None:
    (tmp_path / "beside_the_config.py").write_text("PORT = 8123\n")
    content = "from beside_the_config import PORT\nconfig = {'port': PORT, 'connections': {}}\n"

    assert load(tmp_path, "p.py", content).settings.port == 8123


def test_a_python_config_may_be_an_object(tmp_path: Path) -> None:
    content = "from lmproxy.config.schema import Connection, Settings\n"
    content += "config = Settings(port=7, connections={'a': Connection(api_key='k' * 20)})\n"

    settings = load(tmp_path, "p.py", content).settings

    assert settings.port == 7
    assert settings.connections["a"].api_key is not None


LOADER = """
def load(path):
    with open(path) as file:
        host, port = file.read().split(":")
    return {"host": host, "port": port, "connections": {}}
"""


def install_loader(folder: Path, target: str) -> None:
    """A package with an entry point, as the package index would give it."""
    (folder / "formats_plugin.py").write_text(LOADER)
    info = folder / "formats_plugin-1.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: formats_plugin\nVersion: 1\n")
    (info / "entry_points.txt").write_text(f"[config.loaders]\naddr = {target}\ntoml = {target}\n")


def test_a_package_may_add_a_form(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    install_loader(tmp_path, "formats_plugin:load")
    monkeypatch.syspath_prepend(tmp_path)

    added = load(tmp_path, "p.addr", "127.0.0.1:8002")
    ours = load(tmp_path, "p.toml", "port = 8003\n[connections]")

    assert (added.settings.host, added.settings.port) == ("127.0.0.1", 8002)
    assert ours.settings.port == 8003
    sys.modules.pop("formats_plugin")


def test_a_package_that_fails_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    install_loader(tmp_path, "formats_plugin:load")
    monkeypatch.syspath_prepend(tmp_path)

    said = refusal(tmp_path, "p.addr", "canary")

    assert said.startswith("p.addr: the loader 'formats_plugin:load' failed: ValueError at ")
    assert "canary" not in said
    sys.modules.pop("formats_plugin")


@pytest.mark.parametrize("form", ["json", "yaml", "py"])
def test_a_server_runs_on_it(provider: Provider, tmp_path: Path, form: str) -> None:
    config = base_config(provider)
    written = {"json": json.dumps, "yaml": yaml.safe_dump, "py": "config = {!r}".format}
    text = written[form](config)  # type: ignore[operator]

    with Proxy(text, tmp_path, name=f"proxy.{form}") as proxy:
        answer = patient.post(
            f"{proxy.api}/chat/completions", headers=bearer(TEAM_KEY), json=chat("any"), timeout=60
        )
        checked = oai_proxy("check", "--config", f"proxy.{form}", folder=tmp_path)

    assert answer.status_code == 200, answer.text
    assert checked.returncode == 0, checked.stderr
    assert proxy.record(model_asked="any")["outcome"] == "answered"
