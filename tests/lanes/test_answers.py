"""Rows U010, U012, U013, U016-U019, U030, U032: answers LiteLLM takes for good ones."""

import pytest

from tests.harness.process import PeakMemory
from tests.lanes.way import Way
from tests.provider import behaviours, faults, formed, oddities
from tests.provider.exchange import Behaviour, Exchange
from tests.provider.forms import form_of

PLAIN_AND_STREAM = pytest.mark.parametrize("stream", [False, True], ids=["plain", "stream"])
MIB = 1 << 20


@pytest.mark.parametrize("fault", [formed.not_json, formed.not_an_object])
def test_U010_an_event_that_is_none_ends_the_stream(way: Way, fault: Behaviour) -> None:
    name = f"u010-{fault.__name__}"
    way.on(name, formed.after_words(fault, 2))

    answer = way.ask(name, stream=True)

    way.verdict.broke_off(answer, "upstream_invalid_response")
    assert b"not json" not in answer.body


def test_U012_an_event_larger_than_any_should_be_ends_the_stream(way: Way) -> None:
    way.on("u012-event", formed.enormous_event(200 * MIB))
    memory = PeakMemory(way.proxy.pid)

    answer = way.ask("u012-event", stream=True)
    way.left("u012-event")

    way.verdict.broke_off(answer, "upstream_invalid_response", source=ANY_SOURCE[way.kind])
    assert len(answer.body) < 10_000
    assert memory.grown_bytes < 48 * MIB


def test_U012_a_plain_answer_larger_than_any_should_be_is_none(way: Way) -> None:
    way.on("u012-plain", faults.enormous_body(200 * MIB))
    memory = PeakMemory(way.proxy.pid)

    answer = way.ask("u012-plain", stream=False)
    way.left("u012-plain")

    way.verdict.failed(answer, 502, "upstream_invalid_response")
    assert memory.grown_bytes < 300 * MIB


def test_U012_comments_without_end_are_no_beginning_of_an_answer(way: Way) -> None:
    async def only_comments(exchange: Exchange) -> None:
        await exchange.start_stream()
        while True:
            await exchange.send_chunk(b": waiting\n\n" * 4096)

    way.on("u012-comments", only_comments)
    memory = PeakMemory(way.proxy.pid)

    answer = way.ask("u012-comments", stream=True)

    way.verdict.failed(answer, 502, "upstream_invalid_response")
    assert memory.grown_bytes < 16 * MIB


@PLAIN_AND_STREAM
def test_U013_compression_that_nobody_asked_for_is_refused(way: Way, stream: bool) -> None:
    way.on(f"u013-{stream}", oddities.gzip_unasked)

    answer = way.ask(f"u013-{stream}", stream=stream)

    way.verdict.failed(answer, 502, "upstream_invalid_response")


@pytest.mark.parametrize(
    ("behaviour", "stream"),
    [
        pytest.param(oddities.html_page, False, id="plain"),
        pytest.param(oddities.html_page, True, id="stream"),
        pytest.param(oddities.html_as_stream, True, id="stream that says so"),
        pytest.param(behaviours.plain(b"<!DOCTYPE html>"), False, id="plain that says JSON"),
    ],
)
def test_U016_a_page_of_a_captive_portal_is_no_answer(
    way: Way, behaviour: Behaviour, stream: bool
) -> None:
    name = f"u016-{behaviour.__name__.partition('(')[0]}-{stream}"
    way.on(name, behaviour)

    answer = way.ask(name, stream=stream)

    way.verdict.failed(answer, 502, "upstream_invalid_response")
    assert b"Sign in" not in answer.body


async def plain_in_its_form(exchange: Exchange) -> None:
    await exchange.send_json(200, form_of(exchange.request).plain("Hello there"))


async def stream_in_its_form(exchange: Exchange) -> None:
    await formed.begin(exchange)
    await formed.end(exchange)


def test_U017_a_plain_answer_to_a_stream_request_is_never_an_empty_stream(way: Way) -> None:
    way.on("u017", plain_in_its_form)

    answer = way.ask("u017", stream=True)

    way.verdict.failed(answer, 502, "upstream_invalid_response")


def test_U018_a_stream_to_a_plain_request_is_no_answer(way: Way) -> None:
    way.on("u018", stream_in_its_form)

    answer = way.ask("u018", stream=False)

    way.verdict.failed(answer, 502, "upstream_invalid_response")


BODIES = {"null": b"null", "list": b"[]", "object": b"{}", "not json": b"{no}", "empty": b""}


@pytest.mark.parametrize("case", BODIES)
def test_U019_a_success_that_holds_no_answer_is_none(way: Way, case: str) -> None:
    name = f"u019-{case}"
    way.on(name, behaviours.plain(BODIES[case]))

    answer = way.ask(name, stream=False)

    way.verdict.failed(answer, 502, "upstream_invalid_response")


@pytest.mark.parametrize("number", [0, 1], ids=["without content", "with empty content"])
def test_U019_an_answer_without_content_is_none(way: Way, number: int) -> None:
    async def empty(exchange: Exchange) -> None:
        documents = list(form_of(exchange.request).empty_successes.values())
        await exchange.send_json(200, documents[number])

    way.on(f"u019-empty-{number}", empty)

    answer = way.ask(f"u019-empty-{number}", stream=False)

    way.verdict.failed(answer, 502, "upstream_invalid_response")


TRIPS = {
    "anthropic": {"type": "message", "content": 42, "usage": "x", "stop_reason": {}},
    "google": {"candidates": [42], "usageMetadata": []},
}
"""Answers that make LiteLLM raise what is no error of its own."""


@PLAIN_AND_STREAM
def test_U040_whatever_litellm_trips_over_its_words_stay_inside(way: Way, stream: bool) -> None:
    document = formed.as_json(TRIPS[way.kind])
    event = b'data: {"type":"content_block_delta","candidates":[42]}\n\n'
    way.on(f"u040-{stream}", behaviours.stream(event) if stream else behaviours.plain(document))

    answer = way.ask(f"u040-{stream}", stream=stream)

    way.verdict.failed(answer, 502, "upstream_invalid_response")
    told = way.proxy.log("LiteLLM failed")
    assert told
    assert all(".py:" in line["raised"] for line in told)


STREAMS_OF_NOTHING: dict[str, Behaviour] = {
    "only DONE": oddities.empty_stream,
    "comment": behaviours.stream(b": hello\n\n"),
    "null": behaviours.stream(b"data: null\n\n"),
    "a list": behaviours.stream(b"data: []\n\n"),
    "not JSON": behaviours.stream(b"data: {not json}\n\n"),
}


@pytest.mark.parametrize("case", STREAMS_OF_NOTHING)
def test_U019_a_stream_that_holds_no_answer_is_none(way: Way, case: str) -> None:
    name = f"u019-stream-{case}"
    way.on(name, STREAMS_OF_NOTHING[case])

    answer = way.ask(name, stream=True)

    way.verdict.failed(answer, 502, "upstream_invalid_response")


def test_U030_the_same_chunk_again_and_again_is_delivered(way: Way) -> None:
    way.on("u030", formed.words(300))

    answer = way.ask("u030", stream=True)

    way.verdict.answered(answer)
    assert answer.text == "same" * 300


@PLAIN_AND_STREAM
def test_U032_a_finish_reason_of_a_name_nobody_knows_is_an_end(way: Way, stream: bool) -> None:
    way.on(f"u032-{stream}", strangely_ended)

    answer = way.ask(f"u032-{stream}", stream=stream)

    way.verdict.answered(answer)
    assert answer.text == "Hello there"


async def strangely_ended(exchange: Exchange) -> None:
    form = form_of(exchange.request)
    known = b"end_turn" if form.name == "anthropic" else b"STOP"
    if not exchange.request.is_stream:
        body = formed.as_json(form.plain("Hello there")).replace(known, b"unheard_of")
        await exchange.send_json(200, body)
        return
    events = b"".join(form.stream(["Hello", " there"])).replace(known, b"unheard_of")
    await behaviours.stream(events)(exchange)


ANY_SOURCE = {"anthropic": "provider", "google": "estimated"}
"""After one word: Anthropic's first event counts one token of the answer."""
