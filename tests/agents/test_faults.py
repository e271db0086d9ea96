"""What does an agent do when the provider fails? Its users know the table in docs/connect.md."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.conftest import TEAM_KEY
from tests.harness.agents import Ran, claude_code, codex
from tests.harness.proxy import Proxy
from tests.provider import anthropic, behaviours, refusals, responses
from tests.provider.exchange import Behaviour, Headers
from tests.provider.server import Provider

RETRY_AFTER_S = 1
SLACK_S = 5.0
"""For their own reckoning and a busy machine."""
WAIT = [("retry-after", str(RETRY_AFTER_S))]


@dataclass(frozen=True, slots=True)
class Agent:
    """An agent, and how its provider answers and refuses."""

    name: str
    models: str
    run: Callable[[Proxy, Path, str], Ran]
    refusal: Callable[[int, str, Headers], Behaviour]
    breaks_off: Callable[[], Behaviour]
    good: Behaviour


def _claude_code(proxy: Proxy, home: Path, model: str) -> Ran:
    there = {"ANTHROPIC_BASE_URL": proxy.url, "ANTHROPIC_AUTH_TOKEN": TEAM_KEY}
    return claude_code("Hello.", home, {**there, "ANTHROPIC_MODEL": model})


def _codex(proxy: Proxy, home: Path, model: str) -> Ran:
    return codex("Hello.", home, proxy.api, TEAM_KEY, model)


CLAUDE_CODE = Agent(
    name="Claude Code",
    models="raw-claude",
    run=_claude_code,
    refusal=lambda status, kind, headers: anthropic.refusal(status, kind, "No.", headers),
    breaks_off=anthropic.breaks_off,
    good=anthropic.good_answer,
)
CODEX = Agent(
    name="Codex",
    models="raw-gpt",
    run=_codex,
    refusal=lambda status, kind, headers: refusals.refusal(status, "No.", kind, headers=headers),
    breaks_off=responses.breaks_off,
    good=responses.good_answer,
)


@dataclass(frozen=True, slots=True)
class Row:
    """A failure, and what the agent does.

    Attributes:
        status: the provider's; `None`: its stream breaks off.
        posts: how often the agent asks; nothing is answered if the last one fails as well.
        waits_s: at least, between its first two requests; some of the page's figure is its jitter.
    """

    agent: Agent
    status: int | None
    kind: str = ""
    headers: Headers = ()
    recovers: bool = True
    posts: int = 2
    waits_s: float = 0.0

    def __str__(self) -> str:
        what = f"{self.status}" if self.status else "a broken stream"
        told = " with Retry-After" if self.headers else ""
        return f"{self.agent.name}, {what}{told}{', once' if self.recovers else ''}"

    def behaviour(self) -> Behaviour:
        """The provider's."""
        agent = self.agent
        if self.status is None:
            failing = agent.breaks_off()
        else:
            failing = agent.refusal(self.status, self.kind, self.headers)
        return behaviours.in_turn(failing, agent.good) if self.recovers else failing


ROWS = [
    Row(CLAUDE_CODE, 429, "rate_limit_error", WAIT, waits_s=RETRY_AFTER_S),
    Row(CLAUDE_CODE, 429, "rate_limit_error", waits_s=0.45),
    Row(CLAUDE_CODE, 500, "api_error", waits_s=0.45),
    Row(CLAUDE_CODE, 529, "overloaded_error", waits_s=0.45),
    Row(CLAUDE_CODE, None),
    Row(CLAUDE_CODE, None, recovers=False, posts=4),
    Row(CLAUDE_CODE, 401, "authentication_error", recovers=False, posts=1),
    Row(CLAUDE_CODE, 400, "invalid_request_error", recovers=False, posts=6),
    Row(CODEX, 429, "rate_limit_error", WAIT, waits_s=RETRY_AFTER_S),
    Row(CODEX, 429, "rate_limit_error", recovers=False, posts=1),
    Row(CODEX, 500, "server_error", waits_s=0.15),
    Row(CODEX, 503, "overloaded_error", waits_s=0.15),
    Row(CODEX, 503, "overloaded_error", WAIT, waits_s=RETRY_AFTER_S),
    Row(CODEX, None),
    Row(CODEX, 400, "invalid_request_error", recovers=False, posts=1),
]


@pytest.mark.relay_only("the provider breaks off in the form that the agent speaks")
@pytest.mark.parametrize("row", ROWS, ids=str)
def test_an_agent_asks_again_as_often_and_as_late_as_the_table_says(
    workplace: Proxy, home: Path, provider: Provider, row: Row
) -> None:
    often = "once" if row.recovers else "always"
    told = "-told" if row.headers else ""
    model = f"{row.agent.models}-{row.status or 'broken'}-{often}{told}"
    provider.on(model, row.behaviour())

    ran = row.agent.run(workplace, home, model)

    assert (ran.code == 0) is row.recovers, ran
    asked = provider.requests_for(model)
    assert len(asked) == row.posts
    if row.posts > 1:
        waited = asked[1].received_at - asked[0].received_at
        assert row.waits_s <= waited < row.waits_s + SLACK_S
