"""Plain functions of anybody's run in threads that nobody else has to wait for."""

import asyncio
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import httpx
import pytest

from lmproxy.threads import Threads
from tests.conftest import bearer, chat
from tests.harness import patient
from tests.harness.proxy import Proxy
from tests.harness.waiting import until

MODULE = """
import threading

def hang(prompt):
    print("hangs", flush=True)
    threading.Event().wait()

def answer(prompt):
    return "here"

def validate(key):
    return "team"
"""
HANGING = 40
"""More than asyncio has threads of its own: 32 at most."""


@pytest.fixture
def proxy(tmp_path: Path) -> Iterator[Proxy]:
    (tmp_path / "own.py").write_text(MODULE)
    names = ("hang", "answer")
    config: dict[str, Any] = {
        "host": "127.0.0.1",
        "port": 0,
        "api_key_check": "own.validate",
        "connections": {
            name: {"api_type": "function", "inference_func": f"own.{name}"} for name in names
        },
        "routing": {name: f"{name}.*" for name in names},
        "groups": {"team": {}},
        "server": {"drain_s": 0.1},
    }
    with (tmp_path / "out").open("w") as out, Proxy(config, tmp_path, stdout=out) as proxy:
        yield proxy


def ask(proxy: Proxy, model: str) -> httpx.Response | None:
    """The answer; `None` if the proxy ended before it came."""
    try:
        return patient.post(
            f"{proxy.api}/chat/completions", headers=bearer("any"), json=chat(model), timeout=60
        )
    except httpx.TransportError:
        return None


def test_functions_that_hang_hold_up_no_key_check_no_other_function_and_no_stop(
    proxy: Proxy,
) -> None:
    with ThreadPoolExecutor(HANGING) as clients:
        waiting = [clients.submit(ask, proxy, "hang") for _ in range(HANGING)]
        out = proxy.folder / "out"
        until(lambda: out.read_text().count("hangs") == HANGING, "every function to hang", 30)

        given = ask(proxy, "answer")
        begun = time.monotonic()
        code = proxy.stop()
        took_s = time.monotonic() - begun

    assert given is not None
    assert given.status_code == 200, given.text
    assert (code, took_s < 10) == (0, True)
    assert not [answer for client in waiting if (answer := client.result()) and answer.is_success]


def test_a_thread_that_cannot_be_started_takes_no_place(monkeypatch: pytest.MonkeyPatch) -> None:
    class Unstartable(threading.Thread):
        def start(self) -> None:
            raise RuntimeError("can't start new thread")

    async def work() -> Any:
        threads = Threads("a test", most=1)
        with monkeypatch.context() as exhausted:
            exhausted.setattr("lmproxy.threads.threading", SimpleNamespace(Thread=Unstartable))
            with pytest.raises(RuntimeError, match="can't start"):
                await threads.run(str)
        async with asyncio.timeout(30):
            return await threads.run(lambda: "here")

    assert asyncio.run(work()) == "here"
