"""Headers of the client's that the operator named reach the provider on every lane; no other."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import TEAM_KEY, UPSTREAM_KEY, base_config, bearer, chat
from tests.handlers.own import start
from tests.harness import patient
from tests.harness.proxy import Proxy
from tests.provider.server import Provider
from tests.provider.wire import SeenRequest

FORWARDER = {
    "class": "lm_proxy.handlers.HTTPHeadersForwarder",
    "white_list_headers": ["X-Trace-Id", "traceparent", "x-source", "x-left-out"],
    "ignore_headers": ["x-left-out"],
}
SENT = {
    "x-trace-id": "trace-1",
    "traceparent": "00-1-2-03",
    "x-source": "client",
    "x-left-out": "no",
    "x-not-named": "no",
    "cookie": "canary=1",
    "x-api-key": TEAM_KEY,
}
LANES = ("relay", "translate", "litellm")


@pytest.fixture(scope="module")
def forwarding(provider: Provider, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Proxy]:
    up = {**base_config(provider)["connections"]["up"], "http_headers": {"X-Source": "operator"}}
    more: dict[str, Any] = {
        "connections": {lane: {**up, "lane": lane} for lane in LANES},
        "groups": {"team": {"api_keys": [TEAM_KEY]}},
        "routing": {f"{lane}/*": f"{lane}.{{1}}" for lane in LANES},
    }
    folder = tmp_path_factory.mktemp("forwarding")
    with start(provider, folder, FORWARDER, "own.add_tag", **more) as running:
        yield running


def seen(provider: Provider, model: str) -> SeenRequest:
    (request,) = provider.requests_for(model)
    return request


def assert_forwarded(request: SeenRequest) -> None:
    """The headers named are there, the operator's own wins, and no other is."""
    assert request.header("x-trace-id") == "trace-1"
    assert request.header("traceparent") == "00-1-2-03"
    assert [value for name, value in request.headers if name.lower() == "x-source"] == ["operator"]
    assert request.header("authorization") == f"Bearer {UPSTREAM_KEY}"
    for name in ("x-left-out", "x-not-named", "cookie", "x-api-key"):
        assert request.header(name) is None
    assert not any(TEAM_KEY in value for _, value in request.headers)


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("lane", LANES)
def test_what_is_named_goes_on_and_nothing_else(
    forwarding: Proxy, provider: Provider, lane: str, stream: bool
) -> None:
    answer = patient.post(
        f"{forwarding.api}/chat/completions",
        headers={**bearer(TEAM_KEY), **SENT},
        json=chat(f"{lane}/forward-{lane}-{stream}", stream=stream),
        timeout=60,
    )

    assert answer.status_code == 200, answer.text
    assert f"lane={lane}" in answer.headers["x-oai-proxy-route"]
    assert_forwarded(seen(provider, f"forward-{lane}-{stream}"))


@pytest.mark.parametrize("lane", LANES)
def test_it_goes_on_from_another_dialect_too(
    forwarding: Proxy, provider: Provider, lane: str
) -> None:
    answer = patient.post(
        f"{forwarding.api}/messages",
        headers={"anthropic-version": "2023-06-01", **SENT},
        json={**chat(f"{lane}/forward-message-{lane}"), "max_tokens": 5},
        timeout=60,
    )

    assert answer.status_code == 200, answer.text
    assert_forwarded(seen(provider, f"forward-message-{lane}"))


@pytest.mark.parametrize(
    "value", [b"a\x01b", "\u00e4".encode(), b"tab\there", f"my {TEAM_KEY}".encode()]
)
def test_a_value_that_is_no_plain_text_or_has_the_key_does_not_go_on(
    forwarding: Proxy, provider: Provider, value: bytes
) -> None:
    model = f"forward-value-{value.hex()[:8]}"
    headers = {**bearer(TEAM_KEY), "traceparent": "00-1-2-03"}

    answer = patient.post(
        f"{forwarding.api}/chat/completions",
        headers=[*((n.encode(), v.encode()) for n, v in headers.items()), (b"x-trace-id", value)],
        json=chat(f"relay/{model}"),
    )

    if answer.status_code == 400:  # The server itself takes no such header.
        assert provider.requests_for(model) == []
        return
    assert answer.status_code == 200, answer.text
    request = seen(provider, model)
    assert (request.header("x-trace-id"), request.header("traceparent")) == (None, "00-1-2-03")


def test_without_a_forwarder_none_goes_on(provider: Provider, tmp_path: Path) -> None:
    with start(provider, tmp_path) as proxy:
        patient.post(
            f"{proxy.api}/chat/completions",
            headers={**bearer(TEAM_KEY), "x-trace-id": "1"},
            json=chat("forward-none"),
        )

    assert seen(provider, "forward-none").header("x-trace-id") is None
