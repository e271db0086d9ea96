"""lm-proxy's own routing, asked in its own environment: one process for any number of configs."""

import json
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from tests.harness.proxy import process_environment
from tests.lm_proxy.side import THEIR_PYTHON

PROGRAM = """
import json
import sys

from lm_proxy.config import Config
from lm_proxy.core import resolve_connection_and_model


def way(config, name):
    try:
        return resolve_connection_and_model(config, name)
    except ValueError:
        return None


for line in sys.stdin:
    connections, routing, names = json.loads(line)
    config = Config(connections=dict.fromkeys(connections, {}), routing=routing)
    print(json.dumps([way(config, name) for name in names]), flush=True)
"""
Way = tuple[str, str] | None
"""The connection and the model it is asked for; `None` if no rule takes the name."""


@dataclass(frozen=True, slots=True)
class Resolver:
    """The running process."""

    process: subprocess.Popen[str]

    def ways(self, connections: list[str], routing: dict[str, str], names: list[str]) -> list[Way]:
        """Where it leads each of these names."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(json.dumps([connections, routing, names]) + "\n")
        self.process.stdin.flush()
        return [way and (way[0], way[1]) for way in json.loads(self.process.stdout.readline())]


@contextmanager
def lm_proxy_resolver() -> Iterator[Resolver]:
    """Start it, and end it."""
    with subprocess.Popen(
        [THEIR_PYTHON, "-c", PROGRAM],
        env=process_environment({"PYTHONPATH": ""}),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            yield Resolver(process)
        finally:
            process.kill()
