"""The openai SDK, both majors, as its users run it: with the example config and its real model."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.harness.proxy import REPOSITORY, Proxy
from tests.harness.sdks import PYTHONS, OpenAISdk

LONGEST_S = 180


@pytest.fixture(scope="module")
def example(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Proxy]:
    """The proxy with `config.example.toml` as it stands, on a free port."""
    folder: Path = tmp_path_factory.mktemp("example")
    text = (REPOSITORY / "config.example.toml").read_text()
    with Proxy(text, folder, arguments=("--port", "0")) as running:
        yield running


@pytest.fixture(scope="module", params=PYTHONS, ids=str)
def seen(request: pytest.FixtureRequest, example: Proxy) -> dict[str, Any]:
    """What the SDK's user saw."""
    sdk: OpenAISdk = request.param
    return sdk.saw("use_openai", example.api, "KEY1", "KEY2", longest_s=LONGEST_S)


def test_a_plain_answer_of_the_local_model_has_text_and_usage(seen: dict[str, Any]) -> None:
    assert seen["plain"]["text"]
    assert seen["plain"]["finish_reason"] in ("stop", "length")
    assert seen["plain"]["usage"]["prompt_tokens"] > 0
    assert 0 < seen["plain"]["usage"]["completion_tokens"] <= 8


def test_a_streamed_answer_says_the_same_in_pieces_and_ends_with_usage(
    seen: dict[str, Any],
) -> None:
    assert seen["stream"]["text"] == seen["plain"]["text"]
    assert seen["stream"]["chunks"] > 2
    assert (
        seen["stream"]["usage"]["completion_tokens"] == seen["plain"]["usage"]["completion_tokens"]
    )


def test_the_local_model_answers_requests_for_responses(seen: dict[str, Any]) -> None:
    assert seen["responses"]["text"] == seen["plain"]["text"] == seen["responses"]["streamed"]
    assert 0 < seen["responses"]["tokens"] <= 8
    cut = seen["plain"]["finish_reason"] == "length"
    assert seen["responses"]["last"] == f"response.{'incomplete' if cut else 'completed'}"


def test_models_are_listed_and_described(seen: dict[str, Any]) -> None:
    assert seen["models"] == ["*"]
    assert seen["model"] == "smollm2"


def test_a_wrong_key_is_an_authentication_error(seen: dict[str, Any]) -> None:
    assert seen["wrong_key"]["class"] == "AuthenticationError"
    assert seen["wrong_key"]["code"] == "invalid_api_key"


def test_a_forbidden_model_is_a_permission_error(seen: dict[str, Any]) -> None:
    assert seen["forbidden"]["class"] == "PermissionDeniedError"
    assert seen["forbidden"]["code"] == "model_not_allowed"


def test_each_of_them_left_a_record(seen: dict[str, Any], example: Proxy) -> None:
    plain = example.record(id=seen["raw_id"])
    wrong = example.record(id=seen["wrong_key"]["request_id"])
    forbidden = example.record(id=seen["forbidden"]["request_id"])

    assert (plain["status"], plain["outcome"], plain["connection"]) == (200, "answered", "local")
    assert plain["usage"]["source"] == "provider"
    assert (wrong["status"], wrong["outcome"], wrong["key_id"]) == (401, "refused", None)
    assert (forbidden["status"], forbidden["group"]) == (403, "guests")
    assert forbidden["model_asked"] == "gpt-4o"
