"""What is wrong with a config, in words that lead to the mend.

Turns the schema's errors into `Problem`s: the key's path and line, the nearest known name, and for
the three slips that TOML invites (an unquoted dotted name, a key that slid under a table header, a
name spelt nearly right) what to write instead.
"""

import re
from collections.abc import Iterable, Iterator
from difflib import get_close_matches
from typing import Any

from pydantic import BaseModel, ValidationError

from lmproxy.config.places import KeyPath
from lmproxy.config.schema import TABLES, Settings
from lmproxy.problems import Problem

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
    "too_short": "must not be empty",
}
"""Pydantic's error types in the words of a TOML file; others keep pydantic's message."""

FREE_NAMES = (
    ("routing", "*"),
    ("connections", "*", "models", "*"),
    ("connections", "*", "http_headers", "*"),
)
"""Keys that are names of the operator's choice and have a text as value."""


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
    words = WORDS.get(kind, words.removeprefix("Value error, "))
    return re.sub(r"^(Input|String|Value) should\b", "must", words)


def _hint(kind: str, path: KeyPath, document: dict[str, Any]) -> str | None:
    if any(_fits(path, pattern) for pattern in FREE_NAMES):
        unquoted = [f'"{name}" = …' for name in _unquoted(path, document)]
        if unquoted:
            return f"quote the name: {', '.join(unquoted)}"
    if kind == "extra_forbidden":
        return hint_at_unknown(path, known_keys(path[:-1]))
    return hint_at_slid(path)


def hint_at_unknown(path: KeyPath, known: Iterable[str]) -> str | None:
    """What may have been meant by a key that is none of `known`."""
    longer = [name for name in known if name.endswith(f"_{path[-1]}")]
    if longer:  # `connections` of a group, as lm-proxy's own examples write it.
        return f"did you mean '{longer[0]}'?"
    return hint_at_slid(path) or nearest(str(path[-1]), known)


def hint_at_slid(path: KeyPath) -> str | None:
    """Where a top-level key belongs that stands below a table header; `None` for other keys."""
    name = path[-1]
    if len(path) == 1 or name not in Settings.model_fields or name in known_keys(path[:-1]):
        return None
    return f"'{name}' is a top-level key: move it above the first [table] header"


def _unquoted(path: KeyPath, document: Any) -> list[str]:
    """The names that TOML read as nested tables: `gpt-4.1 = "x"` is `{"gpt-4": {"1": "x"}}`."""
    for part in path:
        document = document[part]
    return list(_leaves(str(path[-1]), document)) if isinstance(document, dict) else []


def _leaves(name: str, value: Any) -> Iterator[str]:
    if not isinstance(value, dict):
        yield name
        return
    for part, below in value.items():
        yield from _leaves(f"{name}.{part}", below)


def known_keys(path: KeyPath) -> list[str]:
    """The keys of the table at `path`; empty where any name is allowed."""
    table = table_at(path)
    return list(table.model_fields) if table else []


def table_at(path: KeyPath) -> type[BaseModel] | None:
    """The schema of the table at `path`, or `None`."""
    return next((table for pattern, table in TABLES.items() if _fits(path, pattern)), None)


def _fits(path: KeyPath, pattern: tuple[str, ...]) -> bool:
    return len(pattern) == len(path) and all(
        expected in ("*", part) for expected, part in zip(pattern, path, strict=True)
    )


def as_problem(path: KeyPath, message: str, hint: str | None, line: int | None) -> Problem:
    """A `Problem` with `path` written as dotted text."""
    return Problem(".".join(map(str, path)), message, line, hint)
