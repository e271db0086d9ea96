"""Rows U001 to U009, U014 and U015: the way to a provider breaks, or is silent, behind LiteLLM.

The silence deadline of `hasty` is 0.6 s; its plain answers have 3 s, its streams 4 s in all.
"""

import pytest

from tests.harness.deadlines import SOON_S, assert_ended_at
from tests.lanes.way import Way
from tests.provider import faults, formed
from tests.provider.exchange import Behaviour

PLAIN_AND_STREAM = pytest.mark.parametrize("stream", [False, True], ids=["plain", "stream"])


@PLAIN_AND_STREAM
def test_a_good_answer_arrives(way: Way, stream: bool) -> None:
    answer = way.ask(f"good-{stream}", stream=stream)

    record = way.verdict.answered(answer)
    assert answer.text == "Hello there"
    assert (record["finish_reason"], record["usage"]["total_tokens"]) == ("stop", 12)


@PLAIN_AND_STREAM
def test_U001_a_provider_that_cannot_be_reached_is_said_at_once(way: Way, stream: bool) -> None:
    answer = way.ask(f"u001-{stream}", stream=stream, pace="closed")

    way.verdict.failed(answer, 502, "upstream_unreachable", sent=0)
    assert answer.duration_s < SOON_S


@PLAIN_AND_STREAM
def test_U002_a_connection_that_does_not_come_about_ends_at_the_connect_deadline(
    way: Way, stream: bool
) -> None:
    answer = way.ask(f"u002-{stream}", stream=stream, pace="hole")

    way.verdict.failed(answer, 504, "upstream_timeout", sent=0)
    assert_ended_at(0.5, answer.duration_s)


@PLAIN_AND_STREAM
@pytest.mark.parametrize("fault", [faults.reset_after_request, faults.eof_after_request])
def test_U004_a_request_that_went_out_is_never_sent_again(
    way: Way, fault: Behaviour, stream: bool
) -> None:
    name = f"u004-{fault.__name__}-{stream}"
    way.on(name, fault)

    answer = way.ask(name, stream=stream)

    way.verdict.failed(answer, 502, "upstream_error", sent=1)


@pytest.mark.parametrize(
    ("fault", "stream", "deadline_s"),
    [
        pytest.param(faults.never_answers, False, 3, id="plain"),
        pytest.param(faults.never_answers, True, 0.6, id="stream"),
        pytest.param(faults.silence_after_stream_head, True, 0.6, id="stream, only a head"),
    ],
)
def test_U005_silence_before_the_answer_ends_at_its_deadline(
    way: Way, fault: Behaviour, stream: bool, deadline_s: float
) -> None:
    name = f"u005-{fault.__name__}-{stream}"
    way.on(name, fault)

    answer = way.ask(name, stream=stream, pace="hasty")
    way.left(name)

    way.verdict.failed(answer, 504, "upstream_timeout")
    assert_ended_at(deadline_s, answer.duration_s)


@pytest.mark.parametrize("fault", [faults.silence_after_head, faults.silence_in_body])
def test_U006_silence_in_a_plain_answer_ends_at_the_silence_deadline(
    way: Way, fault: Behaviour
) -> None:
    name = f"u006-{fault.__name__}"
    way.on(name, fault)

    answer = way.ask(name, stream=False, pace="hasty")
    way.left(name)

    way.verdict.failed(answer, 504, "upstream_timeout")
    assert_ended_at(0.6, answer.duration_s)


def test_U007_silence_in_a_stream_ends_it_with_an_error_event(way: Way) -> None:
    way.on("u007", formed.after_words(formed.silence, 2))

    answer = way.ask("u007", stream=True, pace="hasty")
    way.left("u007")

    way.verdict.broke_off(answer, "upstream_timeout")
    assert answer.text_before_error == "word word "
    assert_ended_at(0.6, answer.duration_s)


def test_U008_a_stream_that_drips_for_ever_ends_at_the_total_deadline(way: Way) -> None:
    way.on("u008-stream", formed.drip(0.1))

    answer = way.ask("u008-stream", stream=True, pace="hasty")
    way.left("u008-stream")

    record = way.verdict.broke_off(answer, "upstream_timeout")
    assert len(answer.events) > 10
    assert record["usage"]["completion_tokens"] >= len(answer.events) - 2
    assert_ended_at(4, answer.duration_s)


def test_U008_a_plain_answer_that_drips_for_ever_ends_at_its_deadline(way: Way) -> None:
    way.on("u008-plain", faults.drip_body(0.1))

    answer = way.ask("u008-plain", stream=False, pace="hasty")
    way.left("u008-plain")

    way.verdict.failed(answer, 504, "upstream_timeout")
    assert_ended_at(3, answer.duration_s)


@pytest.mark.parametrize(
    "fault",
    [
        formed.reset_mid_event,
        formed.eof_mid_event,
        formed.clean_end_mid_event,
        formed.clean_end,
    ],
)
def test_U009_a_stream_that_breaks_off_ends_with_an_error_event(way: Way, fault: Behaviour) -> None:
    name = f"u009-{fault.__name__}"
    way.on(name, formed.after_words(fault, 3))

    answer = way.ask(name, stream=True)

    record = way.verdict.broke_off(answer, "upstream_stream_broken")
    assert answer.text_before_error == "word word word "
    assert record["finish_reason"] is None
    assert record["usage"]["completion_tokens"] >= 3


def test_U009_a_stream_that_breaks_off_before_its_first_word_is_no_answer(way: Way) -> None:
    way.on("u009-first", formed.after_words(formed.eof_mid_event, 0))

    answer = way.ask("u009-first", stream=True)

    way.verdict.failed(answer, 502, "upstream_stream_broken")


@pytest.mark.parametrize(
    ("fault", "code"),
    [
        (formed.cut_plain, "upstream_error"),
        (faults.content_length_too_short, "upstream_invalid_response"),
        (faults.chunked_without_terminator, "upstream_error"),
    ],
)
def test_U014_a_plain_answer_of_another_length_than_announced_is_refused(
    way: Way, fault: Behaviour, code: str
) -> None:
    name = f"u014-{fault.__name__}"
    way.on(name, fault)

    answer = way.ask(name, stream=False)

    way.verdict.failed(answer, 502, code)
    for number in range(3):  # What came too much is not taken for the next answer.
        assert way.ask(f"{name}-next-{number}", stream=False).text == "Hello there"


@PLAIN_AND_STREAM
@pytest.mark.parametrize(
    "fault", [faults.many_headers(), faults.many_headers(1, 1 << 20), faults.unknown_version]
)
def test_U015_a_head_that_no_server_writes_is_no_answer(
    way: Way, fault: Behaviour, stream: bool
) -> None:
    name = f"u015-{fault.__name__.translate({ord(c): '-' for c in '(),'})}-{stream}"
    way.on(name, fault)

    answer = way.ask(name, stream=stream)

    way.verdict.failed(answer, 502, "upstream_invalid_response")
    assert "x-filler-0" not in answer.headers
