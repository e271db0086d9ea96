"""OpenAI's own SDK as its users run it, with the Responses API."""

import openai
import pytest

from tests.harness.proxy import Proxy
from tests.provider import behaviours, responses
from tests.provider.server import Provider
from tests.responses.conftest import ask

pytestmark = pytest.mark.relay_only("what its users see of a provider that speaks the API")


def test_a_plain_answer(sdk: openai.OpenAI, provider: Provider) -> None:
    provider.on("resp-sdk", behaviours.plain(responses.response()))

    answer = sdk.responses.create(**ask("resp-sdk"))

    assert answer.output_text == "Hello there"
    assert answer.usage is not None
    assert answer.usage.input_tokens_details.cached_tokens == 4


def test_a_streamed_answer(sdk: openai.OpenAI, provider: Provider) -> None:
    provider.on("resp-sdk-stream", responses.good_answer)

    with sdk.responses.stream(**ask("resp-sdk-stream")) as stream:
        kinds = [event.type for event in stream]
        final = stream.get_final_response()

    assert kinds[0] == "response.created"
    assert kinds[-1] == "response.completed"
    assert final.output_text == "Hello there"


def test_a_broken_stream_is_an_error_its_users_catch(
    sdk: openai.OpenAI, proxy: Proxy, provider: Provider
) -> None:
    provider.on("resp-sdk-broken", responses.breaks_off())
    kinds: list[str] = []

    with pytest.raises(openai.APIError) as caught:
        kinds += [
            event.type for event in sdk.responses.create(**ask("resp-sdk-broken"), stream=True)
        ]

    assert caught.value.code == "upstream_stream_broken"
    assert "response.completed" not in kinds


def test_a_refusal_is_the_class_its_users_catch(sdk: openai.OpenAI, proxy: Proxy) -> None:
    wrong = sdk.with_options(api_key="wrong")

    with pytest.raises(openai.AuthenticationError):
        wrong.responses.create(**ask("resp-x"))
