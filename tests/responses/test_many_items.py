"""What a long request costs grows as it does, and no faster."""

import sys
import time
from types import FrameType
from typing import Any

import pytest

from lmproxy.call import Json
from lmproxy.upstream.responses.request import ChatRequest, chat_request

TEXT = "x" * 4096


def made(body: Json) -> ChatRequest:
    return chat_request({"model": "m", **body}, "m", "anthropic", is_relayed=False)


def lines_run(body: Json) -> int:
    """How many lines of code it takes to make a body into one for chat."""
    count = 0

    def trace(_frame: FrameType, event: str, _argument: Any) -> Any:
        nonlocal count
        count += event == "line"
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        made(body)
    finally:
        sys.settrace(before)
    return count


def same_tools(number: int) -> Json:
    return {"input": "x", "tools": [{"type": "function", "name": "same"}] * number}


def tools_and_calls(number: int) -> Json:
    names = [f"tool_{i}" for i in range(number)]
    calls: list[Json] = [
        {"type": "function_call", "name": name, "call_id": name, "arguments": "{}"}
        for name in names
    ]
    return {"input": calls, "tools": [{"type": "function", "name": name} for name in names]}


@pytest.mark.parametrize("body", [same_tools, tools_and_calls])
def test_four_times_the_tools_are_four_times_the_work(body: Any) -> None:
    assert lines_run(body(800)) < 5 * lines_run(body(200))


def least_seconds(body: Json) -> float:
    took = []
    for _ in range(3):
        before = time.process_time()
        made(body)
        took.append(time.process_time() - before)
    return min(took)


@pytest.mark.parametrize(
    "item",
    [
        {"role": "system", "content": TEXT},
        {"role": "assistant", "content": TEXT},
        {"type": "reasoning", "summary": [{"type": "summary_text", "text": TEXT}]},
    ],
    ids=["instructions", "words", "thoughts"],
)
def test_four_times_the_items_are_no_sixteen_times_the_work(item: Json) -> None:
    said = {"role": "assistant", "content": "x"}
    items = [item] if item.get("role") else [item, said]
    small, large = ({"input": items * number} for number in (500, 2000))

    assert least_seconds(large) < 9 * least_seconds(small)


def test_tools_of_one_name_have_names_that_chat_takes() -> None:
    names = [tool["function"]["name"] for tool in made(same_tools(3)).body["tools"]]
    long = [{"type": "function", "name": "n" * 64}] * 2000

    others = [
        tool["function"]["name"] for tool in made({"input": "x", "tools": long}).body["tools"]
    ]

    assert names == ["same", "same_2", "same_3"]
    assert len(set(others)) == 2000
    assert max(map(len, others)) <= 64
