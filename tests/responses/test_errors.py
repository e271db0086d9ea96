"""Whatever goes wrong is said as OpenAI says it, within a stream by the API's own event."""

import json
import re
from collections.abc import Callable

import httpx
import pytest

from tests.conftest import UPSTREAM_KEY, bearer
from tests.harness.proxy import Proxy
from tests.provider import behaviours, oddities, refusals, responses
from tests.provider.exchange import Behaviour
from tests.provider.server import Provider
from tests.responses.conftest import ask, last_event

pytestmark = pytest.mark.relay_only("faults of a provider that speaks the API")


@pytest.mark.parametrize("status", [400, 402, 404, 409, 413, 422, 429, 503, 504])
@pytest.mark.parametrize("stream", [False, True], ids=["plain", "stream"])
def test_a_refusal_arrives_with_status_code_words_and_wait(
    team: httpx.Client, proxy: Proxy, provider: Provider, status: int, stream: bool
) -> None:
    model, headers = f"resp-refused-{status}-{stream}", [("retry-after", "17")]
    refused = refusals.refusal(status, "Theirs", code="their_code", headers=headers)
    provider.on(model, refused)

    answer = team.post("/responses", json=ask(model, stream=stream))

    assert answer.status_code == status
    error = answer.json()["error"]
    assert (error["message"], error["code"]) == ("Theirs", "their_code")
    assert set(error) == {"message", "type", "param", "code"}
    assert answer.headers["retry-after"] == "17"
    assert proxy.record(id=answer.headers["x-request-id"])["outcome"] == "upstream_failed"


@pytest.mark.parametrize(
    ("fault", "status", "code"),
    [
        (refusals.unauthorized, 502, "upstream_auth_error"),
        (refusals.refusal(500, "Internal"), 502, "upstream_error"),
        (oddities.html_page, 502, "upstream_invalid_response"),
        (oddities.html_as_stream, 502, "upstream_invalid_response"),
        (behaviours.plain({"object": "response"}), 502, "upstream_invalid_response"),
        (behaviours.plain({"error": {"code": "rate_limit_exceeded"}}), 429, "rate_limit_exceeded"),
    ],
    ids=["401", "500", "HTML", "HTML as a stream", "no output", "error in a 200"],
)
@pytest.mark.parametrize("stream", [False, True], ids=["plain", "stream"])
def test_what_is_no_answer_is_an_error_with_a_status(
    team: httpx.Client,
    proxy: Proxy,
    provider: Provider,
    fault: Behaviour,
    status: int,
    code: str,
    stream: bool,
) -> None:
    model = f"resp-odd-{re.sub(r'[^a-z]', '-', fault.__name__)}-{code}-{stream}"
    provider.on(model, fault)

    answer = team.post("/responses", json=ask(model, stream=stream))

    assert answer.status_code == status
    assert answer.json()["error"]["code"] == code
    record = proxy.record(id=answer.headers["x-request-id"])
    assert (record["outcome"], record["error_code"]) == ("upstream_failed", code)


@pytest.mark.parametrize("resets", [False, True], ids=["ends", "reset"])
@pytest.mark.parametrize("done", [b"", b"data: [DONE]\n\n"], ids=["", "DONE"])
def test_a_stream_that_breaks_off_ends_with_an_error_event_of_the_next_number(
    team: httpx.Client, proxy: Proxy, provider: Provider, resets: bool, done: bytes
) -> None:
    model = f"resp-breaks-{resets}-{len(done)}"
    provider.on(model, responses.breaks_off(done, resets=resets))

    answer = team.post("/responses", json=ask(model, stream=True))

    assert answer.content.startswith(responses.begun())
    assert b'"response.completed"' not in answer.content
    name, data = last_event(answer).split("\n")
    assert name == "event: error"
    event = json.loads(data.removeprefix("data: "))
    assert (event["type"], event["sequence_number"]) == ("error", 5)
    assert (event["code"], event["param"]) == ("upstream_stream_broken", None)
    assert event["error"]["message"] == event["message"]
    record = proxy.record(id=answer.headers["x-request-id"])
    assert (record["outcome"], record["error_code"]) == ("broken", "upstream_stream_broken")


@pytest.mark.parametrize("make", [responses.flat_error, responses.nested_error])
@pytest.mark.parametrize("first", [False, True], ids=["midway", "first"])
def test_an_error_within_a_stream_keeps_its_words_without_secrets(
    team: httpx.Client,
    proxy: Proxy,
    provider: Provider,
    make: Callable[..., bytes],
    first: bool,
) -> None:
    model = f"resp-midway-{make.__name__}-{first}"
    fault = make(f"Slow down {UPSTREAM_KEY}", "rate_limit_exceeded")
    whole = behaviours.stream(fault + responses.stream())
    provider.on(model, whole if first else responses.breaks_off(fault))

    answer = team.post("/responses", json=ask(model, stream=True))

    said = answer.json() if first else json.loads(last_event(answer).partition("data: ")[2])
    assert answer.status_code == (429 if first else 200)
    assert said["error"]["message"] == "Slow down [secret]"
    assert said["error"]["code"] == "rate_limit_exceeded"
    assert UPSTREAM_KEY not in answer.text


@pytest.mark.parametrize("stream", [False, True], ids=["plain", "stream"])
def test_a_failed_response_that_would_show_a_secret_becomes_an_error(
    team: httpx.Client, proxy: Proxy, provider: Provider, stream: bool
) -> None:
    model = f"resp-failed-secret-{stream}"
    error = {"code": "server_error", "message": f"no luck with {UPSTREAM_KEY}"}
    failed = responses.response("", status="failed", error=error)
    ended = responses.event("response.failed", 5, response=failed)
    breaks = responses.breaks_off(ended)
    provider.on(model, breaks if stream else behaviours.plain(failed))

    answer = team.post("/responses", json=ask(model, stream=stream))

    assert UPSTREAM_KEY not in answer.text
    record = proxy.record(id=answer.headers["x-request-id"])
    assert record["error_code"] == "upstream_error"


def test_a_failed_response_is_an_answer_that_says_so(
    team: httpx.Client, proxy: Proxy, provider: Provider
) -> None:
    error = {"code": "server_error", "message": "The model produced nothing."}
    failed = responses.response("", status="failed", error=error)
    provider.on("resp-failed", behaviours.plain(failed))

    answer = team.post("/responses", json=ask("resp-failed"))

    assert (answer.status_code, answer.json()) == (200, failed)
    assert proxy.record(id=answer.headers["x-request-id"])["finish_reason"] == "failed"


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({"model": 4, "input": "x"}, 400, "invalid_type"),
        ({"model": "resp-x", "input": "x", "stream": "yes"}, 400, "invalid_type"),
        ({"input": "x"}, 400, "missing_required_parameter"),
        ({"model": "../x", "input": "x"}, 400, "invalid_model_name"),
    ],
    ids=["model", "stream", "no model", "name"],
)
def test_what_we_act_on_is_checked(
    team: httpx.Client, body: dict[str, object], status: int, code: str
) -> None:
    answer = team.post("/responses", json=body)

    assert (answer.status_code, answer.json()["error"]["code"]) == (status, code)


def test_who_may_not_use_a_model_may_not_ask_it_for_responses(
    guest: httpx.Client, proxy: Proxy, provider: Provider
) -> None:
    forbidden = guest.post("/responses", json=ask("other/resp-forbidden"))
    unknown = guest.post("/responses", json=ask("x"), headers=bearer("wrong"))

    assert (forbidden.status_code, unknown.status_code) == (403, 401)
    assert forbidden.json()["error"]["code"] == "model_not_allowed"
    assert provider.requests_for("resp-forbidden") == []


def test_a_websocket_is_refused_so_that_the_client_goes_on_by_post(
    team: httpx.Client, proxy: Proxy
) -> None:
    headers = {
        "connection": "Upgrade",
        "upgrade": "websocket",
        "sec-websocket-version": "13",
        "sec-websocket-key": "dGhlIHNhbXBsZSBub25jZQ==",
    }

    answer = team.get("/responses", headers=headers)

    assert (answer.status_code, answer.json()["error"]["code"]) == (426, "no_websocket")
    assert answer.headers["upgrade"] == "HTTP/1.1"
    assert proxy.record(id=answer.headers["x-request-id"])["outcome"] == "refused"
