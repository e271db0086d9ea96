"""How many tokens is a request? Google is asked in its own form; where it cannot say, we guess."""

from typing import Any

import httpx
import pytest

from tests.conftest import UPSTREAM_KEY
from tests.harness.proxy import Proxy
from tests.messages.conftest import ask, sdk_of
from tests.messages.test_bridged_requests import PICTURE
from tests.messages.test_errors import error_of
from tests.messages.test_relay import post
from tests.messages.test_sdk import TOOL
from tests.provider import behaviours, faults, formed
from tests.provider.server import Provider

HEADER = "x-oai-proxy-token-count"


def count(proxy: Proxy, model: str, **fields: Any) -> httpx.Response:
    """The answer to a request for a count, which has no `max_tokens`."""
    request = {**ask(f"gemini/{model}", "word " * 400), **fields}
    del request["max_tokens"]
    return post(proxy, "/messages/count_tokens", json=request)


def test_google_counts_the_request_it_would_get(claude: Proxy, provider: Provider) -> None:
    question = [{"role": "user", "content": [PICTURE, {"type": "text", "text": "What is it?"}]}]

    answer = count(
        claude, "gemini-2.5-pro", system="Be brief.", tools=[TOOL], messages=question, top_k=5
    )

    assert answer.json() == {"input_tokens": behaviours.GOOGLE_COUNT}
    assert HEADER not in answer.headers
    assert answer.headers["x-oai-proxy-dropped-params"] == "top_k"
    (seen,) = provider.requests_for("gemini-2.5-pro")
    assert seen.path == "/v1beta/models/gemini-2.5-pro:countTokens"
    assert seen.header("x-goog-api-key") == UPSTREAM_KEY
    assert seen.json is not None
    assert set(seen.json) == {"generateContentRequest"}
    whole = seen.json["generateContentRequest"]
    assert whole["model"] == "models/gemini-2.5-pro"
    assert whole["system_instruction"]["parts"] == [{"text": "Be brief."}]
    assert len(whole["contents"][0]["parts"]) == 2
    assert whole["tools"][0]["function_declarations"][0]["name"] == TOOL["name"]


def test_what_is_counted_is_what_is_sent_for_an_answer(claude: Proxy, provider: Provider) -> None:
    fields: dict[str, Any] = {"system": "Be brief.", "tools": [TOOL]}

    count(claude, "gemini-2.5-flash-lite", **fields)
    request = ask("gemini/gemini-2.5-flash-lite", "word " * 400, **fields)
    assert post(claude, json=request).status_code == 200

    counted, sent = provider.requests_for("gemini-2.5-flash-lite")
    assert counted.json is not None
    assert sent.json is not None
    whole = counted.json["generateContentRequest"]
    for name in ("contents", "system_instruction", "tools"):
        assert whole[name] == sent.json[name]


def test_anthropics_sdk_reads_googles_count_and_the_record_has_its_lane(
    claude: Proxy, provider: Provider
) -> None:
    question = ask("gemini/gemini-sdk-count")
    del question["max_tokens"]

    with sdk_of(claude) as sdk:
        raw = sdk.messages.with_raw_response.count_tokens(**question)

    assert raw.parse().input_tokens == behaviours.GOOGLE_COUNT
    record = claude.record(id=raw.headers["x-request-id"])
    assert (record["operation"], record["lane"]) == ("count_tokens", "translate")
    assert (record["status"], record["usage"]["source"]) == (200, "unknown")
    assert len(provider.requests_for("gemini-sdk-count")) == 1


@pytest.mark.parametrize("status", [404, 501])
def test_a_google_that_does_not_count_leaves_it_to_an_estimate(
    claude: Proxy, provider: Provider, status: int
) -> None:
    model = f"gemini-uncounted-{status}"
    provider.on(model, formed.refusal(status))

    answer = count(claude, model, top_k=5)

    assert (answer.status_code, answer.json()) == (200, {"input_tokens": 500})
    assert answer.headers[HEADER] == "estimate"
    assert "lane=estimate" in answer.headers["x-oai-proxy-route"]
    assert "x-oai-proxy-dropped-params" not in answer.headers
    assert claude.record(id=answer.headers["x-request-id"])["lane"] == "estimate"
    assert len(provider.requests_for(model)) == 1


@pytest.mark.parametrize(
    ("status", "shown", "kind"),
    [
        (400, 400, "invalid_request_error"),
        (403, 502, "api_error"),
        (429, 429, "rate_limit_error"),
        (500, 502, "api_error"),
    ],
)
def test_other_failures_to_count_are_errors(
    claude: Proxy, provider: Provider, status: int, shown: int, kind: str
) -> None:
    model = f"gemini-failed-{status}"
    provider.on(model, formed.refusal(status, "Words of theirs"))

    answer = count(claude, model)

    error_of(answer, shown, kind)
    assert HEADER not in answer.headers


@pytest.mark.parametrize(
    "body", [{}, {"totalTokens": "many"}, [31], b"<html>"], ids=["none", "word", "list", "page"]
)
def test_an_answer_without_a_count_is_an_error(
    claude: Proxy, provider: Provider, body: object, request: pytest.FixtureRequest
) -> None:
    model = f"gemini-no-{request.node.callspec.id}"
    provider.on(model, behaviours.plain(body))

    error_of(count(claude, model), 502, "api_error")


def test_a_google_that_hangs_up_is_an_error_and_the_next_is_counted(
    claude: Proxy, provider: Provider
) -> None:
    lost = behaviours.in_turn(faults.eof_after_request, behaviours.good_answer)
    provider.on("gemini-lost", lost)

    error_of(count(claude, "gemini-lost"), 502, "api_error")

    assert count(claude, "gemini-lost").json() == {"input_tokens": behaviours.GOOGLE_COUNT}


@pytest.mark.parametrize(
    "message",
    [
        {"type": [], "role": "user", "content": "hi"},
        {"role": "user", "content": [{"type": [], "text": "hi"}]},
        {"role": "user", "content": [{"type": {"image": 1}, "content": [{"type": ["image"]}]}]},
    ],
    ids=["of a message", "of a part", "within a part"],
)
def test_an_estimate_does_not_trip_over_a_type_that_is_no_text(
    claude: Proxy, message: dict[str, Any]
) -> None:
    request = {"model": "chat/gpt-kind", "messages": [message]}

    answer = post(claude, "/messages/count_tokens", json=request)

    assert answer.status_code in (200, 400), answer.text
