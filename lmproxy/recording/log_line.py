"""A line of a log of the operator's: what goes into it, and the file it is appended to."""

import os
from pathlib import Path
from typing import Any, TextIO


def open_for_line(path: Path) -> TextIO:
    """`path` to append to; it and its directory are made where they are missing.

    Raises:
        OSError: it cannot be written.
    """
    path = path.expanduser()
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o750)
    return open(path, "a", encoding="utf-8", opener=_for_owner_and_group)


def _for_owner_and_group(path: str, flags: int) -> int:
    return os.open(path, flags, 0o640)


def look_up(value: Any, path: list[str]) -> Any:
    """What stands at `path` in nested tables, lists and objects; `None` where a part is missing."""
    for part in path:
        if isinstance(value, dict):
            value = value.get(part)
        elif isinstance(value, list) and part.isdigit() and int(part) < len(value):
            value = value[int(part)]
        else:
            value = getattr(value, "__dict__", {}).get(part)
    return value
