"""Lines of lm-proxy's loggers: the same on both in keys, order, types and values but times."""

from collections.abc import Callable
from typing import Any

import pytest
from openai import NOT_GIVEN

from tests.lm_proxy.asking import asked, streamed
from tests.lm_proxy.conftest import Pairs
from tests.lm_proxy.setups import OTHER_PATHS, README_MAPPING, TEAM_KEY
from tests.lm_proxy.side import Pair, Side
from tests.provider import answers, behaviours, refusals

CALL = {"id": "call_1", "type": "function", "function": {"name": "look_up", "arguments": "{}"}}
OF_THE_MOMENT = ("created_at", "duration")


def test_the_line_of_the_readme_is_the_same(pair: Pair) -> None:
    def seen(side: Side) -> dict[str, Any]:
        asked(side, "open-line", "A line of the README.")
        return side.line("A line of the README.")

    line = same_but_for_the_moment(pair, seen)

    assert {*line, *OF_THE_MOMENT} == set(README_MAPPING)
    assert line["prompt"] == [{"role": "user", "content": "A line of the README."}]
    assert (line["response"], line["group"], line["connection"]) == ("Hello there", "team", "up")
    assert (line["prompt_tokens"], line["completion_tokens"]) == (9, 3)


def test_the_line_of_a_stream_is_the_same(pair: Pair) -> None:
    def seen(side: Side) -> dict[str, Any]:
        streamed(side, "open-line-stream", "A line of a stream.")
        return side.line("A line of a stream.")

    line = same_but_for_the_moment(pair, seen)

    assert (line["response"], line["prompt_tokens"]) == ("Hello there", 9)


def test_the_line_of_a_tool_call_has_no_text_on_either_side(pair: Pair) -> None:
    message = {"role": "assistant", "content": None, "tool_calls": [CALL]}
    choice = {"index": 0, "message": message, "finish_reason": "tool_calls"}
    pair.on("open-line-tool", behaviours.plain(answers.chat_answer(choices=[choice])))

    def seen(side: Side) -> dict[str, Any]:
        asked(side, "open-line-tool", "A line of a tool.")
        return side.line("A line of a tool.")

    assert same_but_for_the_moment(pair, seen)["response"] == ""


@pytest.mark.parametrize("stream", [False, True])
def test_the_line_of_a_request_that_failed_is_the_same(pair: Pair, stream: bool) -> None:
    pair.on("open-line-failed", refusals.bad_request())
    text = f"A line of what failed, {stream}."

    def seen(side: Side) -> dict[str, Any]:
        messages = [{"role": "user", "content": text}]
        side.post(TEAM_KEY, {"model": "open-line-failed", "messages": messages, "stream": stream})
        return side.line(text)

    assert same_but_for_the_moment(pair, seen)["response"] is None


@pytest.mark.parametrize("temperature", [NOT_GIVEN, 0.5])
def test_every_other_path_leads_to_the_same(pair: Pair, temperature: Any) -> None:
    words = f"Other paths, {temperature}."

    def seen(side: Side) -> dict[str, Any]:
        with side.openai(TEAM_KEY) as client:
            client.chat.completions.create(
                model="gpt-4.1",
                messages=[{"role": "user", "content": words}],
                temperature=temperature,
            )
        return side.line(words, "logs/paths")

    line = pair.both(seen)

    assert list(line) == list(OTHER_PATHS)
    assert (line["asked"], line["model"], line["sent_model"]) == (
        "gpt-4.1",
        "gpt-4.1.mini",
        "gpt-4.1.mini",
    )
    assert (line["temperature"], line["total"], line["nowhere"]) == (
        temperature or None,
        12,
        None,
    )


def same_but_for_the_moment(pair: Pair, seen: Callable[[Side], dict[str, Any]]) -> dict[str, Any]:
    """Our line, once it is lm-proxy's in keys, order, types and all values but time."""
    theirs, ours = seen(pair.theirs), seen(pair.ours)
    assert [(key, type(value)) for key, value in ours.items()] == [
        (key, type(value)) for key, value in theirs.items()
    ]
    assert len(ours["created_at"]) == len(theirs["created_at"])
    for line in (theirs, ours):
        for key in OF_THE_MOMENT:
            del line[key]
    assert ours == theirs
    return dict(ours)


def test_a_line_without_a_transformer_has_the_same_fields(pairs: Pairs) -> None:
    def seen(side: Side) -> dict[str, Any]:
        asked(side, "gpt-4.1", "A whole line.")
        line = side.line("A whole line.", "logs/whole")
        sent = {name: value for name, value in line["request"].items() if value is not None}
        return {**line, "request": sent, "id": "", "api_key_id": ""}  # These differ on purpose.

    line = same_but_for_the_moment(pairs("ignore_wildcards"), seen)

    assert line["llm_params"] == {"model": "gpt-4.1.mini"}
    assert (line["user_info"], line["extra"], line["error"]) == ({}, {}, None)
