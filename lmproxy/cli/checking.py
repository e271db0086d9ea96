"""`oai-proxy check`: would it serve, and is it wise? With `--live`: do the providers answer?"""

import typer

from lmproxy.cli import Options
from lmproxy.cli.advice import advice
from lmproxy.cli.serving import load
from lmproxy.cli.trying import try_connections
from lmproxy.problems import Problem


def main(options: Options, live: bool, connection: str | None, timeout_s: float) -> int:
    """Print every problem and warning; then, if `live`, how each connection fares.

    Args:
        live: ask the providers, which costs a token each.
        connection: ask this one only.
        timeout_s: for each connection.

    Returns:
        The exit code: 1 if a connection that was asked is not fine.
    """
    if connection is not None and not live:
        typer.echo("--connection needs --live", err=True)
        return 2
    assembly = load(options)
    path, warnings = assembly.config.path, advice(assembly)
    for warning in warnings:
        typer.echo(f"{path}: warning: {warning}", err=True)
    typer.echo(f"{path}: {summary(warnings)}")
    return try_connections(assembly, connection, timeout_s) if live else 0


def summary(warnings: list[Problem]) -> str:
    """The last line."""
    if not warnings:
        return "ok"
    return f"ok, with {len(warnings)} warning{'s' if len(warnings) > 1 else ''}"
