"""Configs for tests that need no process: a text in; what is wrong, or unwise, out.

`TEXT` is a good config with places to put a slip. What it refers to stands in an env file beside
it, so that nothing depends on the tester's environment.
"""

from pathlib import Path

from lmproxy.assembly import Assembly
from lmproxy.cli import Options
from lmproxy.cli.advice import advice
from lmproxy.cli.serving import prepare
from lmproxy.problems import ConfigError

TEXT = """\
host = "127.0.0.1"
{top}
[connections.up]
api_base = "http://127.0.0.1:9/v1"
api_key = "env:UPSTREAM"
{connection}
[connections.up.timeouts]
{timeouts}
[routing]
{routing}
[groups.team]
{api_keys}
{group}
[server]
{server}
{tail}
"""
ROUTING = '"*" = "up.*"'
API_KEYS = 'api_keys = ["env:TEAM"]'
ENVIRONMENT = {
    "UPSTREAM": "upstream-secret-0123456789",
    "TEAM": "team-secret-0123456789",
    "EMPTY": "",
}


def text(**slots: str) -> str:
    """`TEXT` with these slots filled."""
    empty = dict.fromkeys(("top", "connection", "timeouts", "group", "server", "tail"), "")
    return TEXT.format(**{**empty, "routing": ROUTING, "api_keys": API_KEYS, **slots})


def of_connection(connection: str, *, top: str = "", routing: str = ROUTING) -> str:
    """A config whose only connection, `up`, has these keys and no others."""
    head = f'host = "127.0.0.1"\n{top}\n[connections.up]\n'
    return f"{head}{connection}\n[routing]\n{routing}\n[groups.team]\n{API_KEYS}\n"


def write(folder: Path, content: str, **variables: str) -> Options:
    """The command line of a config with this content and of an env file with these variables."""
    config, env = folder / "proxy.toml", folder / "variables.env"
    config.write_text(content)
    config.chmod(0o600)
    known = {"STATE_DIRECTORY": str(folder / "storage"), **ENVIRONMENT, **variables}
    env.write_text("".join(f"{name}='{value}'\n" for name, value in known.items()))
    return Options(config=config, env_file=env)


def assembled(folder: Path, content: str, **variables: str) -> Assembly:
    """What a good config asks for."""
    return prepare(write(folder, content, **variables))


def problems(folder: Path, content: str, **variables: str) -> list[str]:
    """Everything wrong, as `check` prints it, without the file's name."""
    try:
        assembled(folder, content, **variables)
    except ConfigError as error:
        return [str(problem) for problem in error.problems]
    return []


def warnings(folder: Path, content: str, **variables: str) -> list[str]:
    """Everything unwise in a good config, as `check` prints it, without the file's name."""
    return advised(write(folder, content, **variables))


def advised(options: Options) -> list[str]:
    """As `warnings`, of a config that is written already."""
    return [str(warning) for warning in advice(prepare(options))]


def line(content: str, part: str) -> int:
    """The number of the first line with `part` in it."""
    return next(n for n, found in enumerate(content.splitlines(), 1) if part in found)
