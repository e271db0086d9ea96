"""The steps from a file to a `Config`: read, parse, resolve references, validate.

Each step hands the next only what it needs, and everything that went wrong in a step is said at
once. What a provider, a rule or a key may be is not known here: the rooms say that, with
`Config.problem`.
"""

import hashlib
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from lmproxy.config.environment import read_environment
from lmproxy.config.places import KeyPath, line_of, locate
from lmproxy.config.problems import as_problem, explain
from lmproxy.config.schema import Settings
from lmproxy.config.secrets import References
from lmproxy.errors import ConfigError, Problem


@dataclass(frozen=True, slots=True)
class Config:
    """A validated config and where each of its keys stands.

    Attributes:
        path: the file it came from.
        digest: the first 12 hex digits of the file's SHA-256; written into every record.
        places: key path to 1-based line.
        references: the key paths whose values came from outside the file.
        environment: what `env:` saw, kept for values that have a default there.
    """

    settings: Settings
    path: Path
    digest: str
    places: Mapping[KeyPath, int]
    references: frozenset[KeyPath]
    environment: Mapping[str, str]

    def line(self, *path: str | int) -> int | None:
        """The line of a key, or of its nearest parent that has one."""
        return line_of(self.places, path)

    def problem(self, path: KeyPath, message: str, hint: str | None = None) -> Problem:
        """Something wrong at `path`, for the list that `check` prints."""
        return as_problem(path, message, hint, self.line(*path))

    @property
    def storage_dir(self) -> Path:
        """`[storage] dir`, else systemd's `$STATE_DIRECTORY`, else `./storage`."""
        state = self.environment.get("STATE_DIRECTORY", "").split(":")[0]
        return self.settings.storage.dir or Path(state or "storage")

    @property
    def is_loopback(self) -> bool:
        """Only this machine can reach the configured address."""
        host = self.settings.host
        return host in ("localhost", "::1") or host.startswith("127.")

    def secrets(self) -> list[str]:
        """The operator's credentials at providers, for the scrubber."""
        found = []
        for connection in self.settings.connections.values():
            keys = [connection.api_key, *connection.http_headers.values()]
            found += [key.get_secret_value() for key in keys if key]
            found += [connection.proxy] if connection.proxy and "@" in connection.proxy else []
        return found


def load_config(
    path: Path | str,
    env_file: Path | None = None,
    overrides: Mapping[str, Any] | None = None,
) -> Config:
    """Read and validate a TOML config.

    Args:
        path: the file.
        env_file: variables that override the environment; by default a `.env` in the working
            directory fills gaps.
        overrides: top-level keys that replace the file's, as `--port` does.

    Raises:
        ConfigError: with every problem found.
    """
    path = Path(path)
    environment = read_environment(env_file)
    text = _read(path)
    document = {**_parse(path, text), **(overrides or {})}
    places = locate(text)
    references = References(environment)
    resolved = references.resolve(document)
    settings, problems = _validate(resolved, places)
    problems += references.located(places)
    if problems or settings is None:
        raise ConfigError(str(path), problems)
    return Config(
        settings=settings,
        path=path,
        digest=hashlib.sha256(text.encode()).hexdigest()[:12],
        places=places,
        references=frozenset(references.paths),
        environment=environment,
    )


def _read(path: Path) -> str:
    try:
        return path.read_bytes().decode("utf-8-sig")
    except OSError as error:
        reason = error.strerror or "it cannot be read"
        raise ConfigError(str(path), [Problem("", f"the file cannot be read: {reason}")]) from None
    except UnicodeDecodeError:
        raise ConfigError(str(path), [Problem("", "the file is not UTF-8 text")]) from None


def _parse(path: Path, text: str) -> dict[str, Any]:
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(str(path), [Problem("", f"not valid TOML: {error}")]) from None


def _validate(
    document: dict[str, Any], places: Mapping[KeyPath, int]
) -> tuple[Settings | None, list[Problem]]:
    try:
        return Settings.model_validate(document), []
    except ValidationError as error:
        return None, [
            as_problem(path, message, hint, line_of(places, path))
            for path, message, hint in explain(error, document)
        ]
