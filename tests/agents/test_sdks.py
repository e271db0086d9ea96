"""The SDKs of OpenAI, Anthropic and Vercel, old and new majors, as their users run them."""

import json
import subprocess
import sys
from dataclasses import dataclass
from typing import Any

import pytest

from tests.agents import played
from tests.conftest import TEAM_KEY
from tests.harness.aimock import NODE
from tests.harness.deadlines import LONGEST_S
from tests.harness.proxy import Proxy, process_environment
from tests.harness.sdks import CLIENTS, OTHER_MAJORS
from tests.provider import anthropic, behaviours, faults, refusals
from tests.provider.exchange import Behaviour
from tests.provider.server import Provider
from tests.provider.wire import SeenRequest

RETRY_AFTER_S, SLACK_S = 1, 5
VECTOR = list(behaviours.VECTOR)
"""SDKs of OpenAI ask for it in base64, and give floats."""
MODELS = ["gpt-*", "claude-*", "gemini-*", "raw-claude-*", "raw-gpt-*"]
SEEN_WITH_ALL = {
    *("plain", "tokens", "stream", "loop"),
    *("stranger", "refused", "broken", "locked", "waited"),
}
PURPOSES = ("plain", "refused", "locked", "broken", "busy", "response")
REFUSED = "The provider says no, and why."


@dataclass(frozen=True, slots=True)
class Sdk:
    """An SDK, what runs it, and whether it speaks Anthropic's dialect or OpenAI's."""

    name: str
    package: str
    anthropic: bool
    python: str | None = None

    def command(self) -> list[str]:
        """What is put before the arguments."""
        if self.python:
            return [self.python, str(CLIENTS / "use_sdk.py"), self.package]
        return [str(NODE), str(CLIENTS / "use_sdk.mjs"), self.package]

    def model(self, purpose: str) -> str:
        """Of the tests' provider, for this SDK alone."""
        return f"raw-{'claude' if self.anthropic else 'gpt'}-{purpose}-{self.name}"

    def models(self) -> dict[str, str]:
        """For each purpose one; tools are called where the request has to be translated."""
        own = {p: self.model(p) for p in PURPOSES}
        return {**own, "loop": played.MODELS["openai" if self.anthropic else "anthropic"]}

    def own(self) -> dict[str, list[Any]]:
        """What it has besides what all have, and what may come of it."""
        if self.package.startswith("@ai-sdk/"):
            return {}
        models = {"models": [MODELS]}
        if self.anthropic:
            counted = [34, 3]  # The provider's; an estimate where nobody asks it.
            return {**models, "count": counted, "final": [["assistant", "end_turn", 3]]}
        return {**models, "response": ["Hello there"], "vector": [VECTOR]}


@dataclass(frozen=True, slots=True)
class Used:
    """What the user of an SDK saw, and what the provider was asked for each purpose."""

    seen: dict[str, Any]
    asked: dict[str, list[SeenRequest]]


SDKS = [
    Sdk("openai-python-2", "openai", anthropic=False, python=sys.executable),
    Sdk("openai-python-3", "openai", anthropic=False, python=OTHER_MAJORS),
    Sdk("openai-node-6", "openai-6", anthropic=False),
    Sdk("openai-node-7", "openai", anthropic=False),
    Sdk("vercel-openai-compatible", "@ai-sdk/openai-compatible", anthropic=False),
    Sdk("anthropic-python-1", "anthropic", anthropic=True, python=OTHER_MAJORS),
    Sdk("anthropic-python-2", "anthropic", anthropic=True, python=sys.executable),
    Sdk("anthropic-node-0", "anthropic-sdk-0", anthropic=True),
    Sdk("anthropic-node-1", "@anthropic-ai/sdk", anthropic=True),
    Sdk("vercel-anthropic", "@ai-sdk/anthropic", anthropic=True),
]


def refuses(sdk: Sdk, status: int, kind: str, **headers: str) -> Behaviour:
    """The provider's refusal in the form that the SDK knows."""
    sent = [(name.replace("_", "-"), value) for name, value in headers.items()]
    if sdk.anthropic:
        return anthropic.refusal(status, kind, REFUSED, sent)
    return refusals.refusal(status, REFUSED, kind, headers=sent)


def prepare(sdk: Sdk, provider: Provider) -> None:
    """Have the provider answer it."""
    good = anthropic.good_answer if sdk.anthropic else behaviours.good_answer
    busy = refuses(sdk, 429, "rate_limit_error", retry_after=str(RETRY_AFTER_S))
    provider.on(sdk.model("plain"), good)
    provider.on(sdk.model("refused"), refuses(sdk, 400, "invalid_request_error"))
    provider.on(sdk.model("locked"), refuses(sdk, 401, "authentication_error"))
    provider.on(sdk.model("busy"), behaviours.in_turn(busy, good))
    breaks = anthropic.breaks_off() if sdk.anthropic else faults.ends_unfinished()
    provider.on(sdk.model("broken"), breaks)


@pytest.fixture(scope="module", params=SDKS, ids=[sdk.name for sdk in SDKS])
def sdk(request: pytest.FixtureRequest) -> Sdk:
    chosen: Sdk = request.param
    return chosen


@pytest.fixture(scope="module")
def used(sdk: Sdk, workplace: Proxy, provider: Provider) -> Used:
    """It was used, for everything that the tests look at."""
    prepare(sdk, provider)
    run = subprocess.run(
        [*sdk.command(), workplace.url, TEAM_KEY, json.dumps(sdk.models())],
        capture_output=True,
        text=True,
        env=process_environment({}),
        check=False,
        timeout=LONGEST_S,
    )
    assert run.returncode == 0, run.stderr
    asked = {purpose: provider.requests_for(sdk.model(purpose)) for purpose in PURPOSES}
    return Used(json.loads(run.stdout), asked)


@pytest.fixture
def seen(used: Used) -> dict[str, Any]:
    """What its user saw."""
    return used.seen


def test_an_answer_and_its_tokens_are_the_providers(sdk: Sdk, seen: dict[str, Any]) -> None:
    assert seen["plain"] == "Hello there"
    assert seen["tokens"][1] == 3
    assert seen["stream"] in ("Hello there", "Hello there 😀")


def test_what_the_sdk_has_of_its_own_is_the_providers(sdk: Sdk, seen: dict[str, Any]) -> None:
    own = sdk.own()

    assert seen.keys() == SEEN_WITH_ALL | own.keys()
    assert [key for key, answers in own.items() if seen[key] not in answers] == []


def test_a_tool_is_called_by_a_provider_of_another_dialect(seen: dict[str, Any]) -> None:
    assert seen["loop"] == {"command": played.COMMAND, "answer": played.ANSWER}


def test_a_key_nobody_knows_and_the_providers_refusal_raise(sdk: Sdk, seen: dict[str, Any]) -> None:
    assert seen["stranger"]["status"] == 401
    assert (seen["refused"]["status"], REFUSED in seen["refused"]["message"]) == (400, True)


def test_a_stream_that_breaks_off_raises(seen: dict[str, Any]) -> None:
    assert "broke off" in seen["broken"]["message"]


def test_it_waits_as_long_as_the_provider_says_and_asks_once_more(
    used: Used, seen: dict[str, Any]
) -> None:
    first, second = used.asked["busy"]

    assert seen["waited"]["text"] == "Hello there"
    assert RETRY_AFTER_S <= second.received_at - first.received_at < RETRY_AFTER_S + SLACK_S


def test_it_does_not_ask_again_where_the_operator_has_to_act(
    used: Used, seen: dict[str, Any]
) -> None:
    assert seen["locked"]["status"] == 502
    assert "operator" in seen["locked"]["message"]
    assert len(used.asked["locked"]) == 1
