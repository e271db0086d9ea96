"""What may a value of the config be? The kinds that more than one key has, and how each is read."""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, BeforeValidator, Field, SecretStr


def is_file(path: Path) -> bool:
    """Whether there is one. What cannot be a path, as a secret in its place, is none.

    The system's own error would quote it.
    """
    try:
        return path.is_file()
    except (OSError, ValueError):
        return False


def _names(value: Any) -> Any:
    """Both spellings of a list of names: `["a", "b"]` and lm-proxy's `"a, b"`."""
    if isinstance(value, str):
        return tuple(name.strip() for name in value.split(",") if name.strip())
    return value


def _targets(value: Any) -> Any:
    """A route's value: one target or a list of them."""
    if not isinstance(value, str | list | tuple):
        raise ValueError("a route's value is a string or a list of strings")
    return (value,) if isinstance(value, str) else value


def as_key(value: Any) -> Any:
    """A key written as text: the key itself, or `sha256:` and its digest."""
    if isinstance(value, dict | BaseModel):
        return value
    if not isinstance(value, str):
        raise ValueError("must be a string or a table")
    scheme, _, digest = value.partition(":")
    return {"sha256": digest.lower()} if scheme == "sha256" else {"key": value}


def _number(value: Any) -> Any:
    """Numbers and texts of numbers, as `env:` gives them; `true` is not 1."""
    if isinstance(value, bool):
        raise ValueError("must be a number")
    return value


def is_url(value: str) -> bool:
    """Whether it is an address, without judging where it leads."""
    try:
        parts = urlsplit(value)
        return parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False


def _url(value: str) -> str:
    if not is_url(value):
        raise ValueError("must be an http:// or https:// URL")
    return value


def _optional_file(value: Any) -> Any:
    """lm-proxy's `ssl_keyfile = ""` means that there is none."""
    return None if value == "" else value


def _prefix(text: str) -> str:
    if not re.fullmatch(r"(/[\w.-]+)*", text):
        raise ValueError("must be a path such as '/v1', without a slash at its end, or ''")
    return text


def _settings(value: Any) -> Any:
    """LiteLLM's settings: those that are secrets by their name are kept as such."""
    if not isinstance(value, dict):
        return value
    return {
        name: SecretStr(item) if isinstance(item, str) and SECRET_NAME.search(name) else item
        for name, item in value.items()
    }


@dataclass(frozen=True, slots=True)
class Alone:
    """What stands in the place of a table: a dotted path, or a thing of a Python config."""

    thing: Any


def as_connection(value: Any) -> Any:
    """A connection is a table, or a function or class alone."""
    if isinstance(value, dict | BaseModel):
        return value
    if callable(value) or (isinstance(value, str) and "." in value):
        return {"class": Alone(value)}
    raise ValueError("must be a table, or the dotted path of a function or class")


def _plugin(value: Any) -> Any:
    """A table with `class`, or the class or function itself."""
    if isinstance(value, dict | str) or callable(value):
        return value
    raise ValueError("must be a table")


HEADER_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9a-z-]+")
"""A header's name (RFC 9110, 5.6.2), lower-case."""
SECRET_NAME = re.compile("secret|token|password|credentials|access_key|_key$")
BEDROCK_ADDRESS = "aws_bedrock_runtime_endpoint"
"""LiteLLM's name for the address of Bedrock, where a config may have written `api_base`."""
LitellmSettings = Annotated[
    dict[str, str | bool | int | float | SecretStr], BeforeValidator(_settings)
]
PluginSpec = Annotated[Any, BeforeValidator(_plugin)]
"""A table, a dotted path, or what a Python config has in its place."""
Names = Annotated[tuple[str, ...], BeforeValidator(_names)]
Targets = Annotated[tuple[str, ...], BeforeValidator(_targets), Field(min_length=1)]
Whole = Annotated[int, BeforeValidator(_number)]
Seconds = Annotated[float, BeforeValidator(_number), Field(gt=0, le=7 * 24 * 3600)]
Url = Annotated[str, AfterValidator(_url)]
Prefix = Annotated[str, AfterValidator(_prefix)]
OptionalFile = Annotated[Path | None, BeforeValidator(_optional_file)]
Lane = Literal["auto", "relay", "translate", "litellm"]
RemoteMedia = Literal["forward", "refuse"]
StreamUsage = Literal["ask", "given", "never"]
Operation = Literal[
    "chat",
    "completions",
    "embeddings",
    "models",
    "responses",
    "images",
    "image_generation",
    "image_edit",
    "image_variation",
    "audio",
    "speech",
    "transcription",
    "translation",
    "moderations",
    "messages",
    "count_tokens",
    "rerank",
]
