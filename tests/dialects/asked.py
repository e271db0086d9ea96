"""What is asked? One question per case, in no dialect's words: each dialect writes it in its own.

Cases have the names of the answers in `tests/oracle/answers`; the word `case:NAME` in the first
text tells the replaying server which one to give.
"""

from dataclasses import dataclass
from typing import Any

from tests.oracle.cases import CLOCK, PIXEL, SCHEMA, WEATHER

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Tool:
    """A tool that may be called."""

    name: str
    description: str
    schema: Json


@dataclass(frozen=True, slots=True)
class Used:
    """An earlier call of a tool and what came of it; `arguments` is JSON."""

    id: str
    tool: str
    arguments: str
    result: str


@dataclass(frozen=True, slots=True)
class Thought:
    """An earlier answer and the signed thought before it."""

    thinking: str
    signature: str
    answer: str


@dataclass(frozen=True, slots=True)
class Asked:
    """One question.

    Attributes:
        text: the user's first.
        after: the user's last, behind an earlier thought.
        must_call: the tool that has to be called.
    """

    text: str
    after: str = ""
    system: str = ""
    picture: str = ""
    tools: tuple[Tool, ...] = ()
    must_call: str = ""
    used: tuple[Used, ...] = ()
    thought: Thought | None = None
    schema: Json | None = None
    effort: str = ""
    stop: str = ""
    max_tokens: int = 2048


def _tool(chat: Json) -> Tool:
    function = chat["function"]
    return Tool(function["name"], function["description"], function["parameters"])


def _json_schema(response_format: Json) -> Json:
    named: Json = response_format["json_schema"]
    return named


WEATHER_TOOL, CLOCK_TOOL = _tool(WEATHER), _tool(CLOCK)
STOP = "six"
CITY: Json = _json_schema(SCHEMA)["schema"]
REFUSALS = (400, 401, 429, 529)
BREAKS = ("cut", "overloaded")
"""Streams only: one that breaks off, and one with an error in it."""
ANSWERS: dict[str, Asked] = {
    "plain": Asked("Say hello to Zoë. 你好", system="You answer in one sentence."),
    "tools": Asked("Weather in Zürich?", tools=(WEATHER_TOOL,), must_call="get_weather"),
    "parallel_tools": Asked(
        "Weather and time in Paris, then in Oslo.",
        tools=(WEATHER_TOOL, CLOCK_TOOL),
        used=(
            Used("call_paris", "get_weather", '{"city": "Paris"}', '{"celsius": 21}'),
            Used("call_cet", "get_time", '{"zone": "CET"}', "12:00"),
        ),
    ),
    "image": Asked("Which colour is this?", picture=PIXEL),
    "reasoning": Asked(
        "What is 10 + 7?",
        thought=Thought("Ten and seven.", "RWFybGllciBzaWduYXR1cmU=", "17."),
        after="And 17 times 23?",
        effort="low",
    ),
    "json_schema": Asked("Name a city.", schema=CITY),
    "parameters": Asked("Count to five.", stop=STOP),
    "length": Asked("Tell a long story.", max_tokens=8),
}
CASES: dict[str, Asked] = {
    **ANSWERS,
    **{f"refused_{status}": Asked("Something.") for status in REFUSALS},
    **{case: Asked("Something.") for case in BREAKS},
}
HEADS = {
    "plain": "text",
    "parallel_tools": "parallel",
    "json_schema": "schema",
    "parameters": "stop",
    "length": "maximum",
    "cut": "break",
    "overloaded": "error",
    **{f"refused_{status}": str(status) for status in REFUSALS},
}
"""What stands above a case's column, if not its name."""


def first_text(case: str) -> str:
    """The user's first text, with the word by which the replaying server finds the answer."""
    return f"case:{case} {CASES[case].text}"
