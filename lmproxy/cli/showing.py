"""`oai-proxy config show`: the config as the proxy reads it, defaults included, secrets masked."""

from typing import Any

import tomli_w
import typer

from lmproxy.cli import Options
from lmproxy.cli.serving import load
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


def _masked(value: Any) -> Any:
    """`value` as TOML can hold it, with what pydantic stars out called by our word."""
    if isinstance(value, dict):
        return {key: _masked(item) for key, item in value.items() if item is not None}
    if isinstance(value, list):
        return [_masked(item) for item in value]
    if isinstance(value, str) and value and not value.strip("*") and len(value) > 1:
        return MASK
    return value
