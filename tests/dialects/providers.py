"""Who is asked? One provider of each form, a Python function, and the real local model."""

from dataclasses import dataclass, field
from typing import Any

from tests.dialects.asked import ANSWERS, BREAKS, CASES

FAILS = "refused_401"
"""The refusal that a function can do: like one of the operator's key it is a 502, unexplained."""
LANES = ("auto", "litellm")
"""`auto` is the first lane that fits; `litellm` sends all through LiteLLM's public call."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a question goes.

    Attributes:
        oracle: the provider of `tests/oracle` whose answers the replaying server gives; `None` for
            one that is no server.
        settings: more keys of its connection.
        lanes: those it can be asked on.
        cases: those it can answer.
        dialects: those it can be asked in.
        speaks: those of them that are relayed to it: its bytes pass.
        is_real: what it says is its own affair; the rest is judged.
    """

    oracle: str | None
    settings: dict[str, Any] = field(default_factory=dict)
    lanes: tuple[str, ...] = LANES
    cases: tuple[str, ...] = tuple(CASES)
    dialects: tuple[str, ...] = ("chat", "messages", "responses")
    speaks: tuple[str, ...] = ()
    is_real: bool = False


PLACES: dict[str, Place] = {
    "openai": Place("openai", speaks=("chat", "responses")),
    "chat-only": Place("hosted_vllm", {"speaks": ["chat"]}, speaks=("chat",)),
    "azure": Place("azure"),
    "anthropic": Place("anthropic", speaks=("messages",)),
    "gemini": Place("gemini"),
    "bedrock": Place("bedrock"),
    # Its streams are asked for as whole answers, which cannot break after their beginning.
    "cohere": Place("cohere_chat", cases=tuple(case for case in CASES if case not in BREAKS)),
    "ollama": Place("ollama_chat"),
    "function": Place(
        None,
        {"api_type": "function", "inference_func": "replayed.answer", "chat_mode": True},
        lanes=("auto",),
        cases=(*ANSWERS, FAILS, *BREAKS),
    ),
    "local": Place(
        None,
        {"api_type": "local", "context_tokens": 512, "threads": 1},
        lanes=("auto",),
        cases=("length",),
        speaks=("chat",),
        is_real=True,
    ),
}
FUNCTION = '''\
"""Answers as a provider of OpenAI's form would, from the files of the corpus."""
import json
import pathlib
import re

FOLDER = pathlib.Path({folder!r})


def answer(messages):
    case = re.search(r"case:(\\w+)", json.dumps(messages))[1]
    if case in {fails!r}:
        raise RuntimeError(case)
    if case in {breaks!r}:
        return broken(case)
    return json.loads((FOLDER / f"{{case}}.json").read_text())


def broken(case):
    yield "Hello"
    raise RuntimeError(case)
'''
"""The module of the function; `folder` is that of the answers."""
