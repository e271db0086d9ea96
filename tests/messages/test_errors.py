"""Whatever goes wrong is said in Anthropic's form, on every path of its API."""

import json
from typing import Any

import httpx
import pytest

from tests.conftest import GUEST_KEY, TEAM_KEY, UPSTREAM_KEY
from tests.harness import patient
from tests.harness.proxy import Proxy
from tests.messages.conftest import ask
from tests.messages.test_relay import post
from tests.provider import anthropic, refusals
from tests.provider.server import Provider

VERSION = {"anthropic-version": "2023-06-01"}


def error_of(answer: httpx.Response, status: int, kind: str) -> str:
    """The message of an error, after a look at its form."""
    assert answer.status_code == status, answer.text
    document = answer.json()
    assert set(document) == {"type", "error", "request_id"}
    assert document["type"] == "error"
    assert document["request_id"] == answer.headers["request-id"] == answer.headers["x-request-id"]
    assert document["error"]["type"] == kind
    assert UPSTREAM_KEY not in answer.text
    words: str = document["error"]["message"]
    assert words
    return words


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, "invalid_request_error"),
        (402, "billing_error"),
        (404, "not_found_error"),
        (413, "request_too_large"),
        (429, "rate_limit_error"),
        (503, "overloaded_error"),
        (504, "timeout_error"),
        (529, "overloaded_error"),
    ],
)
def test_a_refusal_arrives_with_status_type_words_and_wait(
    claude: Proxy, provider: Provider, status: int, kind: str
) -> None:
    model = f"claude-refused-{status}"
    provider.on(model, anthropic.refusal(status, kind, "Words of theirs", [("retry-after", "17")]))

    answer = post(claude, json=ask(model))

    assert error_of(answer, status, kind) == "Words of theirs"
    assert answer.headers["retry-after"] == "17"
    assert claude.record(id=answer.headers["x-request-id"])["status"] == status


@pytest.mark.parametrize(
    ("status", "code"),
    [(401, "upstream_auth_error"), (403, "upstream_auth_error"), (500, "upstream_error")],
)
def test_what_is_the_operators_or_the_providers_own_is_an_api_error(
    claude: Proxy, provider: Provider, status: int, code: str
) -> None:
    model = f"claude-theirs-{status}"
    provider.on(model, anthropic.refusal(status, "authentication_error", f"bad {UPSTREAM_KEY}"))

    answer = post(claude, json=ask(model))

    error_of(answer, 502, "api_error")
    assert claude.record(id=answer.headers["x-request-id"])["error_code"] == code


def test_a_refusal_in_openais_form_becomes_anthropics(claude: Proxy, provider: Provider) -> None:
    provider.on("claude-like-openai", refusals.rate_limited(retry_after="7"))

    answer = post(claude, json=ask("claude-like-openai"))

    assert error_of(answer, 429, "rate_limit_error") == "Slow down"
    assert answer.headers["retry-after"] == "7"


def test_openais_word_for_all_it_refuses_becomes_that_of_the_status(
    claude: Proxy, provider: Provider
) -> None:
    """OpenAI says `invalid_request_error` of a model that it does not have."""
    unknown = refusals.refusal(404, "No such model", "invalid_request_error", "model_not_found")
    provider.on("gpt-unknown", unknown)

    answer = post(claude, json=ask("chat/gpt-unknown"))

    assert error_of(answer, 404, "not_found_error") == "No such model"


def test_what_is_refused_for_its_fields_names_them_as_the_client_wrote_them(
    claude: Proxy, provider: Provider
) -> None:
    fields: dict[str, Any] = {"stop_sequences": ["END"], "metadata": {"user_id": "me"}}

    answer = post(claude, json=ask("strict/mistral-large", **fields))

    words = error_of(answer, 400, "invalid_request_error")
    assert "'metadata.user_id'" in words
    assert "'user'" not in words
    assert answer.headers["x-oai-proxy-dropped-params"] == "metadata.user_id"
    assert provider.requests_for("mistral-large") == []


@pytest.mark.parametrize(
    ("headers", "body", "status", "kind"),
    [
        ({"x-api-key": "wrong"}, ask("claude-x"), 401, "authentication_error"),
        ({"x-api-key": GUEST_KEY}, ask("claude-x"), 403, "permission_error"),
        ({}, {"model": "claude-x"}, 400, "invalid_request_error"),
        ({}, {**ask("claude-x"), "model": 4}, 400, "invalid_request_error"),
        ({"content-encoding": "gzip"}, ask("claude-x"), 415, "invalid_request_error"),
    ],
    ids=["wrong key", "not allowed", "no messages", "model", "compressed"],
)
@pytest.mark.parametrize("path", ["/messages", "/messages/count_tokens"])
def test_our_own_refusals_have_the_same_form(
    claude: Proxy, path: str, headers: dict[str, str], body: dict[str, Any], status: int, kind: str
) -> None:
    answer = post(claude, path, json=body, headers=headers)

    error_of(answer, status, kind)


def test_a_stream_is_asked_for_with_true_or_false(claude: Proxy) -> None:
    answer = post(claude, json=ask("claude-x", stream="yes"))

    assert "'stream'" in error_of(answer, 400, "invalid_request_error")


def test_the_clients_own_id_is_the_one_in_the_error(claude: Proxy) -> None:
    answer = post(claude, json={}, headers={"x-request-id": "mine-1"})

    assert answer.json()["request_id"] == "mine-1"


@pytest.mark.parametrize("resets", [False, True], ids=["ends", "reset"])
def test_a_stream_that_breaks_off_ends_with_an_error_event(
    claude: Proxy, provider: Provider, resets: bool
) -> None:
    model = f"claude-breaks-{resets}"
    provider.on(model, anthropic.breaks_off(resets=resets))

    answer = post(claude, json=ask(model, stream=True))

    kept = anthropic.begin() + anthropic.text_block(0, ["Hello"])
    assert answer.content.startswith(kept)
    name, data = answer.content.removeprefix(kept).decode().rstrip("\n").split("\n")
    assert name == "event: error"
    document = json.loads(data.removeprefix("data: "))
    assert (document["type"], document["error"]["type"]) == ("error", "api_error")
    record = claude.record(id=answer.headers["x-request-id"])
    assert (record["outcome"], record["error_code"]) == ("broken", "upstream_stream_broken")


def test_an_error_within_a_stream_keeps_its_words(claude: Proxy, provider: Provider) -> None:
    provider.on("claude-midway", anthropic.fails_midway(words=f"Overloaded {UPSTREAM_KEY}"))

    answer = post(claude, json=ask("claude-midway", stream=True))

    last = answer.content.decode().rstrip("\n").rpartition("\n\n")[2]
    error = json.loads(last.partition("data: ")[2])["error"]
    assert last.startswith("event: error\n")
    assert error == {"type": "overloaded_error", "message": "Overloaded [secret]"}
    assert b"message_stop" not in answer.content


@pytest.mark.parametrize("path", ["/messages/batches", "/files", "/nowhere"])
def test_an_unknown_path_is_told_so_in_the_clients_own_form(claude: Proxy, path: str) -> None:
    theirs = patient.get(claude.api + path, headers=VERSION)
    ours = patient.get(claude.api + path)

    error_of(theirs, 404, "not_found_error")
    assert ours.json()["error"]["code"] == "unknown_url"


def test_a_wrong_method_is_told_so_in_the_clients_own_form(claude: Proxy) -> None:
    answer = patient.get(f"{claude.api}/messages", headers=VERSION)

    error_of(answer, 405, "invalid_request_error")
    assert answer.headers["allow"] == "POST"


@pytest.mark.parametrize("path", ["/", "/api/hello"])
def test_a_look_before_speaking_is_answered(claude: Proxy, path: str) -> None:
    answer = patient.head(claude.url + path, headers={"x-api-key": TEAM_KEY})

    assert (answer.status_code, answer.content) == (200, b"")
