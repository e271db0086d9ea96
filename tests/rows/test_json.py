"""Rows J, the text: what is JSON, what is nearly JSON, and what is sent on of it.

Its size, content type and coding stand in test_bodies.py.
"""

import itertools

import httpx
import pytest

from tests.conftest import GUEST_KEY, TEAM_KEY
from tests.harness.errors import assert_refused
from tests.harness.proxy import Proxy
from tests.harness.raw import Raw
from tests.provider.server import Provider

CHAT = "/v1/chat/completions"
JSON = b"Content-Type: application/json"
TEAM = b"Authorization: Bearer " + TEAM_KEY.encode()
GUEST = b"Authorization: Bearer " + GUEST_KEY.encode()
MESSAGES = b'"messages":[{"role":"user","content":"Say hello."}]'


def post(proxy: Proxy, body: bytes, key: bytes = TEAM) -> httpx.Response:
    with Raw(proxy) as raw:
        return raw.ask("POST", CHAT, JSON, key, body=body)


def assert_no_json(answer: httpx.Response, provider: Provider, model: str) -> None:
    assert_refused(answer, 400, "invalid_json")
    assert provider.requests_for(model) == []


@pytest.mark.parametrize("body", [b"", b" ", b"null", b"[]", b'"x"', b"1", b"true", b"[{}]"])
def test_J001_a_body_that_is_no_object_is_refused(proxy: Proxy, body: bytes) -> None:
    answer = post(proxy, body)

    assert_refused(answer, 400, "invalid_json")


@pytest.mark.parametrize(
    ("body", "code", "param"),
    [
        (b"{}", "missing_required_parameter", "messages"),
        (b'{"model":"j001"}', "missing_required_parameter", "messages"),
        (b'{"model":"j001","messages":null}', "missing_required_parameter", "messages"),
        (b'{"model":"j001","messages":{}}', "invalid_type", "messages"),
        (b'{"model":"j001","messages":"x"}', "invalid_type", "messages"),
        (b"{" + MESSAGES + b"}", "missing_required_parameter", "model"),
    ],
)
def test_J001_an_object_without_what_is_needed_is_told_so(
    proxy: Proxy, provider: Provider, body: bytes, code: str, param: str
) -> None:
    answer = post(proxy, body)

    assert_refused(answer, 400, code, param)
    assert provider.requests_for("j001") == []


@pytest.mark.parametrize(
    ("after", "before"),
    [
        pytest.param(b"", b"", id="truncated"),
        pytest.param(b",}", b"", id="trailing comma"),
        pytest.param(b"} // so", b"", id="comment after"),
        pytest.param(b"}", b"/* so */", id="comment before"),
        pytest.param(b"}{}", b"", id="two documents"),
        pytest.param(b"}\n{}", b"", id="two lines"),
        pytest.param(b"}\0", b"", id="trailing NUL"),
        pytest.param(b"}", b")]}',\n", id="prefix against hijacking"),
        pytest.param(b",'a':1}", b"", id="single quotes"),
        pytest.param(b",a:1}", b"", id="unquoted name"),
        pytest.param(b',"a":01}', b"", id="leading zero"),
        pytest.param(b',"a":"\t"}', b"", id="raw control character"),
    ],
)
def test_J002_what_is_nearly_json_is_refused(
    proxy: Proxy, provider: Provider, before: bytes, after: bytes
) -> None:
    answer = post(proxy, before + b'{"model":"j002",' + MESSAGES + after)

    assert_no_json(answer, provider, "j002")


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(b"\xff", id="no UTF-8"),
        pytest.param(b"\xc0\xaf", id="overlong"),
        pytest.param(b"\xe2\x82", id="cut"),
        pytest.param(b"\\ud800", id="lone surrogate, escaped"),
        pytest.param(b"\\udc00\\ud800", id="surrogates, the wrong way round"),
        pytest.param(b"\xed\xa0\x80", id="lone surrogate, raw"),
        pytest.param(b"\xed\xa0\xbd\xed\xb8\x80", id="CESU-8"),
        pytest.param(b"\xf4\x90\x80\x80", id="beyond U+10FFFF"),
    ],
)
@pytest.mark.parametrize("place", [b'"user":"%b"', b'"%b":1', b'"metadata":{"a":["%b"]}'])
def test_J007_text_that_is_no_unicode_is_refused(
    proxy: Proxy, provider: Provider, place: bytes, text: bytes
) -> None:
    answer = post(proxy, b'{"model":"j007",' + MESSAGES + b"," + place.replace(b"%b", text) + b"}")

    assert_no_json(answer, provider, "j007")


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-le", "utf-32", "utf-32-be"])
def test_J007_only_utf8_without_a_mark_is_json(
    proxy: Proxy, provider: Provider, encoding: str
) -> None:
    body = (b'{"model":"j007-encoded",' + MESSAGES + b"}").decode().encode(encoding)

    answer = post(proxy, body)

    assert_no_json(answer, provider, "j007-encoded")


@pytest.mark.parametrize("number", [b"NaN", b"Infinity", b"-Infinity", b"1e400", b"-1e400", b"nan"])
@pytest.mark.parametrize("place", [b'"temperature":%b', b'"max_tokens":%b', b'"a":[{"b":%b}]'])
def test_J008_a_number_that_is_none_is_refused(
    proxy: Proxy, provider: Provider, place: bytes, number: bytes
) -> None:
    body = b'{"model":"j008",' + MESSAGES + b"," + place.replace(b"%b", number) + b"}"

    answer = post(proxy, body)

    assert_no_json(answer, provider, "j008")


def test_J010_of_two_models_the_one_that_is_judged_is_the_one_that_is_sent(
    proxy: Proxy, provider: Provider
) -> None:
    mine, theirs = b'"model":"j010-mine"', b'"model":"other/j010-theirs"'
    answers = {}
    for first, last in itertools.permutations([mine, theirs]):
        body = b"{" + first + b"," + MESSAGES + b"," + last + b"}"
        answers[last] = post(proxy, body, GUEST)

    assert answers[mine].status_code == 200
    assert_refused(answers[theirs], 403, "model_not_allowed", "model")
    assert [sent.body.count(b'"model"') for sent in provider.requests_for("j010-mine")] == [1]
    assert provider.requests_for("j010-theirs") == []


def test_J010_nothing_is_sent_twice(proxy: Proxy, provider: Provider) -> None:
    twice = b'"stream":true,"max_tokens":5,"stream":false,"max_tokens":7,"a":{"b":1,"b":2}'

    answer = post(proxy, b'{"model":"j010-twice",' + MESSAGES + b"," + twice + b"}")

    assert answer.headers["content-type"] == "application/json"
    (sent,) = provider.requests_for("j010-twice")
    assert sent.json is not None
    assert (sent.json.get("stream", False), sent.json["max_tokens"]) == (False, 7)
    assert sent.body.count(b'"stream"') <= 1
    assert sent.body.count(b'"max_tokens"') == 1
    assert sent.json.get("a", {"b": 2}) == {"b": 2}
    assert sent.body.count(b'"b"') <= 1


@pytest.mark.parametrize("value", [b'"true"', b'"false"', b'""', b"1", b"0", b"[]", b"{}", b"1.0"])
def test_J016_a_stream_that_is_neither_true_nor_false_is_refused(
    proxy: Proxy, provider: Provider, value: bytes
) -> None:
    answer = post(proxy, b'{"model":"j016","stream":' + value + b"," + MESSAGES + b"}")

    assert_refused(answer, 400, "invalid_type", "stream")
    assert provider.requests_for("j016") == []


@pytest.mark.parametrize(
    ("value", "content_type"),
    [
        (b"null", "application/json"),
        (b"false", "application/json"),
        (b"true", "text/event-stream"),
    ],
)
def test_J016_a_stream_of_true_streams_and_of_null_does_not(
    proxy: Proxy, provider: Provider, value: bytes, content_type: str
) -> None:
    model = "j016-" + value.decode()

    answer = post(proxy, b'{"model":"%b","stream":%b,%b}' % (model.encode(), value, MESSAGES))

    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith(content_type)
    assert proxy.record(id=answer.headers["x-request-id"])["stream"] is (value == b"true")
    assert len(provider.requests_for(model)) == 1


@pytest.mark.parametrize("depth", [260, 505])
@pytest.mark.parametrize("path", ["chat/completions", "messages", "responses"])
def test_what_can_be_read_and_not_written_again_is_refused(
    team: httpx.Client, provider: Provider, proxy: Proxy, path: str, depth: int
) -> None:
    opened, closed = ('{"content":[', "]}") if depth > 400 else ("[", "]")
    messages = f'[{{"role": "user", "content": {opened * depth}"deep"{closed * depth}}}]'
    model = f"deep-{depth}-{path.partition('/')[0]}"
    body = f'{{"model": "{model}", "max_tokens": 5, "messages": {messages}, "input": {messages}}}'

    answer = team.post(f"/{path}", content=body, headers={"content-type": "application/json"})

    assert answer.status_code == 400, answer.text
    assert provider.requests_for(model) == []
    assert proxy.record(model_asked=model)["outcome"] == "refused"
