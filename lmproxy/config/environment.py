"""Where may a value outside the file come from? The only module that reads the environment.

An explicit env file overrides the environment: the operator named it. A `.env` that merely lies in
the working directory only fills gaps, so that it cannot redirect a production service.
"""

import os
from collections.abc import Mapping
from io import StringIO
from pathlib import Path
from types import MappingProxyType

from dotenv import dotenv_values

from lmproxy.config.lm_proxy_keys import is_true
from lmproxy.problems import ConfigError, Problem


def read_environment(env_file: Path | None = None) -> Mapping[str, str]:
    """The variables that `env:NAME` sees. Never changes the process's own environment.

    Args:
        env_file: `None` for a `.env` in the working directory, if there is one; an empty path, as
            lm-proxy's `--env=""` gives it, for none at all.

    Raises:
        ConfigError: the env file cannot be read.
    """
    if env_file is None:
        ambient = Path(".env")
        merged = {**(_variables(ambient) if ambient.is_file() else {}), **os.environ}
    elif env_file == Path():
        merged = dict(os.environ)
    else:
        merged = {**os.environ, **_variables(env_file)}
    return MappingProxyType(merged)


def wants_debug(env_file: Path | None) -> bool:
    """Whether lm-proxy's `LM_PROXY_DEBUG` says so, in the environment or the env file."""
    try:
        known = read_environment(env_file)
    except ConfigError:  # Whoever reads the config says it.
        known = os.environ
    return is_true(known.get("LM_PROXY_DEBUG", ""))


def _variables(path: Path) -> dict[str, str]:
    try:
        text = path.read_text(encoding="utf-8-sig")
    except OSError as error:
        reason = error.strerror or "it cannot be read"
        raise ConfigError(
            str(path), [Problem("", f"the env file cannot be read: {reason}")]
        ) from None
    except UnicodeDecodeError:
        raise ConfigError(str(path), [Problem("", "the env file is not UTF-8 text")]) from None
    found = dotenv_values(stream=StringIO(text))
    return {name: value for name, value in found.items() if value is not None}


def config_path() -> str | None:
    """`$OAI_PROXY_CONFIG`, or `None`."""
    return os.environ.get("OAI_PROXY_CONFIG") or None


def child_environment() -> dict[str, str]:
    """What a child process needs to run Python, and nothing that may be a secret."""
    return {**command_environment(), **_those("LD_LIBRARY_PATH", "PYTHONPATH")}


def command_environment() -> dict[str, str]:
    """What any command needs to run, and nothing that may be a secret."""
    return _those("PATH", "HOME", "USER", "LANG", "LC_ALL", "LC_CTYPE", "TZ", "TMPDIR")


def _those(*names: str) -> dict[str, str]:
    return {name: os.environ[name] for name in names if name in os.environ}


NOT_FOR_LITELLM = ("AWS_BEARER_TOKEN_BEDROCK", "AWS_BEDROCK_RUNTIME_ENDPOINT", "AZURE_AD_TOKEN")
"""Credentials and addresses that LiteLLM would take in place of those in the config."""


def prepare_for_litellm() -> None:
    """Set what LiteLLM reads of the environment while it is imported and ever after.

    Without these it asks the network for prices, reads a `.env` of its own, fetches pictures that
    clients name, retries, and cuts a stream that says the same thing a hundred times.
    """
    for name in NOT_FOR_LITELLM:
        os.environ.pop(name, None)
    os.environ.update(
        {
            "LITELLM_OFFLINE_MODE": "true",
            "LITELLM_LOCAL_MODEL_COST_MAP": "True",
            "LITELLM_LOCAL_ANTHROPIC_BETA_HEADERS": "true",
            "LITELLM_MODE": "PRODUCTION",
            "LITELLM_DISABLE_BUG_REPORT_LINK": "true",
            "DISABLE_AIOHTTP_TRUST_ENV": "True",
            "MAX_IMAGE_URL_DOWNLOAD_SIZE_MB": "0",
            "REPEATED_STREAMING_CHUNK_LIMIT": "1000000",
            "DEFAULT_MAX_RETRIES": "0",
            "HF_HUB_OFFLINE": "1",
        }
    )
