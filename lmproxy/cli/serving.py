"""`oai-proxy serve`: from the command line to a running server."""

import logging
import signal
import sys
from pathlib import Path
from typing import Any

import typer

from lmproxy import __version__, logs
from lmproxy.app import build
from lmproxy.assembly import Assembly, assemble
from lmproxy.cli import EXIT_CONFIG, Options
from lmproxy.cli.advice import advice
from lmproxy.config import Config, examine, load_config
from lmproxy.config.environment import config_path, wants_debug
from lmproxy.problems import ConfigError
from lmproxy.scrub import OF_LOGS, Scrubber
from lmproxy.server import ListenError, address_of, open_socket, run_server

log = logs.get(__name__)

DEFAULT_CONFIG = Path("config.toml")
LEVELS = ("debug", "info", "warning", "error")


def main(options: Options) -> int:
    """Serve until told to stop. The exit code."""
    debug = wants_debug(options.env_file) if options.debug is None else options.debug
    level = "debug" if debug else (options.log_level or "info")
    if level not in LEVELS:
        typer.echo(f"--log-level must be one of {', '.join(LEVELS)}", err=True)
        return 2
    logs.configure(level, OF_LOGS.text)
    _end_well_on_signals()
    try:
        assembly = prepare(options)
        _serve(assembly, debug=debug)
    except ConfigError as error:
        return say_unusable(error)
    except ListenError as error:
        typer.echo(str(error), err=True)
        return 1
    return 0


def _end_well_on_signals() -> None:
    """Being told to stop is no failure. uvicorn raises the signal again when it has stopped."""
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: sys.exit(0))


def prepare(options: Options) -> Assembly:
    """What the config that the options name asks for, with what they override.

    Raises:
        ConfigError: it cannot be used; with everything wrong in it.
    """
    given = {"host": options.host, "port": options.port}
    overrides: dict[str, Any] = {key: value for key, value in given.items() if value is not None}
    path = find(options.config)
    config, problems = examine(path, options.env_file, overrides)
    if config is None:
        raise ConfigError(str(path), problems)
    return assemble(config, problems)


def load(options: Options) -> Assembly:
    """As `prepare`, for commands that serve nothing: what is wrong is printed, and they end.

    Raises:
        typer.Exit: the config cannot be used; with the exit code.
    """
    logs.configure("warning", OF_LOGS.text)
    try:
        assembly = prepare(options)
    except ConfigError as error:
        raise typer.Exit(say_unusable(error)) from None
    return assembly


def say_unusable(error: ConfigError) -> int:
    """Print what is wrong. The exit code."""
    typer.echo(Scrubber().text(str(error)), err=True)
    return EXIT_CONFIG


def find(named: Path | None) -> Path:
    """The config file: as named, else `$OAI_PROXY_CONFIG`, else `./config.toml`."""
    return named or Path(config_path() or DEFAULT_CONFIG)


def run(config: Config | str | Path) -> None:
    """Serve a config from a program of your own, until SIGTERM or SIGINT. Logs as the command does.

    Raises:
        ConfigError: the config cannot be used.
        ListenError: its address cannot be listened on.
    """
    loaded = config if isinstance(config, Config) else load_config(config)
    assembly = assemble(loaded)
    logs.configure("info", OF_LOGS.text)
    _serve(assembly, debug=False)


def _serve(assembly: Assembly, *, debug: bool) -> None:
    settings = assembly.config.settings
    for warning in advice(assembly):
        log.warning(str(warning), config=str(assembly.config.path))
    app = build(assembly, debug=debug)
    with open_socket(settings.host, settings.port) as listening:
        address = address_of(listening, tls=settings.ssl_keyfile is not None)

        def say() -> None:
            if not log.isEnabledFor(logging.INFO):
                typer.echo(f"oai-proxy {__version__} listening on {address}", err=True)
            log.info(
                "listening",
                version=__version__,
                config=str(assembly.config.path),
                address=address,
                api=f"{address}{settings.api_prefix}",
            )

        run_server(app, settings, listening, say)
