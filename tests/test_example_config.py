"""`config.example.toml` shows every key there is, and nothing else, with its default."""

import inspect
import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from lmproxy.config.binding import Spec, resolve_class
from lmproxy.config.fallback import Fallback
from lmproxy.config.problems import table_at
from lmproxy.config.schema import TABLES
from lmproxy.handlers import compiling
from lmproxy.keys.compiling import KINDS
from lmproxy.recording import loggers
from lmproxy.upstream import registry
from tests.harness import configs
from tests.harness.proxy import REPOSITORY

EXAMPLE = REPOSITORY / "config.example.toml"
LINES = EXAMPLE.read_text().splitlines()
HEADER = re.compile(r"(# )?\[{1,2}([\w.\"*]+)\]{1,2}")
KEY = re.compile(r"(# )?([a-z_0-9]+) = (.+)")
FREE_TABLES = {("routing",), ("model_info", "*"), ("components", "*")}
"""Tables whose keys are names of the operator's choice."""
API_KEYS = (("groups", "*"), "api_keys")
"""A key with a list of texts, and an array of tables."""
LOGGER = ("loggers", "*")
BEFORE = ("before", "*")
KEY_CHECK = ("api_key_check",)
PLUGGED_IN: dict[tuple[str, ...], dict[str, str]] = {
    LOGGER: loggers.KINDS,
    BEFORE: compiling.KINDS,
    KEY_CHECK: {"jwt": KINDS["jwt"]},
}
CONNECTION = ("connections", "*")
ENVIRONMENT = {
    "OPENAI_API_KEY": "sk-0123456789abcdef",
    "ALICE_KEY": "alice-0123456789abcdef",
    "AZURE_OPENAI_KEY": "azure-0123456789abcdef",
    "AWS_ID": "AKIA0123456789ABCDEF",
    "AWS_KEY": "aws-0123456789abcdef",
    "TOKEN": "token-0123456789abcdef",
    "VERTEX_JSON": '{"type": "service_account"}',
}
FILES = {"ssl_keyfile", "ssl_certfile", "keys_dir", "model_file", "ca_file"}
"""Keys whose example value is a file of another machine; `check` says that it is not there."""
NEEDED = {
    ("[connections.openai]", "api_key"),
    ("[connections.azure]", "api_type"),
    ("[connections.azure]", "api_base"),
    ("[connections.azure]", "api_key"),
    ("[connections.bedrock]", "api_type"),
    ("[connections.bedrock]", "litellm"),
    ("[connections.vertex]", "api_type"),
    ("[connections.vertex]", "litellm"),
    ("[connections.fallback]", "class"),
    ("[connections.fallback]", "connections"),
    ("[connections.function]", "api_type"),
    ("[connections.function]", "inference_func"),
    ("[connections.transformers]", "api_type"),
    ("[connections.transformers]", "model"),
    ("[connections.transformers]", "python"),
    ("[connections.command]", "api_type"),
    ("[connections.command]", "cli"),
    ("[[groups.people.api_keys]]", "key"),
    ("[[loggers]]", "path"),
    ("[[before]]", "class"),
    ("[[before]]", "white_list_headers"),
    ("", "after"),
    ("[api_key_check]", "class"),
    ("[api_key_check]", "issuer"),
    ("[api_key_check]", "audience"),
    ("[api_key_check]", "default_group"),
}
"""Tables and the keys they cannot be without."""
FUNCTION = "def echo(prompt):\n    return prompt\n"
"""The module that the example's function connection names."""


@dataclass(frozen=True)
class Entry:
    """A key that stands in the example. `table` has `*` for names, as in `TABLES`."""

    line: int
    header: str
    table: tuple[str, ...]
    name: str
    value: str
    is_comment: bool

    def __str__(self) -> str:
        return f"{self.header}{self.name} at line {self.line + 1}"


def entries() -> Iterator[Entry]:
    header = ""
    table: tuple[str, ...] = ()
    for number, line in enumerate(LINES):
        if found := HEADER.fullmatch(line):
            header, table = line.removeprefix("# "), pattern_of(found[2])
        elif (found := KEY.fullmatch(line)) and table not in FREE_TABLES:
            yield Entry(number, header, table, found[2], found[3], bool(found[1]))


def pattern_of(name: str) -> tuple[str, ...]:
    """`connections.openai.timeouts` as `TABLES` has it: `("connections", "*", "timeouts")`."""
    parts = tuple(name.split("."))
    known = [*TABLES, *FREE_TABLES, *PLUGGED_IN]
    lengths = (len(parts), len(parts) + 1)  # An array of tables has an index more.
    for pattern in known:
        if len(pattern) in lengths and all(
            expected in ("*", part) for expected, part in zip(pattern, parts, strict=False)
        ):
            return pattern
    raise AssertionError(f"no table of the schema is like [{name}]")


ENTRIES = list(entries())
COMMENTS = [entry for entry in ENTRIES if entry.is_comment]
FIRST = list({(entry.table, entry.name): entry for entry in reversed(ENTRIES)}.values())


def schema() -> Iterator[tuple[tuple[str, ...], str]]:
    """Every key there may be, with its table; tables that have headers of their own are no keys."""
    headers = [*TABLES, *FREE_TABLES, *PLUGGED_IN]
    for place, table in TABLES.items():
        for name in table.model_fields:
            path = (*place, name)
            if not any(header[: len(path)] == path for header in headers):
                yield place, name
    yield API_KEYS
    of_classes = ["class", *inspect.signature(Fallback).parameters]
    yield from ((CONNECTION, n) for n in [*of_classes, *parameters(registry.KINDS)])
    for place, kinds in PLUGGED_IN.items():
        yield from ((place, name) for name in ["class", *parameters(kinds)])


def parameters(kinds: dict[str, str]) -> dict[str, Any]:
    """The constructor parameters, with their defaults, of every class."""
    classes = {resolve_class(Spec(kind, {}, ()), kinds, "class") for kind in kinds}
    return {
        name: parameter.default
        for found in classes
        for name, parameter in inspect.signature(found).parameters.items()
        if name not in ("common", "fetch", "groups")
    }


def uncommented(entry: Entry) -> str:
    """The example with this key, its tables and what they need no longer commented."""
    headers = {
        number: line.removeprefix("# ")
        for number, line in enumerate(LINES)
        if HEADER.fullmatch(line) and entry.header.startswith(line.removeprefix("# ").rstrip("]"))
    }
    needed = {(header, name) for header, name in NEEDED if header in headers.values()}
    companions = {
        e.line for e in ENTRIES if (e.header, e.name) in needed and entry.name != "sha256"
    }
    wanted = {entry.line, *headers, *companions}
    chosen = (line.removeprefix("# ") if n in wanted else line for n, line in enumerate(LINES))
    return "\n".join(chosen)


def test_the_example_has_every_key_of_the_schema_and_no_other() -> None:
    shown = {(entry.table, entry.name) for entry in ENTRIES}

    assert shown == set(schema())


def test_every_table_of_the_schema_has_a_header_in_the_example() -> None:
    headers = {pattern_of(found[2]) for line in LINES if (found := HEADER.fullmatch(line))}

    assert headers == {pattern for pattern in [*TABLES, *FREE_TABLES, *PLUGGED_IN] if pattern}


@pytest.mark.parametrize("entry", FIRST, ids=str)
def test_a_key_has_its_explanation_above_it(entry: Entry) -> None:
    above = LINES[entry.line - 1]

    assert above.startswith("# ")
    assert above.endswith((".", ")."))
    assert not HEADER.fullmatch(above)
    assert not KEY.fullmatch(above)


@pytest.mark.parametrize("entry", COMMENTS, ids=str)
def test_a_commented_key_is_accepted_once_it_is_uncommented(entry: Entry, tmp_path: Path) -> None:
    (tmp_path / "answers.py").write_text(FUNCTION)

    found = configs.problems(tmp_path, uncommented(entry), **ENVIRONMENT)

    excused = [words for words in found if entry.name in FILES and f"{entry.name}: " in words]
    assert found == excused


@pytest.mark.parametrize("entry", COMMENTS, ids=str)
def test_a_commented_value_is_the_default_where_there_is_one(entry: Entry) -> None:
    value = tomllib.loads(f"value = {entry.value}")["value"]
    shown = tuple(value) if isinstance(value, list) else value

    chosen = (entry.header, entry.name) in NEEDED

    assert chosen or default_of(entry) in (None, {}, shown)


def default_of(entry: Entry) -> Any:
    """`None` where there is none."""
    table = table_at(entry.table)
    if table and entry.name in table.model_fields:
        field = table.model_fields[entry.name]
        return None if field.is_required() else field.default
    if (entry.table, entry.name) == (LOGGER, "class"):
        return "file"
    kinds = PLUGGED_IN.get(entry.table, registry.KINDS)
    found = parameters(kinds)[entry.name]
    return None if found is inspect.Parameter.empty else found


def test_the_whole_file_uncommented_has_no_key_twice() -> None:
    wanted = {entry.line for entry in COMMENTS}
    lines = (
        line.removeprefix("# ") if number in wanted or HEADER.fullmatch(line) else line
        for number, line in enumerate(LINES)
    )

    document = tomllib.loads("\n".join(lines))

    here = {"local", "transformers", "command", "function", "fallback"}
    shown = {*here, "openai", "azure", "bedrock", "vertex"}
    assert set(document["connections"]) == shown


def test_the_example_as_it_stands_has_no_problem(tmp_path: Path) -> None:
    assert configs.problems(tmp_path, EXAMPLE.read_text()) == []
