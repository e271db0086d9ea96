"""A provider's failure means the same to a client, whichever provider it is."""

from typing import Any

import openai
import pytest

from tests.harness.proxy import Proxy
from tests.providers import cases
from tests.providers.asking import ask, user
from tests.providers.ways import PROVIDER_KEY, WAYS, WRONG_KEY, Way

every_way = pytest.mark.parametrize("way", WAYS, ids=str)
with_key = pytest.mark.parametrize("way", [way for way in WAYS if way.kind.has_key], ids=str)
MEANINGS: dict[str, tuple[int, str | None]] = {
    "busy": (429, None),
    "invalid": (400, None),
    "locked out": (502, "upstream_auth_error"),
    "down": (502, "upstream_error"),
    "overloaded": (503, None),
}
"""What the client gets: a status, and a code if that is ours and not the provider's."""


def refusal(sdk: openai.OpenAI, model: str, said: str, *, stream: bool) -> openai.APIStatusError:
    with pytest.raises(openai.APIStatusError) as caught:
        ask(sdk, model, user(said), stream=stream)
    return caught.value


@every_way
@pytest.mark.parametrize("said", cases.REFUSALS)
def test_a_refusal_keeps_what_a_client_acts_on(
    sdk: openai.OpenAI, everywhere: Proxy, way: Way, said: str, stream: bool
) -> None:
    status, code = MEANINGS[said]

    error = refusal(sdk, way.model, said, stream=stream)

    body: Any = error.body
    retry_after = error.response.headers.get("retry-after")
    assert error.status_code == status
    assert body["code"] == code if code else body["message"] == cases.REFUSED
    assert retry_after == (str(cases.RETRY_AFTER_S) if said == "busy" else None)
    record = everywhere.record(id=error.request_id)
    assert (record["outcome"], record["status"]) == ("upstream_failed", status)
    assert (record["connection"], record["lane"]) == (str(way), way.lane)
    assert record["error_code"] == (body["code"] or body["type"])
    assert record["usage"]["source"] == "unknown"


@pytest.mark.parametrize("way", [way for way in WAYS if way.kind.streams], ids=str)
@pytest.mark.parametrize("said", cases.BREAKS)
def test_a_stream_that_breaks_off_ends_in_an_error_and_not_as_if_it_were_whole(
    sdk: openai.OpenAI, everywhere: Proxy, way: Way, said: str
) -> None:
    heard = ask(sdk, way.model, user(said), stream=True)

    assert heard.text
    assert cases.LONG.startswith(heard.text)
    assert heard.text != cases.LONG
    assert heard.reasons == []
    assert heard.error is not None
    assert heard.error.type == "upstream_error"
    record = everywhere.record(id=heard.id)
    assert (record["outcome"], record["error_code"]) == ("broken", heard.error.code)
    assert (record["lane"], record["finish_reason"]) == (way.lane, None)


@with_key
def test_the_operators_key_arrives_where_the_provider_looks_for_it(
    sdk: openai.OpenAI, way: Way
) -> None:
    assert ask(sdk, f"locked-{way.model}", user("text"), stream=False).text == cases.TEXT


@with_key
def test_a_wrong_key_is_the_operators_trouble_and_stays_a_secret(
    sdk: openai.OpenAI, everywhere: Proxy, way: Way
) -> None:
    error = refusal(sdk, f"wrong-{way.model}", "text", stream=False)

    assert (error.status_code, error.code) == (502, "upstream_auth_error")
    assert WRONG_KEY not in error.response.text
    assert WRONG_KEY not in "".join(everywhere.stderr)


@pytest.mark.parametrize("way", [way for way in WAYS if way.lane != "relay"], ids=str)
def test_no_answer_and_no_record_has_a_key_of_the_operators(
    sdk: openai.OpenAI, everywhere: Proxy, way: Way
) -> None:
    error = refusal(sdk, way.model, "down", stream=False)

    told = error.response.text + str(error.response.headers)
    for secret in (PROVIDER_KEY, "secret-0123456789abcdef"):
        assert secret not in told
        assert secret not in everywhere.records_file.read_text()
