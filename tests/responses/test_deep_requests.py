"""A request too deep to be written again is refused before any provider is asked."""

import pytest

from tests.conftest import TEAM_KEY, bearer
from tests.harness import patient
from tests.harness.proxy import Proxy
from tests.provider.server import Provider

DEEP = 400


def deep(levels: int) -> str:
    """JSON of that many objects, each within another."""
    return '{"a":' * levels + "1" + "}" * levels


@pytest.mark.parametrize("stream", ["true", "false"])
@pytest.mark.parametrize(
    "fields",
    [
        '"input": "x", "metadata": DEEP',
        '"input": "x", "x_new": DEEP',
        '"input": [{"type": "function_call", "call_id": "c", "name": "f", "arguments": DEEP}]',
        '"input": [{"type": "function_call_output", "call_id": "c", "output": DEEP}]',
        '"input": "x", "tools": [{"type": "function", "name": "f", "parameters": DEEP}]',
    ],
    ids=["metadata", "unknown", "arguments", "output", "parameters"],
)
def test_a_deep_request_is_a_400_and_nobody_is_asked(
    elsewhere: Proxy, provider: Provider, fields: str, stream: str
) -> None:
    model = f"deep-{len(fields)}-{stream}"
    body = f'{{"model": "chat/{model}", "stream": {stream}, {fields}}}'

    answer = patient.post(
        f"{elsewhere.api}/responses",
        content=body.replace("DEEP", deep(DEEP)),
        headers={**bearer(TEAM_KEY), "content-type": "application/json"},
        timeout=60,
    )

    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "invalid_json")
    assert provider.requests_for(model) == []


def test_a_request_as_deep_as_any_schema_is_answered(elsewhere: Proxy, provider: Provider) -> None:
    body = f'{{"model": "chat/less-deep", "input": "x", "metadata": {deep(200)}}}'

    answer = patient.post(
        f"{elsewhere.api}/responses",
        content=body,
        headers={**bearer(TEAM_KEY), "content-type": "application/json"},
        timeout=60,
    )

    assert answer.status_code == 200
    assert len(provider.requests_for("less-deep")) == 1
