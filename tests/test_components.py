"""Two applications in one process: the code of each finds the components of its own config."""

import json
from pathlib import Path

from tests.harness.command import python

MODULE = """
import asyncio
import lmproxy

def word(word: str) -> str:
    return word

def plain(messages, **fields):
    return "thread " + lmproxy.components["word"]

async def loop(messages, **fields):
    return "loop " + lmproxy.components["word"]

def log(entry):
    print("logger", lmproxy.components["word"], flush=True)
"""
CONFIG = """
host = "127.0.0.1"
allow_anonymous = true
storage.dir = "{word}"
components.word = {{ class = "own.word", word = "{word}" }}
connections.plain = "own.plain"
connections.loop = "own.loop"
routing = {{ "plain" = "plain.*", "loop" = "loop.*" }}
loggers = ["own.log"]
"""
ASK = """
import asyncio, httpx, lmproxy
from contextlib import asynccontextmanager

@asynccontextmanager
async def alive(app):
    heard, said = asyncio.Queue(), asyncio.Queue()
    life = asyncio.create_task(app({"type": "lifespan", "state": {}}, heard.get, said.put))
    heard.put_nowait({"type": "lifespan.startup"})
    await said.get()
    yield
    heard.put_nowait({"type": "lifespan.shutdown"})
    await life

async def ask(app):
    transport = httpx.ASGITransport(app)
    async with (
        alive(app), httpx.AsyncClient(transport=transport, base_url="http://localhost") as client
    ):
        for model in ("plain", "loop"):
            body = {"model": model, "messages": [{"role": "user", "content": "hello"}]}
            answer = await client.post("/v1/chat/completions", json=body)
            print(answer.json()["choices"][0]["message"]["content"])

first, second = lmproxy.create_app("first.toml"), lmproxy.create_app("second.toml")
asyncio.run(ask(first))
asyncio.run(ask(second))
"""


def test_each_application_s_code_finds_its_own_wherever_it_runs(tmp_path: Path) -> None:
    (tmp_path / "own.py").write_text(MODULE)
    for word in ("first", "second"):
        (tmp_path / f"{word}.toml").write_text(CONFIG.format(word=word))

    said = python("-c", ASK, folder=tmp_path).stdout.splitlines()

    for word in ("first", "second"):
        assert sorted(line for line in said if line.endswith(word)) == [
            *[f"logger {word}"] * 2, f"loop {word}", f"thread {word}",
        ], json.dumps(said)  # fmt: skip
