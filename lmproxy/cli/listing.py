"""`oai-proxy models`: what would `/v1/models` show?

With `expand_wildcards` the providers are asked, as `/v1/models` asks them.
"""

import asyncio
from collections.abc import Iterable

import typer

from lmproxy.assembly import Assembly
from lmproxy.call import Caller
from lmproxy.cli import Options
from lmproxy.cli.serving import load


def main(options: Options, group: str | None) -> int:
    """Print one line per group and entry. The exit code."""
    assembly = load(options)
    groups = list(assembly.config.settings.groups) or ["default"]
    if group is not None and group not in groups:
        typer.echo(f"there is no group '{group}'", err=True)
        return 2
    asyncio.run(_print(assembly, [group] if group else groups))
    return 0


async def _print(assembly: Assembly, groups: Iterable[str]) -> None:
    snapshot = assembly.snapshot
    try:
        for name in groups:
            caller = Caller(None, name)
            for entry in snapshot.models(caller, await snapshot.lists(caller)).values():
                typer.echo(f"{name}\t{entry['id']}\t{entry['owned_by']}")
    finally:
        await snapshot.upstreams.close()
