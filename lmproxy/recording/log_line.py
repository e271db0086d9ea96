"""A line of a log of the operator's: what goes into it, and the file it is appended to."""

import os
import re
from pathlib import Path
from typing import Any, TextIO

from lmproxy.config.binding import Misfit
from lmproxy.recording.obstacle import obstacle

INDEX = re.compile(r"-?[0-9]{1,9}")


def check_writable(path: Path, key: str) -> None:
    """Find out at start whether a line could be written, not at every request.

    Args:
        path: the file.
        key: the constructor's name for it.

    Raises:
        Misfit: it could not.
    """
    try:
        reason = obstacle(path.expanduser())
    except RuntimeError:
        reason = "there is no such home directory"
    if reason is not None:
        hint = "name a file that the user of the proxy may write"
        raise Misfit(key, f"{path} cannot be written: {reason}", hint)


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
    """What stands at `path` in nested tables, lists and objects; `None` where a part is missing.

    A list is counted from its end by a negative number. Of an object nothing is called but its
    properties.
    """
    for part in path:
        if isinstance(value, dict):
            value = value.get(part)
        elif isinstance(value, list):
            value = _item(value, part)
        else:
            value = _attribute(value, part)
    return value


def _item(items: list[Any], part: str) -> Any:
    index = int(part) if INDEX.fullmatch(part) else len(items)
    return items[index] if -len(items) <= index < len(items) else None


def _attribute(thing: Any, name: str) -> Any:
    try:
        found = None if name.startswith("_") else getattr(thing, name, None)
    except Exception:  # noqa: BLE001 - a property of anybody's may raise anything.
        return None
    return None if callable(found) else found
