"""Claude Code as its users run it, with one command for the model to ask for."""

from pathlib import Path
from typing import Any

import pytest

from tests.agents import played
from tests.conftest import GUEST_KEY, TEAM_KEY
from tests.harness.agents import Ran, claude_code
from tests.harness.proxy import Proxy
from tests.harness.waiting import until
from tests.provider import anthropic
from tests.provider.server import Provider

FOREIGN = "sk-ant-of-somebody-else"


def run(proxy: Proxy, home: Path, model: str, prompt: str, **environment: str) -> Ran:
    """It, with a team member's key unless the environment says another."""
    keys = environment or {"ANTHROPIC_AUTH_TOKEN": TEAM_KEY}
    there = {"ANTHROPIC_BASE_URL": proxy.url, "ANTHROPIC_MODEL": model}
    return claude_code(prompt, home, {**there, **keys})


def records(proxy: Proxy, ran: Ran, count: int) -> list[dict[str, Any]]:
    """What the proxy wrote about it, once there are so many."""
    session = ran.printed[-1]["session_id"]
    until(lambda: len(proxy.records(session=session)) >= count, f"{count} records")
    return proxy.records(session=session)


@pytest.mark.parametrize("connection", played.MODELS)
def test_it_runs_a_command_and_answers_with_what_it_printed(
    workplace: Proxy, home: Path, connection: str
) -> None:
    (home / "notes.txt").write_text(played.NOTES)
    model = played.MODELS[connection]

    ran = run(workplace, home, model, played.PROMPT)

    assert ran.code == 0, ran
    assert ran.printed[-1]["result"] == played.ANSWER
    assert ran.printed[-1]["num_turns"] == 2
    assert ran.printed[-1]["usage"]["input_tokens"] == 2 * played.USAGE["prompt_tokens"]
    called, answered = records(workplace, ran, 2)
    for record in (called, answered):
        assert (record["path"], record["status"]) == ("/v1/messages", 200)
        assert (record["connection"], record["model_used"]) == (connection, model)
        assert (record["outcome"], record["owner"]) == ("answered", "tessa")
        assert record["user_agent"].startswith("claude-cli/")
    assert called["finish_reason"] in ("tool_use", "tool_calls")
    assert answered["finish_reason"] in ("end_turn", "stop")


@pytest.mark.parametrize(
    ("api_key", "auth_token"),
    [(TEAM_KEY, FOREIGN), (FOREIGN, TEAM_KEY), (TEAM_KEY, TEAM_KEY)],
    ids=["the key is known", "the token is known", "both are the same"],
)
def test_with_both_variables_set_the_key_that_is_known_counts(
    workplace: Proxy, home: Path, provider: Provider, api_key: str, auth_token: str
) -> None:
    ran = run(
        *(workplace, home, "raw-claude-keys", "Hello."),
        ANTHROPIC_API_KEY=api_key,
        ANTHROPIC_AUTH_TOKEN=auth_token,
    )

    assert (ran.code, ran.printed[-1]["result"]) == (0, "Hello there"), ran
    (record,) = records(workplace, ran, 1)
    assert (record["group"], record["status"]) == ("team", 200)
    assert not [r for r in provider.requests_for("raw-claude-keys") if FOREIGN in str(r.headers)]


def test_two_different_keys_of_this_proxy_are_refused(workplace: Proxy, home: Path) -> None:
    ran = run(
        *(workplace, home, "raw-claude-ambiguous", "Hello."),
        ANTHROPIC_API_KEY=TEAM_KEY,
        ANTHROPIC_AUTH_TOKEN=GUEST_KEY,
    )

    assert (ran.code, ran.printed[-1]["api_error_status"]) == (1, 400)
    assert "two different API keys" in ran.printed[-1]["result"]


@pytest.mark.relay_only("translation has no place for betas")
def test_an_anthropic_provider_gets_its_betas_and_the_body_as_it_was_sent(
    workplace: Proxy, home: Path, provider: Provider
) -> None:
    provider.on("raw-claude-betas", anthropic.good_answer)

    ran = run(workplace, home, "raw-claude-betas", "Hello.")

    assert ran.code == 0, ran
    (seen,) = provider.requests_for("raw-claude-betas")
    assert "claude-code-" in (seen.header("anthropic-beta") or "")
    assert seen.json is not None
    assert seen.json["thinking"]["type"] == "adaptive"
    assert {"context_management", "output_config", "metadata"} <= seen.json.keys()
    assert len(seen.body) > 40_000


@pytest.mark.parametrize("model", ["raw-claude-context", "gpt-5-mini"])
def test_its_overview_of_the_context_counts_and_asks_no_model(
    workplace: Proxy, home: Path, model: str
) -> None:
    before = len(workplace.records(model_asked=model, operation="messages"))

    ran = run(workplace, home, model, "/context")

    assert ran.code == 0, ran
    counts = workplace.records(model_asked=model, operation="count_tokens")
    assert len(counts) > 9
    assert {record["status"] for record in counts} == {200}
    assert len(workplace.records(model_asked=model, operation="messages")) == before


def test_a_key_nobody_knows_is_said_at_once(workplace: Proxy, home: Path) -> None:
    before = len(workplace.records(status=401))

    ran = run(workplace, home, "gpt-5-mini", "Hello.", ANTHROPIC_AUTH_TOKEN=FOREIGN)

    assert (ran.code, ran.printed[-1]["api_error_status"]) == (1, 401), ran
    assert "whoever runs the proxy hands them out" in ran.printed[-1]["result"]
    until(lambda: len(workplace.records(status=401)) == before + 1, "one refusal")
