"""OpenAI's SDKs for Python and for Node, old and new majors: run once, as their users do.

A script of `tests/clients` in either language sees the same with each, and prints it as JSON.
"""

import json
import subprocess
import sys
from dataclasses import dataclass
from typing import Any

from tests.harness.aimock import NODE
from tests.harness.deadlines import LONGEST_S
from tests.harness.proxy import REPOSITORY, process_environment

CLIENTS = REPOSITORY / "tests" / "clients"
OTHER_MAJORS = str(REPOSITORY / ".venv-other-majors" / "bin" / "python")


@dataclass(frozen=True, slots=True)
class OpenAISdk:
    """One of them.

    Attributes:
        major: of its version.
        python: the interpreter that has it; `None`: it is for Node.
        package: its name in `tests/clients/package.json`.
    """

    major: str
    python: str | None = None
    package: str = ""

    def __str__(self) -> str:
        return f"openai {self.major}.x for {'Python' if self.python else 'Node'}"

    def saw(self, script: str, *arguments: str, longest_s: float = LONGEST_S) -> dict[str, Any]:
        """What the script's user saw with it."""
        run = subprocess.run(
            [*self._command(script), *arguments],
            capture_output=True,
            text=True,
            env=process_environment({}),
            check=False,
            timeout=longest_s,
        )
        assert run.returncode == 0, run.stderr
        seen: dict[str, Any] = json.loads(run.stdout)
        assert seen.pop("sdk").startswith(f"{self.major}.")
        return seen

    def _command(self, script: str) -> list[str]:
        if self.python:
            return [self.python, str(CLIENTS / f"{script}.py")]
        return [str(NODE), str(CLIENTS / f"{script}.mjs"), self.package]


PYTHONS = [OpenAISdk("2", python=sys.executable), OpenAISdk("3", python=OTHER_MAJORS)]
NODES = [OpenAISdk("6", package="openai-6"), OpenAISdk("7", package="openai")]
