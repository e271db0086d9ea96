"""`oai-proxy models`: what would `/v1/models` show?"""

import typer

from lmproxy import logs
from lmproxy.call import Caller
from lmproxy.cli import Options
from lmproxy.cli.serving import prepare, say_unusable
from lmproxy.errors import ConfigError
from lmproxy.scrub import Scrubber


def main(options: Options, group: str | None) -> int:
    """Print one line per group and entry. The exit code."""
    logs.configure("warning", Scrubber().text)
    try:
        assembly = prepare(options)
    except ConfigError as error:
        return say_unusable(error)
    groups = list(assembly.config.settings.groups) or ["default"]
    if group is not None and group not in groups:
        typer.echo(f"there is no group '{group}'", err=True)
        return 2
    for name in [group] if group else groups:
        for entry in assembly.snapshot.models(Caller(None, name)).values():
            typer.echo(f"{name}\t{entry['id']}\t{entry['owned_by']}")
    return 0
