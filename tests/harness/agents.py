"""Claude Code and Codex: run once, to their end, in an environment and a home of their own."""

import json
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.harness.aimock import NODE
from tests.harness.proxy import REPOSITORY

MODULES = REPOSITORY / "tests/clients/node_modules"
CLAUDE = MODULES / "@anthropic-ai/claude-code/cli-wrapper.cjs"
CODEX = MODULES / "@openai/codex/bin/codex.js"
LONGEST_S = 60
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
