"""How does a secret get in without standing in the file?

`env:NAME` is an environment variable, `file:PATH` a file's text (one trailing newline taken off),
`credential:NAME` a systemd credential (`LoadCredential=`, systemd.exec(5)). Any string value of the
config may be written so. A reference that leads to nothing is an error, never an empty string: an
empty key would let everybody in.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from lmproxy.config.places import KeyPath, line_of
from lmproxy.config.problems import as_problem
from lmproxy.problems import Problem

SCHEMES = ("env:", "file:", "credential:")
UNSET_MEANS_UNSET = {("ssl_keyfile",), ("ssl_certfile",)}
"""Keys for which an unset variable means that the key is not there (lm-proxy's behaviour)."""


class References:
    """Replaces references in a parsed config, remembering what stood where and what was wrong."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        """`environment` is what `env:` reads; `credential:` finds its directory there too."""
        self._environment = environment
        self.found: dict[KeyPath, str] = {}
        self.problems: list[tuple[KeyPath, str]] = []

    def resolve(self, value: Any, path: KeyPath = ()) -> Any:
        """`value` with every referring string replaced, at any depth."""
        if isinstance(value, dict):
            resolved = {key: self.resolve(item, (*path, key)) for key, item in value.items()}
            return {key: item for key, item in resolved.items() if item is not None}
        if isinstance(value, list):
            return [self.resolve(item, (*path, index)) for index, item in enumerate(value)]
        if isinstance(value, str) and value.startswith(SCHEMES):
            return self._look_up(value, path)
        return value

    def _look_up(self, reference: str, path: KeyPath) -> str | None:
        scheme, _, name = reference.partition(":")
        found = self._environment.get(name) if scheme == "env" else self._read(scheme, name)
        if found:
            self.found[path] = found
            return found
        if scheme == "env" and path in UNSET_MEANS_UNSET:
            return None
        self.problems.append(
            (path, f"{reference} leads to nothing: it is unset, empty or unreadable")
        )
        return reference

    def _read(self, scheme: str, name: str) -> str | None:
        if scheme == "credential":
            directory = self._environment.get("CREDENTIALS_DIRECTORY")
            if not directory or "/" in name:
                return None
            name = f"{directory}/{name}"
        try:
            return Path(name).expanduser().read_text(encoding="utf-8").removesuffix("\n")
        except (OSError, UnicodeDecodeError):
            return None

    def located(self, places: Mapping[KeyPath, int]) -> Iterator[Problem]:
        """The problems with their lines."""
        for path, message in self.problems:
            yield as_problem(path, message, None, line_of(places, path))
