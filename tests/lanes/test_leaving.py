"""Rows C010, C011 and U036: whoever leaves or breaks, the provider and the lease are let go.

`narrow` takes two requests at once: a lease that is not given back shows with the third.
"""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from tests.harness.deadlines import SOON_S
from tests.harness.leaver import Leaver
from tests.harness.process import descriptors
from tests.harness.waiting import until
from tests.lanes.way import Way
from tests.provider import behaviours, faults, formed, oddities, refusals
from tests.provider.exchange import Behaviour, Gate

ENDINGS: dict[str, Behaviour] = {
    "reset": faults.reset_after_request,
    "silence": faults.never_answers,
    "head": faults.silence_after_head,
    "stream-head": faults.silence_after_stream_head,
    "cut": formed.after_words(formed.eof_mid_event),
    "unfinished": formed.after_words(formed.clean_end),
    "not-json": formed.after_words(formed.not_json),
    "refusal": formed.refusal(429),
    "auth": formed.refusal(401),
    "failure": refusals.status_only(500),
    "page": oddities.html_page,
    "null": behaviours.plain(b"null"),
    "error-event": formed.error_event("raw", 500),
    "good": behaviours.good_answer,
}


@pytest.mark.parametrize(
    ("fault", "stream"),
    [
        pytest.param(faults.never_answers, False, id="plain"),
        pytest.param(faults.silence_in_body, False, id="plain, in its body"),
        pytest.param(faults.never_answers, True, id="stream"),
        pytest.param(faults.silence_after_stream_head, True, id="stream, after its head"),
    ],
)
def test_C010_who_leaves_before_the_answer_stops_the_provider(
    way: Way, fault: Behaviour, stream: bool
) -> None:
    name = f"c010-{fault.__name__[:14]}-{stream:d}"
    way.on(name, fault)

    with Leaver(way.proxy, way.asked(name), stream=stream) as client:
        client.ask()
        way.provider.wait_for_request(way.model(name))
        left_at = client.leave()

    assert way.left(name) - left_at < SOON_S
    record = gone(way, client)
    assert record["usage"]["completion_tokens"] == 0
    assert len(way.provider.requests_for(way.model(name))) == 1


@pytest.mark.parametrize("leave", [Leaver.leave, Leaver.reset, Leaver.half_close])
def test_C011_however_a_client_leaves_a_stream_the_provider_is_stopped(
    way: Way, leave: Any
) -> None:
    name = f"c011-{leave.__name__}"
    way.on(name, formed.after_words(formed.silence, 3))

    with Leaver(way.proxy, way.asked(name), stream=True) as client:
        client.ask()
        heard = b""
        while heard.count(b'"word "') < 3:
            heard += client.read_until(b'"word "')
        left_at = leave(client)

        assert way.left(name) - left_at < SOON_S
    record = gone(way, client)
    assert record["usage"]["source"] == "estimated"
    assert record["usage"]["prompt_tokens"] == {"anthropic": 9, "google": 3}[way.kind]
    assert record["usage"]["completion_tokens"] >= 3
    assert record["finish_reason"] is None


def test_U036_a_lease_is_given_back_however_a_request_ends(way: Way) -> None:
    for case, behaviour in ENDINGS.items():
        for stream in (False, True):
            name = f"lease-{case}-{stream}"
            way.on(name, behaviour)
            way.ask(name, stream=stream, pace="narrow")
    leave_often(way, "narrow", "lease")
    gate = Gate()
    way.on("lease-held", behaviours.held(gate))

    with ThreadPoolExecutor(2) as pool:
        held = [pool.submit(way.ask, "lease-held", stream=True, pace="narrow") for _ in range(2)]
        way.provider.wait_for_request(way.model("lease-held"), count=2)
        refused = way.ask("lease-third", stream=True, pace="narrow")
        gate.open()
        answered = [asking.result() for asking in held]

    assert (refused.status, refused.error["code"]) == (503, "connection_busy")
    assert way.provider.requests_for(way.model("lease-third")) == []
    assert [answer.status for answer in answered] == [200, 200]


def leave_often(way: Way, pace: str, prefix: str) -> None:
    """Leave before and during an answer."""
    cases = {"early": faults.never_answers, "late": formed.after_words(formed.silence)}
    for case, behaviour in cases.items():
        name = f"{prefix}-{case}"
        way.on(name, behaviour)
        with Leaver(way.proxy, way.asked(name, pace), stream=True) as client:
            client.ask()
            way.provider.wait_for_request(way.model(name))
            if case == "late":
                client.read_until(b"word")
            client.leave()
        way.proxy.record(client_request_id=client.request_id)


def test_hundreds_of_requests_of_every_kind_leave_no_descriptor_behind(way: Way) -> None:
    ask_all(way, "rest")
    rest = descriptors(way.proxy.pid)

    for number in range(7):
        ask_all(way, f"leak-{number}")

    until(lambda: descriptors(way.proxy.pid) <= rest + 2, "the descriptors of the start")
    assert not [line for line in way.proxy.stderr if "was destroyed" in line or "never" in line]


def ask_all(way: Way, name: str) -> None:
    """One request for each ending."""
    for case in ("reset", "cut", "not-json", "refusal", "failure", "page", "error-event", "good"):
        for stream in (False, True):
            model = f"{name}-{case}-{stream}"
            way.on(model, ENDINGS[case])
            way.ask(model, stream=stream, pace="hasty")
    leave_often(way, "hasty", name)


def gone(way: Way, client: Leaver) -> dict[str, Any]:
    """The one record of a client that left."""
    record = way.proxy.record(client_request_id=client.request_id)
    assert (record["status"], record["outcome"]) == (499, "client_gone")
    assert record["lane"] == way.lane
    return record
