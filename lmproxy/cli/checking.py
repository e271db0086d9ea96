"""`oai-proxy check`: would it serve, and is it wise?"""

import typer

from lmproxy import logs
from lmproxy.app import assemble
from lmproxy.cli import EXIT_CONFIG, Options
from lmproxy.cli.advice import advice
from lmproxy.cli.serving import load
from lmproxy.errors import ConfigError, Problem
from lmproxy.recording import Journal
from lmproxy.scrub import Scrubber


def main(options: Options) -> int:
    """Print every problem and warning. The exit code."""
    logs.configure("warning", Scrubber().text)
    try:
        config = load(options)
        assembly = assemble(config)
        Journal(config.storage_dir).check()
    except ConfigError as error:
        typer.echo(str(error), err=True)
        return EXIT_CONFIG
    warnings = advice(assembly)
    for warning in warnings:
        typer.echo(f"{config.path}: warning: {warning}", err=True)
    typer.echo(f"{config.path}: {_summary(warnings)}")
    return 0


def _summary(warnings: list[Problem]) -> str:
    if not warnings:
        return "ok"
    return f"ok, with {len(warnings)} warning{'s' if len(warnings) > 1 else ''}"
