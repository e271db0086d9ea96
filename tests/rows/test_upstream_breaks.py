"""Rows U006 to U009 and U014: answers that stand still, break off or end wrongly.

The silence deadline of `hasty` is 0.6 s; its plain answers have 3 s, its streams 4 s in all.
"""

from pathlib import Path

import httpx
import pytest

from tests.conftest import base_config
from tests.harness.answer import ask, client_of
from tests.harness.deadlines import SOON_S, assert_ended_at
from tests.harness.proxy import Proxy
from tests.harness.verdict import Verdict
from tests.provider import answers, faults
from tests.provider.exchange import Behaviour, Exchange
from tests.provider.server import Provider


@pytest.fixture
def verdict(proxy: Proxy, provider: Provider) -> Verdict:
    return Verdict(proxy, provider)


@pytest.mark.parametrize("fault", [faults.silence_after_head, faults.silence_in_body])
def test_U006_silence_in_a_plain_answer_ends_at_the_silence_deadline(
    team: httpx.Client, provider: Provider, verdict: Verdict, fault: Behaviour
) -> None:
    model = f"u006-{fault.__name__}"
    provider.on(model, fault)

    answer = ask(team, f"hasty/{model}")
    provider.wait_for_disconnect(model)

    verdict.failed(answer, 504, "upstream_timeout")
    assert_ended_at(0.6, answer.duration_s)


def test_U007_silence_in_a_stream_ends_it_with_an_error_event(
    team: httpx.Client, provider: Provider, verdict: Verdict
) -> None:
    provider.on("u007", faults.silence_in_stream(content_chunks=2))

    answer = ask(team, "hasty/u007", stream=True)
    provider.wait_for_disconnect("u007")

    verdict.broke_off(answer, "upstream_timeout")
    assert answer.text_before_error == "word word "
    assert_ended_at(0.6, answer.duration_s)


def test_U008_a_stream_that_drips_for_ever_ends_at_the_total_deadline(
    team: httpx.Client, provider: Provider, verdict: Verdict
) -> None:
    provider.on("u008-stream", faults.drip(0.1))

    answer = ask(team, "hasty/u008-stream", stream=True)
    provider.wait_for_disconnect("u008-stream")

    record = verdict.broke_off(answer, "upstream_timeout")
    assert len(answer.events) > 10
    assert record["usage"]["completion_tokens"] == len(answer.events) - 1
    assert_ended_at(4, answer.duration_s)


def test_U008_a_plain_answer_that_drips_for_ever_ends_at_its_deadline(
    team: httpx.Client, provider: Provider, verdict: Verdict
) -> None:
    provider.on("u008-plain", faults.drip_body(0.1))

    answer = ask(team, "hasty/u008-plain")
    provider.wait_for_disconnect("u008-plain")

    verdict.failed(answer, 504, "upstream_timeout")
    assert_ended_at(3, answer.duration_s)


def test_U008_silence_towards_the_end_does_not_prolong_the_total_deadline(
    provider: Provider, tmp_path: Path
) -> None:
    config = base_config(provider)
    config["connections"]["up"]["timeouts"] = {"total_s": 1}
    provider.on("u008-slow", faults.silence_in_stream(content_chunks=2))

    with Proxy(config, tmp_path) as proxy, client_of(proxy) as client:
        answer = ask(client, "u008-slow", stream=True)

        Verdict(proxy, provider).broke_off(answer, "upstream_timeout")
    assert_ended_at(1, answer.duration_s)


async def last_event_without_blank_line(exchange: Exchange) -> None:
    await faults.begin_stream(exchange)
    await exchange.send_chunk(b'data: {"choices":[{"index":0,"delta":{"content":"half"}}]}')
    await exchange.end_stream(done=False)


@pytest.mark.parametrize(
    "fault",
    [
        faults.reset_mid_event(),
        faults.eof_mid_event(),
        faults.clean_end_mid_event(),
        faults.ends_unfinished(),
        last_event_without_blank_line,
    ],
)
def test_U009_a_stream_that_breaks_off_ends_with_an_error_event(
    team: httpx.Client, provider: Provider, verdict: Verdict, fault: Behaviour
) -> None:
    model = f"u009-{fault.__name__.partition('(')[0]}"
    provider.on(model, fault)

    answer = ask(team, model, stream=True)

    record = verdict.broke_off(answer, "upstream_stream_broken")
    assert answer.text_before_error.startswith("word ")
    assert record["finish_reason"] is None
    assert record["usage"]["completion_tokens"] >= answer.text_before_error.count(" ")


def test_U009_usage_seen_before_the_break_is_kept(
    team: httpx.Client, provider: Provider, verdict: Verdict
) -> None:
    async def counts_and_breaks(exchange: Exchange) -> None:
        await exchange.start_stream()
        await exchange.send_event(answers.chat_chunk({"content": "a"}, usage=answers.USAGE))
        await exchange.close()

    provider.on("u009-usage", counts_and_breaks)

    answer = ask(team, "u009-usage", stream=True)

    record = verdict.broke_off(answer, "upstream_stream_broken", source="provider")
    assert record["usage"]["total_tokens"] == 12


async def _whole(exchange: Exchange) -> None:
    await exchange.start_stream()
    for chunk in answers.chat_chunks(usage=answers.USAGE):
        await exchange.send_event(chunk)
    await exchange.send_event(b"[DONE]")


async def done_and_reset(exchange: Exchange) -> None:
    await _whole(exchange)
    await exchange.reset()


async def done_and_eof(exchange: Exchange) -> None:
    await _whole(exchange)
    await exchange.close()


async def done_and_silence(exchange: Exchange) -> None:
    await _whole(exchange)
    await exchange.client_gone()


@pytest.mark.parametrize("end", [done_and_reset, done_and_eof, done_and_silence])
def test_U009_however_a_connection_ends_after_done_the_answer_is_whole(
    team: httpx.Client, provider: Provider, verdict: Verdict, end: Behaviour
) -> None:
    model = f"u009-{end.__name__}"
    provider.on(model, end)

    answer = ask(team, model, stream=True)

    record = verdict.answered(answer)
    assert answer.duration_s < SOON_S
    assert answer.text == "Hello there"
    assert answer.events[-1] == b"[DONE]"
    assert record["finish_reason"] == "stop"


@pytest.mark.parametrize(
    ("behaviour", "finish_reason"),
    [
        pytest.param(faults.ends_without_done, "stop", id="finish reason, no DONE"),
        pytest.param(faults.ends_unfinished(done=True), None, id="DONE, no finish reason"),
    ],
)
def test_U009_a_clean_end_after_a_finish_reason_or_done_is_an_answer(
    team: httpx.Client,
    provider: Provider,
    verdict: Verdict,
    behaviour: Behaviour,
    finish_reason: str | None,
) -> None:
    model = f"u009-clean-{finish_reason}"
    provider.on(model, behaviour)

    answer = ask(team, model, stream=True)

    record = verdict.answered(answer, source="estimated")
    assert answer.text == "word "
    assert record["finish_reason"] == finish_reason


@pytest.mark.parametrize(
    ("fault", "code"),
    [
        (faults.content_length_too_long, "upstream_error"),
        (faults.content_length_too_short, "upstream_invalid_response"),
        (faults.chunked_without_terminator, "upstream_error"),
    ],
)
def test_U014_a_plain_answer_of_another_length_than_announced_is_refused(
    team: httpx.Client, provider: Provider, verdict: Verdict, fault: Behaviour, code: str
) -> None:
    model = f"u014-{fault.__name__}"
    provider.on(model, fault)

    answer = ask(team, model)

    verdict.failed(answer, 502, code)
    for number in range(3):  # What came too much is not taken for the next answer.
        assert ask(team, f"{model}-next-{number}").text == "Hello there"


async def stream_shorter_than_announced(exchange: Exchange) -> None:
    stream_type = ("Content-Type", "text/event-stream")
    await exchange.send_head(headers=[stream_type, ("Content-Length", "100000")])
    await exchange.send_raw(b'data: {"choices":[{"index":0,"delta":{"content":"a"}}]}\n\n')
    await exchange.close()


async def stream_with_a_bad_chunk_size(exchange: Exchange) -> None:
    await faults.begin_stream(exchange)
    await exchange.pause(0.5)
    await exchange.send_raw(b"zz\r\n\r\n")
    await exchange.client_gone()


@pytest.mark.parametrize(
    "fault", [faults.eof_mid_event(), stream_shorter_than_announced, stream_with_a_bad_chunk_size]
)
def test_U014_a_stream_whose_framing_breaks_ends_with_an_error_event(
    team: httpx.Client, provider: Provider, verdict: Verdict, fault: Behaviour
) -> None:
    model = f"u014-{fault.__name__.partition('(')[0]}"
    provider.on(model, fault)

    answer = ask(team, model, stream=True)

    verdict.broke_off(answer, "upstream_stream_broken")


async def long_and_cut(exchange: Exchange) -> None:
    json_type = ("Content-Type", "application/json")
    await exchange.send_head(headers=[json_type, ("Content-Length", "1000000")])
    await exchange.send_raw(b'{"choices":[{"message":{"content":"' + b"a" * 200_000)
    await exchange.close()


@pytest.mark.relay_only("the others hold a plain answer whole; see tests/lanes")
def test_U014_a_long_plain_answer_that_breaks_off_is_cut_off(
    team: httpx.Client, proxy: Proxy, provider: Provider, verdict: Verdict
) -> None:
    provider.on("u014-long", long_and_cut)

    answer = ask(team, "u014-long")

    verdict.cut_off(answer, "upstream_error")
    assert answer.body.startswith(b'{"choices"')
    assert not proxy.log("ASGI callable returned without completing response.")
