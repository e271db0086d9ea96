"""Codex as its users run it, with one command for the model to ask for."""

from pathlib import Path
from typing import Any

import pytest

from tests.agents import played
from tests.conftest import TEAM_KEY
from tests.harness.agents import Ran, codex
from tests.harness.proxy import Proxy
from tests.harness.waiting import until


def run(proxy: Proxy, home: Path, model: str, prompt: str, **settings: int) -> Ran:
    """It, with a team member's key."""
    return codex(prompt, home, proxy.api, TEAM_KEY, model, **settings)


def items(ran: Ran, kind: str) -> list[dict[str, Any]]:
    """What it finished of this kind."""
    done = [event["item"] for event in ran.printed if event["type"] == "item.completed"]
    return [item for item in done if item["type"] == kind]


@pytest.mark.parametrize("connection", played.CODEX)
def test_it_runs_a_command_and_answers_with_what_it_printed(
    workplace: Proxy, home: Path, connection: str
) -> None:
    (home / "notes.txt").write_text(played.NOTES)
    model = played.CODEX[connection]

    ran = run(workplace, home, model, played.PROMPT)

    assert ran.code == 0, ran
    (command,) = items(ran, "command_execution")
    assert (command["aggregated_output"], command["exit_code"]) == (f"{played.SEEN}\n", 0)
    assert [item["text"] for item in items(ran, "agent_message")] == [played.ANSWER]
    session = ran.printed[0]["thread_id"]
    until(lambda: len(workplace.records(session=session)) == 2, "two records")
    for record in workplace.records(session=session):
        assert (record["path"], record["status"]) == ("/v1/responses", 200)
        assert (record["connection"], record["model_used"]) == (connection, model)
        assert (record["outcome"], record["owner"]) == ("answered", "tessa")
        assert record["user_agent"].startswith("codex_exec/")
    turn = ran.printed[-1]
    assert turn["type"] == "turn.completed"
    assert turn["usage"]["input_tokens"] == 2 * played.USAGE["prompt_tokens"]


def test_told_to_use_websockets_it_finds_none_and_goes_on_by_post(
    workplace: Proxy, home: Path
) -> None:
    (home / "notes.txt").write_text(played.NOTES)
    before = len(workplace.records(method="GET", path="/v1/responses"))

    ran = run(workplace, home, "gpt-5-mini", played.PROMPT, supports_websockets=True)

    assert ran.code == 0, ran
    assert [item["text"] for item in items(ran, "agent_message")] == [played.ANSWER]
    assert not any("WebSocket" in item["message"] for item in items(ran, "error"))
    session = ran.printed[0]["thread_id"]
    until(lambda: len(workplace.records(session=session)) == 2, "two records")
    upgrades = workplace.records(method="GET", path="/v1/responses")[before:]
    assert [upgrade["status"] for upgrade in upgrades] == [426]
