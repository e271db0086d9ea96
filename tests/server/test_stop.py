"""What a stop does to requests that are under way."""

import threading
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.conftest import TEAM_KEY, base_config, bearer, chat
from tests.harness import patient
from tests.harness.errors import assert_refused
from tests.harness.proxy import Proxy
from tests.provider.behaviours import held, stream_held
from tests.provider.exchange import Gate
from tests.provider.server import Provider


@pytest.fixture
def brief(provider: Provider, tmp_path: Path) -> Iterator[Proxy]:
    """A proxy that waits half a second, rounded up, for answers under way."""
    config = {**base_config(provider), "server": {"drain_s": 0.5}}
    with Proxy(config, tmp_path) as running:
        yield running


def stop_soon(proxy: Proxy) -> threading.Thread:
    stopping = threading.Thread(target=proxy.stop)
    stopping.start()
    return stopping


def test_a_plain_request_that_a_stop_cuts_off_is_told_so(brief: Proxy, provider: Provider) -> None:
    provider.on("stop-plain", held(Gate()))
    answers: list[httpx.Response] = []

    def ask() -> None:
        body = chat("stop-plain")
        url = f"{brief.api}/chat/completions"
        answers.append(patient.post(url, json=body, headers=bearer(TEAM_KEY)))

    asking = threading.Thread(target=ask)
    asking.start()
    provider.wait_for_request("stop-plain")
    stop_soon(brief).join()
    asking.join()

    assert_refused(answers[0], 503, "server_shutting_down")
    record = brief.record(id=answers[0].headers["x-request-id"])
    assert (record["status"], record["outcome"]) == (503, "interrupted")
    assert not [line for line in brief.stderr if "Traceback" in line]


def test_a_stream_that_a_stop_cuts_off_ends_in_an_error_event(
    brief: Proxy, provider: Provider
) -> None:
    provider.on("stop-stream", stream_held(Gate(), ["one", " two"]))
    body = chat("stop-stream", stream=True)
    url = f"{brief.api}/chat/completions"

    with patient.stream("POST", url, json=body, headers=bearer(TEAM_KEY)) as answer:
        lines = answer.iter_lines()
        first = next(lines)
        stopping = stop_soon(brief)
        rest = list(lines)
    stopping.join()

    assert first.startswith("data: ")
    assert '"code":"server_shutting_down"' in rest[-2]
    assert "data: [DONE]" not in rest
    record = brief.record(id=answer.headers["x-request-id"])
    assert (record["status"], record["outcome"]) == (200, "interrupted")
