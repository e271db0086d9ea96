"""The transcripts of the agents in docs/connect.md are what happens."""

import json
import subprocess
from pathlib import Path

import pytest

from tests.agents import played
from tests.conftest import TEAM_KEY
from tests.docs.blocks import Block, blocks
from tests.harness.agents import CLAUDE, CODEX
from tests.harness.aimock import NODE
from tests.harness.deadlines import LONGEST_S
from tests.harness.proxy import Proxy
from tests.harness.waiting import until

SHOWN = ("path", "model_used", "connection", "lane", "status", "outcome", "finish_reason")


def page(language: str) -> list[Block]:
    return [block for block in blocks(language) if block.place.startswith("connect.md")]


def install(home: Path) -> None:
    """`claude` and `codex` as commands."""
    folder = home / "bin"
    folder.mkdir()
    for name, program in (("claude", CLAUDE), ("codex", CODEX)):
        (folder / name).write_text(f'#!/bin/sh\nexec "{NODE}" "{program}" "$@"\n')
        (folder / name).chmod(0o755)


def replay(home: Path, proxy: Proxy, script: str) -> list[str]:
    """The lines that a shell prints which runs this, with the proxy's address and a real key."""
    script = script.replace("http://127.0.0.1:8000", proxy.url).replace("KEY1", TEAM_KEY)
    run = subprocess.run(
        ["bash", "-euc", script],
        cwd=home,
        env={"HOME": str(home), "PATH": f"{home / 'bin'}:/usr/local/bin:/usr/bin:/bin"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        timeout=LONGEST_S,
    )
    assert run.returncode == 0, run.stderr
    return run.stdout.splitlines()


def fit_for_a_test(config: Path) -> None:
    """Codex's config, without a sandbox, whose rights a test may not have, and without reports."""
    sandbox = 'sandbox_mode = "danger-full-access"\n'
    config.write_text(f"{sandbox}{config.read_text()}[analytics]\nenabled = false\n")


@pytest.mark.relay_only("the page shows the lanes of its records")
def test_the_agents_print_what_the_page_shows_and_leave_its_records(
    workplace: Proxy, home: Path
) -> None:
    (home / "notes.txt").write_text(played.NOTES)
    install(home)
    (config,) = (b.text for b in page("sh") if "config.toml" in b.text)
    replay(home, workplace, config)
    fit_for_a_test(home / ".codex" / "config.toml")
    before = len(workplace.records())
    transcripts = [b.text.splitlines() for b in page("console")]
    (records,) = (b.text.splitlines() for b in page("text"))

    for lines in transcripts:
        typed = [line.removeprefix("$ ") for line in lines if line.startswith("$ ")]
        printed = replay(home, workplace, "\n".join(typed))
        assert printed == [line for line in lines if not line.startswith("$ ")]

    until(lambda: len(workplace.records()) - before >= len(records), "the records")
    written = workplace.records()[before:]
    assert [[r[name] for name in SHOWN] for r in written] == [json.loads(r) for r in records]
