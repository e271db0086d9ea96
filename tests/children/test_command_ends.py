"""A command ends when its request does, with all that it started."""

import asyncio
import signal
import time
from collections.abc import AsyncGenerator
from pathlib import Path

import pytest

from lmproxy.upstream.command import run
from tests.children.conftest import commands
from tests.children.test_command import ask, post
from tests.conftest import TEAM_KEY, bearer
from tests.harness import configs, patient
from tests.harness.process import is_running
from tests.harness.proxy import Proxy
from tests.harness.waiting import until

MOST_S = 10.0
"""Of processor time, for what takes a fraction of a second; a minute if each piece cost more than
the one before it."""


def wait_until_gone(folder: Path, name: str) -> None:
    """Until the command and what it started are gone. They wrote down who they are."""
    file = folder / f"{name}.pids"
    until(file.exists, "the command")
    pids = [int(pid) for pid in file.read_text().split()]
    assert len(pids) == 2
    until(lambda: not any(map(is_running, pids)), f"the end of {name}")
    file.unlink()


@pytest.mark.parametrize("stream", [False, True], ids=["plain", "streamed"])
def test_a_command_that_says_nothing_is_a_504_and_gone(stream: bool, proxy: Proxy) -> None:
    answer = post(proxy, ask("silent", stream=stream))

    assert (answer.status_code, answer.json()["error"]["code"]) == (504, "upstream_timeout")
    wait_until_gone(proxy.folder, "silent")


def test_a_command_that_stalls_ends_its_stream_with_an_error_and_is_gone(proxy: Proxy) -> None:
    answer = post(proxy, ask("stalls", stream=True))

    assert "begun" in answer.text
    assert '"code":"upstream_timeout"' in answer.text
    wait_until_gone(proxy.folder, "stalls")


def test_a_command_whose_client_leaves_is_gone(proxy: Proxy) -> None:
    url, body = f"{proxy.api}/chat/completions", ask("waits", stream=True)
    with patient.stream("POST", url, json=body, headers=bearer(TEAM_KEY)) as answer:
        next(answer.iter_lines())
        request_id = answer.headers["x-request-id"]

    assert proxy.record(id=request_id)["outcome"] == "client_gone"
    wait_until_gone(proxy.folder, "waits")


def test_more_requests_than_may_run_are_refused(proxy: Proxy) -> None:
    url, body = f"{proxy.api}/chat/completions", ask("single", stream=True)
    with patient.stream("POST", url, json=body, headers=bearer(TEAM_KEY)) as answer:
        lines = answer.iter_lines()  # Kept: httpx ends an answer whose lines nobody holds.
        next(lines)
        second = post(proxy, ask("single"))

    assert (second.status_code, second.json()["error"]["code"]) == (503, "connection_busy")
    wait_until_gone(proxy.folder, "single")


def test_white_space_without_end_does_not_hold_up_the_loop() -> None:
    async def pieces() -> AsyncGenerator[str, None]:
        yield " a"
        for _ in range(400_000):
            yield " "
        yield "b "

    async def collected() -> list[str]:
        return [text async for text in run.trimmed(pieces())]

    before = time.process_time()
    texts = asyncio.run(collected())

    assert texts == ["a", " " * 400_000 + "b"]
    assert time.process_time() - before < MOST_S


def test_a_stop_ends_the_commands_under_way(tmp_path: Path) -> None:
    with commands(tmp_path) as proxy:
        url, body = f"{proxy.api}/chat/completions", ask("waits", stream=True)
        with patient.stream("POST", url, json=body, headers=bearer(TEAM_KEY)) as answer:
            lines = answer.iter_lines()
            next(lines)
            code = proxy.stop(signal.SIGTERM)

    assert code == 0
    wait_until_gone(tmp_path, "waits")


@pytest.mark.parametrize(
    ("keys", "words"),
    [
        ("cli = 'no-such-program-at-all'", "cli: 'no-such-program-at-all' is not in PATH"),
        ("cli = '/no/such --x'", "cli: '/no/such' is no program that can be run"),
        ("cli = '<request> --x'", "cli: the program would be the client's choice"),
        ("cli = 'printf \"x'", "cli: cannot be split into arguments: No closing quotation"),
        ("cli = ['sh', '-c', 'echo <request>']", "cli: the shell would run what clients write"),
        ("cli = '/bin/bash -lc \"echo <request>\"'", "cli: the shell would run what clients"),
        ("cli = 'env A=b sh -e -c <request>'", "cli: the shell would run what clients write"),
        ("cli = []", "cli: names no program"),
        ("cli = 'cat'\nenv = {'A=B' = 'x'}", "env: 'A=B' cannot be an environment variable"),
        ("cli = 'cat'\nshell = true", "shell: unknown key"),
        ("", "cli: is required"),
    ],
)
def test_a_command_that_cannot_run_is_told_by_check(keys: str, words: str, tmp_path: Path) -> None:
    config = configs.text(connection=f"api_type = 'cli'\n{keys}")

    (found,) = configs.problems(tmp_path, config)

    assert words in found
