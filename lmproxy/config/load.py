"""The steps from a file to a `Config`: read, resolve references, validate.

Each step hands the next only what it needs, and everything that went wrong in a step is said at
once. What a provider, a rule or a key may be is not known here: the rooms say that, with
`Config.problem`.
"""

import hashlib
from collections.abc import KeysView, Mapping
from dataclasses import dataclass, field
from ipaddress import ip_address
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from pydantic import SecretStr, ValidationError

from lmproxy.config.environment import read_environment
from lmproxy.config.formats import read_document
from lmproxy.config.lm_proxy_config import in_our_words
from lmproxy.config.lm_proxy_table import Moved, Wrong, written
from lmproxy.config.places import KeyPath, line_of
from lmproxy.config.problems import as_problem, explain, hint_at_slid
from lmproxy.config.schema import Connection, Settings
from lmproxy.config.secrets import References
from lmproxy.problems import ConfigError, Problem


@dataclass(frozen=True, slots=True)
class Config:
    """A validated config and where each of its keys stands.

    Attributes:
        path: the file it came from.
        digest: the first 12 hex digits of the file's SHA-256; written into every record.
        places: key path to 1-based line.
        referred: the values that came from outside the file, by key path.
        environment: what `env:` saw, kept for values that have a default there.
        moved: where keys of ours stand in the file that were written in lm-proxy's words.
        unwise: what is accepted and does nothing.
    """

    settings: Settings
    path: Path
    digest: str
    places: Mapping[KeyPath, int]
    referred: Mapping[KeyPath, str] = field(repr=False)
    environment: Mapping[str, str] = field(repr=False)
    moved: Moved = field(default_factory=dict)
    unwise: tuple[Wrong, ...] = ()

    @property
    def references(self) -> KeysView[KeyPath]:
        """The key paths whose values came from outside the file."""
        return self.referred.keys()

    def line(self, *path: str | int) -> int | None:
        """The line of a key, or of its nearest parent that has one."""
        return line_of(self.places, written(self.moved, path))

    def problem(self, path: KeyPath, message: str, hint: str | None = None) -> Problem:
        """Something wrong at `path`, for the list that `check` prints."""
        if path[:1] == ("routing",):  # Any name is a pattern there, so only the value told.
            hint = hint_at_slid(path) or hint
        return as_problem(written(self.moved, path), message, hint, self.line(*path))

    @property
    def warnings(self) -> list[Problem]:
        """What the file says that does nothing here."""
        return [self.problem(*found) for found in self.unwise]

    @property
    def storage_dir(self) -> Path:
        """`[storage] dir`, else systemd's `$STATE_DIRECTORY`, else `./storage`."""
        state = self.environment.get("STATE_DIRECTORY", "").split(":")[0]
        return (self.settings.storage.dir or Path(state or "storage")).expanduser()

    @property
    def is_loopback(self) -> bool:
        """Only this machine can reach the configured address."""
        return is_this_machine(self.settings.host)

    def secrets(self) -> list[str]:
        """The operator's credentials at providers and in plugged-in classes, for the scrubber."""
        found = [value for path, value in self.referred.items() if is_plugged_in(path)]
        for connection in self.settings.connections.values():
            settings = connection.litellm.values()
            keys = [connection.api_key, *connection.http_headers.values(), *settings]
            found += [key.get_secret_value() for key in keys if isinstance(key, SecretStr)]
            found += _userinfo(connection.proxy or "")
        salt = self.settings.encryption_key
        return [*found, salt.get_secret_value()] if salt else found


def is_this_machine(host: str) -> bool:
    """Whether `host` is a loopback address."""
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False


def is_plugged_in(path: KeyPath) -> bool:
    """Whether a class or API of anybody's gets the value at `path`: what it is for is not known."""
    if path[0] == "connections" and len(path) > 2:
        return path[2] == "default_args" or path[2] not in Connection.model_fields
    return path[0] in PLUGGED_IN


def _userinfo(url: str) -> list[str]:
    """User and password of a URL, as they stand in it and as they go out."""
    info, at, _ = urlsplit(url).netloc.rpartition("@")
    passwords = [info.partition(":")[2], unquote(info.partition(":")[2])]
    return [info, unquote(info), *passwords] if at else []


def load_config(
    path: Path | str,
    env_file: Path | None = None,
    overrides: Mapping[str, Any] | None = None,
) -> Config:
    """Read and validate a config.

    Args:
        path: the file.
        env_file: variables that override the environment; by default a `.env` in the working
            directory fills gaps.
        overrides: top-level keys that replace the file's, as `--port` does.

    Raises:
        ConfigError: with every problem found.
    """
    config, problems = examine(path, env_file, overrides)
    if problems or config is None:
        raise ConfigError(str(path), problems)
    return config


def examine(
    path: Path | str,
    env_file: Path | None = None,
    overrides: Mapping[str, Any] | None = None,
) -> tuple[Config | None, list[Problem]]:
    """As `load_config`, but what is wrong is returned, with what could be read in spite of it.

    The config leaves out the keys that are wrong, so that the rooms can be asked what else is; it
    is not to be served. `None` where too little is left.

    Raises:
        ConfigError: there is no such file, or env file, or it cannot be parsed.
    """
    path = Path(path)
    environment = read_environment(env_file)
    document, digest = read_document(path)
    values, places = {**document.values, **(overrides or {})}, document.places
    references = References(environment)
    ours = in_our_words(references.resolve(values), values, environment)
    settings, wrong = _validate(ours.values)
    problems = [*references.located(places)]
    missing = {problem.where for problem in problems}
    for place, message, hint in (*ours.wrong, *wrong):
        where = written(ours.moved, place)
        problem = as_problem(where, message, hint, line_of(places, where))
        if problem.where not in missing and problem not in problems:
            problems.append(problem)
    if settings is None:
        return None, problems
    config = Config(
        settings=settings,
        path=path,
        digest=digest[:12],
        places=places,
        referred=ours.referred(references.found),
        environment=environment,
        moved=ours.moved,
        unwise=tuple(ours.unwise),
    )
    return config, problems


PLUGGED_IN = ("components", "loggers", "before", "after", "api_key_check", "check_api_key")
"""The keys under which anybody's code stands."""


def _validate(document: dict[str, Any]) -> tuple[Settings | None, list[Wrong]]:
    """The settings, and what is wrong; with something wrong, what can be read without it."""
    try:
        return Settings.model_validate(document), []
    except ValidationError as error:
        wrong = list(explain(error, document))
    paths = [path for path, _, _ in wrong]
    if not all(map(_can_be_left_out, paths)):
        return None, wrong
    try:
        return Settings.model_validate(_without(document, set(paths))), wrong
    except ValidationError:
        return None, wrong


def _can_be_left_out(path: KeyPath) -> bool:
    """Not a connection or group as a whole, which others name, nor one of most numbered lists."""
    whole = path[0] in ("connections", "groups", "loggers") and len(path) < 3
    return not whole and (all(isinstance(part, str) for part in path) or _is_virtual_key(path))


def _is_virtual_key(path: KeyPath) -> bool:
    return len(path) > 3 and path[0] == "groups" and path[2] == "api_keys"


def _without(value: Any, paths: set[KeyPath], path: KeyPath = ()) -> Any:
    """`value` without what stands at `paths`; a virtual key among them becomes one of nobody's."""
    if isinstance(value, list) and _is_virtual_key((*path, 0)):
        wrong = {where[len(path)] for where in paths if where[: len(path)] == path}
        nobodys = {"sha256": hashlib.sha256(repr(path).encode()).hexdigest()}
        return [nobodys if index in wrong else item for index, item in enumerate(value)]
    if not isinstance(value, dict):
        return value
    return {
        key: _without(item, paths, (*path, key))
        for key, item in value.items()
        if (*path, key) not in paths
    }
