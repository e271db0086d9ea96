"""What is there for machines that look after the proxy: health, readiness, and the debug page."""

import re
from collections.abc import Iterator

import httpx
import pytest

from lmproxy import __version__
from lmproxy.app import ENDPOINTS
from tests.conftest import TEAM_KEY, base_config, bearer, chat
from tests.harness.errors import assert_refused
from tests.harness.proxy import Proxy
from tests.provider.server import Provider


@pytest.fixture(scope="module")
def off(provider: Provider, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Proxy]:
    """A proxy that is switched off, with its debug page."""
    config = {**base_config(provider), "enabled": False}
    with Proxy(config, tmp_path_factory.mktemp("off"), arguments=("--debug",)) as running:
        yield running


@pytest.mark.parametrize(
    ("method", "path"),
    [("HEAD", "/"), ("GET", "/health"), ("HEAD", "/health"), ("GET", "/ready"), ("HEAD", "/ready")],
)
def test_a_look_at_the_proxy_s_health_is_cheap_and_has_an_id(
    http: httpx.Client, proxy: Proxy, method: str, path: str
) -> None:
    before = proxy.records(method=method, path=path)

    answer = http.request(method, proxy.url + path)
    named = http.request(method, proxy.url + path, headers={"x-request-id": "probe_7-a"})
    misnamed = http.request(method, proxy.url + path, headers={"x-request-id": "a b"})

    assert [x.status_code for x in (answer, named, misnamed)] == [200] * 3
    assert named.headers["x-request-id"] == "probe_7-a"
    for own in (answer, misnamed):
        assert re.fullmatch("req_[0-9a-f]{24}", own.headers["x-request-id"])
    assert proxy.records(method=method, path=path) == before


def test_ready_says_what_serves_and_no_secret(http: httpx.Client, proxy: Proxy) -> None:
    answer = http.get(f"{proxy.url}/ready")

    state = answer.json()
    assert (state["ready"], state["version"], state["generation"]) == (True, __version__, 1)
    assert set(state["connections"]) == {"up", "hasty", "other"}
    assert state["connections"]["up"] == {"enabled": True, "chat": "relay"}
    assert state["records_lost"] == 0
    assert "canary" not in answer.text
    assert "127.0.0.1" not in answer.text


def test_a_proxy_that_is_switched_off_is_healthy_and_not_ready(
    http: httpx.Client, off: Proxy
) -> None:
    assert http.get(f"{off.url}/health").status_code == 200
    assert http.get(f"{off.url}/ready").status_code == 503
    assert http.get(f"{off.url}/ready").json()["ready"] is False


def test_a_proxy_that_is_switched_off_asks_no_provider(
    http: httpx.Client, off: Proxy, provider: Provider
) -> None:
    answers = [
        http.post(
            f"{off.api}/chat/completions", headers=bearer(TEAM_KEY), json=chat("off-service")
        ),
        http.get(f"{off.api}/models", headers=bearer(TEAM_KEY)),
        http.get(f"{off.api}/models/off-service", headers=bearer(TEAM_KEY)),
    ]

    for answer in answers:
        assert_refused(answer, 503, "service_disabled")
    assert provider.requests_for("off-service") == []
    record = off.record(operation="chat")
    assert (record["outcome"], record["status"]) == ("refused", 503)


def test_the_debug_page_shows_every_endpoint(http: httpx.Client, off: Proxy) -> None:
    page = http.get(f"{off.url}/docs")
    document = http.get(f"{off.url}/openapi.json").json()

    assert page.status_code == 200
    assert page.headers["content-type"].startswith("text/html")
    shown = {
        (operation.upper(), path)
        for path, operations in document["paths"].items()
        for operation in operations
    }
    served = {(e.method, e.place("/v1").replace(":path}", "}")) for e in ENDPOINTS}
    assert shown == served | {("GET", "/health"), ("GET", "/ready")}


@pytest.mark.parametrize(
    "headers",
    [{"host": "evil.example"}, {"x-forwarded-for": "8.8.8.8"}, {"forwarded": "for=8.8.8.8"}],
    ids=["another host", "through a proxy", "through a proxy, by RFC 7239"],
)
def test_ready_is_not_for_who_comes_through_somebody_near(
    http: httpx.Client, rich: Proxy, headers: dict[str, str]
) -> None:
    near = http.get(f"{rich.url}/ready")

    answer = http.get(f"{rich.url}/ready", headers=headers)

    assert near.status_code == 200
    assert_refused(answer, 404, "unknown_url")
