"""How large is a gateway's config? Virtual keys and routing rules, the same for every gateway."""

import hashlib
import json
from dataclasses import dataclass

DIFFERENT_ASKS = 200
"""Requests with different keys and models that are sent in turn."""
QUESTION = (
    "We moved the nightly export to the new queue and since then about one in forty rows is missing "
    "its currency. Which of the two steps would you look at first, and what would you log there?"
)


@dataclass(frozen=True, slots=True)
class Setup:
    """A gateway's config.

    Attributes:
        keys: virtual keys.
        rules: routing rules of the relayed provider, one per team.
        translating: connections to Anthropic and Gemini and one forced through LiteLLM as well.
    """

    keys: int = 10
    rules: int = 10
    translating: bool = False


def virtual_key(number: int) -> str:
    return f"sk-bench-{hashlib.sha256(b'key %d' % number).hexdigest()[:40]}"


def team(number: int) -> str:
    """What stands before the names of the models that rule `number` takes."""
    return f"team-{number:04}"


def asks(setup: Setup, model: str, *, stream: bool) -> list[tuple[str, str]]:
    """(key, body) of requests that spread evenly over all keys and rules.

    `{team}` in the model's name becomes a team.
    """
    return [
        (
            virtual_key(number * setup.keys // DIFFERENT_ASKS),
            body(model.format(team=team(number * setup.rules // DIFFERENT_ASKS)), stream),
        )
        for number in range(DIFFERENT_ASKS)
    ]


def body(model: str, stream: bool) -> str:
    messages = [
        {"role": "system", "content": "You are a helpful assistant. Answer briefly."},
        {"role": "user", "content": QUESTION},
    ]
    options = {"stream": True} if stream else {}
    return json.dumps({"model": model, "messages": messages, "max_tokens": 300, **options})
