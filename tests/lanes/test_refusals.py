"""Rows U020 to U027, and S010: what a provider says when it refuses arrives in spite of LiteLLM."""

from typing import Any

import pytest

from tests.conftest import UPSTREAM_KEY
from tests.lanes.way import Way
from tests.provider import formed, refusals
from tests.provider.exchange import Behaviour, Exchange

PLAIN_AND_STREAM = pytest.mark.parametrize("stream", [False, True], ids=["plain", "stream"])
KEPT = [400, 402, 404, 408, 409, 413, 422, 429]
CODES: dict[str, Any] = {"anthropic": lambda _: None, "google": str}
"""The `code` in each one's error with a status: Anthropic has none."""


@PLAIN_AND_STREAM
@pytest.mark.parametrize("status", KEPT)
def test_U020_a_refusal_that_clients_act_on_keeps_the_words_of_the_provider(
    way: Way, status: int, stream: bool
) -> None:
    name = f"u020-{status}-{stream}"
    way.on(name, formed.refusal(status, "max_tokens: too many", "limits_error"))

    answer = way.ask(name, stream=stream)

    way.verdict.failed(answer, status, CODES[way.kind](status))
    assert answer.error["message"] == "max_tokens: too many"
    if way.kind == "anthropic":
        assert answer.error["type"] == "limits_error"
    assert "retry-after" not in answer.headers


def test_U020_whatever_the_body_of_a_refusal_the_status_arrives(way: Way) -> None:
    for number, body in enumerate((b"", b"<html>nginx/1.2</html>", b'{"error": {"mess', b"[]")):
        name = f"u020-odd-{number}"
        way.on(name, answered(422, body))

        answer = way.ask(name, stream=bool(number % 2))

        way.verdict.failed(answer, 422, None)
        assert b"nginx" not in answer.body


@PLAIN_AND_STREAM
@pytest.mark.parametrize("status", [401, 403])
def test_U021_a_refused_credential_is_the_operators_and_not_the_callers(
    way: Way, status: int, stream: bool
) -> None:
    name = f"u021-{status}-{stream}"
    way.on(name, formed.refusal(status, "No such key", "authentication_error"))

    answer = way.ask(name, stream=stream)

    way.verdict.failed(answer, 502, "upstream_auth_error")
    assert "No such key" not in answer.error["message"]


def test_U021_a_key_that_google_does_not_know_is_the_operators_though_it_says_400(
    way: Way,
) -> None:
    detail = {"@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": "API_KEY_INVALID"}
    error = {"code": 400, "status": "INVALID_ARGUMENT", "message": "No such key"}
    way.on("u021-google", answered(400, {"error": {**error, "details": [detail]}}))

    answer = way.ask("u021-google", stream=False)

    way.verdict.failed(answer, 502, "upstream_auth_error")


@PLAIN_AND_STREAM
@pytest.mark.parametrize("status", [400, 401, 404, 429, 500])
def test_U022_the_key_is_never_repeated_in_any_form(way: Way, status: int, stream: bool) -> None:
    for form in refusals.KEY_FORMS:
        name = f"u022-{form}-{status}-{stream}"
        way.on(name, formed.key_echo(form, status))

        answer = way.ask(name, stream=stream)

        assert_silent(way, form, answer.body, way.proxy.record(id=answer.id))
        assert answer.status == (status if status in KEPT else 502)


@PLAIN_AND_STREAM
def test_U023_a_model_that_the_provider_lacks_is_404(way: Way, stream: bool) -> None:
    way.on(f"u023-{stream}", formed.refusal(404, "model: none of that name", "not_found_error"))

    answer = way.ask(f"u023-{stream}", stream=stream)

    way.verdict.failed(answer, 404, CODES[way.kind](404))


@PLAIN_AND_STREAM
@pytest.mark.parametrize(
    ("status", "told"),
    [(500, 502), (502, 502), (503, 503), (504, 504), (529, 503), (520, 502), (425, 502)],
)
def test_U024_a_failure_of_the_provider_keeps_what_clients_act_on(
    way: Way, status: int, told: int, stream: bool
) -> None:
    name = f"u024-{status}-{stream}"
    way.on(name, formed.refusal(status, "Overloaded", "overloaded_error", [("Retry-After", "7")]))

    answer = way.ask(name, stream=stream)

    assert answer.status == told
    way.verdict.failed(answer, told, answer.error["code"])
    assert answer.headers["retry-after"] == "7"


@PLAIN_AND_STREAM
@pytest.mark.parametrize(
    ("header", "value", "told"),
    [
        ("Retry-After", "7", "7"),
        ("Retry-After", "-1", "1"),
        ("Retry-After", "1e9", "3600"),
        ("Retry-After", "abc", None),
        ("retry-after-ms", "2500", "3"),
        ("X-Other", "1", None),
    ],
)
def test_U025_a_rate_limit_tells_how_long_to_wait(
    way: Way, header: str, value: str, told: str | None, stream: bool
) -> None:
    name = f"u025-{header}-{value}-{stream}"
    way.on(name, formed.refusal(429, "Slow down", "rate_limit_error", [(header, value)]))

    answer = way.ask(name, stream=stream)

    assert (answer.status, answer.error["message"]) == (429, "Slow down")
    assert answer.headers.get("retry-after") == told


@PLAIN_AND_STREAM
@pytest.mark.parametrize("status", [204, 206, 418, 451, 600])
def test_U026_a_status_that_means_nothing_here_is_no_answer(
    way: Way, status: int, stream: bool
) -> None:
    name = f"u026-{status}-{stream}"
    way.on(name, refusals.status_only(status))

    answer = way.ask(name, stream=stream)

    way.verdict.failed(answer, 502, "upstream_invalid_response")


@PLAIN_AND_STREAM
@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize("elsewhere", [False, True], ids=["same host", "other host"])
def test_S010_a_redirect_is_never_followed(
    way: Way, status: int, elsewhere: bool, stream: bool
) -> None:
    name = f"s010-{status}-{elsewhere}-{stream}"
    host = "localhost" if elsewhere else "127.0.0.1"
    place = f"http://{host}:{way.provider.port}/v1/redirected-{way.model(name)}"
    way.on(name, refusals.redirect(place, status))

    answer = way.ask(name, stream=stream)

    way.verdict.failed(answer, 502, "upstream_invalid_response")
    assert not [seen for seen in way.provider.requests if "redirected-" in seen.path]


@pytest.mark.parametrize("form", refusals.KEY_FORMS)
def test_U027_an_error_inside_a_stream_is_its_last_event_without_the_key(
    way: Way, form: str
) -> None:
    way.on(f"u027-{form}", formed.error_event(form, 429, words=2))

    answer = way.ask(f"u027-{form}", stream=True)

    record = way.verdict.broke_off(answer, CODES[way.kind](429))
    assert answer.error["message"].startswith("The key ")
    assert answer.chunks[0]["choices"][0]["delta"]["content"] == "word "
    assert_silent(way, form, answer.body, record)


def test_U027_an_error_in_place_of_the_first_event_keeps_its_status(way: Way) -> None:
    way.on("u027-first", formed.error_event("raw", 429, words=0))

    answer = way.ask("u027-first", stream=True)

    way.verdict.failed(answer, 429, CODES[way.kind](429))


def answered(status: int, body: object) -> Behaviour:
    """This status with this body."""

    async def behave(exchange: Exchange) -> None:
        await exchange.send_json(status, body)

    return behave


def assert_silent(way: Way, form: str, body: bytes, record: dict[str, Any]) -> None:
    """Neither answer, record nor log has the key, as it is or as `form` shows it."""
    shown = refusals.KEY_FORMS[form](UPSTREAM_KEY).removeprefix("Bearer ")
    for text in (body.decode(), str(record), *way.proxy.stderr):
        assert shown not in text
        assert UPSTREAM_KEY not in text
