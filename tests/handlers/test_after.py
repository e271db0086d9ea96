"""`[[after]]`: the operator's own code hears how a request ended, and changes nothing of it."""

import time
from pathlib import Path

import httpx
import pytest

from tests.conftest import TEAM_KEY, bearer, chat
from tests.handlers.own import ask, lines, start
from tests.harness import patient
from tests.harness.waiting import until
from tests.provider import behaviours, refusals
from tests.provider.exchange import Gate
from tests.provider.server import Provider


@pytest.mark.parametrize("stream", [False, True])
def test_it_hears_what_was_said_and_what_it_took(
    provider: Provider, tmp_path: Path, stream: bool
) -> None:
    with start(provider, tmp_path, after=["own.ended", "own.ended_async"]) as proxy:
        ask(proxy, f"after-{stream}", stream=stream)
        (ended,) = lines(proxy, "ended.jsonl")
        (awaited,) = lines(proxy, "ended_async.jsonl")
        record = proxy.record(status=200)

    assert ended["said"]
    assert ended["tokens"] == record["usage"]["total_tokens"] > 0
    assert (ended["error"], ended["group"], ended["operation"]) == (None, "team", "chat")
    assert ended["duration"] == record["duration_s"]
    assert awaited == {"error": None}


def test_it_hears_of_failures_refusals_and_clients_that_left(
    provider: Provider, tmp_path: Path
) -> None:
    gate = Gate()
    provider.on("after-failed", refusals.server_error())
    provider.on("after-left", behaviours.stream_held(gate))
    with start(provider, tmp_path, "own.refuse", after=["own.ended"]) as proxy:
        ask(proxy, "after-failed")
        ask(proxy, "after-refused", user="forbidden")
        with (
            httpx.Client(timeout=patient.PATIENCE_S) as client,
            client.stream(
                "POST",
                f"{proxy.api}/chat/completions",
                headers=bearer(TEAM_KEY),
                json=chat("after-left", stream=True),
            ) as answer,
        ):
            next(answer.iter_lines())
        ended = lines(proxy, "ended.jsonl", 3)
        gate.open()

    assert [one["error"] for one in ended] == ["upstream_error", "no_such_words", "client_gone"]
    assert [one["model"] for one in ended] == ["after-failed", None, "after-left"]


def test_what_fails_in_it_is_in_the_log_and_nowhere_else(
    provider: Provider, tmp_path: Path
) -> None:
    with start(provider, tmp_path, after=["own.ended_badly", "own.ended"]) as proxy:
        answer = ask(proxy, "after-badly")
        lines(proxy, "ended.jsonl")
        event = "an after handler failed or missed a request"
        (said,) = until(lambda: proxy.log(event), "the log")

    assert answer.status_code == 200
    assert "RuntimeError at " in said["reason"]
    assert "canary" not in "".join(proxy.stderr)


def test_one_that_hangs_keeps_no_client_no_logger_and_no_stop(
    provider: Provider, tmp_path: Path
) -> None:
    log = {"class": "file", "path": str(tmp_path / "log.jsonl")}
    with start(provider, tmp_path, after=["own.hang"], loggers=[log]) as proxy:
        found = [ask(proxy, "after-hung").status_code for _ in range(5)]
        lines(proxy, "log.jsonl", 5)
        began = time.monotonic()
        code = proxy.stop()
        took = time.monotonic() - began

    assert (found, code) == ([200] * 5, 0)
    assert took < 15
