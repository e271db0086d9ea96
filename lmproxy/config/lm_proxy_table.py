"""One connection of lm-proxy's while it is put into our words, by `lm_proxy_connection`.

Where a key was moved is remembered, so that what is wrong with it is told by the name and line that
the operator wrote.
"""

from dataclasses import dataclass, field
from typing import Any

from lmproxy.config.places import KeyPath

Wrong = tuple[KeyPath, str, str | None]
"""Where, what, and what to write instead."""
Moved = dict[KeyPath, KeyPath]
"""Where a key of ours stands in the file, if not under its own name."""


@dataclass(slots=True)
class Table:
    """One connection while it is put into our words.

    Attributes:
        said: its keys; changed in place.
        moved: where a key of ours stands in the file, if not under its own name.
        unwise: what does nothing here.
    """

    place: KeyPath
    said: dict[str, Any]
    moved: Moved = field(default_factory=dict)
    wrong: list[Wrong] = field(default_factory=list)
    unwise: list[Wrong] = field(default_factory=list)

    def written(self, *path: str) -> KeyPath:
        """Where the operator wrote a key that may have been moved here."""
        full = (*self.place, *path)
        return written(self.moved, full)

    def take(self, key: str) -> Any:
        """The value of a key, which is then gone; `None` if it is not there, or says nothing."""
        value = self.said.pop(key, None)
        return None if value in ("", {}, []) else value

    def put(self, value: Any, path: tuple[str, ...], *origin: str) -> None:
        """Set a key of ours, unless it is set; `origin` is where the value was written."""
        table, name = self.said, path[0]
        if len(path) > 1:
            inner = self.said.get(name, {})
            if not isinstance(inner, dict):
                return  # It is no table: the schema says so.
            table = self.said[name] = dict(inner)
        known = {key.lower() for key in table} if name == "http_headers" else table
        if (path[-1].lower() if name == "http_headers" else path[-1]) not in known:
            self.moved[(*self.place, *path)] = self.written(*origin)
            table[path[-1]] = value

    def replace(self, value: Any, path: tuple[str, ...], *origin: str) -> None:
        """As `put`, in the place of what a key of one name says."""
        inner = self.said.get(path[0])
        if len(path) == 1:
            self.said.pop(path[0], None)
        elif isinstance(inner, dict):
            self.said[path[0]] = {key: item for key, item in inner.items() if key != path[1]}
        self.put(value, path, *origin)

    def warn(self, *path: str, instead: str) -> None:
        """A key does nothing."""
        self.unwise.append((self.written(*path), "has no effect", instead))

    def fail(self, *path: str, message: str, hint: str | None = None) -> None:
        """A key is wrong."""
        self.wrong.append((self.written(*path), message, hint))


def written(moved: Moved, path: KeyPath) -> KeyPath:
    """Where the operator wrote what has come to stand at `path`."""
    for length in range(len(path), 0, -1):
        if path[:length] in moved:
            return (*moved[path[:length]], *path[length:])
    return path
