"""A real proxy: a process of its own, started with a config file as an operator would."""

import json
import os
import queue
import signal
import subprocess
import sys
import threading
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import IO, Any

import tomli_w

from tests.harness.waiting import until

START_S = 60
WARM_S = 120
REPOSITORY = Path(__file__).parents[2]
SITE = Path(__file__).with_name("site")


class StartError(Exception):
    """The process ended before it listened."""

    def __init__(self, code: int, stderr: str) -> None:
        super().__init__(f"exit code {code}\n{stderr}")
        self.code = code
        self.stderr = stderr


class Proxy:
    """A running proxy. `with Proxy(config, folder) as proxy`.

    Attributes:
        lane: what `pytest --lane` says: written into every config that has no `lane` of its own.
    """

    lane = "auto"

    def __init__(
        self,
        config: Mapping[str, Any] | str,
        folder: Path,
        *,
        arguments: tuple[str, ...] = (),
        environment: Mapping[str, str] | None = None,
        warm: bool = True,
        name: str = "proxy.toml",
        stdout: IO[str] | None = None,
    ) -> None:
        """`config`, a table or a text, becomes `folder/proxy.toml`; the process runs there.

        It is waited for until it is warm, unless told not to: what a request meets must not depend
        on how far LiteLLM's import is.
        """
        self._warm = warm
        self.folder = folder
        self.config_file = folder / name
        text = config if isinstance(config, str) else tomli_w.dumps(config)
        self.config_file.write_text(on_lane(self.lane, text) if name.endswith(".toml") else text)
        self.config_file.chmod(0o600)
        self._arguments = arguments
        self._environment = environment or {}
        self._stdout = stdout
        self._lines: queue.Queue[str | None] = queue.Queue()
        self.stderr: list[str] = []

    def __enter__(self) -> "Proxy":
        self.process = subprocess.Popen(
            [sys.executable, "-m", "lmproxy", "--config", str(self.config_file), *self._arguments],
            cwd=self.folder,
            env=process_environment(self._environment),
            stdout=self._stdout,
            stderr=subprocess.PIPE,
            text=True,
        )
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        self.url = self._wait_for_address()
        if self._warm:
            self.wait_until_warm()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def stop(self, how: signal.Signals = signal.SIGTERM) -> int:
        """End the process and return its exit code. May be called twice."""
        if self.process.poll() is None:
            self.process.send_signal(how)
        return self._ended()

    @property
    def pid(self) -> int:
        return self.process.pid

    @property
    def port(self) -> int:
        return int(self.url.rpartition(":")[2])

    @property
    def api(self) -> str:
        """The base URL an OpenAI client is given."""
        return f"{self.url}/v1"

    @property
    def records_file(self) -> Path:
        return self.folder / "storage" / "requests.jsonl"

    def records(self, **fields: Any) -> list[dict[str, Any]]:
        """The records so far whose fields have these values."""
        if not self.records_file.exists():
            return []
        *whole, _ = self.records_file.read_text().split("\n")  # The last may still be written.
        found = [json.loads(line) for line in whole]
        return [r for r in found if all(r[name] == value for name, value in fields.items())]

    def record(self, **fields: Any) -> dict[str, Any]:
        """The one record whose fields have these values; waits for it."""
        found = until(lambda: self.records(**fields), f"a record with {fields}")
        assert len(found) == 1, found
        return found[0]

    def log(self, event: str) -> list[dict[str, Any]]:
        """The lines of the process log with this event."""
        return [line for line in self.log_lines() if line["event"] == event]

    def log_lines(self) -> list[dict[str, Any]]:
        """Every line of the process log so far."""
        return [json.loads(line) for line in self.stderr if line.startswith("{")]

    def wait_until_warm(self) -> None:
        """Return once every connection is ready: LiteLLM is loaded, where one needs it."""
        until(lambda: self.log("connections are ready"), "the connections", WARM_S)

    def _read(self) -> None:
        assert self.process.stderr is not None
        for line in self.process.stderr:
            self.stderr.append(line)
            self._lines.put(line)
        self._lines.put(None)

    def _wait_for_address(self) -> str:
        while (line := self._lines.get(timeout=START_S)) is not None:
            if line.startswith("{") and json.loads(line)["event"] == "listening":
                return str(json.loads(line)["address"])
        raise StartError(self._ended(), "".join(self.stderr))

    def _ended(self) -> int:
        code = self.process.wait(START_S)
        self._reader.join(START_S)
        assert self.process.stderr is not None
        self.process.stderr.close()
        return code


def on_lane(lane: str, config: str) -> str:
    """`config` with this lane for everything, unless it says one itself."""
    if lane == "auto" or "lane" in tomllib.loads(config):
        return config
    return f'lane = "{lane}"\n{config}'


def process_environment(more: Mapping[str, str]) -> dict[str, str]:
    """An environment with nothing of the tester's own in it but what finds the program."""
    kept = ("PATH", "HOME", "TMPDIR", "COVERAGE_PROCESS_START", "COVERAGE_PROCESS_CONFIG")
    inherited = {name: os.environ[name] for name in kept if name in os.environ}  # noqa: TID251
    return {**inherited, "PYTHONPATH": f"{REPOSITORY}:{SITE}", **more}
