"""Do both sides say the same, to the provider and to the client? Field by field.

A field that is `null` equals one that is absent: every OpenAI client reads both as `None`.
"""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl

from tests.oracle.asking import Outcome, Question, asked_model
from tests.oracle.difference import ABSENT, AN_ERROR, Difference
from tests.oracle.explained import EXPLAINED
from tests.oracle.folding import fold
from tests.oracle.form import broken_rules
from tests.oracle.replay import Seen

CLIENTS_OWN = re.compile(
    r"host|user-agent|accept|accept-encoding|connection|content-length|transfer-encoding"
    r"|x-stainless-.*|x-amz-date"
)
"""Headers that are the business of the library that carries a request, or of the clock."""
_SIGNED = re.compile(r"(AWS4-HMAC-SHA256 Credential=[^/]+/).*")
_RANDOM = (
    re.compile(r"call_[0-9a-f]{28}"),
    re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"),
)
"""Tool calls of providers that name none are named by LiteLLM, at random."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What became of one question on one lane.

    Attributes:
        differences: nobody knows why.
        explained: the reasons of all others, each once.
        broken: rules of form that our stream breaks.
    """

    differences: list[Difference]
    explained: list[str]
    broken: list[str]

    @property
    def faults(self) -> list[str]:
        """Everything that must not be."""
        return [*map(str, self.differences), *self.broken]


def judge(lane: str, question: Question, reference: Outcome, ours: Outcome) -> Verdict:
    """Compare what LiteLLM's own call did with what the proxy did on a lane."""
    differences, reasons = [], []
    for found in find_differences(reference, ours):
        reason = explain(lane, question, found)
        if reason is None:
            differences.append(found)
        elif reason not in reasons:
            reasons.append(reason)
    broken = []
    if ours.chunks is not None:
        broken = broken_rules(
            ours.chunks,
            model=asked_model(lane, question),
            with_usage=question.with_usage,
            is_done=ours.is_done,
        )
    return Verdict(differences, reasons, broken)


def explain(lane: str, question: Question, found: Difference) -> str | None:
    """Why a field differs; `None` if nobody knows."""
    for one in EXPLAINED:
        if one.covers(lane, question.provider, question.case, found):
            return one.reason
    return None


def find_differences(reference: Outcome, ours: Outcome) -> list[Difference]:
    """Every field that differs: first of the requests, then of the answers."""
    wanted, sent = ([request(seen) for seen in o.requests] for o in (reference, ours))
    return [*compare(wanted, sent, "request"), *compare(said(reference), said(ours), "answer")]


def said(outcome: Outcome) -> Any:
    """What is compared of an answer: ids, times and the model's name are each side's own."""
    if outcome.error:
        return AN_ERROR
    if outcome.chunks is not None:
        return fold(outcome.chunks)
    own = ("id", "created", "model")
    return {name: value for name, value in (outcome.answer or {}).items() if name not in own}


def request(seen: Seen) -> dict[str, Any]:
    """What is compared of a request to the provider."""
    headers = {n: v for n, v in seen.headers.items() if not CLIENTS_OWN.fullmatch(n)}
    if "authorization" in headers:
        headers["authorization"] = _SIGNED.sub(r"\1", headers["authorization"])
    return {
        "method": seen.method,
        "path": seen.path,
        "query": dict(parse_qsl(seen.query, keep_blank_values=True)),
        "headers": headers,
        "body": json.loads(seen.body),
    }


def compare(reference: Any, ours: Any, where: str) -> Iterator[Difference]:
    """The leaves that differ; the order of an object's keys is no difference."""
    if isinstance(reference, dict) and isinstance(ours, dict):
        for name in {**reference, **ours}:
            yield from compare(reference.get(name), ours.get(name), f"{where}.{name}")
    elif isinstance(reference, list) and isinstance(ours, list) and len(reference) == len(ours):
        for at, (one, other) in enumerate(zip(reference, ours, strict=True)):
            yield from compare(one, other, f"{where}[{at}]")
    elif _plain(reference) != _plain(ours):
        yield Difference(where, *(ABSENT if v is None else v for v in (reference, ours)))


def _plain(value: Any) -> Any:
    """A leaf, or a part that the other side lacks, without nulls and what is made at random."""
    if isinstance(value, str):
        for pattern in _RANDOM:
            value = pattern.sub("RANDOM", value)
        return value
    if isinstance(value, dict):
        return {n: p for n, v in value.items() if (p := _plain(v)) is not None} or None
    return [_plain(v) for v in value] if isinstance(value, list) else value
