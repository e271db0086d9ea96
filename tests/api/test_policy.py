"""`[server]`: who may call by which name, from which page, how many at once, and from where."""

import json
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import httpx
import pytest

from tests.api.conftest import MOST_UNDER_WAY, ORIGIN
from tests.conftest import TEAM_KEY, bearer, chat
from tests.harness.errors import assert_refused
from tests.harness.proxy import Proxy
from tests.harness.raw import Raw, request
from tests.provider import behaviours
from tests.provider.exchange import Gate
from tests.provider.server import Provider

CHAT = "/v1/chat/completions"
TEAM = b"Authorization: Bearer " + TEAM_KEY.encode()
JSON = b"Content-Type: application/json"


@pytest.mark.parametrize(
    "host", ["evil.example", "evil.example:80", "proxy.internal.evil.example", "xproxy.internal",
             "127.0.0.2", "proxy.internal@evil.example", "[::2]", "localhost", ""],
)  # fmt: skip
def test_a_host_that_is_not_allowed_is_misdirected(
    http: httpx.Client, rich: Proxy, provider: Provider, host: str
) -> None:
    answer = http.post(
        rich.url + CHAT, headers={**bearer(TEAM_KEY), "host": host}, json=chat("limit/host")
    )

    assert_refused(answer, 421, "invalid_host")
    assert provider.requests_for("host") == []
    assert rich.record(id=answer.headers["x-request-id"])["error_code"] == "invalid_host"


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "proxy.internal", "PROXY.Internal:8000", "[::1]", "[::1]:8000"]
)
def test_a_host_that_is_allowed_is_answered_in_any_case_and_on_any_port(
    http: httpx.Client, rich: Proxy, host: str
) -> None:
    answer = http.get(f"{rich.api}/models", headers={**bearer(TEAM_KEY), "host": host})

    assert answer.status_code == 200


def test_without_allowed_hosts_every_name_is_answered(http: httpx.Client, proxy: Proxy) -> None:
    answer = http.get(f"{proxy.api}/models", headers={**bearer(TEAM_KEY), "host": "any.example"})

    assert answer.status_code == 200


def test_a_page_of_an_allowed_origin_may_read_answers_and_refusals(
    http: httpx.Client, rich: Proxy
) -> None:
    for key, status in ((TEAM_KEY, 200), ("wrong", 401)):
        answer = http.get(f"{rich.api}/models", headers={**bearer(key), "origin": ORIGIN})

        assert answer.status_code == status
        assert answer.headers["access-control-allow-origin"] == ORIGIN
        assert "x-request-id" in answer.headers["access-control-expose-headers"]
        assert "access-control-allow-credentials" not in answer.headers


@pytest.mark.parametrize("origin", ["https://evil.example", f"{ORIGIN}.evil.example", "null"])
def test_a_page_of_another_origin_may_not(http: httpx.Client, rich: Proxy, origin: str) -> None:
    answer = http.get(f"{rich.api}/models", headers={**bearer(TEAM_KEY), "origin": origin})
    preflight = http.options(rich.url + CHAT, headers=preflight_headers(origin))

    assert "access-control-allow-origin" not in answer.headers
    assert "access-control-allow-origin" not in preflight.headers
    assert preflight.status_code == 400


def preflight_headers(origin: str) -> dict[str, str]:
    return {
        "origin": origin,
        "access-control-request-method": "POST",
        "access-control-request-headers": "authorization,content-type",
    }


def test_a_preflight_of_an_allowed_origin_is_granted(http: httpx.Client, rich: Proxy) -> None:
    answer = http.options(rich.url + CHAT, headers=preflight_headers(ORIGIN))

    assert answer.status_code == 200
    assert answer.headers["access-control-allow-origin"] == ORIGIN
    assert "POST" in answer.headers["access-control-allow-methods"]
    assert "authorization" in answer.headers["access-control-allow-headers"]


def test_pages_are_no_callers_unless_their_origin_is_configured(
    http: httpx.Client, proxy: Proxy
) -> None:
    preflight = http.options(proxy.url + CHAT, headers=preflight_headers(ORIGIN))
    answer = http.get(f"{proxy.api}/models", headers={**bearer(TEAM_KEY), "origin": ORIGIN})

    assert_refused(preflight, 405, "method_not_allowed")
    headers = [*preflight.headers, *answer.headers]
    assert [name for name in headers if name.startswith("access-control")] == []


@pytest.mark.parametrize(
    ("forwarded", "address"),
    [
        ([], "127.0.0.1"),
        (["203.0.113.7"], "203.0.113.7"),
        ([" 2001:db8::7 "], "2001:db8::7"),
        (["198.51.100.1, 203.0.113.7"], "203.0.113.7"),
        (["203.0.113.7, 10.1.2.3"], "203.0.113.7"),
        (["203.0.113.7,2001:db8:1::5, 10.1.2.3"], "203.0.113.7"),
        (["198.51.100.1", "203.0.113.7"], "203.0.113.7"),
        (["203.0.113.7", "10.1.2.3"], "203.0.113.7"),
        (["203.0.113.7, unknown"], "127.0.0.1"),
        (["203.0.113.7:4711"], "127.0.0.1"),
        (["10.1.2.3"], "127.0.0.1"),
        ([""], "127.0.0.1"),
    ],
)
def test_the_address_is_the_last_hop_that_is_not_one_of_our_own(
    rich: Proxy, forwarded: list[str], address: str
) -> None:
    lines = [f"X-Forwarded-For: {line}".encode() for line in forwarded]

    with Raw(rich) as raw:
        answer = raw.ask("GET", "/v1/models", TEAM, *lines)

    assert rich.record(id=answer.headers["x-request-id"])["address"] == address


def test_nobody_else_is_believed_about_addresses(rich: Proxy, proxy: Proxy) -> None:
    for asked, source in ((rich, "127.0.0.2"), (proxy, "127.0.0.1")):
        with Raw(asked, source) as raw:
            headers = (b"X-Forwarded-For: 203.0.113.7", b"Forwarded: for=203.0.113.7")
            answer = raw.ask("GET", "/v1/models", TEAM, *headers, b"X-Real-IP: 203.0.113.7")

        assert asked.record(id=answer.headers["x-request-id"])["address"] == source


@contextmanager
def under_way(proxy: Proxy, provider: Provider, asked: str, count: int) -> Iterator[list[Raw]]:
    """That many requests for a model, held at the provider until the block ends, and then good."""
    gate, model = Gate(), asked.partition("/")[2]
    provider.on(model, behaviours.held(gate))
    body = json.dumps(chat(asked)).encode()
    head = request("POST", CHAT, JSON, TEAM, b"Content-Length: %d" % len(body))
    with ExitStack() as stack:
        raws = [stack.enter_context(Raw(proxy)) for _ in range(count)]
        for raw in raws:
            raw.send(head + body)
        provider.wait_for_request(model, count)
        yield raws
        gate.open()
        assert [raw.answer().status_code for raw in raws] == [200] * count


def test_the_proxy_takes_no_more_than_its_limit_at_once(
    http: httpx.Client, rich: Proxy, provider: Provider
) -> None:
    with under_way(rich, provider, "limit/all", MOST_UNDER_WAY):
        refused = http.post(rich.url + CHAT, headers=bearer(TEAM_KEY), json=chat("limit/more"))
        healthy = http.get(f"{rich.url}/health")
    afterwards = http.post(rich.url + CHAT, headers=bearer(TEAM_KEY), json=chat("limit/after"))

    assert_refused(refused, 503, "overloaded")
    assert refused.headers["retry-after"] == "1"
    assert provider.requests_for("more") == []
    assert healthy.status_code == 200
    assert afterwards.status_code == 200


def test_a_connection_takes_no_more_than_its_limit_and_leaves_the_others_alone(
    http: httpx.Client, rich: Proxy, provider: Provider
) -> None:
    with under_way(rich, provider, "single/one", 1):
        refused = http.post(rich.url + CHAT, headers=bearer(TEAM_KEY), json=chat("single/two"))
        other = http.post(rich.url + CHAT, headers=bearer(TEAM_KEY), json=chat("limit/other"))
    afterwards = http.post(rich.url + CHAT, headers=bearer(TEAM_KEY), json=chat("single/after"))

    assert_refused(refused, 503, "connection_busy")
    assert refused.headers["retry-after"] == "1"
    assert provider.requests_for("two") == []
    assert other.status_code == 200
    assert afterwards.status_code == 200
    record = rich.record(id=refused.headers["x-request-id"])
    assert (record["outcome"], record["error_code"]) == ("refused", "connection_busy")


def test_a_client_that_leaves_makes_room(
    http: httpx.Client, rich: Proxy, provider: Provider
) -> None:
    gate = Gate()
    provider.on("left", behaviours.held(gate))
    with Raw(rich) as raw:
        body = json.dumps(chat("single/left")).encode()
        raw.send(request("POST", CHAT, JSON, TEAM, b"Content-Length: %d" % len(body)) + body)
        provider.wait_for_request("left")
    provider.wait_for_disconnect("left")
    rich.record(model_asked="single/left")

    answer = http.post(rich.url + CHAT, headers=bearer(TEAM_KEY), json=chat("single/next"))

    assert answer.status_code == 200


def test_a_zone_of_an_address_is_no_way_into_the_record(http: httpx.Client, rich: Proxy) -> None:
    zone = "fe80::1%" + "A" * 1500

    answer = http.get(f"{rich.url}/nowhere", headers={"x-forwarded-for": zone})

    assert rich.record(id=answer.headers["x-request-id"])["address"] == "127.0.0.1"


def test_a_body_too_deep_to_be_written_again_is_refused_and_takes_no_place(
    http: httpx.Client, rich: Proxy
) -> None:
    """The connection `single` takes one request at a time."""
    url, headers = f"{rich.api}/chat/completions", bearer(TEAM_KEY)
    deep = chat("single/deep")
    text = json.dumps(deep)[:-1] + ', "metadata": ' + "[" * 300 + "]" * 300 + "}"

    for _ in range(2):
        answer = http.post(
            url, content=text, headers={**headers, "content-type": "application/json"}
        )
        assert_refused(answer, 400, "invalid_json")
    after = http.post(url, json=deep, headers=headers)

    assert after.status_code == 200
