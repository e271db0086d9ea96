"""What a key check knows of a caller reaches loggers, whatever it is said in."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.harness.proxy import Proxy
from tests.harness.waiting import until
from tests.keys.test_key_check import ask, config_with
from tests.provider.server import Provider

OWN = """
from collections import UserDict
from dataclasses import dataclass

import pydantic


@dataclass
class Person:
    name: str


class Model(pydantic.BaseModel):
    name: str


def whose(key):
    known = {
        "table": {"name": "anna"}, "mapping": UserDict(name="anna"), "person": Person("anna"),
        "model": Model(name="anna"), "nothing": None, "text": "anna",
    }
    kind = key.removeprefix("key-with-")
    return ("team", known[kind]) if kind in known else None


def log(ctx):
    with open("users.txt", "a") as file:
        file.write(f"{ctx.request.model} {ctx.user_info}\\n")
"""


@pytest.fixture(scope="module")
def proxy(provider: Provider, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Proxy]:
    folder = tmp_path_factory.mktemp("users")
    (folder / "own.py").write_text(OWN)
    config = config_with(provider, "own.whose", loggers=["own.log"])
    with Proxy(config, folder) as running:
        yield running


def known(proxy: Proxy, kind: str) -> str:
    """What the logger heard of who has the key with this."""
    model = f"user-{kind}"
    assert ask(proxy, f"key-with-{kind}", model).status_code == 200
    file: Path = proxy.folder / "users.txt"

    def line() -> str | None:
        lines = file.read_text().splitlines() if file.exists() else []
        return next((line for line in lines if line.startswith(f"{model} ")), None)

    found = until(line, f"a line of {model}")
    assert found is not None
    return found.removeprefix(f"{model} ")


@pytest.mark.parametrize("kind", ["table", "mapping", "person", "model"])
def test_a_table_or_an_object_says_who_it_is(proxy: Proxy, kind: str) -> None:
    assert known(proxy, kind) == "{'name': 'anna'}"


def test_a_check_may_know_nothing_more(proxy: Proxy) -> None:
    assert known(proxy, "nothing") == "{}"


def test_what_is_no_table_is_told_to_the_operator_and_keeps_nobody_out(proxy: Proxy) -> None:
    assert known(proxy, "text") == "{}"

    (told,) = proxy.log("the key check said no table of who it is")
    assert told["user_info"] == "str"
