"""OpenAI's own SDKs as their users run them, with the Responses API: both majors."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import openai
import pytest

from tests.conftest import TEAM_KEY, UPSTREAM_KEY
from tests.harness.proxy import Proxy
from tests.harness.sdks import NODES, PYTHONS, OpenAISdk
from tests.provider import responses
from tests.provider.server import Provider
from tests.provider.shelf import Shelf
from tests.responses.conftest import ask

pytestmark = pytest.mark.relay_only("what its users see of a provider that speaks the API")


@pytest.fixture(scope="module")
def keeping(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Proxy]:
    """A proxy before a provider that keeps responses, and breaks off those of `broken`."""
    with Provider() as provider:
        provider.on_any(Shelf("sdk"))
        provider.on("broken", responses.breaks_off())
        connection = {"api_base": provider.base_url, "api_key": UPSTREAM_KEY}
        config = {
            "host": "127.0.0.1",
            "port": 0,
            "connections": {"up": connection},
            "routing": {"*": "up.*"},
            "groups": {"team": {"api_keys": [TEAM_KEY]}},
        }
        folder: Path = tmp_path_factory.mktemp("keeping")
        with Proxy(config, folder) as running:
            yield running


@pytest.fixture(scope="module", params=[*PYTHONS, *NODES], ids=str)
def seen(request: pytest.FixtureRequest, keeping: Proxy) -> dict[str, Any]:
    """What the SDK's user saw."""
    sdk: OpenAISdk = request.param
    return sdk.saw("use_responses", keeping.api, TEAM_KEY, "m", "broken")


def test_an_answer_and_one_that_goes_on_from_it(seen: dict[str, Any]) -> None:
    assert seen["plain"] == {"text": "Hello there", "tokens": 12}
    assert seen["after"] == "Hello there"


def test_a_streamed_answer(seen: dict[str, Any]) -> None:
    assert seen["stream"]["text"] == "Hello there"
    assert seen["stream"]["kinds"][0] == "response.created"
    assert seen["stream"]["kinds"][-1] == "response.completed"


def test_a_stored_response_is_read_listed_cancelled_and_deleted(seen: dict[str, Any]) -> None:
    assert seen["stored"] == {
        "id": True,
        "last": "response.completed",
        "items": ["message"],
        "status": "cancelled",
    }
    assert seen["gone"] == {"class": "NotFoundError", "status": 404}


def test_a_broken_stream_is_an_error_its_users_catch(seen: dict[str, Any]) -> None:
    assert seen["broken"]["kinds"][-1] == "response.output_text.delta"
    assert (seen["broken"]["class"], seen["broken"]["code"]) == (
        *("APIError", "upstream_stream_broken"),
    )


def test_a_wrong_key_is_the_error_its_users_catch(sdk: openai.OpenAI) -> None:
    wrong = sdk.with_options(api_key="wrong")

    with pytest.raises(openai.AuthenticationError):
        wrong.responses.create(**ask("resp-x"))
