"""`config show`: what operators may show around."""

from pathlib import Path

import pytest

from tests.harness import configs
from tests.harness.command import oai_proxy

OWN = """\
class Sink:
    def __init__(self, password, address):
        pass

    def __call__(self, context):
        pass
"""


def shown(folder: Path, content: str, **variables: str) -> str:
    configs.write(folder, content, **variables)
    command = ("config", "show", "--config", "proxy.toml", "--env-file", "variables.env")
    ended = oai_proxy(*command, folder=folder)
    assert ended.returncode == 0, ended.stderr
    return ended.stdout


@pytest.mark.parametrize("name", ["TOKEN", "HF_API_KEY", "db_password", "client_secret"])
def test_what_a_command_gets_is_masked_by_its_name(name: str, tmp_path: Path) -> None:
    lines = ['api_type = "cli"', 'cli = "cat"', f'env = {{ {name} = "pl4", LANGUAGE = "de_AT" }}']

    printed = shown(tmp_path, configs.of_connection("\n".join(lines)))

    assert "pl4" not in printed
    assert f'{name} = "[secret]"' in printed
    assert 'LANGUAGE = "de_AT"' in printed


def test_what_came_of_a_reference_is_masked_whatever_its_name(tmp_path: Path) -> None:
    lines = ['api_type = "cli"', 'cli = "cat"', 'env = { SEAT = "env:SEAT" }']

    printed = shown(tmp_path, configs.of_connection("\n".join(lines)), SEAT="planted-0123")

    assert "planted" not in printed
    assert 'SEAT = "[secret]"' in printed


def test_what_a_class_of_anybodys_gets_is_masked_by_its_name(tmp_path: Path) -> None:
    (tmp_path / "own_sink.py").write_text(OWN)
    tail = '[[loggers]]\nclass = "own_sink.Sink"\npassword = "pl4"\naddress = "there"'

    printed = shown(tmp_path, configs.text(tail=tail))

    assert "pl4" not in printed
    assert 'address = "there"' in printed
