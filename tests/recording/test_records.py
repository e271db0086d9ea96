"""The records are what `docs/records.md` says, in both directions."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import orjson
import pytest

from lmproxy.call import Arrival, Json
from lmproxy.recording import Draft, Journal, Loggers, Recorder, outcomes
from lmproxy.recording.record import VERSION
from tests.conftest import GUEST_KEY, TEAM_KEY, bearer, chat
from tests.harness import patient
from tests.harness.proxy import REPOSITORY, Proxy
from tests.provider import answers, behaviours, faults, refusals
from tests.provider.exchange import Gate
from tests.provider.server import Provider

PAGE = (REPOSITORY / "docs" / "records.md").read_text()
FIELD = re.compile(r"^\| `([\w.]+)` \| ([\w ]+) \| ([^|]+) \| [^|]+ \|$", re.MULTILINE)
OUTCOME = re.compile(r"^\| `(\w+)` \| [^|]+ \|$", re.MULTILINE)
FIELDS = {name: (kind, null.strip()) for name, kind, null in FIELD.findall(PAGE)}
TYPES: dict[str, type | tuple[type, ...]] = {
    "text": str,
    "integer": int,
    "number": (int, float),
    "true or false": bool,
    "list": list,
    "table": dict,
}
DETAILED_USAGE = {
    **answers.USAGE,
    "prompt_tokens_details": {"cached_tokens": 4},
    "completion_tokens_details": {"reasoning_tokens": 1},
}
RICH_HEADERS = {
    "x-request-id": "client-4711",
    "session-id": "session-1",
    "user-agent": "agent/1.0",
}
RICH_REQUEST = {
    "user": "u-1",
    "reasoning_effort": "low",
    "tools": [{"type": "function", "function": {"name": "f"}}],
    "messages": [
        {"role": "user", "content": [{"type": "image_url", "image_url": {"url": "data:,"}}]}
    ],
}
MEASURED = {
    *("id", "time", "key_id", "config", "duration_s", "first_token_s", "upstream_s", "attempts"),
}
RICH_RECORD = {
    "v": 1,
    "client_request_id": "client-4711",
    "method": "POST",
    "path": "/v1/chat/completions",
    "dialect": "openai",
    "operation": "chat",
    "owner": "tessa",
    "group": "team",
    "user": "u-1",
    "session": "session-1",
    "model_asked": "r-rich",
    "model_used": "r-rich",
    "connection": "up",
    "lane": "relay",
    "rule": "*",
    "generation": 1,
    "status": 200,
    "outcome": "answered",
    "error_code": None,
    "stream": False,
    "tools": True,
    "image": True,
    "reasoning_effort": "low",
    "usage": {
        "prompt_tokens": 9,
        "completion_tokens": 3,
        "total_tokens": 12,
        "cached_tokens": 4,
        "reasoning_tokens": 1,
        "seconds": None,
        "source": "provider",
    },
    "finish_reason": "stop",
    "dropped_params": [],
    "upstream_request_id": "up-1",
    "address": "127.0.0.1",
    "user_agent": "agent/1.0",
}
BEHAVIOURS = {
    "r-rich": behaviours.plain(
        answers.chat_answer(usage=DETAILED_USAGE), [("x-request-id", "up-1")]
    ),
    "r-busy": refusals.rate_limited(),
    "r-reset": faults.reset_after_request,
    "r-cut": faults.eof_mid_event(),
    "r-spoken": behaviours.plain({"text": "hello", "usage": {"type": "duration", "seconds": 2.5}}),
}


@pytest.fixture(scope="module")
def records(
    proxy: Proxy, provider: Provider, tmp_path_factory: pytest.TempPathFactory
) -> list[Json]:
    """One record of each kind of request, in the order of `kinds` below."""
    for model, behaviour in BEHAVIOURS.items():
        provider.on(model, behaviour)
    before = len(proxy.records())
    with httpx.Client(base_url=proxy.api, timeout=60) as client:
        for number, answer in enumerate(every_kind(client), before + 1):
            answer.close()
            assert len(proxy.records()) == number, answer.request
    leave(proxy, provider)
    gone = proxy.record(model_asked="r-gone")
    return [*proxy.records()[before:-1], gone, bare(tmp_path_factory.mktemp("bare"))]


def every_kind(client: httpx.Client) -> Iterator[httpx.Response]:
    path, key = "/chat/completions", bearer(TEAM_KEY)
    rich = chat("r-rich", **RICH_REQUEST)
    yield client.post(path, json=rich, headers={**key, **RICH_HEADERS})
    yield client.post(path, json=chat("r-stream", stream=True), headers=key)
    yield client.post(path, json=chat("r-busy"), headers=key)
    yield client.post(path, json=chat("r-reset"), headers=key)
    yield client.post(path, json=chat("r-cut", stream=True), headers=key)
    yield client.post(path, json=chat("other/r"), headers=bearer(GUEST_KEY))
    yield client.post(path, json=chat("r-nobody"), headers={"user-agent": ""})
    yield client.post(path, content=b"{", headers={**key, "content-type": "application/json"})
    sound = {"file": ("a.wav", b"RIFF", "audio/wav")}
    yield client.post("/audio/transcriptions", data={"model": "r-spoken"}, files=sound, headers=key)
    yield client.get("/models", headers=key)
    yield client.get("/nowhere", headers=key)


def leave(proxy: Proxy, provider: Provider) -> None:
    """A client that leaves in the middle of a stream."""
    gate = Gate()
    provider.on("r-gone", behaviours.stream_held(gate))
    with patient.stream(
        "POST",
        f"{proxy.api}/chat/completions",
        json=chat("r-gone", stream=True),
        headers=bearer(TEAM_KEY),
    ) as answer:
        next(answer.iter_raw())
    provider.wait_for_disconnect("r-gone")
    gate.open()


def bare(folder: Path) -> Json:
    """The record of a request of which nothing is known."""
    journal = Journal(folder)
    journal.open()
    arrival = Arrival("openai", "unknown", "GET", "/", None, None, None)
    recorder = Recorder(journal, Loggers([]), "0" * 12, str)
    recorder.close(Draft("req_0", arrival), 500, outcomes.BUG, "internal_error")
    journal.close()
    found: Json = orjson.loads(journal.path.read_bytes())
    return found


def flat(found: Json) -> Iterator[tuple[str, Any]]:
    """Every field with its documented name, tables and lists included."""
    for name, value in found.items():
        yield name, value
        for part in value if isinstance(value, list) else [value]:
            if isinstance(part, dict):
                yield from ((f"{name}.{inner}", each) for inner, each in part.items())


def seen(records: list[Json], name: str) -> list[Any]:
    return [value for found in records for field, value in flat(found) if field == name]


def test_every_field_of_every_record_is_documented_and_every_documented_one_is_there(
    records: list[Json],
) -> None:
    outer = {name for name in FIELDS if not name.startswith("attempts.")}
    attempts = FIELDS.keys() - outer

    for found in records:
        assert {name for name, _ in flat(found)} == outer | (
            attempts if found["attempts"] else set()
        )


@pytest.mark.parametrize("name", FIELDS)
def test_a_field_has_its_documented_type(name: str, records: list[Json]) -> None:
    expected = TYPES[FIELDS[name][0]]
    values = [value for value in seen(records, name) if value is not None]

    assert values
    assert all(isinstance(value, expected) for value in values)
    assert FIELDS[name][0] == "true or false" or not any(isinstance(v, bool) for v in values)


@pytest.mark.parametrize("name", FIELDS)
def test_a_field_is_null_only_where_the_documentation_says_when(
    name: str, records: list[Json]
) -> None:
    assert (None in seen(records, name)) is (FIELDS[name][1] != "never")


def test_every_outcome_is_documented() -> None:
    known = (*outcomes.HAS_TOKENS, outcomes.REFUSED, outcomes.FAILED, outcomes.BUG)

    assert set(OUTCOME.findall(PAGE)) == {*known}


def test_the_documented_version_is_that_of_the_records(records: list[Json]) -> None:
    assert f"This is version {VERSION} (`v`)." in PAGE
    assert set(seen(records, "v")) == {VERSION}


def test_each_kind_of_request_has_its_outcome_status_and_code(records: list[Json]) -> None:
    kinds = [(found["outcome"], found["status"], found["error_code"]) for found in records]

    assert kinds == [
        ("answered", 200, None),
        ("answered", 200, None),
        ("upstream_failed", 429, "rate_limit_exceeded"),
        ("upstream_failed", 502, "upstream_error"),
        ("broken", 200, "upstream_stream_broken"),
        ("refused", 403, "model_not_allowed"),
        ("refused", 401, "invalid_api_key"),
        ("refused", 400, "invalid_json"),
        ("answered", 200, None),
        ("answered", 200, None),
        ("refused", 404, "unknown_url"),
        ("client_gone", 499, "client_gone"),
        ("internal_error", 500, "internal_error"),
    ]


@pytest.mark.relay_only("its fields all pass, and the record names the lane")
def test_a_rich_request_is_recorded_whole(records: list[Json], proxy: Proxy) -> None:
    (line,) = (
        number
        for number, text in enumerate(proxy.config_file.read_text().splitlines(), 1)
        if text.startswith('"*" =')
    )

    rich = {name: value for name, value in records[0].items() if name not in MEASURED}

    assert rich == {**RICH_RECORD, "rule_line": line}


def test_the_identifiers_have_their_documented_forms(records: list[Json]) -> None:
    served = records[:-1]

    assert len(set(seen(records, "id"))) == len(records)
    assert all(re.fullmatch(r"req_[0-9a-f]{24}", found["id"]) for found in served)
    assert all(re.fullmatch(r"[0-9a-f]{12}", found["config"]) for found in records)
    assert all(re.fullmatch(r"key_[0-9a-f]{12}", key) for key in seen(records, "key_id") if key)
    times = [datetime.fromisoformat(found["time"]) for found in served]
    assert times[:-1] == sorted(times[:-1])
    assert all(time.tzinfo == UTC for time in times)


def test_durations_fit_into_one_another(records: list[Json]) -> None:
    rich = records[0]

    assert 0 < rich["first_token_s"] <= rich["duration_s"]
    assert 0 < rich["attempts"][0]["duration_s"] <= rich["duration_s"]
    assert 0 < rich["upstream_s"] <= rich["duration_s"]


def test_no_record_has_a_prompt_or_an_answer(records: list[Json]) -> None:
    text = orjson.dumps(records).decode()

    assert "Say hello" not in text
    assert "Hello" not in text
    assert "data:," not in text
