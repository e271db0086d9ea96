"""`oai-proxy check`, typed by an operator: what it prints, where, and how it exits."""

from pathlib import Path

import pytest

from lmproxy.cli import EXIT_CONFIG
from tests.harness import configs
from tests.harness.command import oai_proxy, python

BROKEN = configs.text(top="prot = 1", server="max_body = 1", routing="gpt-4.1 = 'up.*'")
WITHOUT_LITELLM = """
import sys
from lmproxy.cli import main
try:
    main()
finally:
    heavy = {"litellm", "openai", "xllamacpp", "uvloop._loop"} & set(sys.modules)
    print("imported:", sorted(heavy))
"""


@pytest.fixture
def good(tmp_path: Path) -> Path:
    """A good config that refers to nothing."""
    file = tmp_path / "good.toml"
    text = configs.text(api_keys=f"api_keys = ['sha256:{'ab' * 32}']")
    file.write_text(text.replace("env:UPSTREAM", "not required"))
    return file


def test_a_good_config_is_ok_on_stdout_and_exits_with_0(good: Path) -> None:
    ended = oai_proxy("check", "--config", good, folder=good.parent)

    assert (ended.returncode, ended.stdout, ended.stderr) == (0, f"{good}: ok\n", "")


def test_check_leaves_nothing_behind(good: Path) -> None:
    oai_proxy("check", "--config", good, folder=good.parent)

    assert [file.name for file in good.parent.iterdir()] == ["good.toml"]


def test_every_error_is_a_line_with_the_file_on_stderr_and_the_exit_code_is_78(
    tmp_path: Path,
) -> None:
    options = configs.write(tmp_path, BROKEN)

    ended = oai_proxy(
        "check", "--config", "proxy.toml", "--env-file", "variables.env", folder=tmp_path
    )

    assert (ended.returncode, ended.stdout) == (EXIT_CONFIG, "")
    assert ended.stderr.splitlines() == [
        "proxy.toml: line 2: prot: unknown key; did you mean 'port'?",
        "proxy.toml: line 10: routing.gpt-4: a route's value is a string or a list of strings; "
        'quote the name: "gpt-4.1" = …',
        "proxy.toml: line 15: server.max_body: unknown key; did you mean 'max_body_bytes'?",
    ]
    assert options.config == tmp_path / "proxy.toml"


def test_warnings_are_on_stderr_and_counted_and_the_exit_code_is_0(good: Path) -> None:
    good.write_text(good.read_text().replace('"*" =', '"a b" ='))

    ended = oai_proxy("check", "--config", "good.toml", folder=good.parent)

    assert ended.returncode == 0
    assert ended.stdout == "good.toml: ok, with 1 warning\n"
    assert ended.stderr == (
        "good.toml: warning: line 10: routing.a b: is not a model name, so no request can ask for "
        "it\n"
    )


@pytest.mark.parametrize(
    "arguments",
    [("--config", "good.toml", "check"), ("check", "--config", "good.toml")],
    ids=["before the verb", "after the verb"],
)
def test_the_config_is_named_on_either_side_of_the_verb(
    arguments: tuple[str, ...], good: Path
) -> None:
    ended = oai_proxy(*arguments, folder=good.parent)

    assert ended.stdout == "good.toml: ok\n"


def test_the_config_is_named_by_a_variable_else(good: Path, tmp_path: Path) -> None:
    ended = oai_proxy("check", folder=tmp_path, environment={"OAI_PROXY_CONFIG": str(good)})

    assert ended.stdout == f"{good}: ok\n"


def test_the_config_is_config_toml_else(good: Path) -> None:
    good.rename(good.with_name("config.toml"))

    ended = oai_proxy("check", folder=good.parent)

    assert ended.stdout == "config.toml: ok\n"


def test_a_missing_config_is_named_and_exits_with_78(tmp_path: Path) -> None:
    ended = oai_proxy("check", folder=tmp_path)

    assert ended.returncode == EXIT_CONFIG
    assert ended.stderr == ("config.toml: the file cannot be read: No such file or directory\n")


def test_an_env_file_overrides_the_environment(tmp_path: Path) -> None:
    content = configs.text(api_keys='api_keys = ["env:TEAM"]')
    configs.write(tmp_path, content, TEAM="")
    arguments = ("check", "--config", "proxy.toml")
    environment = {"TEAM": "of the environment", "UPSTREAM": "of the environment"}

    without = oai_proxy(*arguments, folder=tmp_path, environment=environment)
    overridden = oai_proxy(
        *arguments, "--env-file", "variables.env", folder=tmp_path, environment=environment
    )

    assert without.returncode == 0
    assert overridden.returncode == EXIT_CONFIG
    assert "env:TEAM leads to nothing" in overridden.stderr


@pytest.mark.parametrize("in_the_way", ["a file", "a file above it"])
def test_an_unwritable_storage_directory_is_named_with_its_path(
    in_the_way: str, tmp_path: Path
) -> None:
    file = tmp_path / "occupied"
    file.write_text("")
    directory = file if in_the_way == "a file" else file / "below"
    content = configs.text(tail=f"[storage]\ndir = '{directory}'")

    found = configs.problems(tmp_path, content)

    line = configs.line(content, "dir =")
    assert found == [
        f"line {line}: storage.dir: {directory} cannot be written: {file} is in the way"
    ]


def test_check_imports_neither_litellm_nor_the_model_server(good: Path) -> None:
    ended = python("-c", WITHOUT_LITELLM, "check", "--config", str(good), folder=good.parent)

    assert ended.stdout == f"{good}: ok\nimported: []\n"


def test_a_file_of_garbage_is_one_line_and_no_traceback(tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_bytes(bytes(range(1, 128)))

    ended = oai_proxy("check", folder=tmp_path)

    assert ended.returncode == EXIT_CONFIG
    assert len(ended.stderr.splitlines()) == 1
