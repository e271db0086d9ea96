"""`oai-proxy config show`: the config as the proxy reads it, defaults included, secrets masked."""

from typing import Any

import tomli_w
import typer

from lmproxy import logs
from lmproxy.cli import Options
from lmproxy.cli.serving import prepare, say_unusable
from lmproxy.errors import ConfigError
from lmproxy.scrub import MASK, Scrubber


def main(options: Options) -> int:
    """Print it as TOML. The exit code."""
    logs.configure("warning", Scrubber().text)
    try:
        assembly = prepare(options)
    except ConfigError as error:
        return say_unusable(error)
    document = assembly.config.settings.model_dump(mode="json", exclude_none=True)
    document["storage"]["dir"] = str(assembly.config.storage_dir)
    typer.echo(assembly.scrubber.text(tomli_w.dumps(_masked(document))), nl=False)
    return 0


def _masked(value: Any) -> Any:
    """`value` as TOML can hold it, with what pydantic stars out called by our word."""
    if isinstance(value, dict):
        return {key: _masked(item) for key, item in value.items() if item is not None}
    if isinstance(value, list):
        return [_masked(item) for item in value]
    if isinstance(value, str) and value and not value.strip("*") and len(value) > 1:
        return MASK
    return value
