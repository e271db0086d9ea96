"""A config in TOML, the format that everything is documented in."""

import re
import tomllib
from pathlib import Path

from lmproxy.config.document import Document, text_of, unusable
from lmproxy.config.places import locate
from lmproxy.problems import ConfigError


def read(path: Path, content: bytes) -> Document:
    """Parse `content`, the bytes of the file at `path`.

    Raises:
        ConfigError: it is no TOML.
    """
    text = text_of(path, content)
    try:
        return Document(tomllib.loads(text), locate(text))
    except tomllib.TOMLDecodeError as error:
        raise _not_toml(path, str(error)) from None
    except (RecursionError, ValueError):  # Tables without end, numbers of thousands of digits.
        message = "not valid TOML: it is nested too deeply or a number is too long"
        raise unusable(path, message) from None


def _not_toml(path: Path, words: str) -> ConfigError:
    """`Invalid value (at line 4, column 11)` with its line where every line is."""
    found = re.fullmatch(r"(.*) \(at line (\d+), column (\d+)\)", words, re.DOTALL)
    if found is None:
        return unusable(path, f"not valid TOML: {words}")
    reason, line, column = found.groups()
    hint = "texts stand in quotes" if reason == "Invalid value" else None
    return unusable(path, f"not valid TOML: {reason} at column {column}", int(line), hint)
