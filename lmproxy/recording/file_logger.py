"""A JSONL file with fields of the operator's choice: `[[loggers]]` with `class = "file"`.

`fields` maps the name in the output to a dotted path in the record, or in the request the client
sent when the path begins with `request.`: without one, no prompt gets into this file.
"""

from collections.abc import Iterable
from pathlib import Path

import orjson

from lmproxy.call import Json, Usage
from lmproxy.config.binding import Misfit
from lmproxy.config.problems import nearest
from lmproxy.recording.log_line import check_writable, look_up, open_for_line
from lmproxy.recording.record import FIELDS


class FileLogger:
    """Appends one JSON line per record."""

    def __init__(self, path: Path, fields: dict[str, str] | None = None) -> None:
        """Nothing is opened yet.

        Args:
            path: the file; its directory is made.
            fields: output name to dotted path; by default the whole record.

        Raises:
            Misfit: the file cannot be written, or no record has what a path begins with.
        """
        check_writable(path, "path")
        self._path = path
        self._paths = {name: where.split(".") for name, where in (fields or {}).items()}
        for where in self._paths.values():
            _check(where)
        self.wants_request = any(where[0] == "request" for where in self._paths.values())

    def write(self, record: Json, request: Json | None) -> None:
        """Append the record's line. Opens and closes the file, so that it may be rotated."""
        roots = {**record, "request": request}
        chosen = {name: look_up(roots, where) for name, where in self._paths.items()} or record
        with open_for_line(self._path) as file:
            file.write(orjson.dumps(chosen, default=str).decode() + "\n")

    def close(self) -> None:
        """Nothing is open between two records."""


def _check(where: list[str]) -> None:
    """Refuse a path that no record has: it would be `null` for ever."""
    first, *more = where
    known: Iterable[str] = {*FIELDS, "request"}
    if first == "usage" and more:
        first, known = more[0], Usage.__dataclass_fields__
    if first not in known:
        message = f"'{'.'.join(where)}' is not in a record"
        raise Misfit("fields", message, nearest(first, known))
