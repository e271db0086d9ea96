"""Rows U020 to U022, U025 and U027: what a provider says when it refuses, and what of it is told.

400, 402, 404, 408, 409, 413, 422 and 429 keep their status and the provider's own words, scrubbed;
a refused credential is the operator's affair. U021's alert is the record's `upstream_auth_error`.
"""

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import httpx
import pytest

from tests.conftest import UPSTREAM_KEY
from tests.harness.answer import ask
from tests.harness.proxy import Proxy
from tests.harness.verdict import Verdict
from tests.provider import answers, faults, refusals
from tests.provider.exchange import Behaviour, Exchange
from tests.provider.server import Provider

PLAIN_AND_STREAM = pytest.mark.parametrize("stream", [False, True], ids=["plain", "stream"])
KEPT = [400, 402, 404, 408, 409, 413, 422, 429]


@pytest.fixture
def verdict(proxy: Proxy, provider: Provider) -> Verdict:
    return Verdict(proxy, provider)


@PLAIN_AND_STREAM
@pytest.mark.parametrize("status", KEPT)
def test_U020_a_refusal_that_clients_act_on_keeps_the_words_of_the_provider(
    team: httpx.Client, provider: Provider, verdict: Verdict, status: int, stream: bool
) -> None:
    model = f"u020-{status}-{stream}"
    said = ("Unknown parameter: 'frobnicate'.", "invalid_request_error", "unknown", "frobnicate")
    provider.on(model, refusals.refusal(status, *said))

    answer = ask(team, model, stream=stream)

    verdict.failed(answer, status, "unknown")
    assert answer.error == dict(zip(("message", "type", "code", "param"), said, strict=True))
    assert "retry-after" not in answer.headers


INTERNALS = {
    "our key": UPSTREAM_KEY,
    "another key": "sk-proj-abcdefghijklmnop0123",
    "the address": "http://{host}/v1/chat/completions",
    "the host": "{host} said no",
    "another address": "upstream connect error to 10.1.2.3:8000",
    "localhost": "connection to localhost:9000 refused",
    "a path": "no such file: /home/vllm/models/secret.gguf",
    "a file URL": "file:///srv/models/secret.gguf",
    "a traceback": 'Traceback (most recent call last):\n  File "/usr/x.py", line 5, in f\nKeyError',
}


@pytest.mark.parametrize("case", INTERNALS)
def test_U020_keys_hosts_paths_and_tracebacks_are_taken_out_of_a_message(
    team: httpx.Client, provider: Provider, verdict: Verdict, case: str
) -> None:
    model = f"u020-{case.replace(' ', '-')}"
    inside = INTERNALS[case].format(host=f"127.0.0.1:{provider.port}")
    provider.on(model, refusals.bad_request(f"Bad request; {inside} Try again."))

    answer = ask(team, model)

    verdict.failed(answer, 400, "unknown_parameter")
    assert answer.error["message"].startswith("Bad request; ")
    for words in ("secret.gguf", "10.1.2.3", "localhost", "KeyError", "sk-proj", inside):
        assert words not in answer.body.decode()


def test_U020_a_long_message_is_cut(
    team: httpx.Client, provider: Provider, verdict: Verdict
) -> None:
    provider.on("u020-long", refusals.bad_request("ab " * 10_000))

    answer = ask(team, "u020-long")

    verdict.failed(answer, 400, "unknown_parameter")
    assert len(answer.error["message"]) == 500


ODD_BODIES: dict[str, bytes] = {
    "empty": b"",
    "HTML": b"<html>nginx/1.2 bad request</html>",
    "cut": b'{"error": {"mess',
    "deep": b'{"error": {"message": "no", "x": ' + b"[" * 900 + b"]" * 900 + b"}}",
    "strange code": '{"error": {"message": "no", "code": "²", "type": "³"}}'.encode(),
    "number": b"42",
    "error text": b'{"error": "no"}',
    "error list": b'[{"error": {"message": "no"}}]',
    "no error": b'{"message": "no", "detail": [{"loc": ["body"]}]}',
    "larger than is read": b'{"error": {"message": "' + b"a" * 200_000 + b'"}}',
}


@pytest.mark.parametrize("case", ODD_BODIES)
def test_U020_whatever_the_body_of_a_refusal_the_status_arrives(
    team: httpx.Client, proxy: Proxy, provider: Provider, case: str
) -> None:
    async def refuse(exchange: Exchange) -> None:
        await exchange.send_json(422, ODD_BODIES[case])

    model = f"u020-odd-{case.replace(' ', '-')}"
    provider.on(model, refuse)

    answer = ask(team, model)

    assert answer.status == 422
    assert answer.error["message"]
    assert b"nginx" not in answer.body
    assert proxy.record(id=answer.id)["outcome"] == "upstream_failed"


@pytest.mark.parametrize("is_silent", [True, False], ids=["stands still", "breaks off"])
def test_U020_a_refusal_whose_body_does_not_arrive_keeps_its_status(
    team: httpx.Client, provider: Provider, verdict: Verdict, is_silent: bool
) -> None:
    async def refuse(exchange: Exchange) -> None:
        await exchange.send_head(429, headers=[("Retry-After", "7"), ("Content-Length", "99")])
        await exchange.send_raw(b'{"error": {')
        await (exchange.client_gone() if is_silent else exchange.reset())

    model = f"u020-body-{is_silent}"
    provider.on(model, refuse)

    answer = ask(team, f"hasty/{model}")

    verdict.failed(answer, 429, None)
    assert answer.headers["retry-after"] == "7"


@PLAIN_AND_STREAM
@pytest.mark.parametrize("refusal", [refusals.unauthorized, refusals.forbidden], ids=["401", "403"])
def test_U021_a_refused_credential_is_the_operators_and_not_the_callers(
    team: httpx.Client,
    proxy: Proxy,
    provider: Provider,
    verdict: Verdict,
    refusal: Behaviour,
    stream: bool,
) -> None:
    model = f"u021-{refusal is refusals.forbidden}-{stream}"
    provider.on(model, refusal)

    answer = ask(team, model, stream=stream)

    verdict.failed(answer, 502, "upstream_auth_error")
    assert "No such key" not in answer.error["message"]
    assert "Not in your country" not in answer.error["message"]
    told = proxy.log("a provider refused the proxy's own credential")
    record = proxy.record(id=answer.id)
    assert (record["connection"], record["id"]) in [(t["connection"], t["id"]) for t in told]


@pytest.mark.parametrize("status", [400, 401, 404, 429, 500])
@pytest.mark.parametrize("form", refusals.KEY_FORMS)
def test_U022_the_key_is_never_repeated_in_any_form(
    team: httpx.Client, proxy: Proxy, provider: Provider, form: str, status: int
) -> None:
    model = f"u022-{form}-{status}"
    provider.on(model, refusals.key_echo(form, status))

    answer = ask(team, model)

    shown = refusals.KEY_FORMS[form](UPSTREAM_KEY).removeprefix("Bearer ")
    record = proxy.record(id=answer.id)
    for text in (answer.body.decode(), str(answer.headers), str(record), *proxy.stderr):
        assert shown not in text
        assert UPSTREAM_KEY not in text
    assert answer.status == (status if status in KEPT else 502)


def _http_date(after_s: int) -> str:
    return format_datetime(datetime.now(UTC) + timedelta(seconds=after_s), usegmt=True)


WAITS: dict[str, tuple[str | None, str | None, set[str | None]]] = {
    "seconds": ("7", None, {"7"}),
    "date": (_http_date(300), None, {str(n) for n in range(1, 301)}),
    "past date": (_http_date(-300), None, {"1"}),
    "milliseconds": (None, "2500", {"3"}),
    "milliseconds first": ("60", "1500", {"2"}),
    "zero": ("0", None, {"1"}),
    "negative": ("-1", None, {"1"}),
    "huge": ("1e9", None, {"3600"}),
    "words": ("abc", None, {None}),
    "infinite": ("inf", None, {None}),
    "impossible date": ("Fri, 31 Dec 9999 23:59:59 -2359", None, {"3600"}),
    "absent": (None, None, {None}),
}
"""Retry-After, retry-after-ms, and what may be told of them."""


@pytest.mark.parametrize("case", WAITS)
def test_U025_a_rate_limit_tells_how_long_to_wait_in_whole_seconds(
    team: httpx.Client, provider: Provider, verdict: Verdict, case: str
) -> None:
    retry_after, retry_after_ms, told = WAITS[case]
    model = f"u025-{case.replace(' ', '-')}"
    provider.on(model, refusals.rate_limited(retry_after, retry_after_ms))

    answer = ask(team, model)

    verdict.failed(answer, 429, "rate_limit_exceeded")
    assert answer.headers.get("retry-after") in told


def test_U025_a_stream_is_told_how_long_to_wait_too(
    team: httpx.Client, provider: Provider, verdict: Verdict
) -> None:
    provider.on("u025-stream", refusals.rate_limited("7"))

    answer = ask(team, "u025-stream", stream=True)

    verdict.failed(answer, 429, "rate_limit_exceeded")
    assert answer.headers["retry-after"] == "7"


def _error_event(form: str) -> Behaviour:
    async def behave(exchange: Exchange) -> None:
        await faults.begin_stream(exchange)
        key = refusals.KEY_FORMS[form](refusals.presented_key(exchange.request))
        document = answers.error_answer(f"Quota of {key} is used up", "insufficient_quota", "quota")
        await exchange.send_event(document)
        await exchange.end_stream()

    return behave


@pytest.mark.parametrize("form", refusals.KEY_FORMS)
def test_U027_an_error_inside_a_stream_is_its_last_event_without_the_key(
    team: httpx.Client, provider: Provider, verdict: Verdict, form: str
) -> None:
    model = f"u027-{form}"
    provider.on(model, _error_event(form))

    answer = ask(team, model, stream=True)

    verdict.broke_off(answer, "quota")
    assert answer.error["type"] == "insufficient_quota"
    assert answer.error["message"].startswith("Quota of ")
    shown = refusals.KEY_FORMS[form](UPSTREAM_KEY).removeprefix("Bearer ")
    assert shown not in answer.body.decode()
    assert answer.text_before_error == "word "


def test_U027_an_error_in_place_of_the_first_event_keeps_its_status(
    team: httpx.Client, provider: Provider, verdict: Verdict
) -> None:
    async def error_first(exchange: Exchange) -> None:
        await exchange.start_stream()
        await exchange.send_event(answers.error_answer("Slow down", "rate_limit_error", "busy"))
        await exchange.end_stream()

    provider.on("u027-first", error_first)

    answer = ask(team, "u027-first", stream=True)

    verdict.failed(answer, 429, "busy")
