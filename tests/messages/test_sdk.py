"""Anthropic's own SDK as its users run it."""

import anthropic as sdks
import pytest

from tests.conftest import TEAM_KEY
from tests.harness.proxy import Proxy
from tests.messages.conftest import ask, sdk_of
from tests.provider import anthropic, behaviours
from tests.provider.server import Provider

TOOL: sdks.types.ToolParam = {
    "name": "weather",
    "description": "The weather in a city",
    "input_schema": {"type": "object", "properties": {"city": {"type": "string"}}},
}


def test_a_plain_answer(sdk: sdks.Anthropic, claude: Proxy, provider: Provider) -> None:
    provider.on("claude-plain", anthropic.good_answer)

    answer = sdk.messages.create(**ask("claude-plain"))

    assert [block.text for block in answer.content if block.type == "text"] == ["Hello there"]
    assert answer.usage.cache_read_input_tokens == 20
    assert answer._request_id is not None  # noqa: SLF001 - its documented name.
    assert claude.record(id=answer._request_id)["outcome"] == "answered"  # noqa: SLF001


def test_a_streamed_answer(sdk: sdks.Anthropic, provider: Provider) -> None:
    provider.on("claude-stream", anthropic.good_answer)

    with sdk.messages.stream(**ask("claude-stream")) as stream:
        text = "".join(stream.text_stream)
        message = stream.get_final_message()

    assert text == "Hello there 😀"
    assert (message.stop_reason, message.usage.output_tokens) == ("end_turn", 3)


def test_a_beta_request_and_a_count(sdk: sdks.Anthropic, provider: Provider) -> None:
    request = ask("claude-beta")
    del request["max_tokens"]

    count = sdk.beta.messages.count_tokens(**request, betas=["x-1"])

    assert count.input_tokens == 34
    (seen,) = provider.requests_for("claude-beta")
    assert seen.header("anthropic-beta") is not None


def test_a_tool_loop(sdk: sdks.Anthropic, provider: Provider) -> None:
    use = anthropic.tool_block(1, "toolu_1", "weather", ['{"ci', 'ty":"Rome"}'])
    provider.on(
        "claude-tools",
        behaviours.in_turn(
            behaviours.stream(
                anthropic.begin()
                + anthropic.text_block(0, ["Let me see."])
                + use
                + anthropic.end("tool_use")
            ),
            behaviours.plain(anthropic.message("Sunny.")),
        ),
    )

    first = ask("claude-tools", tools=[TOOL])
    with sdk.messages.stream(**first) as stream:
        asked = stream.get_final_message()
    (called,) = [block for block in asked.content if block.type == "tool_use"]
    result = {"type": "tool_result", "tool_use_id": called.id, "content": "sunny"}
    said = {"role": "assistant", "content": asked.content}
    turns = [*first["messages"], said, {"role": "user", "content": [result]}]
    answer = sdk.messages.create(**{**first, "messages": turns})

    assert (asked.stop_reason, called.input) == ("tool_use", {"city": "Rome"})
    assert answer.content[0].type == "text"
    sent = provider.requests_for("claude-tools")[1].json
    assert sent is not None
    assert sent["messages"][2]["content"] == [result]


@pytest.mark.parametrize(
    ("status", "kind", "error"),
    [
        (400, "invalid_request_error", sdks.BadRequestError),
        (429, "rate_limit_error", sdks.RateLimitError),
        (529, "overloaded_error", sdks.InternalServerError),
    ],
)
def test_an_error_is_the_class_its_users_catch(
    sdk: sdks.Anthropic,
    provider: Provider,
    status: int,
    kind: str,
    error: type[sdks.APIStatusError],
) -> None:
    model = f"claude-sdk-{status}"
    provider.on(model, anthropic.refusal(status, kind, "No.", [("retry-after", "3")]))

    with pytest.raises(error) as caught:
        sdk.messages.create(**ask(model))

    assert caught.value.status_code == status
    assert caught.value.response.headers["retry-after"] == "3"
    assert isinstance(caught.value.body, dict)
    assert caught.value.body["error"] == {"type": kind, "message": "No."}


def test_a_wrong_key_is_an_authentication_error(claude: Proxy) -> None:
    with sdk_of(claude, api_key="wrong") as client, pytest.raises(sdks.AuthenticationError):
        client.messages.create(**ask("claude-x"))


def test_a_token_in_place_of_a_key_is_as_good(claude: Proxy) -> None:
    with sdk_of(claude, api_key=None, auth_token=TEAM_KEY) as client:
        answer = client.messages.create(**ask("claude-token"))

    assert answer.stop_reason == "end_turn"


def test_a_stream_that_breaks_off_raises(sdk: sdks.Anthropic, provider: Provider) -> None:
    provider.on("claude-sdk-breaks", anthropic.breaks_off())

    with (
        pytest.raises(sdks.APIStatusError, match="broke off"),
        sdk.messages.stream(**ask("claude-sdk-breaks")) as stream,
    ):
        stream.get_final_message()


def test_it_waits_and_tries_again_when_told_to(claude: Proxy, provider: Provider) -> None:
    provider.on(
        "claude-again",
        behaviours.in_turn(
            anthropic.refusal(429, "rate_limit_error", "Slow.", [("retry-after-ms", "50")]),
            anthropic.good_answer,
        ),
    )

    with sdk_of(claude, max_retries=1) as client:
        answer = client.messages.create(**ask("claude-again"))

    assert answer.stop_reason == "end_turn"
    assert len(provider.requests_for("claude-again")) == 2


def test_the_models_are_listed_in_its_own_form(claude: Proxy, sdk: sdks.Anthropic) -> None:
    page = sdk.models.list()
    one = sdk.models.retrieve("claude-opus-4-8")

    assert [model.id for model in page] == [
        "vllm/*",
        "chat/*",
        "gemini/*",
        "bedrock/*",
        "mistral/*",
        "strict/*",
        "round/*",
        "echo",
        "*",
    ]
    assert (page.has_more, page.first_id, page.last_id) == (False, "vllm/*", "*")
    assert (one.id, one.type, one.display_name) == ("claude-opus-4-8", "model", "claude-opus-4-8")
    assert one.created_at.year == 1970
