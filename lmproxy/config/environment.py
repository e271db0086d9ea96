"""Where may a value outside the file come from? The only module that reads the environment.

An explicit env file overrides the environment: the operator named it. A `.env` that merely lies in
the working directory only fills gaps, so that it cannot redirect a production service.
"""

import os
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

from dotenv import dotenv_values

from lmproxy.errors import ConfigError, Problem


def read_environment(env_file: Path | None = None) -> Mapping[str, str]:
    """The variables that `env:NAME` sees. Never changes the process's own environment.

    Raises:
        ConfigError: `env_file` was named and cannot be read.
    """
    if env_file is None:
        merged = {**_variables(Path(".env")), **os.environ}
    elif env_file.is_file():
        merged = {**os.environ, **_variables(env_file)}
    else:
        raise ConfigError(str(env_file), [Problem("", "there is no such env file")])
    return MappingProxyType(merged)


def _variables(path: Path) -> dict[str, str]:
    if not path.is_file():
        return {}
    return {name: value for name, value in dotenv_values(path).items() if value is not None}


def config_path() -> str | None:
    """`$OAI_PROXY_CONFIG`, or `None`."""
    return os.environ.get("OAI_PROXY_CONFIG") or None


def child_environment() -> dict[str, str]:
    """What a child process needs to run Python, and nothing that may be a secret."""
    wanted = ("PATH", "HOME", "LANG", "LC_ALL", "TMPDIR", "VIRTUAL_ENV", "PYTHONPATH")
    return {name: os.environ[name] for name in wanted if name in os.environ}
