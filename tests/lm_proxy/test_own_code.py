"""Handlers, checks, loggers, Fallbacks, connections of an operator's own: the same on both."""

import json
from typing import Any

import pytest

from tests.conftest import chat
from tests.lm_proxy.asking import asked, streamed
from tests.lm_proxy.conftest import Pairs
from tests.lm_proxy.looking import words
from tests.lm_proxy.side import Pair, Side
from tests.provider import answers, behaviours, refusals

TRACE = {"x_trace_id": "t-1", "traceparent": "00-1", "x_other": "o"}
HEADERS = ("x-source", "x-trace-id", "traceparent", "x-other")


@pytest.fixture
def pair(pairs: Pairs) -> Pair:
    return pairs("own_code")


@pytest.mark.parametrize(
    ("key", "model", "status"),
    [("anna", "up-1", 200), ("carl", "list-1", 200), ("carl", "up-1", 403), ("carl", "table", 403)],
)
def test_a_key_check_of_ones_own_names_the_same_group(
    pair: Pair, key: str, model: str, status: int
) -> None:
    assert pair.both(lambda side: side.post(key, chat(model)).status_code) == status


@pytest.mark.parametrize("fields", [{}, {"temperature": 1.5}, {"max_tokens": 9}, {"stream": True}])
def test_the_provider_is_sent_the_same_by_arguments_handlers_and_headers(
    pair: Pair, fields: dict[str, Any]
) -> None:
    def seen(side: Side) -> tuple[dict[str, Any], list[str | None]]:
        assert side.post("bert", chat("up-sent", **fields), **TRACE).status_code == 200
        request = side.provider.requests[-1]
        return {"stream": False, **side.sent()}, [request.header(name) for name in HEADERS]

    body, headers = pair.both(seen)

    assert (body["temperature"], body["top_p"]) == (fields.get("temperature", 0.2), 0.5)
    assert body.get("max_tokens") == (5 if "max_tokens" in fields else None)
    assert headers == ["proxy-node-1", "t-1", "00-1", None]


@pytest.mark.parametrize("stream", [False, True])
def test_a_handler_may_leave_the_fields_it_knows_and_say_more_to_the_provider(
    pair: Pair, stream: bool
) -> None:
    def seen(side: Side) -> tuple[dict[str, Any], list[str | None]]:
        body = chat("up-left", user="filtered", max_tokens=9, stream=stream)
        assert "Hello" in side.post("bert", body, **TRACE).text
        request = side.provider.requests[-1]
        sent = {name: value for name, value in side.sent().items() if "stream" not in name}
        return sent, [request.header(name) for name in (*HEADERS, "x-team")]

    body, headers = pair.both(seen)

    assert (body["top_k"], body["messages"]) == (3, words("Say hello."))
    assert not {"extra_headers", "extra_body", "user", "max_tokens"} & body.keys()
    assert headers == ["proxy-node-1", "t-1", "00-1", None, "team"]


@pytest.mark.parametrize("key", ["anna", "bert"])
def test_handlers_and_loggers_see_the_same(pair: Pair, key: str) -> None:
    text = f"What {key} asks."

    def seen(side: Side) -> tuple[dict[str, Any], dict[str, Any]]:
        body = {"model": "up-seen", "messages": words(text), "max_tokens": 9, "temperature": 1}
        assert side.post(key, body).status_code == 200
        return side.line(text, "handled"), side.line(text, "written")

    handled, written = pair.both(seen)

    name = {"anna": "anna", "bert": "anonymous"}[key]
    assert (handled["extra"], handled["model"], handled["duration"]) == (
        {"name": name},
        "up-seen",
        None,
    )
    assert written["user_info"] == ({"name": "anna"} if key == "anna" else {})
    assert (written["extra"], written["response"], written["tokens"]) == (
        {"name": name},
        "Hello there",
        12,
    )
    assert written["max_tokens"] == [9, 5]


def test_what_handlers_leave_for_loggers_is_in_the_line_the_same(pair: Pair) -> None:
    call = {"id": "call_1", "type": "function", "function": {"name": "look_up", "arguments": "{}"}}
    message = {"role": "assistant", "content": None, "tool_calls": [call]}
    choice = {"index": 0, "message": message, "finish_reason": "tool_calls"}
    pair.on("up-things", behaviours.plain(answers.chat_answer(choices=[choice])))

    def seen(side: Side) -> dict[str, Any]:
        body = {"model": "up-things", "messages": words("A line of things.")}
        assert side.post("anna", body).status_code == 200
        return side.line("A line of things.", "logs/objects")

    line = pair.both(seen)

    assert line["thing"] == {"size": 3, "tags": ["first", "last"]}
    assert (line["size"], line["double"], line["tag"]) == (3, 6, "last")
    assert line["calls"][0]["function"]["name"] == "look_up"


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize(("form", "first"), [("table", "first"), ("list", "org/first.v1")])
def test_a_fallback_leads_to_the_same(pair: Pair, form: str, first: str, stream: bool) -> None:
    def seen(side: Side) -> list[tuple[Any, Any, Any]]:
        before = len(side.provider.requests)
        answer = side.post("anna", chat(f"{form}-x", temperature=0.7, stream=stream))
        assert "Hello" in answer.text
        bodies = [request.json or {} for request in side.provider.requests[before:]]
        return [
            (body["model"], body["temperature"], body.get("reasoning_effort")) for body in bodies
        ]

    def failing(side: Side) -> list[tuple[Any, Any, Any]]:
        side.provider.on(first, refusals.bad_request())
        found = seen(side)
        side.provider.forget()
        return found

    assert pair.both(seen) == [(first, 0.7, None)]
    assert pair.both(failing) == [
        (first, 0.7, None),
        ("next", 0.7, "low" if form == "table" else None),
    ]


@pytest.mark.parametrize("model", ["coroutine", "instance"])
def test_code_that_answers_is_called_with_the_same(pair: Pair, model: str) -> None:
    def seen(side: Side) -> str:
        body = chat(model, temperature=0.5, user="u", stop=["a"], top_p=None)
        return str(side.post("anna", body).json()["choices"][0]["message"]["content"])

    told = pair.both(seen)

    messages, params = json.loads(told.removeprefix("I say: "))
    assert messages == ["Say hello."]
    assert params["temperature"] == 0.5
    assert params["model"] == ("any/model" if model == "coroutine" else "instance")


def test_code_that_streams_is_read_the_same(pair: Pair) -> None:
    seen = pair.both(lambda side: streamed(side, "coroutine", key="anna"))

    assert seen == ("in two", ["stop"])


def test_a_function_is_given_the_same(pair: Pair) -> None:
    def seen(side: Side) -> str | None:
        return asked(side, "function", "Called.", key="carl")

    told = pair.both(seen)

    assert json.loads(told or "")[0] == ["Called."]


def test_the_request_over_the_limit_is_refused_the_same(pairs: Pairs) -> None:
    def seen(side: Side) -> list[Any]:
        statuses = [side.post("bert", chat("up-limit")).status_code for _ in range(3)]
        refused = side.post("anna", chat("up-limit"))
        error = {name: refused.json()["error"][name] for name in ("message", "type", "code")}
        assert int(refused.headers["retry-after"]) in range(3000, 3602)
        others = side.post("carl", chat("list-limit")).status_code
        return [*statuses, refused.status_code, error, others]

    found = pairs("limited").both(seen)

    assert found[:4] == [200, 200, 200, 429]
    assert found[4]["message"] == "Rate limit exceeded: 3/3600s"
    assert found[5] == 200
