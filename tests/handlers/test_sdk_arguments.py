"""What lm-proxy's handlers told the SDK beside the request's fields reaches the provider."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import TEAM_KEY, UPSTREAM_KEY, base_config, bearer, chat
from tests.handlers.own import ask, start
from tests.harness import patient
from tests.harness.proxy import Proxy
from tests.provider.server import Provider
from tests.provider.wire import SeenRequest

LANES = ("relay", "translate", "litellm")
PUT = {
    "class": "own.Put",
    "extra_headers": {"X-Team": "blue", "X-Trace-Id": 7, "X-Source": "handler"},
    "extra_body": {"top_k": 3},
}
FORWARDER = {"class": "headers_forwarder", "white_list_headers": ["x-trace-id", "x-more"]}


@pytest.fixture(scope="module")
def proxy(provider: Provider, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Proxy]:
    up = {**base_config(provider)["connections"]["up"], "http_headers": {"X-Source": "operator"}}
    more: dict[str, Any] = {
        "connections": {lane: {**up, "lane": lane, "pass_params": ["top_k"]} for lane in LANES},
        "groups": {"team": {"api_keys": [TEAM_KEY]}},
        "routing": {f"{lane}/*": f"{lane}.{{1}}" for lane in LANES},
    }
    with start(provider, tmp_path_factory.mktemp("beside"), FORWARDER, PUT, **more) as running:
        yield running


def seen(provider: Provider, model: str) -> tuple[SeenRequest, dict[str, Any]]:
    (request,) = provider.requests_for(model)
    assert request.json is not None
    return request, request.json


@pytest.mark.parametrize("lane", LANES)
def test_headers_go_as_headers_and_fields_as_fields(
    proxy: Proxy, provider: Provider, lane: str
) -> None:
    model = f"beside-{lane}"
    sent = {"x-trace-id": "client", "x-more": "client", **bearer(TEAM_KEY)}

    url, body = f"{proxy.api}/chat/completions", chat(f"{lane}/{model}")
    answer = patient.post(url, headers=sent, json=body, timeout=60)

    assert answer.status_code == 200, answer.text
    request, fields = seen(provider, model)
    assert [request.header(name) for name in ("x-team", "x-trace-id", "x-more")] == [
        "blue", "7", "client",
    ]  # fmt: skip
    assert [value for name, value in request.headers if name.lower() == "x-source"] == ["operator"]
    assert request.header("authorization") == f"Bearer {UPSTREAM_KEY}"
    assert fields["top_k"] == 3
    assert not {"extra_headers", "extra_body"} & fields.keys()


def test_a_client_says_no_header_by_a_field_of_this_name(
    provider: Provider, tmp_path: Path
) -> None:
    said = {"X-Team": "client"}
    with start(provider, tmp_path, "own.look", "own.add_tag") as proxy:
        ask(proxy, "beside-client", extra_headers=said)

    request, fields = seen(provider, "beside-client")
    assert request.header("x-team") is None
    assert fields["extra_headers"] == said, "it is the provider's to refuse"
    assert '"extra_headers"' not in (tmp_path / "seen.jsonl").read_text()


@pytest.mark.parametrize("stream", [False, True])
def test_what_is_asked_stays_where_a_handler_left_a_table_without_it(
    provider: Provider, tmp_path: Path, stream: bool
) -> None:
    model = f"beside-left-{stream}"
    with start(provider, tmp_path, {"class": "own.Leave", "temperature": 0.5}) as proxy:
        answer = ask(proxy, model, stream=stream, seed=3)

    assert answer.status_code == 200, answer.text
    _, fields = seen(provider, model)
    assert (fields["temperature"], fields["messages"]) == (0.5, chat(model)["messages"])
    assert "seed" not in fields
