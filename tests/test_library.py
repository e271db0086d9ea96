"""The library face: a proxy inside somebody else's program."""

import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import lmproxy
from lmproxy.problems import ConfigError
from tests.harness import configs
from tests.harness.command import python
from tests.harness.proxy import process_environment

SECRET = "upstream-secret-0123456789"
ASK = """
import asyncio, httpx, lmproxy
app = lmproxy.create_app("own.toml")
async def ask():
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://proxy") as client:
        print((await client.get("/health")).json(), (await client.get("/v1/models")).status_code)
asyncio.run(ask())
"""
SOCKET = """
import asyncio, lmproxy
app = lmproxy.create_app("own.toml")
async def connect():
    return {"type": "websocket.connect"}
async def ask(extensions):
    sent = []
    async def send(message):
        sent.append((message["type"], message.get("status")))
    scope = {"type": "websocket", "path": "/v1/responses", "headers": [], "query_string": b""}
    await app({**scope, "extensions": extensions}, connect, send)
    print(sent)
asyncio.run(ask({}))
asyncio.run(ask({"websocket.http.response": {}}))
"""
FAIL = """
import lmproxy
from lmproxy import logs
lmproxy.create_app("own.toml")
def fail():
    local_variable = "not-to-be-seen"
    raise ValueError("wrong: upstream-secret-0123456789")
try:
    fail()
except ValueError:
    logs.get("lmproxy").exception("it failed")
"""
TWO = """
import lmproxy
from lmproxy import logs
lmproxy.create_app("own.toml")
lmproxy.create_app("other.toml")
said = "of the first upstream-secret-0123456789, of the second other-secret-0123"
logs.get("lmproxy").error(said)
"""
RUN = "import lmproxy; lmproxy.run('own.toml')"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Where a config `own.toml` lies that needs no environment."""
    text = configs.text(top="port = 0", api_keys=f"api_keys = ['sha256:{'ab' * 32}']")
    (tmp_path / "own.toml").write_text(text.replace("env:UPSTREAM", SECRET))
    return tmp_path


@pytest.fixture
def running(folder: Path) -> Iterator[subprocess.Popen[str]]:
    with subprocess.Popen(
        [sys.executable, "-c", RUN],
        cwd=folder,
        env=process_environment({}),
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        yield process
        process.kill()


def test_every_name_of_the_library_is_there() -> None:
    assert {name: callable(getattr(lmproxy, name)) for name in lmproxy.__all__} == {
        "OpenAIHTTPException": True,
        "__version__": False,
        "components": False,
        "create_app": True,
        "load_config": True,
        "run": True,
    }


def test_a_name_that_is_none_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="has no attribute 'nothing'"):
        _ = lmproxy.nothing


def test_a_broken_config_is_raised_with_every_problem(tmp_path: Path) -> None:
    options = configs.write(tmp_path, configs.text(top="prot = 1", server="max_body = 1"))
    assert options.config

    with pytest.raises(ConfigError) as refused:
        lmproxy.load_config(options.config, options.env_file)

    assert [problem.where for problem in refused.value.problems] == ["prot", "server.max_body"]


def test_an_application_made_of_a_path_answers(folder: Path) -> None:
    ended = python("-c", ASK, folder=folder)

    assert ended.stdout == "{'status': 'ok'} 401\n"


def test_a_websocket_is_refused_under_a_server_that_has_some(folder: Path) -> None:
    ended = python("-c", SOCKET, folder=folder)

    closed, denied = ended.stdout.splitlines()
    assert closed == "[('websocket.close', None)]"
    assert denied == (
        "[('websocket.http.response.start', 426), ('websocket.http.response.body', None)]"
    )


def test_what_an_application_logs_has_no_secret_and_no_local_variable(folder: Path) -> None:
    ended = python("-c", FAIL, folder=folder)

    said = ended.stdout + ended.stderr
    assert "ValueError: wrong: [secret]" in said
    assert SECRET not in said
    assert "not-to-be-seen" not in said


def test_what_the_second_application_of_a_process_logs_has_no_secret_either(folder: Path) -> None:
    text = (folder / "own.toml").read_text()
    (folder / "other.toml").write_text(text.replace(SECRET, "other-secret-0123"))

    ended = python("-c", TWO, folder=folder)

    assert "of the first [secret], of the second [secret]" in ended.stdout + ended.stderr


def test_run_serves_until_it_is_told_to_stop_and_logs_as_the_command_does(
    running: subprocess.Popen[str],
) -> None:
    assert running.stderr
    line = next(line for line in running.stderr if '"listening"' in line)
    running.send_signal(signal.SIGTERM)

    assert running.wait(30) == -signal.SIGTERM
    assert json.loads(line)["version"] == lmproxy.__version__
