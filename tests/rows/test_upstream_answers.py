"""Rows U012, U016 to U019, U028 and U033: answers that are not what was asked, or too much."""

from typing import Any

import httpx
import pytest

from tests.harness.answer import ask
from tests.harness.process import PeakMemory, kernels_bytes
from tests.harness.proxy import Proxy
from tests.harness.verdict import Verdict
from tests.provider import answers, behaviours, faults, oddities
from tests.provider.exchange import Behaviour, Exchange
from tests.provider.server import Provider

PLAIN_AND_STREAM = pytest.mark.parametrize("stream", [False, True], ids=["plain", "stream"])
MIB = 1 << 20
MOST_EVENT = 16 * MIB
MOST_ANSWER = 128 * MIB
BUFFERS = 2 * MIB
"""What provider and proxy may hold, beside the kernel, of an answer that nobody reads any more."""


@pytest.fixture
def verdict(proxy: Proxy, provider: Provider) -> Verdict:
    return Verdict(proxy, provider)


@pytest.mark.relay_only("the others hand on nothing before its first word; see tests/lanes")
def test_U012_an_event_larger_than_any_should_be_ends_the_stream(
    team: httpx.Client, proxy: Proxy, provider: Provider, verdict: Verdict
) -> None:
    provider.on("u012-event", faults.enormous_event(200 * MIB))
    memory = PeakMemory(proxy.pid)

    answer = ask(team, "u012-event", stream=True)
    provider.wait_for_disconnect("u012-event")

    verdict.broke_off(answer, "upstream_invalid_response")
    assert len(answer.body) < 10_000
    assert 0 < provider.sent_bytes("u012-event") - MOST_EVENT < kernels_bytes() + BUFFERS
    assert memory.grown_bytes < MOST_EVENT + 16 * MIB


async def endless_blocks(exchange: Exchange) -> None:
    """Events of 4 KiB, many in a piece, until the peer leaves."""
    await faults.begin_stream(exchange, 0)
    event = b'data: {"choices":[{"index":0,"delta":{"content":"%b"}}]}\n\n' % (b"x" * 4096)
    while True:
        await exchange.send_chunk(event * 64)


@pytest.mark.relay_only("the others write events anew, and longer")
def test_U012_a_stream_larger_than_any_answer_should_be_is_ended(
    team: httpx.Client, proxy: Proxy, provider: Provider, verdict: Verdict
) -> None:
    provider.on("u012-stream", endless_blocks)
    memory = PeakMemory(proxy.pid)

    answer = ask(team, "u012-stream", stream=True)
    provider.wait_for_disconnect("u012-stream")

    verdict.broke_off(answer, "upstream_invalid_response")
    assert MOST_ANSWER - MIB < len(answer.body) <= MOST_ANSWER
    assert memory.grown_bytes < 16 * MIB


@pytest.mark.relay_only("the others hold a plain answer whole; see tests/lanes")
def test_U012_a_plain_answer_larger_than_any_should_be_is_cut_off(
    team: httpx.Client, proxy: Proxy, provider: Provider, verdict: Verdict
) -> None:
    provider.on("u012-plain", faults.enormous_body(200 * MIB))
    memory = PeakMemory(proxy.pid)

    answer = ask(team, "u012-plain")
    provider.wait_for_disconnect("u012-plain")

    verdict.cut_off(answer, "upstream_invalid_response")
    assert MOST_ANSWER - MIB < len(answer.body) <= MOST_ANSWER
    assert memory.grown_bytes < 16 * MIB


def test_U012_comments_without_end_are_no_beginning_of_an_answer(
    team: httpx.Client, proxy: Proxy, provider: Provider, verdict: Verdict
) -> None:
    async def only_comments(exchange: Exchange) -> None:
        await exchange.start_stream()
        while True:
            await exchange.send_chunk(b": waiting\n\n" * 4096)

    provider.on("u012-comments", only_comments)
    memory = PeakMemory(proxy.pid)

    answer = ask(team, "u012-comments", stream=True)

    verdict.failed(answer, 502, "upstream_invalid_response")
    assert memory.grown_bytes < (8 if proxy.lane == "auto" else 64) * MIB


@pytest.mark.parametrize(
    ("behaviour", "stream"),
    [
        pytest.param(oddities.html_page, False, id="plain"),
        pytest.param(oddities.html_page, True, id="stream"),
        pytest.param(oddities.html_as_stream, True, id="stream that says so"),
    ],
)
def test_U016_a_page_of_a_captive_portal_is_no_answer(
    team: httpx.Client, provider: Provider, verdict: Verdict, behaviour: Behaviour, stream: bool
) -> None:
    model = f"u016-{behaviour.__name__}-{stream}"
    provider.on(model, behaviour)

    answer = ask(team, model, stream=stream)

    verdict.failed(answer, 502, "upstream_invalid_response")
    assert b"Sign in" not in answer.body


def test_U016_a_page_larger_than_what_is_parsed_is_no_answer(
    team: httpx.Client, provider: Provider, verdict: Verdict
) -> None:
    provider.on("u016-large", behaviours.plain(b"<!DOCTYPE html>" + b"a" * 100_000))

    answer = ask(team, "u016-large")

    verdict.failed(answer, 502, "upstream_invalid_response")


def test_U017_a_plain_answer_to_a_stream_request_is_never_an_empty_stream(
    team: httpx.Client, provider: Provider, verdict: Verdict
) -> None:
    provider.on("u017", oddities.json_for_stream)

    answer = ask(team, "u017", stream=True)

    verdict.failed(answer, 502, "upstream_invalid_response")


@pytest.mark.parametrize("space", [b"", b"\n  "], ids=["compact", "indented"])
def test_U017_a_plain_error_to_a_stream_request_is_that_error(
    team: httpx.Client, provider: Provider, verdict: Verdict, space: bytes
) -> None:
    model = f"u017-error-{len(space)}"
    error = b'"message":"Slow down",%b"type":"requests","code":"rate_limit_exceeded"' % space
    provider.on(model, behaviours.plain(b'{%b"error":{%b}}' % (space, error)))

    answer = ask(team, model, stream=True)

    verdict.failed(answer, 429, "rate_limit_exceeded")
    assert answer.error["message"] == "Slow down"


def test_U018_a_stream_to_a_plain_request_is_no_answer(
    team: httpx.Client, provider: Provider, verdict: Verdict
) -> None:
    provider.on("u018", oddities.stream_for_json)

    answer = ask(team, "u018")

    verdict.failed(answer, 502, "upstream_invalid_response")


@pytest.mark.parametrize("case", oddities.WRONG_SUCCESSES)
def test_U019_a_success_that_holds_no_answer_is_none(
    team: httpx.Client, provider: Provider, verdict: Verdict, case: str
) -> None:
    model = f"u019-{case.replace(' ', '-')}"
    provider.on(model, oddities.WRONG_SUCCESSES[case])

    answer = ask(team, model)

    code = "upstream_error" if case == "error object" else "upstream_invalid_response"
    verdict.failed(answer, 502, code)


@pytest.mark.parametrize(
    ("kind", "code", "status"),
    [
        ("requests", "rate_limit_exceeded", 429),
        ("invalid_request_error", "context_length_exceeded", 400),
        ("invalid_request_error", None, 400),
        ("overloaded_error", None, 503),
        ("server_error", "404", 404),
    ],
)
def test_U019_an_error_inside_a_success_has_the_status_of_its_code(
    team: httpx.Client,
    provider: Provider,
    verdict: Verdict,
    kind: str,
    code: str | None,
    status: int,
) -> None:
    model = f"u019-{kind}-{code}"
    provider.on(model, behaviours.plain(answers.error_answer("No", kind, code)))

    answer = ask(team, model)

    verdict.failed(answer, status, code)
    assert answer.error["type"] == kind


STREAMS_OF_NOTHING: dict[str, Behaviour] = {
    "only DONE": oddities.empty_stream,
    "nothing": behaviours.stream(b": hello\n\n"),
    "null": behaviours.stream(b"data: null\n\ndata: [DONE]\n\n"),
    "a list": behaviours.stream(b"data: []\n\ndata: [DONE]\n\n"),
    "not JSON": behaviours.stream(b"data: {not json}\n\ndata: [DONE]\n\n"),
}


@pytest.mark.parametrize("case", STREAMS_OF_NOTHING)
def test_U019_a_stream_that_holds_no_answer_is_none(
    team: httpx.Client, provider: Provider, verdict: Verdict, case: str
) -> None:
    model = f"u019-stream-{case.replace(' ', '-')}"
    provider.on(model, STREAMS_OF_NOTHING[case])

    answer = ask(team, model, stream=True)

    verdict.failed(answer, 502, "upstream_invalid_response")


ZERO = {"prompt_tokens": 0, "completion_tokens": 0, "total_tokens": 0}
MOST = {"prompt_tokens": 10**9, "completion_tokens": 10**9, "total_tokens": 10**9}
COUNTED: dict[str, dict[str, Any]] = {
    "zero": ZERO,
    "negative": ZERO,
    "huge": MOST,
    "fraction": {"prompt_tokens": 9, "completion_tokens": 0, "total_tokens": None},
}


@PLAIN_AND_STREAM
@pytest.mark.parametrize("case", [*oddities.USAGES, "missing"])
def test_U028_usage_that_cannot_be_is_clamped_or_estimated(
    team: httpx.Client, provider: Provider, verdict: Verdict, case: str, stream: bool
) -> None:
    model = f"u028-{case.replace(' ', '-')}-{stream}"
    provider.on(model, oddities.with_usage(oddities.USAGES.get(case)))

    answer = ask(team, model, stream=stream, stream_options={"include_usage": True})

    is_counted = case in COUNTED and (case != "fraction" or stream or Proxy.lane == "auto")
    record = verdict.answered(answer, "provider" if is_counted else "estimated")
    assert answer.text == "Hello there"
    usage = record["usage"]
    if is_counted:  # LiteLLM refuses fractions.
        assert {name: usage[name] for name in ZERO} == COUNTED[case]
    else:
        assert usage["prompt_tokens"] == 3  # "Say hello." has 10 bytes.
        assert 0 < usage["completion_tokens"] < 100
        assert usage["total_tokens"] == usage["prompt_tokens"] + usage["completion_tokens"]


@pytest.mark.parametrize(
    "totals", [(5, 12), (12, 5), (12, 12), (None, 12)], ids=["up", "down", "twice", "late"]
)
def test_U028_of_several_usages_the_last_one_counts(
    team: httpx.Client, provider: Provider, verdict: Verdict, totals: tuple[int | None, int]
) -> None:
    model = f"u028-{totals[0]}-{totals[1]}"
    counts = [None if n is None else {"prompt_tokens": 1, "completion_tokens": n} for n in totals]
    provider.on(model, oddities.usage_in_chunks(counts))

    answer = ask(team, model, stream=True)

    assert verdict.answered(answer)["usage"]["completion_tokens"] == totals[-1]


HUGE_LOGPROBS = pytest.param(
    oddities.huge_logprobs(40_000),
    marks=pytest.mark.relay_only("LiteLLM takes more than 30 s for 40,000 of them in one answer"),
)


@PLAIN_AND_STREAM
@pytest.mark.parametrize("behaviour", [oddities.huge_reasoning(5 * MIB), HUGE_LOGPROBS])
def test_U033_large_fields_pass_whole(
    team: httpx.Client, provider: Provider, verdict: Verdict, behaviour: Behaviour, stream: bool
) -> None:
    model = f"u033-{behaviour.__name__.partition('(')[0]}-{stream}"
    provider.on(model, behaviour)

    answer = ask(team, model, stream=stream)

    verdict.answered(answer, "estimated" if stream else "provider")
    assert len(answer.body) > 2 * MIB
    assert answer.text == "Hello there"


def test_U033_a_field_larger_than_an_event_may_be_ends_the_stream(
    team: httpx.Client, provider: Provider, verdict: Verdict
) -> None:
    provider.on("u033-too-large", oddities.huge_reasoning(20 * MIB))

    answer = ask(team, "u033-too-large", stream=True)

    verdict.failed(answer, 502, "upstream_invalid_response")
