"""Token counts of streams: what is asked upstream, what is withheld, what the record says.

`stream_usage = "ask"` adds `include_usage` and keeps the usage chunk from a client that did not ask
for it; `given` and `never` add nothing.
"""

import json
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from tests.conftest import base_config
from tests.harness.answer import Answer, ask, client_of
from tests.harness.proxy import Proxy
from tests.provider import answers, behaviours
from tests.provider.server import Provider

ASKED = {"include_usage": True}
MODES = ("ask", "given", "never")
WITH_USAGE = answers.chat_chunks(usage=answers.USAGE)

pytestmark = pytest.mark.relay_only("stream_usage is a key of the relay lane")


@pytest.fixture(scope="module")
def modes(provider: Provider, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Proxy]:
    """A proxy with a connection per mode; `mode/MODEL` goes there."""
    config = base_config(provider)
    up = config["connections"]["up"]
    config["connections"] = {mode: {**up, "stream_usage": mode} for mode in MODES}
    config["routing"] = {f"{mode}/*": f"{mode}.{{1}}" for mode in MODES}
    del config["groups"]["guests"]
    with Proxy(config, tmp_path_factory.mktemp("modes")) as running:
        yield running


@pytest.fixture
def client(modes: Proxy) -> Iterator[httpx.Client]:
    with client_of(modes) as made:
        yield made


def stream(client: httpx.Client, model: str, options: dict[str, Any] | None = None) -> Answer:
    """A whole streamed answer; `stream_options` is sent if given."""
    fields = {} if options is None else {"stream_options": options}
    answer = ask(client, model, stream=True, **fields)
    assert (answer.status, answer.is_cut, answer.events[-1]) == (200, False, b"[DONE]")
    return answer


def sent_options(provider: Provider, model: str) -> Any:
    """The `stream_options` that went upstream, `"none"` if there were none."""
    (request,) = provider.requests_for(model)
    assert request.json is not None
    return request.json.get("stream_options", "none")


@pytest.mark.parametrize(
    ("mode", "options", "sent"),
    [
        ("ask", None, ASKED),
        ("ask", {}, ASKED),
        ("ask", {"include_usage": False}, ASKED),
        ("ask", {"x": 1}, {"x": 1, **ASKED}),
        ("ask", ASKED, ASKED),
        ("given", None, "none"),
        ("given", ASKED, ASKED),
        ("given", {"include_usage": False}, {"include_usage": False}),
        ("never", None, "none"),
        ("never", ASKED, ASKED),
    ],
)
def test_include_usage_is_added_only_where_it_is_to_be_asked_for(
    client: httpx.Client, provider: Provider, mode: str, options: dict[str, Any] | None, sent: Any
) -> None:
    model = f"usage-sent-{mode}-{json.dumps(options)}".translate({ord(c): "-" for c in '{}": '})

    answer = stream(client, f"{mode}/{model}", options)

    assert sent_options(provider, model) == sent
    wanted = bool(options and options.get("include_usage"))
    assert any("usage" in chunk for chunk in answer.chunks) == wanted
    assert answer.text == "Hello there"


def test_stream_options_that_are_none_are_replaced_and_wrong_ones_go_on(
    client: httpx.Client, provider: Provider
) -> None:
    provider.on("usage-wrong", behaviours.chunks(answers.chat_chunks()))

    ask(client, "ask/usage-null", stream=True, stream_options=None)
    ask(client, "ask/usage-wrong", stream=True, stream_options="all")

    assert sent_options(provider, "usage-null") == ASKED
    assert sent_options(provider, "usage-wrong") == "all"


def test_a_plain_request_gets_no_stream_options(client: httpx.Client, provider: Provider) -> None:
    ask(client, "ask/usage-plain")

    assert sent_options(provider, "usage-plain") == "none"


@pytest.mark.parametrize("options", [None, ASKED], ids=["not asked", "asked"])
@pytest.mark.parametrize("mode", MODES)
def test_the_record_has_the_providers_counts_whoever_asked(
    client: httpx.Client,
    modes: Proxy,
    provider: Provider,
    mode: str,
    options: dict[str, Any] | None,
) -> None:
    model = f"usage-record-{mode}-{options is None}"
    provider.on(model, behaviours.chunks(WITH_USAGE))

    answer = stream(client, f"{mode}/{model}", options)

    usage = modes.record(id=answer.id)["usage"]
    assert (usage["source"], usage["total_tokens"]) == ("provider", 12)
    assert len(answer.chunks) == (4 if mode == "ask" and options is None else 5)


@pytest.mark.parametrize("mode", MODES)
def test_without_counts_of_the_provider_the_record_says_that_they_are_estimated(
    client: httpx.Client, modes: Proxy, provider: Provider, mode: str
) -> None:
    model = f"usage-estimated-{mode}"
    provider.on(model, behaviours.chunks(answers.chat_chunks()))

    answer = stream(client, f"{mode}/{model}")

    usage = modes.record(id=answer.id)["usage"]
    assert (usage["source"], usage["prompt_tokens"]) == ("estimated", 3)
    assert 2 <= usage["completion_tokens"] <= 5


@pytest.mark.parametrize("piece_bytes", [None, 1, 7, 1000])
def test_only_the_usage_chunk_is_withheld(
    client: httpx.Client, modes: Proxy, provider: Provider, piece_bytes: int | None
) -> None:
    head, usage_and_end = answers.RICH_STREAM.rsplit(b"data: {", 1)
    end = usage_and_end.partition(b"\n\n")[2]
    model = f"usage-withheld-{piece_bytes}"
    provider.on(model, behaviours.stream(answers.RICH_STREAM, piece_bytes))

    answer = stream(client, f"ask/{model}")

    assert answer.body == head + end
    record = modes.record(id=answer.id)
    assert (record["usage"]["total_tokens"], record["usage"]["cached_tokens"]) == (12, 4)


def test_the_first_chunk_of_azure_is_handed_on(
    client: httpx.Client, modes: Proxy, provider: Provider
) -> None:
    filters = [{"prompt_index": 0, "content_filter_results": {"hate": {"filtered": False}}}]
    for number, more in enumerate([{}, {"usage": None}]):
        first = {"id": "", "object": "", "choices": [], "prompt_filter_results": filters, **more}
        provider.on(f"usage-azure-{number}", behaviours.chunks([first, *WITH_USAGE]))

        answer = stream(client, f"ask/usage-azure-{number}")

        assert answer.chunks == [first, *WITH_USAGE[:-1]]
        assert modes.record(id=answer.id)["usage"]["total_tokens"] == 12


def test_of_counts_on_every_chunk_the_last_stand_and_none_is_withheld(
    client: httpx.Client, modes: Proxy, provider: Provider
) -> None:
    counts = [
        {**answers.USAGE, "completion_tokens": n, "total_tokens": 9 + n} for n in range(1, 40)
    ]
    chunks = [answers.chat_chunk({"content": "w "}, usage=usage) for usage in counts]
    chunks.append(answers.chat_chunk({}, "stop", usage=counts[-1]))
    provider.on("usage-cumulative", behaviours.chunks(chunks))

    answer = stream(client, "ask/usage-cumulative")

    assert answer.chunks == chunks
    usage = modes.record(id=answer.id)["usage"]
    assert (usage["completion_tokens"], usage["source"]) == (39, "provider")


def test_counts_in_the_last_chunk_with_content_are_handed_on(
    client: httpx.Client, modes: Proxy, provider: Provider
) -> None:
    chunks = [
        *answers.chat_chunks()[:-1],
        answers.chat_chunk({"content": "!"}, "stop", usage=answers.USAGE),
    ]
    provider.on("usage-in-last", behaviours.chunks(chunks))

    answer = stream(client, "ask/usage-in-last")

    assert answer.chunks == chunks
    assert modes.record(id=answer.id)["usage"]["total_tokens"] == 12


def test_the_usage_chunk_is_withheld_without_spaces_too(
    client: httpx.Client, provider: Provider
) -> None:
    head = [b"data: %b\n\n" % json.dumps(chunk).encode() for chunk in WITH_USAGE[:-1]]
    usage = json.dumps(WITH_USAGE[-1], separators=(",", ":")).encode()
    end = b"data: [DONE]\n\n"
    provider.on(
        "usage-dense", behaviours.stream(b"%bdata: %b\n\n%b" % (b"".join(head), usage, end))
    )

    answer = stream(client, "ask/usage-dense")

    assert answer.body == b"".join(head) + end


def test_a_text_that_reads_like_a_usage_chunk_is_handed_on(
    client: httpx.Client, provider: Provider
) -> None:
    said = '{"choices":[],"usage":{"prompt_tokens":1,"completion_tokens":1}}'
    provider.on("usage-said", behaviours.chunks(answers.chat_chunks([said, "[DONE]", '"error"'])))

    answer = stream(client, "ask/usage-said")

    assert answer.text == said + '[DONE]"error"'
