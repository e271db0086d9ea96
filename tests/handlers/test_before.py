"""`[[before]]`: the operator's own code sees a request, changes it, or says no."""

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import anthropic
import httpx
import openai
import pytest

from tests.conftest import GUEST_KEY, TEAM_KEY, bearer, chat
from tests.handlers.own import ask, lines, start
from tests.harness import patient
from tests.harness.errors import assert_refused, error_of
from tests.harness.leaver import Leaver
from tests.harness.proxy import Proxy
from tests.harness.waiting import until
from tests.provider import behaviours, media
from tests.provider.server import Provider

FAILED = "a request handler failed"


def sent(provider: Provider, model: str) -> dict[str, Any]:
    """The body of the one request that the provider got for `model`."""
    (request,) = provider.requests_for(model)
    assert request.json is not None
    return request.json


@pytest.mark.parametrize("stream", [False, True])
def test_the_provider_gets_the_fields_as_handlers_left_them(
    provider: Provider, tmp_path: Path, stream: bool
) -> None:
    model = f"before-edit-{stream}"
    with start(provider, tmp_path, "own.add_tag", "own.cap", after=["own.ended"]) as proxy:
        answer = ask(proxy, model, max_tokens=500, stream=stream, seed=3)
        (ended,) = lines(proxy, "ended.jsonl")

    assert answer.status_code == 200, answer.text
    body = sent(provider, model)
    assert body["metadata"] == {"tag": "by-handler"}
    assert (body["max_tokens"], body["seed"], body["model"]) == (7, 3, model)
    assert ended["extra"] == {"thread": "handler", "awaited": True}
    assert (ended["params"]["max_tokens"], ended["asked"]["max_tokens"]) == (7, 500)
    assert "metadata" not in ended["asked"]


def test_what_is_inside_a_field_may_be_changed_in_place(provider: Provider, tmp_path: Path) -> None:
    with start(provider, tmp_path, "own.inside") as proxy:
        ask(proxy, "before-inside")

    content = sent(provider, "before-inside")["messages"][0]["content"]
    assert content == "Say hello. And be brief."


def test_a_handler_sees_whose_request_goes_where(provider: Provider, tmp_path: Path) -> None:
    with start(provider, tmp_path, "own.look") as proxy:
        ask(proxy, "other/before-seen", temperature=0.5)
        record = proxy.record(model_asked="other/before-seen")
        (seen,) = lines(proxy, "seen.jsonl")

    assert seen["params"] == {**chat("before-seen"), "temperature": 0.5}
    assert (seen["group"], seen["connection"], seen["model"]) == ("team", "other", "before-seen")
    assert (seen["key"], seen["address"], seen["http"]) == (record["key_id"], "127.0.0.1", None)
    assert (seen["operation"], seen["dialect"]) == ("chat", "openai")


def test_every_operation_comes_by_and_a_form_without_its_files(
    provider: Provider, tmp_path: Path
) -> None:
    provider.on("before-sound", behaviours.plain(media.transcription()))
    with start(provider, tmp_path, "own.look") as proxy:
        with openai.OpenAI(base_url=proxy.api, api_key=TEAM_KEY, max_retries=0) as client:
            client.embeddings.create(model="before-vectors", input="a")
            client.audio.transcriptions.create(
                model="before-sound", file=("a.wav", b"RIFF"), language="en"
            )
        patient.post(
            f"{proxy.api}/messages",
            headers={"x-api-key": TEAM_KEY, "anthropic-version": "2023-06-01"},
            json={**chat("before-message"), "max_tokens": 5},
            timeout=60,
        )
        seen = lines(proxy, "seen.jsonl", 3)

    assert [(one["operation"], one["dialect"]) for one in seen] == [
        ("embeddings", "openai"), ("transcription", "openai"), ("messages", "anthropic"),
    ]  # fmt: skip
    assert seen[1]["params"] == {"model": "before-sound", "language": "en"}


def test_no_handler_sees_a_request_that_is_not_permitted(
    provider: Provider, tmp_path: Path
) -> None:
    with start(provider, tmp_path, "own.look") as proxy:
        refused = ask(proxy, "other/before-not-permitted", key=GUEST_KEY)
        ask(proxy, "before-permitted", key=GUEST_KEY)
        (seen,) = lines(proxy, "seen.jsonl")

    assert refused.status_code == 403
    assert seen["model"] == "before-permitted"


def test_a_refusal_that_cannot_be_written_as_it_is_is_still_one(
    provider: Provider, tmp_path: Path
) -> None:
    with start(provider, tmp_path, "own.half") as proxy:
        answer = ask(proxy, "before-half")

    assert answer.json()["error"]["message"] == "half ? of it"
    assert (answer.status_code, answer.headers["x-a"]) == (400, "2")


def test_an_exception_refuses_in_the_words_of_each_dialect(
    provider: Provider, tmp_path: Path
) -> None:
    with start(provider, tmp_path, "own.refuse") as proxy:
        plain = ask(proxy, "before-no", user="forbidden")
        streamed = ask(proxy, "before-no", user="forbidden", stream=True)
        record = proxy.records(model_asked="before-no")[0]
        with (
            anthropic.Anthropic(base_url=proxy.url, api_key=TEAM_KEY, max_retries=0) as claude,
            pytest.raises(anthropic.APIStatusError) as refused,
        ):
            claude.messages.create(
                model="before-no", max_tokens=5, messages=[{"role": "user", "content": "forbidden"}]
            )
        responses = patient.post(
            f"{proxy.api}/responses",
            headers=bearer(TEAM_KEY),
            json={"model": "before-no", "input": "forbidden"},
        )

    for answer in (plain, streamed, responses):
        assert error_of(answer, 451) == {
            "message": "No such words here.",
            "type": "policy_error",
            "param": None,
            "code": "no_such_words",
        }
        assert (answer.headers["retry-after"], answer.headers["x-policy"]) == ("7", "words")
    assert refused.value.status_code == 451
    assert refused.value.response.json()["error"]["message"] == "No such words here."
    assert refused.value.response.headers["retry-after"] == "7"
    assert (record["outcome"], record["error_code"]) == ("refused", "no_such_words")
    assert provider.requests_for("before-no") == []


FAILING: dict[str, tuple[dict[str, Any], str]] = {
    "raises": ({"handler": "fail"}, "RuntimeError at "),
    "exits": ({"handler": "exit"}, "SystemExit at "),
    "unwritable": ({"handler": "unwritable"}, "what cannot be written as JSON"),
    "no-error": ({"handler": "status_200"}, "one from 400 to 599"),
    "cookie": ({"handler": "header_of_ours"}, "headers are Retry-After and X-"),
    "two-lines": ({"handler": "two_lines"}, "header x-a cannot be sent"),
    "stream": ({"handler": "Put", "stream": True}, "what is decided already"),
    "previous": ({"handler": "Put", "previous_response_id": "r"}, "what is decided already"),
    "messages": ({"handler": "Put", "messages": "none"}, "messages that are no list"),
    "name": ({"handler": "Put", "model": "two\nlines"}, "name cannot be one"),
    "number": ({"handler": "Put", "model": 7}, "a model that is no text"),
    "credential": ({"handler": "Put", "extra_headers": {"Authorization": "canary"}}, "never goes"),
    "framing": ({"handler": "Put", "extra_headers": {"Content-Length": 1}}, "'content-length'"),
    "header": ({"handler": "Put", "extra_headers": {"X-A": "canary\nb"}}, "header x-a cannot"),
    "no-headers": ({"handler": "Put", "extra_headers": ["x-a"]}, "extra_headers that are no"),
    "no-body": ({"handler": "Put", "extra_body": "top_k"}, "extra_body that is no table"),
}
"""A handler that does wrong, and what the log says of it, by the model it is for."""


@pytest.fixture(scope="module")
def failing(provider: Provider, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Proxy]:
    handlers = [
        {"class": "own.Only", "only": f"before-fails-{name}", **said}
        for name, (said, _) in FAILING.items()
    ]
    with start(provider, tmp_path_factory.mktemp("failing"), *handlers) as running:
        yield running


@pytest.mark.parametrize("name", FAILING)
def test_a_handler_that_fails_lets_nothing_through(
    provider: Provider, failing: Proxy, name: str
) -> None:
    model, why = f"before-fails-{name}", FAILING[name][1]

    answer = ask(failing, model)
    claude = patient.post(
        f"{failing.api}/messages",
        headers={"x-api-key": TEAM_KEY, "anthropic-version": "2023-06-01"},
        json={**chat(model), "max_tokens": 5},
    )

    assert_refused(answer, 503, "handler_failed")
    assert claude.json()["error"]["type"] == "overloaded_error"
    assert provider.requests_for(model) == []
    said = until(lambda: [x for x in failing.log(FAILED) if why in x["reason"]], "the log")
    assert answer.headers["x-request-id"] in {line["id"] for line in said}
    assert "canary" not in "".join(failing.stderr)


@pytest.mark.parametrize("handler", ["own.never", "own.never_in_thread"])
def test_a_handler_has_five_seconds_and_keeps_nobody_else(
    provider: Provider, tmp_path: Path, handler: str
) -> None:
    with start(provider, tmp_path, handler) as proxy:
        began = time.monotonic()
        answer = ask(proxy, "before-slow")
        took = time.monotonic() - began
        (said,) = until(lambda: proxy.log(FAILED), "the log")
        began = time.monotonic()
        assert proxy.stop() == 0
        stopped = time.monotonic() - began

    assert_refused(answer, 503, "handler_failed")
    assert 4.5 < took < 15
    assert "longer than 5 s" in said["reason"]
    assert stopped < 10


def test_a_client_that_leaves_waits_for_no_handler(provider: Provider, tmp_path: Path) -> None:
    with start(provider, tmp_path, "own.look", "own.never") as proxy:
        with Leaver(proxy, "before-left") as client:
            client.ask()
            lines(proxy, "seen.jsonl")  # The first handler has it: the second waits now.
            client.leave()
        record = proxy.record(model_asked="before-left")

    assert record["outcome"] == "client_gone"


def test_a_model_that_a_handler_chose_is_asked_of_the_same_connection(
    provider: Provider, tmp_path: Path
) -> None:
    with start(provider, tmp_path, {"class": "own.Model", "model": "before-chosen"}) as proxy:
        answer = ask(proxy, "other/before-asked")
        record = proxy.record(model_asked="other/before-asked")

    assert answer.status_code == 200
    assert (record["connection"], record["model_used"]) == ("other", "before-chosen")
    assert sent(provider, "before-chosen")["model"] == "before-chosen"
    assert provider.requests_for("before-asked") == []


def test_a_model_that_is_gone_is_the_one_it_was(provider: Provider, tmp_path: Path) -> None:
    with start(provider, tmp_path, "own.without_model") as proxy:
        ask(proxy, "before-no-model")

    assert sent(provider, "before-no-model")["model"] == "before-no-model"


def test_a_handler_cannot_choose_what_the_caller_may_not_use(
    provider: Provider, tmp_path: Path
) -> None:
    groups = {"small": {"api_keys": [TEAM_KEY], "allowed_models": ["small-*"]}}
    handler = {"class": "own.Model", "model": "large-1"}
    with start(provider, tmp_path, handler, groups=groups) as proxy:
        answer = ask(proxy, "small-1")

    assert_refused(answer, 403, "model_not_allowed", "model")
    assert provider.requests_for("large-1") == []


def test_a_form_goes_on_as_it_came_or_not_at_all(provider: Provider, tmp_path: Path) -> None:
    def upload(proxy_api: str) -> httpx.Response:
        return patient.post(
            f"{proxy_api}/audio/transcriptions",
            headers=bearer(TEAM_KEY),
            files={"file": ("a.wav", b"RIFF")},
            data={"model": "before-form"},
            timeout=60,
        )

    provider.on("before-form-2", behaviours.plain(media.transcription()))
    with start(provider, tmp_path, {"class": "own.Model", "model": "before-form-2"}) as proxy:
        good = upload(proxy.api)
    with start(provider, tmp_path, {"class": "own.Put", "language": "en"}) as proxy:
        bad = upload(proxy.api)

    assert good.status_code == 200, good.text
    assert b"before-form-2" in provider.requests_for("before-form-2")[0].body
    assert_refused(bad, 503, "handler_failed")
