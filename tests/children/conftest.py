"""A proxy whose models are commands, and clients of every kind for it."""

import shlex
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import anthropic
import openai
import pytest

from tests.conftest import TEAM_KEY
from tests.harness.proxy import Proxy

SECRET = "operators-secret-5f1e0c9b7a"
"""In the proxy's own environment; no command may see it."""
GIVEN = "given-to-the-command-77aa10"
"""In the `env` table of a command."""
SCRIPTS = {
    "arguments.py": "import json, sys\nprint(json.dumps(sys.argv[1:]))\n",
    "environment.py": "import json, os\nprint(json.dumps(dict(os.environ)))\n",
    "tree.py": (
        "import os, subprocess, sys, time\n"
        "child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)'])\n"
        "with open(sys.argv[1] + '.new', 'w') as file:\n"
        "    file.write(f'{os.getpid()} {child.pid}')\n"
        "os.rename(sys.argv[1] + '.new', sys.argv[1])\n"
        "if sys.argv[2] == 'speaks':\n"
        "    print('begun', flush=True)\n"
        "time.sleep(600)\n"
    ),
}


def script(folder: Path, name: str, *arguments: str) -> str:
    """The command line of one of `SCRIPTS`."""
    return f"{sys.executable} {shlex.quote(str(folder / name))} {' '.join(arguments)}"


def tree(folder: Path, name: str, how: str) -> str:
    return script(folder, "tree.py", str(folder / f"{name}.pids"), how)


def connections(folder: Path) -> dict[str, dict[str, Any]]:
    """What there is to ask, each by its name."""
    hasty = {"first_byte_s": 0.7, "answer_s": 0.7, "silence_s": 0.7}
    fifo = shlex.quote(str(folder / "go.fifo"))
    return {
        "lines": {"cli": ["sh", "-c", f"echo one; read word < {fifo}; echo two; echo"]},
        "printed": {"cli": "printf '[%s]' <request>"},
        "read": {"cli": ["sh", "-c", "printf '['; cat; printf ']'"]},
        "shell": {"cli": ["sh", "-c", "printf '[%s]' \"$1\"", "sh", "<request>"]},
        "deaf": {"cli": "true"},
        "arguments": {"cli": script(folder, "arguments.py", "-p", "<request>", "--", "<request>")},
        "inside": {"cli": script(folder, "arguments.py", "--text=<request>")},
        "strict": {"cli": "printf '[%s]' <request>", "unsupported_params": "reject"},
        "environment": {"cli": script(folder, "environment.py"), "env": {"GIVEN": "env:GIVEN"}},
        "fails": {"cli": ["sh", "-c", f'echo "canary $GIVEN {"x" * 9000} last" >&2; exit 3']},
        "fails_late": {"cli": ["sh", "-c", "echo half; sleep 0.2; echo canary >&2; exit 4"]},
        "killed": {"cli": ["sh", "-c", "kill -9 $$"]},
        "latin": {"cli": ["printf", r"\351t\351 ok"]},
        "endless": {"cli": "yes"},
        "silent": {"cli": tree(folder, "silent", "silent"), "timeouts": hasty},
        "stalls": {"cli": tree(folder, "stalls", "speaks"), "timeouts": hasty},
        "waits": {"cli": tree(folder, "waits", "speaks")},
        "single": {"cli": tree(folder, "single", "speaks"), "concurrency": 1},
    }


def config(folder: Path) -> dict[str, Any]:
    """The whole config; the scripts lie in `folder` afterwards."""
    for name, text in SCRIPTS.items():
        (folder / name).write_text(text)
    asked = connections(folder)
    asked["fails"]["env"] = {"GIVEN": "env:GIVEN"}
    return {
        "host": "127.0.0.1",
        "port": 0,
        "connections": {name: {"api_type": "cli", **table} for name, table in asked.items()},
        "routing": {name: f"{name}.*" for name in asked},
        "groups": {"team": {"api_keys": [TEAM_KEY]}},
        "server": {"drain_s": 0.2},
    }


@contextmanager
def commands(folder: Path) -> Iterator[Proxy]:
    """A proxy with all of them."""
    environment = {"OPENAI_API_KEY": SECRET, "OPERATORS_SECRET": SECRET, "GIVEN": GIVEN}
    with Proxy(config(folder), folder, environment=environment) as running:
        yield running


@pytest.fixture(scope="module")
def proxy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Proxy]:
    with commands(tmp_path_factory.mktemp("commands")) as running:
        yield running


@pytest.fixture
def client(proxy: Proxy) -> Iterator[openai.OpenAI]:
    with openai.OpenAI(base_url=proxy.api, api_key=TEAM_KEY, max_retries=0) as made:
        yield made


@pytest.fixture
def claude(proxy: Proxy) -> Iterator[anthropic.Anthropic]:
    with anthropic.Anthropic(base_url=proxy.url, api_key=TEAM_KEY, max_retries=0) as made:
        yield made
