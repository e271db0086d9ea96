"""A config in JSON. Problems in it are told by the path of their key, without a line."""

import json
from pathlib import Path
from typing import Any, Never

from lmproxy.config.document import Document, table_of, text_of, unusable


class _NotJson(ValueError):
    """What Python reads and JSON does not have, or has once."""


def read(path: Path, content: bytes) -> Document:
    """Parse `content`, the bytes of the file at `path`.

    Raises:
        ConfigError: it is no JSON, or says something twice.
    """
    text = text_of(path, content)
    try:
        values = json.loads(text, object_pairs_hook=_once, parse_constant=_no_number)
    except json.JSONDecodeError as error:
        message = f"not valid JSON: {error.msg} at column {error.colno}"
        raise unusable(path, message, error.lineno) from None
    except _NotJson as error:
        raise unusable(path, f"not valid JSON: {error}") from None
    except (RecursionError, ValueError):
        message = "not valid JSON: it is nested too deeply or a number is too long"
        raise unusable(path, message) from None
    return Document(table_of(path, values))


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    table = dict(pairs)
    if len(table) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise _NotJson(f"'{twice}' stands twice in one table")
    return table


def _no_number(words: str) -> Never:
    raise _NotJson(f"{words} is no JSON number")
