"""Every line on stderr goes through the scrubber, whoever writes it and however it came about."""

import json
import os
import pty
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.harness.command import python
from tests.harness.proxy import process_environment

SECRET = "planted-0123456789abcdef"
PREPARE = """
import asyncio, logging, sys, threading, warnings
from lmproxy import logs
from lmproxy.scrub import Scrubber
logs.configure("debug", Scrubber(["planted-0123456789abcdef"]).text)
log, SECRET = logs.get("a.module"), "planted-0123456789abcdef"
def fail():
    local_variable = "not-to-be-seen"
    raise ValueError(f"wrong: {SECRET}")
class Unraisable:
    def __del__(self):
        fail()
"""
WAYS = {
    "an event": "log.info(f'key {SECRET}')",
    "a field": "log.info('event', key=SECRET)",
    "a list": "log.info('event', keys=[SECRET])",
    "a table": "log.info('event', more={'key': {SECRET: 1}})",
    "bytes": "log.info('event', raw=SECRET.encode())",
    "an exception": "try: fail()\nexcept ValueError: log.exception('event')",
    "an exception as a field": "try: fail()\nexcept ValueError as e: log.info('event', error=e)",
    "a library's line": "logging.getLogger('uvicorn.error').warning('key %s', SECRET)",
    "a library's field": "logging.getLogger('x').warning('event', extra={'key': SECRET})",
    "a library's exception": "try: fail()\nexcept ValueError: logging.exception('event')",
    "a warning": "warnings.warn(f'beware of {SECRET}', stacklevel=1)",
    "an uncaught error": "fail()",
    "an error in a thread": "t = threading.Thread(target=fail); t.start(); t.join()",
    "an error in a finalizer": "Unraisable()",
    "an error in a task": "async def main():\n"
    "    task = asyncio.create_task(asyncio.to_thread(fail))\n"
    "    await asyncio.wait([task]); del task\n"
    "asyncio.run(main())",
}


def lines_of(code: str, folder: Path) -> list[str]:
    return python("-c", PREPARE + code, folder=folder).stderr.splitlines()


def one_line(code: str, folder: Path) -> dict[str, Any]:
    (line,) = lines_of(code, folder)
    found: dict[str, Any] = json.loads(line)
    return found


@pytest.mark.parametrize("way", WAYS)
def test_a_secret_is_masked_and_every_line_is_json(way: str, tmp_path: Path) -> None:
    lines = [json.loads(line) for line in lines_of(WAYS[way], tmp_path)]
    said = json.dumps(lines)

    assert "[secret]" in said
    assert SECRET not in said
    assert "not-to-be-seen" not in said


def test_a_line_says_when_who_and_how_bad(tmp_path: Path) -> None:
    line = one_line("log.warning('event', number=5, flag=True, nothing=None)", tmp_path)

    assert line.pop("timestamp").endswith("Z")
    assert line == {
        "event": "event",
        "level": "warning",
        "logger": "a.module",
        "number": 5,
        "flag": True,
        "nothing": None,
    }


def test_a_traceback_names_the_place_of_the_error(tmp_path: Path) -> None:
    line = one_line("try: fail()\nexcept ValueError: log.exception('event')", tmp_path)

    assert "in fail" in line["exception"]
    assert line["exception"].endswith("ValueError: wrong: [secret]")


def test_more_secrets_may_be_told_later(tmp_path: Path) -> None:
    line = one_line(
        "logs.configure('info', Scrubber(['learnt-later']).text); log.info('a learnt-later b')",
        tmp_path,
    )

    assert line["event"] == "a [secret] b"


@pytest.mark.parametrize(
    ("level", "expected"),
    [("debug", ["d", "i", "w"]), ("info", ["i", "w"]), ("warning", ["w"]), ("error", [])],
)
def test_the_level_decides_what_is_said(level: str, expected: list[str], tmp_path: Path) -> None:
    code = f"logs.configure('{level}', str); log.debug('d'); log.info('i'); log.warning('w')"

    assert [json.loads(line)["event"] for line in lines_of(code, tmp_path)] == expected


def test_libraries_that_speak_of_every_connection_are_quiet_unless_debugged(
    tmp_path: Path,
) -> None:
    speak = "logging.getLogger('uvicorn.error').info('connection open')"

    assert lines_of(f"logs.configure('info', str); {speak}", tmp_path) == []
    assert len(lines_of(speak, tmp_path)) == 1


def test_ctrl_c_is_no_uncaught_error(tmp_path: Path) -> None:
    assert lines_of("raise KeyboardInterrupt", tmp_path) == []


def test_on_a_terminal_the_lines_are_plain_and_masked_too(tmp_path: Path) -> None:
    ours, theirs = pty.openpty()
    code = "\ntry: fail()\nexcept ValueError: log.exception('it failed', key=SECRET)"
    subprocess.run(
        [sys.executable, "-c", PREPARE + code],
        cwd=tmp_path,
        env=process_environment({}),
        stderr=theirs,
        check=True,
        timeout=60,
    )
    os.close(theirs)

    said = os.read(ours, 65536).decode()
    os.close(ours)

    assert "it failed" in said
    assert not said.lstrip().startswith("{")
    assert "ValueError: wrong: [secret]" in said
    assert SECRET not in said
