"""What a provider's failure becomes: status by status, word by word, and how long to wait."""

import json
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import pytest
from freezegun import freeze_time
from hypothesis import given
from hypothesis import strategies as st

from lmproxy.errors import (
    UpstreamAuthError,
    UpstreamFault,
    UpstreamInvalidResponse,
    UpstreamRejected,
)
from lmproxy.scrub import Scrubber
from lmproxy.upstream.faults import error_inside, rejected, retry_after_s

SCRUBBER = Scrubber()
NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
SAID = {"message": "No", "type": "t", "code": "c", "param": "p"}

KEPT = {status: status for status in (400, 402, 404, 408, 409, 413, 422, 429, 503, 504)}
BECOMES = {**KEPT, 529: 503, 401: 502, 403: 502, 500: 502, 501: 502, 502: 502, 599: 502}
NO_ANSWER = (101, 201, 204, 206, 301, 307, 405, 418, 425, 451, 600, 999)

any_json: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
)
error_fields = st.sampled_from(["message", "type", "code", "param", "status", "error"])


GOOGLE = {"code": 400, "status": "INVALID_ARGUMENT", "message": "No"}


def google(reason: str) -> UpstreamFault:
    error = {**GOOGLE, "details": [{"reason": reason}, "no object"]}
    return rejected(400, json.dumps({"error": error}).encode(), {}, SCRUBBER)


def test_google_says_400_of_a_key_it_does_not_know() -> None:
    assert isinstance(google("API_KEY_INVALID"), UpstreamAuthError)
    assert google("FIELD_INVALID").status == 400


def test_googles_status_is_the_type_of_its_error() -> None:
    fault = google("FIELD_INVALID")

    assert (fault.kind, fault.code) == ("INVALID_ARGUMENT", "400")
    assert "status" not in fault.details


def refusal(status: int, **headers: str) -> UpstreamFault:
    body = json.dumps({"error": SAID}).encode()
    return rejected(status, body, headers, SCRUBBER)


@pytest.mark.parametrize(("status", "becomes"), BECOMES.items())
def test_the_status_of_a_refusal(status: int, becomes: int) -> None:
    assert refusal(status).status == becomes


@pytest.mark.parametrize("status", [*KEPT, 529])
def test_a_kept_status_keeps_the_providers_words(status: int) -> None:
    fault = refusal(status)

    assert isinstance(fault, UpstreamRejected)
    assert (fault.message, fault.kind, fault.code, fault.param) == ("No", "t", "c", "p")


@pytest.mark.parametrize("status", [401, 403])
def test_a_refused_credential_keeps_no_word(status: int) -> None:
    fault = refusal(status)

    assert isinstance(fault, UpstreamAuthError)
    assert fault.message != "No"


@pytest.mark.parametrize("status", NO_ANSWER)
def test_any_other_status_is_no_answer(status: int) -> None:
    fault = refusal(status)

    assert isinstance(fault, UpstreamInvalidResponse)
    assert (fault.status, fault.message) != (status, "No")


def test_further_fields_of_the_providers_error_are_kept_and_scrubbed() -> None:
    more = {"metadata": {"raw": "see 10.0.0.1"}, "n": 3}
    body = json.dumps({"error": {**SAID, **more}}).encode()

    fault = rejected(429, body, {}, SCRUBBER)

    assert fault.details == {"metadata": {"raw": "see [internal]"}, "n": 3}


@pytest.mark.parametrize(
    ("error", "status"),
    [
        pytest.param({"code": 429}, 429, id="number"),
        pytest.param({"code": "404"}, 404, id="number as text"),
        pytest.param({"status": 422, "code": "x"}, 422, id="status field"),
        pytest.param({"code": "rate_limit_exceeded", "type": "server_error"}, 429, id="code"),
        pytest.param({"code": "x", "type": "invalid_request_error"}, 400, id="type"),
        pytest.param({"type": "authentication_error"}, 502, id="credential"),
        pytest.param({"code": 200}, 502, id="no error status"),
        pytest.param({"code": "9999"}, 502, id="no status at all"),
        pytest.param({"code": "²"}, 502, id="a digit that is no number"),
        pytest.param({"code": "4" * 5000}, 502, id="endless number"),
        pytest.param({"code": True}, 502, id="boolean"),
        pytest.param({}, 502, id="nothing"),
        pytest.param("overloaded", 502, id="text"),
        pytest.param(["x"], 502, id="list"),
    ],
)
def test_the_status_of_an_error_inside_a_success(error: Any, status: int) -> None:
    assert error_inside(error, SCRUBBER).status == status


@given(any_json)
def test_whatever_a_provider_calls_an_error_becomes_a_fault(error: Any) -> None:
    fault = error_inside(error, SCRUBBER)

    assert 400 <= fault.status <= 599
    assert fault.message


@given(st.dictionaries(error_fields, any_json) | any_json, st.sampled_from([400, 429, 503]))
def test_whatever_the_body_of_a_refusal_is_the_fault_can_be_told(body: Any, status: int) -> None:
    fault = rejected(status, json.dumps(body).encode(), {}, SCRUBBER)

    assert fault.status == status
    assert isinstance(fault.message, str)
    for text in (fault.code, fault.param):
        assert text is None or isinstance(text, str)
    assert isinstance(fault.kind, str)
    assert not {"message", "type", "code", "param"} & set(fault.details)


@given(st.binary())
def test_whatever_bytes_a_refusal_has_the_status_stays(body: bytes) -> None:
    assert rejected(422, body, {}, SCRUBBER).status == 422


def test_an_error_nested_deeper_than_anybody_nests_is_told() -> None:
    deep: Any = "x"
    for _ in range(900):
        deep = [{"a": deep}]

    fault = error_inside({"type": "invalid_request_error", "message": "no", "x": deep}, SCRUBBER)

    assert (fault.status, fault.message) == (400, "no")


def date(after: timedelta) -> str:
    return format_datetime(NOW + after, usegmt=True)


@freeze_time(NOW)
@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        pytest.param({"retry-after": "7"}, 7, id="seconds"),
        pytest.param({"retry-after": "0"}, 1, id="at once"),
        pytest.param({"retry-after": "-1"}, 1, id="negative"),
        pytest.param({"retry-after": "0.2"}, 1, id="fraction"),
        pytest.param({"retry-after": "7.2"}, 8, id="rounded up"),
        pytest.param({"retry-after": "1e9"}, 3600, id="huge"),
        pytest.param({"retry-after": "9" * 400}, None, id="not finite"),
        pytest.param({"retry-after": "nan"}, None, id="not a number"),
        pytest.param({"retry-after": "abc"}, None, id="words"),
        pytest.param({"retry-after": ""}, None, id="empty"),
        pytest.param({}, None, id="absent"),
        pytest.param({"retry-after": date(timedelta(seconds=90))}, 90, id="date"),
        pytest.param({"retry-after": date(timedelta(days=-1))}, 1, id="past date"),
        pytest.param({"retry-after": date(timedelta(days=30))}, 3600, id="far date"),
        pytest.param({"retry-after": "Fri, 02 Jan 2026 03:04:35 -0000"}, 30, id="date, no zone"),
        pytest.param({"retry-after": "Fri, 02 Jan 2026 04:04:35 +0100"}, 30, id="another zone"),
        pytest.param({"retry-after": "Fri, 31 Dec 9999 23:59:59 -2359"}, 3600, id="last date"),
        pytest.param({"retry-after": "Fri, 31 Dec 99999999999 23:59:59 GMT"}, None, id="no date"),
        pytest.param({"retry-after-ms": "2500"}, 3, id="milliseconds"),
        pytest.param({"retry-after-ms": "1500", "retry-after": "60"}, 2, id="milliseconds first"),
        pytest.param({"retry-after-ms": "x", "retry-after": "60"}, 60, id="bad milliseconds"),
    ],
)
def test_how_long_to_wait(headers: dict[str, str], seconds: int | None) -> None:
    assert retry_after_s(headers) == seconds
    assert refusal(429, **headers).retry_after_s == seconds


@given(st.text())
def test_whatever_retry_after_says_the_wait_is_none_or_within_an_hour(text: str) -> None:
    seconds = retry_after_s({"retry-after": text})

    assert seconds is None or 1 <= seconds <= 3600
