"""Every cell of the table, and that the judgement finds what is wrong."""

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import httpx
import pytest

from tests.dialects.asking import Asker
from tests.dialects.explained import EXPLAINED
from tests.dialects.heard import Cell, Heard, Json
from tests.dialects.judging import DIALECTS, Verdict, cells, judge
from tests.dialects.responses import RESPONSES

CELLS = cells()
VerdictOn = Callable[[Cell], Verdict]
pytestmark = pytest.mark.timeout(300)  # The first to ask waits for LiteLLM and the local model.


@pytest.mark.parametrize("cell", CELLS, ids=str)
def test_an_answer_is_one_of_the_dialect_that_was_asked_in(
    verdict_on: VerdictOn, cell: Cell
) -> None:
    assert verdict_on(cell).faults == ()


def test_every_explanation_is_still_needed(verdict_on: VerdictOn) -> None:
    verdicts = [verdict_on(cell) for cell in CELLS]
    needed = {reason for verdict in verdicts for reason in verdict.explained}

    assert [one.reason for one in EXPLAINED if one.reason not in needed] == []


def faults(asking: Asker, cell: Cell, old: str, new: str) -> tuple[str, ...]:
    """What is found in a good answer with a part of it changed."""
    heard = asking.ask(DIALECTS[cell.dialect], cell)
    assert judge(heard).faults == ()
    assert old in heard.response.text
    return judge(replace(heard, response=changed(heard, old, new))).faults


def changed(heard: Heard, old: str, new: str) -> httpx.Response:
    text = heard.response.text.replace(old, new)
    headers = {"content-type": heard.response.headers["content-type"]}
    return httpx.Response(heard.response.status_code, headers=headers, text=text)


@pytest.mark.parametrize(
    ("dialect", "case", "is_streamed", "old", "new"),
    [
        ("chat", "plain", False, '"role":"assistant"', '"role":"robot"'),
        ("chat", "plain", False, '"finish_reason":"stop"', '"finish_reason":"length"'),
        ("chat", "plain", False, '"usage":', '"counts":'),
        ("chat", "tools", False, '"get_weather"', '"get_wether"'),
        ("chat", "plain", True, "data: [DONE]\n\n", ""),
        ("chat", "plain", True, '"index":0', '"index":"0"'),
        ("chat", "cut", True, '"error":', '"mistake":'),
        ("chat", "refused_429", False, '"type":', '"kind":'),
        ("messages", "plain", False, '"stop_reason":"end_turn"', '"stop_reason":"ended"'),
        ("messages", "plain", False, '"input_tokens":', '"tokens":'),
        ("messages", "plain", True, "event: message_stop", "event: message_end"),
        ("messages", "plain", True, '"type":"message_start"', '"type":"ping"'),
        ("messages", "parallel_tools", True, '"index":1', '"index":2'),
        ("messages", "reasoning", True, "17 \\u00b7 20", ""),
        ("messages", "overloaded", True, "event: error", "event: ping"),
        ("messages", "refused_529", False, '"type":"error"', '"type":"fault"'),
        ("responses", "plain", False, '"status":"completed"', '"status":"ended"'),
        ("responses", "plain", False, '"usage":', '"counts":'),
        ("responses", "plain", True, '"usage":', '"counts":'),
        ("responses", "plain", True, '"sequence_number":3', '"sequence_number":30'),
        ("responses", "plain", True, '"delta":"Hello"', '"delta":"Hallo"'),
        ("responses", "plain", True, "event: response.completed", "event: response.ended"),
        ("responses", "tools", False, '"get_weather"', '"get_wether"'),
        ("responses", "parallel_tools", True, '"output_index":1', '"output_index":2'),
        ("responses", "plain", True, '"output_index":0', '"output_index":1'),
        ("responses", "plain", True, '"content_index":0', '"content_index":"0"'),
        ("responses", "length", False, '"status":"incomplete"', '"status":"completed"'),
        ("responses", "length", True, '"status":"incomplete"', '"status":"completed"'),
        ("responses", "length", True, "response.incomplete", "response.completed"),
        ("responses", "reasoning", True, "17 \\u00b7 20", ""),
        ("responses", "cut", True, "event: error", "event: mistake"),
        ("responses", "overloaded", True, '"type":"error"', '"type":"mistake"'),
        ("responses", "refused_429", False, '"error":', '"mistake":'),
    ],
)
def test_what_is_wrong_is_found(
    asking: Asker, dialect: str, case: str, is_streamed: bool, old: str, new: str
) -> None:
    cell = Cell(dialect, "gemini", "auto", case, is_streamed)
    heard = asking.ask(DIALECTS[dialect], cell)
    if old not in heard.response.text:
        old = json.loads(f'"{old}"') if "\\u" in old else old

    assert faults(asking, cell, old, new)


@pytest.mark.parametrize("case", ["plain", "tools", "parallel_tools", "reasoning", "length"])
def test_an_event_that_is_missing_is_found(asking: Asker, case: str) -> None:
    heard = asking.ask(RESPONSES, Cell("responses", "gemini", "auto", case, is_streamed=True))
    events = heard.events()
    assert judge(heard).faults == ()

    without = [streamed(events[:at] + events[at + 1 :]) for at in range(len(events))]
    verdicts = [judge(replace(heard, response=response)) for response in without]
    missed = [
        name for (name, _), verdict in zip(events, verdicts, strict=True) if not verdict.faults
    ]

    assert missed == []


def streamed(events: list[tuple[str, Json]]) -> httpx.Response:
    """A stream of these events, numbered as if there had never been others."""
    text = "".join(
        f"event: {name}\ndata: {json.dumps(event | {'sequence_number': number})}\n\n"
        for number, (name, event) in enumerate(events)
    )
    return httpx.Response(200, headers={"content-type": "text/event-stream"}, text=text)


def test_a_status_of_another_meaning_is_found(asking: Asker) -> None:
    cell = Cell("messages", "gemini", "auto", "refused_529", is_streamed=False)
    heard = asking.ask(DIALECTS["messages"], cell)
    kept: dict[str, Any] = {"headers": heard.response.headers, "content": heard.response.content}

    verdict = judge(replace(heard, response=httpx.Response(503, **kept)))

    assert "529 became 503" in verdict.faults
