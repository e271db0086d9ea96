"""What stands in a config file, before anything is known of its meaning."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from lmproxy.config.places import KeyPath
from lmproxy.problems import ConfigError, Problem


@dataclass(frozen=True, slots=True)
class Document:
    """The tables of a file.

    Attributes:
        places: key path to 1-based line; empty where the format does not tell.
    """

    values: dict[str, Any]
    places: Mapping[KeyPath, int] = field(default_factory=dict)


def unusable(
    path: Path, message: str, line: int | None = None, hint: str | None = None
) -> ConfigError:
    """The error for a file that cannot be read as what it should be."""
    return ConfigError(str(path), [Problem("", message, line, hint)])


def text_of(path: Path, content: bytes) -> str:
    """The text, without a byte order mark.

    Raises:
        ConfigError: it is not UTF-8.
    """
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise unusable(path, "the file is not UTF-8 text") from None


def table_of(path: Path, values: Any) -> dict[str, Any]:
    """`values`, which have to be a table whose names are texts, at any depth.

    Raises:
        ConfigError: they are not.
    """
    if not isinstance(values, dict):
        raise unusable(path, "the file holds no table")
    _check_names(path, values, ())
    return values


def _check_names(path: Path, value: Any, place: KeyPath) -> None:
    if isinstance(value, list):
        for index, item in enumerate(value):
            _check_names(path, item, (*place, index))
    if not isinstance(value, dict):
        return
    for name, item in value.items():
        if not isinstance(name, str):
            where = ".".join(map(str, (*place, name)))
            problem = Problem(where, "a name must be a text", None, "put it in quotes")
            raise ConfigError(str(path), [problem])
        _check_names(path, item, (*place, name))
