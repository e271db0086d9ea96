"""Claude Code and Codex: run once, to their end, in an environment and a home of their own."""

import json
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.harness.aimock import NODE
from tests.harness.deadlines import LONGEST_S
from tests.harness.proxy import REPOSITORY

MODULES = REPOSITORY / "tests/clients/node_modules"
CLAUDE = MODULES / "@anthropic-ai/claude-code/cli-wrapper.cjs"
CODEX = MODULES / "@openai/codex/bin/codex.js"
CODEX_CONFIG = """\
model = {model}
model_provider = "proxy"
approval_policy = "never"
sandbox_mode = "danger-full-access"

[analytics]
enabled = false

[model_providers.proxy]
name = "proxy"
base_url = {base_url}
env_key = "PROXY_KEY"
wire_api = "responses"
"""
"""Its sandbox needs rights that a machine for tests may not give."""
QUIET = {
    "DISABLE_TELEMETRY": "1",
    "DISABLE_AUTOUPDATER": "1",
    "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1",
}


@dataclass(frozen=True, slots=True)
class Ran:
    """How a run of an agent ended: its exit code and the JSON objects it printed, in order."""

    code: int
    printed: list[dict[str, Any]]
    stderr: str


def claude_code(prompt: str, home: Path, environment: Mapping[str, str], *arguments: str) -> Ran:
    """`claude -p PROMPT` with nothing in its environment but this; it may use Bash."""
    more = {**QUIET, **environment}
    command = ["-p", prompt, "--output-format", "json", "--allowedTools", "Bash", *arguments]
    return _run(CLAUDE, command, home, more)


def codex(prompt: str, home: Path, base_url: str, key: str, model: str, **settings: int) -> Ran:
    """`codex exec PROMPT` with nothing in its environment but the key; it may run any command.

    Args:
        prompt: what it is told.
        home: where it works.
        base_url: of the proxy, with the API prefix.
        key: the proxy's.
        model: what it asks for.
        settings: of the proxy as its provider, such as `supports_websockets`.
    """
    (home / ".codex").mkdir(exist_ok=True)
    config = CODEX_CONFIG.format(model=json.dumps(model), base_url=json.dumps(base_url))
    config += "".join(f"{name} = {json.dumps(value)}\n" for name, value in settings.items())
    (home / ".codex" / "config.toml").write_text(config)
    command = ["exec", "--skip-git-repo-check", "--json", prompt]
    return _run(CODEX, command, home, {"PROXY_KEY": key})


def _run(program: Path, command: list[str], home: Path, environment: Mapping[str, str]) -> Ran:
    run = subprocess.run(
        [str(NODE), str(program), *command],
        cwd=home,
        env={"HOME": str(home), "PATH": "/usr/local/bin:/usr/bin:/bin", **environment},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        timeout=LONGEST_S,
    )
    printed = [json.loads(line) for line in run.stdout.splitlines() if line.startswith("{")]
    return Ran(run.returncode, printed, run.stderr)
