"""Which keys did a machine write? One TOML file per group in `keys_dir`, digests only.

    # keys_dir/team.toml
    [[keys]]
    sha256 = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
    owner = "alice"
    expires = 2027-01-31T00:00:00Z

The operator's own file keeps its comments because commands write here instead.
"""

import tomllib
from collections.abc import Iterator
from pathlib import Path

from pydantic import ValidationError

from lmproxy.config.places import KeyPath
from lmproxy.config.problems import explain, nearest
from lmproxy.config.schema import Key, Table
from lmproxy.problems import Problem


class KeyFile(Table):
    """One group's file."""

    keys: tuple[Key, ...] = ()


def read_key_files(directory: Path) -> Iterator[tuple[str, tuple[Key, ...], list[Problem]]]:
    """Group name, keys and problems of every `*.toml` in `directory`, by name.

    Problems name the file and the key path; a file with problems yields no keys.
    """
    if not directory.is_dir():
        yield "", (), [Problem("keys_dir", f"{directory} is not a directory")]
        return
    for path in sorted(directory.glob("*.toml")):
        keys, problems = _read(path)
        yield path.stem, keys, problems


def _read(path: Path) -> tuple[tuple[Key, ...], list[Problem]]:
    try:
        document = tomllib.loads(path.read_text(encoding="utf-8"))
        return KeyFile.model_validate(document).keys, []
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError):
        return (), [Problem("keys_dir", f"{path.name} cannot be read as TOML")]
    except ValidationError as error:
        found = explain(error, document)
        return (), [_problem(path.name, where, message) for where, message, _ in found]


def _problem(file: str, where: KeyPath, message: str) -> Problem:
    known = Key.model_fields if len(where) > 1 else KeyFile.model_fields
    hint = nearest(str(where[-1]), known) if message == "unknown key" else None
    return Problem(f"keys_dir/{file}: {'.'.join(map(str, where))}", message, hint=hint)
