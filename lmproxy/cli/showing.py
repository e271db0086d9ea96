"""`oai-proxy config show`: the config as the proxy reads it, defaults included, secrets masked."""

from typing import Any

import tomli_w
import typer

from lmproxy.cli import Options
from lmproxy.cli.serving import load
from lmproxy.config.load import is_plugged_in
from lmproxy.config.places import KeyPath
from lmproxy.config.values import SECRET_NAME
from lmproxy.scrub import MASK


def main(options: Options) -> int:
    """Print it as TOML. The exit code."""
    assembly = load(options)
    document = assembly.config.settings.model_dump(mode="json", exclude_none=True, fallback=_dotted)
    document["storage"]["dir"] = str(assembly.config.storage_dir)
    typer.echo(assembly.scrubber.text(tomli_w.dumps(_masked(document))), nl=False)
    return 0


def _dotted(thing: Any) -> str:
    """A function or class of a Python config, by its path."""
    return f"{thing.__module__}.{getattr(thing, '__qualname__', type(thing).__qualname__)}"


def _masked(value: Any, path: KeyPath = ()) -> Any:
    """`value` as TOML can hold it, with what pydantic stars out called by our word."""
    if isinstance(value, dict):
        items = value.items()
        return {key: _masked(item, (*path, key)) for key, item in items if item is not None}
    if isinstance(value, list):
        return [_masked(item, (*path, index)) for index, item in enumerate(value)]
    if isinstance(value, str) and value and (_is_starred(value) or _is_named_secret(path)):
        return MASK
    return value


def _is_starred(text: str) -> bool:
    return not text.strip("*") and len(text) > 1


def _is_named_secret(path: KeyPath) -> bool:
    """Whether anybody's code gets a secret there, as far as the names of the keys tell."""
    if not is_plugged_in(path) or "default_args" in path[2:3]:
        return False
    names = path[1:] if path[0] == "api_key_check" else path[2:]
    return any(isinstance(name, str) and SECRET_NAME.search(name.lower()) for name in names)
