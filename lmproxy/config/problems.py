"""What is wrong with a config, in words that lead to the mend.

Turns the schema's errors into `Problem`s: the key's path and line, the nearest known name, and for
the three slips that TOML invites (an unquoted dotted name, a key that slid under a table header, a
name spelt nearly right) what to write instead.
"""

from collections.abc import Iterable, Iterator
from difflib import get_close_matches
from typing import Any

from pydantic import BaseModel, ValidationError

from lmproxy.config.places import KeyPath
from lmproxy.config.schema import TABLES, Settings
from lmproxy.errors import Problem

WORDS = {
    "missing": "is required",
    "extra_forbidden": "unknown key",
    "string_type": "must be a string",
    "bool_type": "must be true or false",
    "bool_parsing": "must be true or false",
    "int_parsing": "must be a whole number",
    "int_type": "must be a whole number",
    "float_parsing": "must be a number",
    "float_type": "must be a number",
    "dict_type": "must be a table",
    "model_type": "must be a table",
    "tuple_type": "must be a list",
    "path_type": "must be a path",
}
"""Pydantic's error types in the words of a TOML file; others keep pydantic's message."""


def nearest(name: str, known: Iterable[str]) -> str | None:
    """`did you mean 'x'?` for the known name most like `name`, or `None`."""
    close = get_close_matches(name, list(known), n=1, cutoff=0.6)
    return f"did you mean '{close[0]}'?" if close else None


def explain(
    error: ValidationError, document: dict[str, Any]
) -> Iterator[tuple[KeyPath, str, str | None]]:
    """Path, message and hint of everything `error` holds. `document` is the parsed file."""
    for item in error.errors(include_url=False, include_input=False):
        path = _document_path(item["loc"], document)
        yield path, _message(item["type"], item["msg"]), _hint(item["type"], path, document)


def _document_path(loc: KeyPath, document: Any) -> KeyPath:
    """`loc` without what pydantic adds to it: only keys that stand in the file, and the last."""
    path: list[str | int] = []
    for position, part in enumerate(loc):
        last = position == len(loc) - 1
        if not last and not _has(document, part):
            break
        path.append(part)
        document = document[part] if _has(document, part) else None
    return tuple(path)


def _has(document: Any, part: str | int) -> bool:
    if isinstance(document, dict):
        return part in document
    return isinstance(document, list) and isinstance(part, int) and part < len(document)


def _message(kind: str, words: str) -> str:
    return WORDS.get(kind, words.removeprefix("Value error, "))


def _hint(kind: str, path: KeyPath, document: dict[str, Any]) -> str | None:
    if len(path) == 2 and path[0] == "routing" and kind == "value_error":
        return f'quote the name: "{_unquoted(str(path[1]), document["routing"][path[1]])}" = …'
    if kind != "extra_forbidden":
        return None
    name = str(path[-1])
    if len(path) > 1 and name in Settings.model_fields:
        return f"'{name}' is a top-level key: move it above the first [table] header"
    return nearest(name, known_keys(path[:-1]))


def _unquoted(name: str, value: Any) -> str:
    """The name that TOML read as nested tables: `gpt-4.1 = "x"` is `{"gpt-4": {"1": "x"}}`."""
    while isinstance(value, dict) and value:
        part, value = next(iter(value.items()))
        name = f"{name}.{part}"
    return name


def known_keys(path: KeyPath) -> list[str]:
    """The keys of the table at `path`; empty where any name is allowed."""
    table = table_at(path)
    return list(table.model_fields) if table else []


def table_at(path: KeyPath) -> type[BaseModel] | None:
    """The schema of the table at `path`, or `None`."""
    for pattern, table in TABLES.items():
        if len(pattern) == len(path) and all(
            expected in ("*", part) for expected, part in zip(pattern, path, strict=True)
        ):
            return table
    return None


def as_problem(path: KeyPath, message: str, hint: str | None, line: int | None) -> Problem:
    """A `Problem` with `path` written as dotted text."""
    return Problem(".".join(map(str, path)), message, line, hint)
