"""A bug of ours, wherever in a request it strikes: said without its words, recorded as a bug."""

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.conftest import TEAM_KEY, bearer, chat
from tests.harness import patient
from tests.harness.errors import assert_refused
from tests.harness.proxy import Proxy

BUGGY = """
from lmproxy.call import Reply
from lmproxy.upstream.connection import Connection

class Pieces:
    def __init__(self):
        self.left = [b'data: {"choices":[{"delta":{"content":"half"}}]}\\n\\n']
    def __aiter__(self):
        return self
    async def __anext__(self):
        return self.left.pop()
    async def aclose(self):
        pass

class Buggy(Connection):
    def lane(self, operation):
        return "relay"
    async def ask(self, call, model, observed):
        if model == "at-once":
            raise ZeroDivisionError("canary")
        kind = b"text/event-stream" if call.stream else b"application/json"
        return Reply(200, kind, Pieces(), observed)
    async def close(self):
        raise ZeroDivisionError("canary")
"""


@pytest.fixture(scope="module")
def buggy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Proxy]:
    """A proxy whose connection raises what it should not, at once or midway."""
    folder: Path = tmp_path_factory.mktemp("buggy")
    (folder / "buggy.py").write_text(BUGGY)
    config = {
        "host": "127.0.0.1",
        "port": 0,
        "connections": {"up": {"api_type": "buggy.Buggy"}},
        "routing": {"*": "up.*"},
        "groups": {"team": {"api_keys": [TEAM_KEY]}},
    }
    with Proxy(config, folder) as running:
        yield running


@pytest.mark.parametrize("stream", [False, True], ids=["plain", "streamed"])
def test_before_an_answer_it_is_a_bare_500(buggy: Proxy, stream: bool) -> None:
    url, body = f"{buggy.api}/chat/completions", chat("at-once", stream=stream)

    answer = patient.post(url, json=body, headers=bearer(TEAM_KEY))

    assert_refused(answer, 500, "internal_error")
    record = buggy.record(id=answer.headers["x-request-id"])
    assert (record["status"], record["outcome"]) == (500, "internal_error")


def test_within_a_stream_it_is_an_error_event(buggy: Proxy) -> None:
    url, body = f"{buggy.api}/chat/completions", chat("midway", stream=True)

    answer = patient.post(url, json=body, headers=bearer(TEAM_KEY))

    first, last = answer.text.strip().split("\n\n")
    assert "half" in first
    assert '"code":"internal_error"' in last
    assert "canary" not in answer.text
    record = buggy.record(id=answer.headers["x-request-id"])
    assert (record["status"], record["outcome"]) == (200, "internal_error")


def test_within_a_long_plain_answer_the_connection_is_cut(buggy: Proxy) -> None:
    url, headers = f"{buggy.api}/chat/completions", {**bearer(TEAM_KEY), "x-request-id": "cut"}

    with pytest.raises(httpx.RemoteProtocolError):
        patient.post(url, json=chat("midway"), headers=headers)

    record = buggy.record(client_request_id="cut")
    assert (record["status"], record["outcome"]) == (200, "internal_error")
