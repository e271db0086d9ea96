"""A model calls tools and gets their results, whichever provider it is at."""

import json
from typing import Any

import openai
import pytest

from tests.harness.proxy import Proxy
from tests.providers import cases
from tests.providers.asking import WEATHER, Heard, ask, user
from tests.providers.ways import WAYS, Way

every_way = pytest.mark.parametrize("way", WAYS, ids=str)


def cities(heard: Heard) -> list[str]:
    """What the calls ask for, in their order."""
    return [json.loads(call["function"]["arguments"])["city"] for call in heard.calls]


def results(heard: Heard) -> list[dict[str, Any]]:
    """What a client says to the calls."""
    return [
        {"role": "tool", "tool_call_id": call["id"], "content": f"weather in {city}"}
        for call, city in zip(heard.calls, cities(heard), strict=True)
    ]


@every_way
def test_a_tool_is_called_and_its_result_answered(
    sdk: openai.OpenAI, everywhere: Proxy, way: Way, stream: bool
) -> None:
    messages = user("weather here")
    called = ask(sdk, way.model, messages, stream=stream, tools=[WEATHER])
    messages += [called.message(), *results(called)]

    answered = ask(sdk, way.model, messages, stream=stream, tools=[WEATHER])

    assert cities(called) == ["Paris"]
    assert called.reasons == ["tool_calls"]
    record = everywhere.record(id=called.id)
    assert (record["finish_reason"], record["tools"]) == ("tool_calls", True)
    assert (answered.text, answered.calls) == (cases.WEATHER_REPORT, [])
    assert answered.reasons == ["stop"]


@every_way
def test_two_tools_called_at_once_keep_their_order_and_their_ids(
    sdk: openai.OpenAI, way: Way, stream: bool
) -> None:
    messages = user("weather everywhere")
    called = ask(sdk, way.model, messages, stream=stream, tools=[WEATHER])
    messages += [called.message(), *results(called)]

    answered = ask(sdk, way.model, messages, stream=stream, tools=[WEATHER])

    assert cities(called) == list(cases.CALLS.values())
    ids = [call["id"] for call in called.calls]
    assert ids == list(cases.CALLS) if way.kind.has_call_ids else len(set(ids)) == 2
    assert {(call["type"], call["function"]["name"]) for call in called.calls} == {
        ("function", "weather")
    }
    assert called.reasons == ["tool_calls"]
    assert answered.text == cases.WEATHER_REPORT
