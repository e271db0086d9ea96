"""`oai-proxy` run to its end, as an operator would type it."""

import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from tests.harness.deadlines import LONGEST_S
from tests.harness.proxy import process_environment

OAI_PROXY = Path(sys.executable).with_name("oai-proxy")

Ended = subprocess.CompletedProcess[str]


def oai_proxy(
    *arguments: str | Path, folder: Path, environment: Mapping[str, str] | None = None
) -> Ended:
    """The command's exit code and what it printed; it runs in `folder`."""
    return run(str(OAI_PROXY), *arguments, folder=folder, environment=environment)


def python(*arguments: str, folder: Path) -> Ended:
    """Python's, with this project to be imported."""
    return run(sys.executable, *arguments, folder=folder)


def run_python(
    *arguments: str, folder: Path, environment: Mapping[str, str] | None = None
) -> Ended:
    """Python's, in an environment with these variables."""
    return run(sys.executable, *arguments, folder=folder, environment=environment)


def run(*command: str | Path, folder: Path, environment: Mapping[str, str] | None = None) -> Ended:
    """Any program's."""
    return subprocess.run(
        [*map(str, command)],
        cwd=folder,
        env=process_environment(environment or {}),
        capture_output=True,
        text=True,
        check=False,
        timeout=LONGEST_S,
    )
