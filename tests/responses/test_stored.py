"""Responses that a provider keeps: for the group they were made for, where they were made."""

import json
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.conftest import GUEST_KEY
from tests.harness import patient
from tests.harness.proxy import Proxy
from tests.harness.waiting import until
from tests.provider import behaviours, responses
from tests.provider.exchange import Behaviour, Exchange, makes_behaviour
from tests.provider.server import Provider
from tests.provider.shelf import Shelf
from tests.responses.conftest import ask
from tests.responses.house import House, config

pytestmark = pytest.mark.relay_only("only a provider that speaks the API keeps responses")


@pytest.mark.parametrize("model", ["one/m", "two/m"])
@pytest.mark.parametrize("stream", [False, True], ids=["plain", "stream"])
def test_a_response_is_read_where_it_was_made(house: House, model: str, stream: bool) -> None:
    if stream:
        made = house.send("POST", "", json=ask(model, stream=True))
        response = made.text.partition('"id": "')[2].partition('"')[0]
    else:
        response = house.create(model)["id"]

    answer = house.send("GET", f"/{response}")

    assert (answer.status_code, answer.json()["id"]) == (200, response)
    assert answer.json()["output"]
    record = house.proxy.record(id=answer.headers["x-request-id"])
    assert (record["operation"], record["method"]) == ("stored_responses", "GET")
    assert (record["connection"], record["model_asked"]) == (model.partition("/")[0], model)
    assert (record["model_used"], record["lane"], record["outcome"]) == ("m", "relay", "answered")


def test_its_tokens_are_counted_once(house: House) -> None:
    made = house.send("POST", "", json=ask("one/m"))

    read = house.send("GET", f"/{made.json()['id']}")

    assert (house.usage(made)["total_tokens"], house.usage(made)["source"]) == (12, "provider")
    assert (house.usage(read)["total_tokens"], house.usage(read)["source"]) == (None, "unknown")


def test_made_in_the_background_it_is_counted_by_who_reads_it_first(house: House) -> None:
    made = house.send("POST", "", json=ask("one/m", background=True))
    response = made.json()["id"]
    early = house.send("GET", f"/{response}")
    house.shelf.finish(response)

    reads = [house.send("GET", f"/{response}") for _ in range(2)]

    assert [answer.json()["status"] for answer in (made, early)] == ["queued", "queued"]
    assert [answer.json()["status"] for answer in reads] == ["completed", "completed"]
    counts = [house.usage(answer)["total_tokens"] for answer in (made, early, *reads)]
    assert counts == [None, None, 12, None]


def test_parameters_go_on_and_others_are_named(house: House) -> None:
    response = house.create("one/m")["id"]
    query = "include[]=reasoning.encrypted_content&include[]=x&limit=5&after=a%26b&key=sk-hidden"

    answer = house.send("GET", f"/{response}/input_items?{query}")

    assert answer.json()["object"] == "list"
    sent = house.first.requests[-1].path
    assert httpx.URL(sent).params.multi_items() == [
        ("include[]", "reasoning.encrypted_content"),
        ("include[]", "x"),
        ("limit", "5"),
        ("after", "a&b"),
    ]
    assert answer.headers["x-oai-proxy-dropped-params"] == "key"


def test_a_stream_is_taken_up_where_it_was_left(house: House) -> None:
    response = house.create("one/m")["id"]

    answer = house.send("GET", f"/{response}?stream=true&starting_after=4")

    assert answer.headers["content-type"].startswith("text/event-stream")
    assert '"sequence_number": 5' in answer.text.partition("\n\n")[0]
    assert '"response.completed"' in answer.text


def test_a_response_is_cancelled_and_deleted(house: House) -> None:
    response = house.create("two/m", background=True)["id"]

    cancelled = house.send("POST", f"/{response}/cancel")
    deleted = house.send("DELETE", f"/{response}")
    gone = house.send("GET", f"/{response}")

    assert cancelled.json()["status"] == "cancelled"
    assert deleted.json() == {"id": response, "object": "response", "deleted": True}
    assert gone.status_code == 404
    assert "not found" in gone.json()["error"]["message"]


@pytest.mark.parametrize(
    ("method", "part"),
    [("GET", ""), ("DELETE", ""), ("POST", "/cancel"), ("GET", "/input_items")],
)
def test_somebody_elses_response_is_not_there(house: House, method: str, part: str) -> None:
    response = house.create("one/m")["id"]
    before = len(house.first.requests)

    others = house.send(method, f"/{response}{part}", GUEST_KEY)
    nobodys = house.send(method, f"/resp_0{part}", GUEST_KEY)
    strangers = house.send(method, f"/{response}{part}", "wrong")

    assert (others.status_code, nobodys.status_code, strangers.status_code) == (404, 404, 401)
    error = others.json()["error"]
    assert error["code"] == "response_not_found"
    assert error["message"].replace(response, "resp_0") == nobodys.json()["error"]["message"]
    assert len(house.first.requests) == before
    assert house.send("GET", f"/{response}").status_code == 200


def test_what_was_made_by_way_of_chat_is_not_there_to_be_read(house: House) -> None:
    made = house.send("POST", "", json=ask("chat/m", store=False))

    answer = house.send("GET", f"/{made.json()['id']}")

    assert made.status_code == 200
    assert (answer.status_code, answer.json()["error"]["code"]) == (404, "response_not_found")


def test_what_is_not_to_be_kept_is_not_remembered(house: House) -> None:
    response = house.create("one/m", store=False)["id"]

    answer = house.send("GET", f"/{response}")

    assert answer.json()["error"]["code"] == "response_not_found"


@pytest.mark.parametrize("response", ["..", "%2e%2e", "a%2Fb", "x" * 2000, "%00", "é"])
def test_an_id_that_is_none_leads_nowhere(house: House, response: str) -> None:
    before = len(house.first.requests)

    answer = house.send("DELETE", f"/{response}/")

    assert answer.status_code in (404, 405)
    assert len(house.first.requests) == before


def test_who_made_it_is_known_after_a_restart_and_rights_are_those_of_now(tmp_path: Path) -> None:
    with Provider() as first, Provider() as second:
        first.on_any(Shelf("one"))
        second.on_any(Shelf("two"))
        settings = config(first, second)
        with Proxy(settings, tmp_path) as before:
            house = House(before, first, second, Shelf("none"))
            ours = [house.create(model)["id"] for model in ("one/m", "two/m", "two/x")]
        file = tmp_path / "storage" / "responses.db"
        settings["groups"]["team"] |= {"allowed_models": ["*/m"], "allowed_connections": ["two"]}
        with Proxy(settings, tmp_path) as after:
            house = House(after, first, second, Shelf("none"))
            answers = [house.send("GET", f"/{response}") for response in ours]
            others = house.send("GET", f"/{ours[1]}", GUEST_KEY)

    assert [answer.status_code for answer in answers] == [403, 200, 403]
    assert answers[0].json()["error"]["code"] == "model_not_allowed"
    assert others.status_code == 404
    assert file.stat().st_mode & 0o777 == 0o640


def test_those_that_cannot_be_written_down_are_counted_where_one_looks(tmp_path: Path) -> None:
    with Provider() as first, Provider() as second, Proxy(config(first, second), tmp_path) as proxy:
        first.on_any(Shelf("one"))
        (tmp_path / "storage" / "responses.db").mkdir()
        House(proxy, first, second, Shelf("none")).create("one/m")

        def lost() -> Any:
            return patient.get(f"{proxy.url}/ready").json()["stored_responses_lost"]

        assert until(lost, "the loss to be counted") == 1


def test_a_connection_that_is_gone_or_switched_off_is_said_so(tmp_path: Path) -> None:
    with Provider() as first, Provider() as second:
        first.on_any(Shelf("one"))
        second.on_any(Shelf("two"))
        settings = config(first, second)
        with Proxy(settings, tmp_path) as before:
            house = House(before, first, second, Shelf("none"))
            ours = [house.create(model)["id"] for model in ("one/m", "two/m")]
        del settings["connections"]["one"], settings["routing"]["one/*"]
        del settings["routing"]["both/*"]
        settings["connections"]["two"]["enabled"] = False
        with Proxy(settings, tmp_path) as after:
            house = House(after, first, second, Shelf("none"))
            gone, off = (house.send("GET", f"/{response}") for response in ours)

    assert (gone.status_code, gone.json()["error"]["code"]) == (404, "response_not_found")
    assert (off.status_code, off.json()["error"]["code"]) == (503, "connection_disabled")


@makes_behaviour
def made_as(response: str) -> Behaviour:
    """A server that says the same id each time, as one does whose clients choose it."""

    async def behave(exchange: Exchange) -> None:
        await exchange.send_json(200, responses.response("Mine", response))

    return behave


def test_an_id_that_another_group_has_cannot_be_claimed(house: House) -> None:
    house.first.on("claimed", made_as("resp_claimed"))
    house.create("one/claimed")
    house.create("one/claimed", GUEST_KEY)
    before = len(house.first.requests)

    theirs = house.send("GET", "/resp_claimed", GUEST_KEY)
    body = ask("one/claimed", previous_response_id="resp_claimed")
    going_on = house.send("POST", "", GUEST_KEY, json=body)

    assert (theirs.status_code, going_on.status_code) == (404, 400)
    assert len(house.first.requests) == before


def test_a_client_does_not_choose_the_id(house: House) -> None:
    answer = house.send("POST", "", json=ask("one/m", request_id="resp_mine"))

    assert answer.status_code == 200
    assert house.first.requests[-1].json == {"model": "m", "input": "Say hello."}
    assert answer.headers["x-oai-proxy-dropped-params"] == "request_id"


def compact(document: dict[str, Any]) -> bytes:
    return json.dumps(document, separators=(",", ":")).encode()


@makes_behaviour
def begins(document: dict[str, Any]) -> Behaviour:
    """A stream that breaks off after the event that has the response."""

    async def behave(exchange: Exchange) -> None:
        event = {"type": "response.created", "response": document, "sequence_number": 0}
        await exchange.start_stream()
        await exchange.send_chunk(b"event: response.created\ndata: " + compact(event) + b"\n\n")
        await exchange.end_stream(done=False)

    return behave


def test_a_stream_that_breaks_off_can_be_taken_up(house: House) -> None:
    house.first.on("breaks", begins(responses.response(None, "resp_breaks")))

    broken = house.send("POST", "", json=ask("one/breaks", stream=True, background=True))
    house.shelf.finish("resp_breaks")

    assert b"response.completed" not in broken.content
    assert house.send("GET", "/resp_breaks").status_code == 200


@pytest.mark.parametrize(
    ("first", "found"),
    [({}, 200), ({"error": None, "note": '"id":\\"'}, 200), ({"metadata": {"id": "resp_x"}}, 404)],
    ids=["id first", "id later", "what the client wrote first"],
)
def test_a_long_compact_answer_is_remembered_by_its_own_id(
    house: House, first: dict[str, Any], found: int
) -> None:
    model, response = f"long-{len(first)}-{found}", f"resp_long{len(first)}{found}"
    document = {**first, **responses.response("a" * 300_000, response)}
    house.first.on(model, behaviours.plain(compact(document)))
    house.shelf.finish(response)
    house.shelf.finish("resp_x")

    house.create(f"one/{model}")

    assert house.send("GET", f"/{response}").status_code == found
    assert house.send("GET", "/resp_x").status_code == 404
