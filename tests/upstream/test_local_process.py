"""The embedded model, with the packaged weights, in its real child process."""

import asyncio
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from types import ModuleType
from typing import Any

import httpx
import pytest
import uvloop

from lmproxy.call import Json
from lmproxy.upstream.local.child import names_its_pooling
from lmproxy.upstream.local.gguf import LocalSettings, check_installed, packaged_model_file
from lmproxy.upstream.local.process import (
    LocalModelFailed,
    LocalModelMissing,
    LocalProcess,
    Pauses,
)
from tests.harness import patient

SETTINGS = LocalSettings(packaged_model_file(), "smollm2", 1024, None, None, 2)
HELLO = {"messages": [{"role": "user", "content": "Say hello."}], "max_tokens": 8}
STORY = {"prompt": "Once upon a", "max_tokens": 8}
CHAT = "/chat/completions"

Scenario = Callable[[LocalProcess], Awaitable[Any]]

needs_proc = pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")


@dataclass
class Served:
    """The model under test and the loop it lives in."""

    process: LocalProcess
    runner: asyncio.Runner

    def post(self, path: str, body: Json, authorization: str | None = None) -> httpx.Response:
        url = self.runner.run(self.process.base_url()) + path
        headers = {"authorization": authorization or f"Bearer {self.process.api_key}"}
        return patient.post(url, json=body, headers=headers, trust_env=False)


@pytest.fixture(scope="module")
def served() -> Iterator[Served]:
    with asyncio.Runner() as runner:
        process = LocalProcess(SETTINGS)
        runner.run(process.start())
        yield Served(process, runner)
        runner.run(process.stop())


def run(scenario: Scenario, settings: LocalSettings = SETTINGS, loops: ModuleType = asyncio) -> Any:
    async def whole() -> Any:
        process = LocalProcess(settings)
        try:
            return await scenario(process)
        finally:
            await process.stop()

    with asyncio.Runner(loop_factory=loops.new_event_loop) as runner:
        return runner.run(whole())


def wait_until_gone(pid: int) -> None:
    deadline = time.monotonic() + 10
    with suppress(FileNotFoundError, ProcessLookupError):  # A zombie is gone, too.
        while Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX":
            assert time.monotonic() < deadline, "it still runs"
            time.sleep(0.02)


async def wait_until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(10):
        while not condition():  # noqa: ASYNC110 a process has no event
            await asyncio.sleep(0.005)


def pid_of(process: LocalProcess) -> int:
    assert process.pid is not None
    return process.pid


@pytest.mark.parametrize(("path", "body"), [(CHAT, HELLO), ("/completions", STORY)])
def test_an_answer_comes_with_its_usage(served: Served, path: str, body: Json) -> None:
    answer = served.post(path, body).raise_for_status().json()

    assert answer["model"] == "smollm2"
    assert answer["choices"][0]["finish_reason"] in ("stop", "length")
    assert 0 < answer["usage"]["completion_tokens"] <= 8


@pytest.mark.parametrize("include_usage", [True, False])
def test_a_stream_ends_with_usage_if_it_was_asked_for(served: Served, include_usage: bool) -> None:
    body = {**HELLO, "stream": True, "stream_options": {"include_usage": include_usage}}
    text = served.post(CHAT, body).raise_for_status().text

    *chunks, done = [line.removeprefix("data: ") for line in text.splitlines() if line]
    assert done == "[DONE]"
    assert '"content":' in chunks[1]
    assert bool(json.loads(chunks[-1]).get("usage")) is include_usage


@pytest.mark.parametrize("words", [1, 600], ids=["short", "beyond llama.cpp's own batch"])
def test_embeddings_are_answered_beside_chat(served: Served, words: int) -> None:
    answer = served.post("/embeddings", {"input": ["word " * words]}).raise_for_status().json()

    assert len(answer["data"][0]["embedding"]) == 576
    assert answer["usage"]["prompt_tokens"] >= words


def test_only_a_model_for_embeddings_names_its_pooling(tmp_path: Path) -> None:
    bert = tmp_path / "bert.gguf"
    bert.write_bytes(b"GGUF" + bytes(20) + b"bert.pooling_type")

    assert names_its_pooling(bert)
    assert not names_its_pooling(SETTINGS.model_file)


@pytest.mark.parametrize("header", ["Basic Og==", "Bearer wrong"])
@pytest.mark.parametrize("path", [CHAT, "/embeddings"])
def test_a_request_without_the_key_is_refused(served: Served, path: str, header: str) -> None:
    assert served.post(path, HELLO, header).status_code == 401


@needs_proc
def test_neither_arguments_nor_environment_of_the_child_hold_the_key(served: Served) -> None:
    child = Path(f"/proc/{served.process.pid}")
    seen = (child / "cmdline").read_bytes() + (child / "environ").read_bytes()

    assert b"local.child" in seen
    assert served.process.api_key.encode() not in seen


def test_a_signal_to_the_whole_group_leaves_the_child_serving(served: Served) -> None:
    pid = pid_of(served.process)
    os.kill(pid, signal.SIGINT)
    os.kill(pid, signal.SIGTERM)

    assert served.post(CHAT, HELLO).status_code == 200
    assert served.process.pid == pid


@pytest.mark.parametrize("loops", [asyncio, uvloop], ids=["asyncio", "uvloop"])
def test_a_killed_child_is_started_again_and_none_is_left_after_stop(loops: ModuleType) -> None:
    async def scenario(process: LocalProcess) -> tuple[int, int]:
        await process.start()
        first = pid_of(process)
        os.kill(first, signal.SIGKILL)
        await wait_until(lambda: process.pid is None)
        urls = await asyncio.gather(*(process.base_url() for _ in range(5)))
        assert len(set(urls)) == 1
        health = await asyncio.to_thread(httpx.get, f"{urls[0]}/health", trust_env=False)
        assert health.is_success
        return first, pid_of(process)

    first, second = run(scenario, loops=loops)

    assert first != second
    wait_until_gone(second)


def test_a_stopped_model_stays_stopped_until_it_is_started() -> None:
    async def scenario(process: LocalProcess) -> None:
        await process.stop()
        with pytest.raises(LocalModelFailed, match="stopped"):
            await process.base_url()
        await process.start()
        assert pid_of(process)

    run(scenario)


def test_a_child_that_hangs_is_killed_by_stop() -> None:
    async def scenario(process: LocalProcess) -> int:
        await process.start()
        os.kill(pid_of(process), signal.SIGSTOP)
        return pid_of(process)

    wait_until_gone(run(scenario))


def test_a_start_outlives_the_caller_that_leaves_but_not_stop() -> None:
    async def scenario(process: LocalProcess) -> list[object]:
        callers = [asyncio.ensure_future(process.base_url()) for _ in range(2)]
        await wait_until(lambda: process.pid is not None)
        callers[0].cancel()
        await asyncio.sleep(0.01)
        assert pid_of(process)
        await process.stop()
        return [*await asyncio.gather(*callers, return_exceptions=True)]

    assert list(map(type, run(scenario))) == [asyncio.CancelledError, LocalModelFailed]


def test_a_model_that_never_loads_is_quoted_and_soon_left_alone(tmp_path: Path) -> None:
    broken = tmp_path / "broken.gguf"
    broken.write_bytes(b"GGUF" + bytes(100))
    failures = []

    async def scenario(process: LocalProcess) -> None:
        for _ in range(20):
            with pytest.raises(LocalModelFailed) as caught:
                await process.base_url()
            failures.append(caught.value)

    run(scenario, replace(SETTINGS, model_file=broken))

    assert "exit status is 1" in str(failures[0])
    assert "failed to load model" in str(failures[0])
    assert [failure.retry_after_s > 0 for failure in failures] == [False, False] + [True] * 18


def test_pauses_double_up_to_half_a_minute_and_end_with_a_long_life() -> None:
    pauses = Pauses()
    waits_s = []
    for _ in range(9):
        pauses.died(None, now_s=100.0)
        waits_s.append(pauses.left_s(100.0))

    assert waits_s == [0, 1, 2, 4, 8, 16, 30, 30, 30]
    pauses.died(3600.0, now_s=200.0)
    pauses.died(1.0, now_s=200.0)
    assert pauses.left_s(200.0) == 0


@pytest.mark.parametrize(
    ("name", "words"),
    [("text.gguf", "text.gguf is not a GGUF file"), ("none.gguf", "cannot be read: No such file")],
)
def test_a_file_that_is_no_model_starts_nothing(tmp_path: Path, name: str, words: str) -> None:
    (tmp_path / "text.gguf").write_text("version https://git-lfs.github.com/spec/v1")

    with pytest.raises(LocalModelMissing, match=words):
        run(LocalProcess.start, replace(SETTINGS, model_file=tmp_path / name))


@pytest.mark.parametrize("lookup", ["importlib.util.find_spec", "importlib.metadata.files"])
def test_what_is_missing_comes_with_a_command(lookup: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lookup, lambda _name: None)

    with pytest.raises(
        LocalModelMissing, match=r"run scripts/install \(or: pip install '\.\[local"
    ):
        check_installed(None)


PARENT = """
import asyncio, os, sys, time
from lmproxy.upstream.local.gguf import LocalSettings, packaged_model_file
from lmproxy.upstream.local.process import LocalProcess

async def main():
    process = LocalProcess(LocalSettings(packaged_model_file(), "smollm2", 512, None, None, 1))
    await process.start()
    heir = os.fork() if sys.argv[1] == "heir" else None
    if heir != 0:
        print(process.pid, heir or "", flush=True)
    time.sleep(60)

asyncio.run(main())
"""


@needs_proc
@pytest.mark.parametrize("heir", ["no heir", "heir"], ids=["", "whose pipe lives on"])
def test_the_child_dies_when_its_parent_is_killed(heir: str) -> None:
    command = [sys.executable, "-c", PARENT, heir]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        child, *heirs = (int(pid) for pid in parent.stdout.readline().split())
        parent.kill()
        try:
            wait_until_gone(child)
        finally:
            for pid in heirs:
                os.kill(pid, signal.SIGKILL)


def test_the_child_ends_in_order_when_its_input_ends_and_says_only_its_port() -> None:
    file = str(SETTINGS.model_file)
    orders = asdict(SETTINGS) | {"model_file": file, "api_key": "key", "parent_pid": os.getpid()}
    command = [sys.executable, "-m", "lmproxy.upstream.local.child"]
    ended = subprocess.run(command, input=json.dumps(orders).encode() + b"\n", capture_output=True)

    assert ended.stderr == b""
    assert ended.returncode == 0
    assert list(json.loads(ended.stdout)) == ["port"]
