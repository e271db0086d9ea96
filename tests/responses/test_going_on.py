"""What a request goes on from: a stored response of its own group, where it was made."""

from typing import Any

import pytest

from tests.conftest import GUEST_KEY, TEAM_KEY
from tests.responses.conftest import ask
from tests.responses.house import House

pytestmark = pytest.mark.relay_only("only a provider that speaks the API keeps responses")


@pytest.mark.parametrize("model", ["both/m", "late/m"])
def test_a_request_goes_on_where_the_response_before_it_was_made(house: House, model: str) -> None:
    response = house.create("two/m")["id"]

    answer = house.send("POST", "", json=ask(model, previous_response_id=response))

    assert answer.status_code == 200
    sent = house.second.requests[-1].json
    assert sent == {"model": "m", "input": "Say hello.", "previous_response_id": response}
    record = house.proxy.record(id=answer.headers["x-request-id"])
    assert (record["connection"], record["model_asked"]) == ("two", model)


@pytest.mark.parametrize(
    ("model", "key", "more", "code"),
    [
        ("one/m", GUEST_KEY, {}, "previous_response_not_found"),
        ("one/m", TEAM_KEY, {"previous_response_id": "resp_0"}, "previous_response_not_found"),
        ("two/m", TEAM_KEY, {}, "previous_response_not_found"),
        ("one/m", TEAM_KEY, {"previous_response_id": 4}, "invalid_type"),
        ("one/m", TEAM_KEY, {"conversation": "conv_1"}, "unsupported_parameter"),
        ("one/m", TEAM_KEY, {"conversation": {"id": "conv_1"}}, "unsupported_parameter"),
    ],
    ids=["another group's", "nobody's", "another provider's", "no text", "conversation", "its id"],
)
def test_what_a_request_may_not_go_on_from(
    house: House, model: str, key: str, more: dict[str, Any], code: str
) -> None:
    response = house.create("one/m")["id"]
    before = len(house.first.requests) + len(house.second.requests)

    body = ask(model, **{"previous_response_id": response, **more})
    answer = house.send("POST", "", key, json=body)

    assert (answer.status_code, answer.json()["error"]["code"]) == (400, code)
    assert len(house.first.requests) + len(house.second.requests) == before


@pytest.mark.parametrize(
    ("model", "more", "param"),
    [
        ("chat/m", {"previous_response_id": "resp_0"}, "previous_response_id"),
        ("late/m", {"previous_response_id": "resp_0"}, "previous_response_id"),
        ("chat/m", {"background": True}, "background"),
        ("chat/m", {"conversation": "conv_1"}, "conversation"),
    ],
)
def test_a_provider_of_chat_alone_keeps_nothing_and_that_is_said(
    house: House, model: str, more: dict[str, Any], param: str
) -> None:
    before = len(house.first.requests)

    answer = house.send("POST", "", json=ask(model, **more))

    error = answer.json()["error"]
    assert (answer.status_code, error["code"]) == (400, "unsupported_parameter")
    assert error["param"] == param
    assert len(house.first.requests) == before
