"""The comparison itself: what it must find, and what it must let pass."""

import copy
import json
from dataclasses import replace
from typing import Any

import pytest

from tests.oracle import comparing
from tests.oracle.asking import Oracle, Outcome, Question
from tests.oracle.comparing import find_differences, judge
from tests.oracle.explained import Explained
from tests.oracle.replay import Seen

PLAIN = Question("anthropic", "parallel_tools", is_streamed=False)
STREAMED = Question("anthropic", "reasoning", is_streamed=True)


def where(reference: Outcome, ours: Outcome) -> list[str]:
    return [found.where for found in find_differences(reference, ours)]


def with_request(outcome: Outcome, **changed: Any) -> Outcome:
    (seen,) = outcome.requests
    return replace(outcome, requests=[replace(seen, **changed)])


def with_body(outcome: Outcome, **changed: Any) -> Outcome:
    body = {**json.loads(outcome.requests[0].body), **changed}
    return with_request(outcome, body=json.dumps(body).encode())


def with_header(outcome: Outcome, name: str, value: str) -> Outcome:
    return with_request(outcome, headers={**outcome.requests[0].headers, name: value})


def with_message(outcome: Outcome, **changed: Any) -> Outcome:
    answer = copy.deepcopy(outcome.answer)
    assert answer is not None
    answer["choices"][0]["message"] |= changed
    return replace(outcome, answer=answer)


def without_thinking(outcome: Outcome) -> Outcome:
    chunks = copy.deepcopy(outcome.chunks)
    assert chunks is not None
    for chunk in chunks:
        for choice in chunk["choices"]:
            choice["delta"].pop("thinking_blocks", None)
    return replace(outcome, chunks=chunks)


def test_an_outcome_equals_itself(sides: Oracle) -> None:
    for question in (PLAIN, STREAMED):
        outcome = sides.reference(question)

        assert find_differences(outcome, outcome) == []


def test_a_changed_request_is_found(sides: Oracle) -> None:
    good = sides.reference(PLAIN)

    assert where(good, with_request(good, method="PUT")) == ["request[0].method"]
    assert where(good, with_request(good, path="/v1/message")) == ["request[0].path"]
    assert where(good, with_request(good, query="beta=true")) == ["request[0].query.beta"]
    assert where(good, with_body(good, max_tokens=1)) == ["request[0].body.max_tokens"]
    assert where(good, with_header(good, "x-api-key", "sk-other")) == [
        "request[0].headers.x-api-key"
    ]
    assert where(good, replace(good, requests=[])) == ["request"]


def test_what_the_carrying_library_adds_is_no_difference(sides: Oracle) -> None:
    good = sides.reference(PLAIN)
    ordered = dict(reversed(json.loads(good.requests[0].body).items()))

    assert where(good, with_header(good, "user-agent", "another/1.0")) == []
    assert where(good, with_request(good, body=json.dumps(ordered).encode())) == []


def test_a_changed_answer_is_found(sides: Oracle) -> None:
    good = sides.reference(PLAIN)
    calls = (good.answer or {})["choices"][0]["message"]["tool_calls"]

    assert where(good, with_message(good, content="Now")) == ["answer.choices[0].message.content"]
    assert where(good, with_message(good, tool_calls=calls[:1])) == [
        "answer.choices[0].message.tool_calls"
    ]
    assert where(good, replace(good, answer=None, error=(502, "broken"))) == ["answer"]


def test_what_a_stream_leaves_out_is_found(sides: Oracle) -> None:
    good = sides.reference(STREAMED)
    assert good.chunks is not None

    assert where(good, without_thinking(good)) == ["answer.message.thinking_blocks"]
    assert where(good, replace(good, chunks=good.chunks[:-1])) == ["answer.usage"]


def test_null_and_absent_are_the_same() -> None:
    one = Outcome([], answer={"choices": [{"a": None, "b": {"c": None}}]})
    other = Outcome([], answer={"choices": [{}]})

    assert where(one, other) == []


def test_names_made_at_random_are_the_same() -> None:
    made = ["call_0aee2eb6cd2645948c911841d7a4", "call_3afbba697a434bd09fca81ac0125"]
    one, other = (Outcome([], answer={"id_of_call": f"{name}__thought__c2ln"}) for name in made)
    unsigned = Outcome([], answer={"id_of_call": made[1]})

    assert where(one, other) == []
    assert where(one, unsigned) == ["answer.id_of_call"]


@pytest.mark.parametrize(
    ("signed", "expected"),
    [
        ("AWS4-HMAC-SHA256 Credential=AKID/20251010/x, SignedHeaders=b, Signature=c", []),
        ("AWS4-HMAC-SHA256 Credential=OTHER/20251009/x", ["request[0].headers.authorization"]),
    ],
)
def test_a_signature_depends_on_the_clock_but_not_its_key(signed: str, expected: list[str]) -> None:
    first = "AWS4-HMAC-SHA256 Credential=AKID/20251009/x, SignedHeaders=a, Signature=b"
    good = Outcome([Seen("POST", "/", "", {"authorization": first}, b"{}")])

    assert where(good, with_header(good, "authorization", signed)) == expected


def test_only_what_is_explained_passes(monkeypatch: pytest.MonkeyPatch) -> None:
    known = Explained(r"answer\.usage\.cost", "why", lanes=("translate",), providers=("anthropic",))
    monkeypatch.setattr(comparing, "EXPLAINED", (known,))
    good = Outcome([], answer={"usage": {"cost": 1, "prompt_tokens": 2}})
    dear = Outcome([], answer={"usage": {"cost": 5, "prompt_tokens": 2}})
    wrong = Outcome([], answer={"usage": {"cost": 1, "prompt_tokens": 3}})

    assert judge("translate", PLAIN, good, dear).explained == ["why"]
    assert judge("translate", PLAIN, good, dear).faults == []
    assert judge("litellm", PLAIN, good, dear).faults == ["answer.usage.cost: 1 became 5"]
    assert judge("translate", PLAIN, good, wrong).faults == [
        "answer.usage.prompt_tokens: 2 became 3"
    ]
