"""What a function gives that is no answer: the provider's fault and not ours; it is recorded."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import TEAM_KEY, bearer, chat
from tests.harness import patient
from tests.harness.proxy import Proxy

FUNCTIONS = """
SAID = {"role": "assistant", "content": "hi"}

def whole(message, reason="stop"):
    return {"choices": [{"index": 0, "message": message, "finish_reason": reason}]}

GIVEN = {
    "half-a-pair": "half \\ud83d of it",
    "message-is-a-text": {"choices": [{"message": 5, "delta": "text"}]},
    "delta-is-a-text": {"choices": [{"delta": "text"}]},
    "thing-in-it": whole({**SAID, "thing": object()}),
    "number-too-large": whole({**SAID, "content": 2**80}),
    "names-no-texts": whole({**SAID, 1: 2, "content": {1: 2}}),
    "half-a-reason": whole(SAID, "half \\ud83d of it"),
    "counts-of-things": {"choices": [{"delta": {"content": object()}}], "usage": {"x": object()}},
}

async def gives(prompt, model):
    return GIVEN[model]
"""
GIVEN = [
    "half-a-pair", "message-is-a-text", "delta-is-a-text", "thing-in-it", "number-too-large",
    "names-no-texts", "half-a-reason", "counts-of-things",
]  # fmt: skip


@pytest.fixture(scope="module")
def proxy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Proxy]:
    folder: Path = tmp_path_factory.mktemp("unreadable")
    (folder / "giving.py").write_text(FUNCTIONS)
    config = {
        "host": "127.0.0.1",
        "port": 0,
        "connections": {"own": {"api_type": "function", "inference_func": "giving.gives"}},
        "routing": {"*": "own.*"},
        "groups": {"team": {"api_keys": [TEAM_KEY]}},
    }
    with Proxy(config, folder) as running:
        yield running


@pytest.mark.parametrize("stream", [False, True], ids=["plain", "streamed"])
@pytest.mark.parametrize("model", GIVEN)
def test_what_nobody_can_read_is_an_invalid_response(
    model: str, stream: bool, proxy: Proxy
) -> None:
    answer = patient.post(
        f"{proxy.api}/chat/completions", json=chat(model, stream=stream), headers=bearer(TEAM_KEY)
    )

    *_, last = [line for line in answer.text.splitlines() if line]
    error = json.loads(last.removeprefix("data: "))["error"]
    assert error["code"] == "upstream_invalid_response"
    assert "function" in error["message"]
    record = proxy.record(id=answer.headers["x-request-id"])
    assert record["error_code"] == "upstream_invalid_response"
    assert answer.status_code == (200 if record["outcome"] == "broken" else 502)
