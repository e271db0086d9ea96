"""What does the operator want to do? The commands. Each body imports what it needs when it runs.

- `serving`: `oai-proxy serve`, also without a verb
- `creating`: `oai-proxy init`, which writes the text of `first_config`
- `migrating`: `oai-proxy migrate`, which makes of lm-proxy's tables what `modern` and, of each
  connection, `modern_connection` say; `writing`: how both write
- `checking`: `oai-proxy check`; `trying`: its `--live`
- `explaining`, `listing`, `showing`: `explain MODEL`, `models`, `config show`
- `advice`: what is not wrong and yet unwise

Exit codes: 0 done; 1 it could not run (port in use) or the answer is no; 2 a wrong command line; 78
the config cannot be used (EX_CONFIG of sysexits.h, which systemd can be told not to restart on).
"""

from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Annotated, Any

import typer

from lmproxy import __version__

EXIT_CONFIG = 78

app = typer.Typer(
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    help="One door between a team and every language model it uses.",
)

ConfigFile = Annotated[
    Path | None,
    typer.Option("--config", help="Config file. Default: $OAI_PROXY_CONFIG, else ./config.toml."),
]
EnvFile = Annotated[
    Path | None,
    typer.Option(
        "--env-file",
        "--env",
        "--env_file",
        help="File of variables for env: references; overrides the environment. "
        "Without it, a .env in the working directory fills gaps.",
    ),
]
Host = Annotated[str | None, typer.Option(help="Address to listen on, instead of the config's.")]
Port = Annotated[
    int | None,
    typer.Option(
        min=0, max=65535, help="Port to listen on, instead of the config's; 0 is any free one."
    ),
]
LogLevel = Annotated[
    str | None, typer.Option("--log-level", help="debug, info, warning or error. Default: info.")
]
Debug = Annotated[
    bool | None,
    typer.Option(
        "--debug/--no-debug",
        help="Log everything; show the OpenAPI page at /docs. Default: $LM_PROXY_DEBUG, else no.",
    ),
]
GroupName = Annotated[str | None, typer.Option("--group", help="Only this group.")]

# Of `init`: the words stand in the file that it writes.
ProviderName = Annotated[
    str | None, typer.Option(help="openai, anthropic, google, vllm, and so on; or local.")
]
ApiBase = Annotated[
    str | None, typer.Option(help="Where the provider is, instead of its public address.")
]
ApiKeyEnv = Annotated[
    str | None, typer.Option(help="The environment variable with the provider's key.")
]
ApiKeyFile = Annotated[Path | None, typer.Option(help="Or the file that it stands in.")]
ApiKeyCredential = Annotated[str | None, typer.Option(help="Or the name of a systemd credential.")]
NewHost = Annotated[str | None, typer.Option(help="Address to listen on. Default: 127.0.0.1.")]
NewPort = Annotated[
    int | None, typer.Option(min=0, max=65535, help="Port to listen on. Default: 8000.")
]
NewGroup = Annotated[
    str | None, typer.Option(help="The group that the new key is for. Default: team.")
]
Output = Annotated[
    Path, typer.Option("--output", "-o", help="The file to write; never one that is there.")
]
Yes = Annotated[
    bool, typer.Option("--yes", "-y", help="Ask nothing: defaults for what is not given.")
]


@dataclass(frozen=True, slots=True)
class Options:
    """What the command line says. `None`: nothing."""

    config: Path | None = None
    env_file: Path | None = None
    host: str | None = None
    port: int | None = None
    log_level: str | None = None
    debug: bool | None = None

    def over(self, outer: "Options") -> "Options":
        """These, and `outer`'s where these say nothing: options may stand on either side."""
        return Options(
            config=self.config or outer.config,
            env_file=self.env_file or outer.env_file,
            host=self.host or outer.host,
            port=outer.port if self.port is None else self.port,
            log_level=self.log_level or outer.log_level,
            debug=outer.debug if self.debug is None else self.debug,
        )


@dataclass(frozen=True, slots=True)
class Told:
    """What the command line says of a first config. `None`: nothing."""

    provider: str | None
    api_base: str | None
    api_key_env: str | None
    api_key_file: Path | None
    api_key_credential: str | None
    host: str | None
    port: int | None
    group: str | None
    output: Path
    ask: bool


def _show_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"oai-proxy {__version__}")
        raise typer.Exit


@app.callback(invoke_without_command=True)
def root(
    context: typer.Context,
    config: ConfigFile = None,
    env_file: EnvFile = None,
    host: Host = None,
    port: Port = None,
    log_level: LogLevel = None,
    debug: Debug = None,
    _version: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Say it.")
    ] = False,
) -> None:
    """Serve, unless a command is named."""
    context.obj = Options(config, env_file, host, port, log_level, debug)
    if context.invoked_subcommand is None:
        _run("lmproxy.cli.serving", context.obj)


@app.command()
def serve(
    context: typer.Context,
    config: ConfigFile = None,
    env_file: EnvFile = None,
    host: Host = None,
    port: Port = None,
    log_level: LogLevel = None,
    debug: Debug = None,
) -> None:
    """Serve (the default)."""
    options = Options(config, env_file, host, port, log_level, debug)
    _run("lmproxy.cli.serving", options.over(context.obj))


@app.command()
def init(
    context: typer.Context,
    provider: ProviderName = None,
    api_base: ApiBase = None,
    api_key_env: ApiKeyEnv = None,
    api_key_file: ApiKeyFile = None,
    api_key_credential: ApiKeyCredential = None,
    host: NewHost = None,
    port: NewPort = None,
    group: NewGroup = None,
    output: Output = Path("oai-proxy.toml"),
    yes: Yes = False,
) -> None:
    """Write a first config with a fresh key. Asks on a terminal for what is not given."""
    outer: Options = context.obj
    told = Told(
        provider=provider,
        api_base=api_base,
        api_key_env=api_key_env,
        api_key_file=api_key_file,
        api_key_credential=api_key_credential,
        host=host or outer.host,
        port=outer.port if port is None else port,
        group=group,
        output=output,
        ask=not yes,
    )
    _run("lmproxy.cli.creating", outer, told)


@app.command()
def migrate(
    context: typer.Context,
    old: Annotated[Path, typer.Argument(help="The config of lm-proxy: TOML, JSON, YAML, Python.")],
    to: Annotated[Path, typer.Option("--to", help="The config to write, in TOML.")],
    force: Annotated[
        bool, typer.Option("--force", help="Write it even over a file that is there.")
    ] = False,
    env_file: EnvFile = None,
) -> None:
    """Write a config of lm-proxy's in today's words, say what became of it, and check it."""
    _run("lmproxy.cli.migrating", Options(env_file=env_file).over(context.obj), old, to, force)


@app.command()
def check(
    context: typer.Context,
    live: Annotated[
        bool,
        typer.Option("--live", help="Ask each provider for one token as well. Costs that token."),
    ] = False,
    connection: Annotated[
        str | None, typer.Option(help="With --live: only this connection.")
    ] = None,
    timeout_s: Annotated[
        float, typer.Option("--timeout", min=0.1, help="With --live: seconds for each connection.")
    ] = 30,
    config: ConfigFile = None,
    env_file: EnvFile = None,
) -> None:
    """Say everything that is wrong or unwise in the config, and serve nothing."""
    options = Options(config, env_file).over(context.obj)
    _run("lmproxy.cli.checking", options, live, connection, timeout_s)


@app.command()
def explain(
    context: typer.Context,
    model: Annotated[str, typer.Argument(help="The model name a client would ask for.")],
    group: GroupName = None,
    key: Annotated[str | None, typer.Option(help="The id of a key, as records name it.")] = None,
    config: ConfigFile = None,
    env_file: EnvFile = None,
) -> None:
    """Say where a request for MODEL would go, and who may make it. Asks nobody."""
    options = Options(config, env_file).over(context.obj)
    _run("lmproxy.cli.explaining", options, model, group, key)


@app.command()
def models(
    context: typer.Context,
    group: GroupName = None,
    config: ConfigFile = None,
    env_file: EnvFile = None,
) -> None:
    """List what /models shows: group, model and connection, one line each."""
    _run("lmproxy.cli.listing", Options(config, env_file).over(context.obj), group)


config_app = typer.Typer(help="Look at the config.", rich_markup_mode=None)
app.add_typer(config_app, name="config")


@config_app.command()
def show(context: typer.Context, config: ConfigFile = None, env_file: EnvFile = None) -> None:
    """Print the config as the proxy reads it: defaults included, secrets masked."""
    _run("lmproxy.cli.showing", Options(config, env_file).over(context.obj))


def _run(module: str, options: Options, *arguments: Any) -> None:
    """Import a command's module and run it. Its imports take longer than `--help` should."""
    command: Any = import_module(module)
    raise typer.Exit(command.main(options, *arguments))


def main() -> None:
    """The `oai-proxy` command."""
    app(prog_name="oai-proxy")
