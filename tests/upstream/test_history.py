"""What LiteLLM would lose, join or invent in a conversation goes on as it was meant."""

import json
from typing import Any

import pytest

from tests.upstream.parameters import BOTH, DROPPED, Asking

ASK = {"role": "user", "content": "What now?"}
REFUSED = {"role": "assistant", "content": None, "refusal": "I will not."}
REFUSED_IN_PART = {"role": "assistant", "content": [{"type": "refusal", "refusal": "I will not."}]}
ANSWERERS = [
    "claude{}/claude-sonnet-4-5",
    "gemini{}/gemini-2.5-flash",
    "mistral{}/m",
    "ollama{}/m",
]
BEDROCK = ["bedrock/anthropic.claude-3-5-sonnet-20241022-v2:0", "bedrock/amazon.nova-lite-v1:0"]
TOOL = {"type": "function", "function": {"name": "weather", "parameters": {"type": "object"}}}
EVERYWHERE = [model.format(lane) for model in ANSWERERS for lane in BOTH] + BEDROCK


def turns(
    arguments: list[str], results: list[Any], content: str | None = None
) -> list[dict[str, Any]]:
    calls = [
        {"id": f"call_{n}", "type": "function", "function": {"name": "weather", "arguments": said}}
        for n, said in enumerate(arguments)
    ]
    said = {"role": "assistant", "content": content, "tool_calls": calls}
    answers = [
        {"role": "tool", "tool_call_id": f"call_{n}", "content": result}
        for n, result in enumerate(results)
    ]
    return [ASK, said, *answers]


@pytest.mark.parametrize("lane", BOTH)
@pytest.mark.parametrize("result", ["", None, [{"type": "text", "text": ""}]], ids=str)
def test_an_empty_result_reaches_mistral(result: Any, lane: str, asking: Asking) -> None:
    answer = asking.ask(
        f"mistral{lane}/m", tools=[TOOL], messages=turns(["{}", "{}"], ["Fine.", result])
    )

    assert answer.status_code == 200, answer.text
    assert DROPPED not in answer.headers
    (said,) = [said for said in asking.sent[0]["messages"] if said["role"] == "assistant"]
    results = [said for said in asking.sent[0]["messages"] if said["role"] == "tool"]
    asked = [call["id"] for call in said["tool_calls"]]
    assert [result["tool_call_id"] for result in results] == asked
    assert len(set(asked)) == 2
    assert results[1]["content"] == ""


@pytest.mark.parametrize("content", ["", " \n"], ids=repr)
@pytest.mark.parametrize("model", [*EVERYWHERE[:2], *BEDROCK])
def test_nothing_is_put_into_the_mouth_of_an_assistant_that_only_calls(
    model: str, content: str, asking: Asking
) -> None:
    answer = asking.ask(model, tools=[TOOL], messages=turns(["{}"], ["Fine."], content))

    assert answer.status_code == 200, answer.text
    said = asking.sent[0]["messages"][1]["content"]
    assert [block.get("type", "toolUse") for block in said] in (["tool_use"], ["toolUse"])
    assert "text" not in said[0]


@pytest.mark.parametrize("refusal", [REFUSED, REFUSED_IN_PART], ids=["message", "part"])
@pytest.mark.parametrize("model", EVERYWHERE)
def test_an_earlier_refusal_is_what_the_assistant_said(
    model: str, refusal: dict[str, Any], asking: Asking
) -> None:
    answer = asking.ask(model, messages=[ASK, refusal, ASK])

    assert answer.status_code == 200, answer.text
    assert DROPPED not in answer.headers
    assert json.dumps(asking.sent[0]).count("I will not.") == 1


@pytest.mark.parametrize("arguments", ["", " "], ids=repr)
@pytest.mark.parametrize("model", EVERYWHERE)
def test_no_arguments_are_an_empty_table(model: str, arguments: str, asking: Asking) -> None:
    answer = asking.ask(model, tools=[TOOL], messages=turns([arguments], ["Fine."]))

    assert answer.status_code == 200, answer.text
    sent = json.dumps(asking.sent[0])
    forms = ['"args": {}', '"input": {}', '"arguments": {}', '"arguments": "{}"']
    assert any(form in sent for form in forms)


@pytest.mark.parametrize("model", EVERYWHERE)
def test_the_texts_of_a_result_are_not_run_together(model: str, asking: Asking) -> None:
    result = [{"type": "text", "text": "one"}, {"type": "text", "text": "two"}]

    answer = asking.ask(model, tools=[TOOL], messages=turns(["{}"], [result]))

    assert answer.status_code == 200, answer.text
    sent = json.dumps(asking.sent[0])
    assert "one\\ntwo" in sent or ('"one"' in sent and '"two"' in sent)


def test_a_text_beside_a_picture_in_a_result_stays_beside_it(asking: Asking) -> None:
    picture = {"type": "image_url", "image_url": {"url": "data:image/png;base64,iVBORw0KGgo="}}
    texts = [{"type": "text", "text": "one"}, picture, {"type": "text", "text": "two"}]

    answer = asking.ask("gemini/gemini-2.5-flash", tools=[TOOL], messages=turns(["{}"], [texts]))

    assert answer.status_code == 200, answer.text
    sent = json.dumps(asking.sent[0])
    assert "one\\ntwo" in sent
    assert "iVBORw0KGgo=" in sent


@pytest.mark.parametrize("lane", BOTH)
def test_two_equal_calls_of_gemini_are_two(lane: str, asking: Asking) -> None:
    equal = turns(['{"city": "Oslo"}'] * 2, ["Fine.", "Rain."])

    answer = asking.ask(f"gemini{lane}/gemini-2.5-flash", tools=[TOOL], messages=equal)

    assert answer.status_code == 200, answer.text
    assert DROPPED not in answer.headers
    said, answered = asking.sent[0]["contents"][1:]
    assert [part["function_call"]["args"] for part in said["parts"]] == [{"city": "Oslo"}] * 2
    assert len(answered["parts"]) == 2
