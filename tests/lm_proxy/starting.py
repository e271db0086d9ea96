"""Where one of the two does not start on a config: a second table, both sides of it asserted."""

import json
from dataclasses import dataclass
from pathlib import Path

from tests.harness.command import oai_proxy, run
from tests.lm_proxy.side import THEIR_PYTHON

PROGRAM = """
import json
import sys

from lm_proxy.app import web_app
from lm_proxy.bootstrap import bootstrap


def starts(file):
    try:
        bootstrap(file, env_file="")
        web_app()
    except Exception:
        return False
    return True


print(json.dumps([starts(file) for file in sys.argv[1:]]))
"""
BASE = """
host = "127.0.0.1"
port = 0
{top}
[connections.up]
api_base = "http://127.0.0.1:9/v1"
api_key = "sk-provider-up"
[routing]
"*" = "up.*"
{rule}
[groups.team]
api_keys = ["{key}"]
{group}
"""
KEY = "team-key-0123456789abcdef0123"
OLD_LOGGER = """
[[loggers]]
class = "lm_proxy.loggers.BaseLogger"
[loggers.log_writer]
class = "lm_proxy.loggers.log_writers.JsonLogWriter"
file_name = "json.log"
"""
TYPO = "a config is checked whole, and a typo is never an open door"
WEAK = "a key that nobody chose is an open door"
BOTH_SPELLINGS = "a config of lm-proxy 1.x starts unchanged"


@dataclass(frozen=True, slots=True)
class AtStart:
    """One row: a config on which exactly one of the two starts.

    Attributes:
        what: what is in it, in words for the table.
        theirs: what lm-proxy does, in words; `ours` likewise.
        reason: why, in words.
        config: the whole of it.
        says: a word of our refusal; `None`: it is ours that starts.
    """

    what: str
    theirs: str
    ours: str
    reason: str
    config: str
    says: str | None


def text(top: str = "", rule: str = "", group: str = "", key: str = KEY) -> str:
    return BASE.format(top=top, rule=rule, group=group, key=key)


AT_START = [
    AtStart(
        "an unknown key in a group: `allowed_connection`", "starts, and allows every connection",
        "does not start", TYPO, text(group='allowed_connection = "up"'), "allowed_connections",
    ),
    AtStart(
        "an unknown connection in a group", "starts", "does not start", TYPO,
        text(group='allowed_connections = "upp"'), "upp",
    ),
    AtStart(
        "a rule to an unknown connection", "starts; 500 when it is used",
        "does not start", TYPO, text(rule='"a" = "upp.*"'), "upp",
    ),
    AtStart(
        "a pattern with more than eight stars", "starts", "does not start",
        "such a pattern is slow on names made for it", text(rule='"*a*b*c*d*e*f*g*h*i" = "up.*"'),
        "stars",
    ),
    AtStart(
        '`api_keys = ["env:UNSET"]`', "starts, and lets in whoever sends no key",
        "does not start", WEAK, text(key="env:UNSET"), "UNSET",
    ),
    AtStart(
        "`YOUR_API_KEY_HERE`, `KEY1` or `changeme` as a key, with a `host` beyond loopback",
        "starts", "does not start, and says how to make a key", WEAK,
        text(key="YOUR_API_KEY_HERE").replace("127.0.0.1", "0.0.0.0", 1), "placeholder",
    ),
    AtStart(
        "one key in two groups", "starts; the first group has it", "does not start",
        "what it may do would depend on the order", text(group=f'[groups.b]\napi_keys = ["{KEY}"]'),
        "groups",
    ),
    AtStart(
        "`AllowAll`", "starts", "needs `allow_anonymous = true` and a loopback `host`", WEAK,
        text(top='api_key_check = "lm_proxy.api_key_check.AllowAll"'), "allow_anonymous",
    ),
    AtStart(
        "`check_api_key`, `lm_proxy.core.check_api_key`", "does not start", "starts",
        BOTH_SPELLINGS, text(top='check_api_key = "lm_proxy.core.check_api_key"'), None,
    ),
    AtStart(
        "`lm_proxy.loggers.log_writers.JsonLogWriter`", "does not start", "starts",
        BOTH_SPELLINGS, text(group=OLD_LOGGER), None,
    ),
    AtStart(
        "`allowed_connections` as a list", "does not start", "starts",
        "a list needs no commas in a text", text(group='allowed_connections = ["up"]'), None,
    ),
]  # fmt: skip


def started_by_theirs(folder: Path) -> list[bool]:
    """Of each row, whether lm-proxy gets as far as listening: all that its command does before."""
    files = []
    for number, row in enumerate(AT_START):
        files.append(folder / f"{number}.toml")
        files[-1].write_text(row.config)
    ended = run(THEIR_PYTHON, "-c", PROGRAM, *files, folder=folder)
    return [bool(started) for started in json.loads(ended.stdout)]


def said_by_ours(row: AtStart, folder: Path) -> str | None:
    """Why ours does not start with it; `None` if it does."""
    (folder / "proxy.toml").write_text(row.config)
    ended = oai_proxy("check", "--config", "proxy.toml", folder=folder)
    return None if ended.returncode == 0 else ended.stderr + ended.stdout
