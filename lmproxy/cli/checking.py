"""`oai-proxy check`: would it serve, and is it wise?"""

import typer

from lmproxy import logs
from lmproxy.cli import Options
from lmproxy.cli.advice import advice
from lmproxy.cli.serving import prepare, say_unusable
from lmproxy.errors import ConfigError, Problem
from lmproxy.scrub import Scrubber


def main(options: Options) -> int:
    """Print every problem and warning. The exit code."""
    logs.configure("warning", Scrubber().text)
    try:
        assembly = prepare(options)
    except ConfigError as error:
        return say_unusable(error)
    path, warnings = assembly.config.path, advice(assembly)
    for warning in warnings:
        typer.echo(f"{path}: warning: {warning}", err=True)
    typer.echo(f"{path}: {summary(warnings)}")
    return 0


def summary(warnings: list[Problem]) -> str:
    """The last line."""
    if not warnings:
        return "ok"
    return f"ok, with {len(warnings)} warning{'s' if len(warnings) > 1 else ''}"
