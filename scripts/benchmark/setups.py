"""What does a gateway know, and what is it asked? Keys, routing rules, requests that match."""

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path

PROVIDER_KEY = "sk-provider-0000000000000000"
DIFFERENT_ASKS = 200
"""Requests with different keys and models that are sent in turn."""
QUESTION = (
    "We moved the nightly export to the new queue and since then one in forty rows has no "
    "currency. Which of the two steps would you look at first, and what would you log there?"
)
PACED = "paced"
"""A question with this word is answered with a paced stream."""
TROUBLE = "trouble"
BROKEN, RESET, HELD = f"{TROUBLE}: broken", f"{TROUBLE}: reset", f"{TROUBLE}: held"
"""Such a question gets half a stream, no answer, or a stream that does not go on."""


@dataclass(frozen=True, slots=True)
class Setup:
    """A gateway's config.

    Attributes:
        keys: virtual keys.
        rules: routing rules of the relayed provider, one per team.
        translating: connections to Anthropic and Gemini and one forced through LiteLLM as well.
        tls: between client and gateway.
        counting: with a model that says how many tasks there are, where a gateway can have one.
    """

    keys: int = 10
    rules: int = 10
    translating: bool = False
    tls: bool = False
    counting: bool = False


@dataclass(frozen=True, slots=True)
class Site:
    """Where a gateway is to run. `provider` is the provider's address, without a path."""

    port: int
    provider: str
    folder: Path
    setup: Setup


def virtual_key(number: int) -> str:
    return f"sk-bench-{hashlib.sha256(b'key %d' % number).hexdigest()[:40]}"


def team(number: int) -> str:
    """What stands before the names of the models that rule `number` takes."""
    return f"team-{number:04}"


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked. `{team}` in the model's name becomes one of the teams.

    Attributes:
        word: what the provider looks for: `PACED` or a kind of trouble.
    """

    model: str
    stream: bool = False
    word: str = ""

    @property
    def paced(self) -> bool:
        return self.word == PACED

    def body(self, model: str) -> str:
        system = "You are a helpful assistant. Answer briefly."
        messages = [
            {"role": "system", "content": system},
            {"role": "user", "content": f"{QUESTION} ({self.word})" if self.word else QUESTION},
        ]
        options = {"stream": True} if self.stream else {}
        return json.dumps({"model": model, "messages": messages, **options})


def asks(setup: Setup, question: Question, only_key: str | None) -> list[tuple[str, str]]:
    """(key, body) of requests that spread evenly over all keys, unless there is one, and rules."""
    return [
        (
            only_key or virtual_key(number * setup.keys // DIFFERENT_ASKS),
            question.body(question.model.format(team=team(number * setup.rules // DIFFERENT_ASKS))),
        )
        for number in range(DIFFERENT_ASKS)
    ]
