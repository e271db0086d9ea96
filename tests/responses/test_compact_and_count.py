"""A conversation made shorter, and its tokens counted: asked of providers that do that."""

from typing import Any

import pytest

from tests.conftest import GUEST_KEY
from tests.provider import behaviours
from tests.provider.responses import USAGE
from tests.responses.conftest import ask
from tests.responses.house import House

pytestmark = pytest.mark.relay_only("only a provider that speaks the API does it")

COMPACTED = {
    "id": "resp_c",
    "object": "response.compaction",
    "output": [{"type": "compaction", "id": "cmp_1", "encrypted_content": "gAAA=="}],
    "usage": USAGE,
}
COUNTED = {"object": "response.input_tokens", "input_tokens": 11}


@pytest.mark.parametrize(
    ("path", "said", "tokens"),
    [("/compact", COMPACTED, 12), ("/input_tokens", COUNTED, None)],
    ids=["compact", "input_tokens"],
)
def test_it_passes_and_is_recorded(
    house: House, path: str, said: dict[str, Any], tokens: int | None
) -> None:
    model = f"m{path.replace('/', '-')}"
    house.first.on(model, behaviours.plain(said))

    answer = house.send("POST", path, json=ask(f"one/{model}"))

    assert (answer.status_code, answer.json()) == (200, said)
    (request,) = house.first.requests_for(model)
    assert (request.path, request.json) == (f"/v1/responses{path}", ask(model))
    record = house.proxy.record(id=answer.headers["x-request-id"])
    assert (record["operation"], record["lane"]) == (path[1:], "relay")
    assert record["usage"]["total_tokens"] == tokens
    assert house.send("GET", "/resp_c").status_code == 404


@pytest.mark.parametrize("path", ["/compact", "/input_tokens"])
def test_only_a_response_of_the_own_group_is_shortened_or_counted(house: House, path: str) -> None:
    response = house.create("one/m")["id"]
    body = ask("one/m", previous_response_id=response)

    answer = house.send("POST", path, GUEST_KEY, json=body)

    assert answer.status_code == 400
    assert answer.json()["error"]["code"] == "previous_response_not_found"


@pytest.mark.parametrize("path", ["/compact", "/input_tokens"])
def test_a_model_that_only_chats_does_not_offer_it(house: House, path: str) -> None:
    answer = house.send("POST", path, json=ask("chat/m"))

    assert answer.status_code == 404
    assert answer.json()["error"]["code"] == "operation_not_supported"
