"""Where no key keeps anybody out, a page in a browser on this machine must not get in either."""

from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from tests.conftest import base_config, bearer, chat
from tests.harness.errors import assert_refused
from tests.harness.proxy import Proxy
from tests.harness.raw import Raw, request
from tests.provider.server import Provider

ORIGIN = "https://chat.example"
CHAT = "/v1/chat/completions"
PLACEHOLDER = {"default": {"api_keys": ["KEY1"]}}
OPEN = [
    pytest.param({"allow_anonymous": True, "groups": {}}, id="anonymous"),
    pytest.param({"groups": PLACEHOLDER}, id="placeholder"),
    pytest.param({"api_key_check": "lm_proxy.api_key_check.AllowAll", "allow_anonymous": True,
                  "groups": {}}, id="AllowAll"),
]  # fmt: skip


@pytest.fixture(scope="module", params=OPEN)
def ajar(
    request: Any, provider: Provider, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Proxy]:
    """A proxy on loopback that asks for no key, or for one that everybody knows."""
    config = {**base_config(provider), **request.param}
    with Proxy(config, tmp_path_factory.mktemp("ajar")) as running:
        yield running


@pytest.fixture(scope="module")
def named(provider: Provider, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Proxy]:
    """One that also serves a name and a page that its operator named."""
    server = {"allowed_hosts": ["models.example"], "allowed_origins": [ORIGIN]}
    config = {**base_config(provider), "allow_anonymous": True, "groups": {}, "server": server}
    with Proxy(config, tmp_path_factory.mktemp("named")) as running:
        yield running


def ask(http: httpx.Client, proxy: Proxy, model: str, **headers: str) -> httpx.Response:
    return http.post(proxy.url + CHAT, headers={**bearer("KEY1"), **headers}, json=chat(model))


@pytest.mark.parametrize(
    "host",
    ["evil.example", "evil.example:8000", "127.0.0.1.evil.example", "localhost.evil.example",
     "xlocalhost", "0.0.0.0", "192.168.1.1", "[::2]", "[::1", "localhost@evil.example", ""],
)  # fmt: skip
def test_a_name_that_a_DNS_could_give_to_this_machine_is_not_served(
    http: httpx.Client, ajar: Proxy, provider: Provider, host: str
) -> None:
    asked = len(provider.requests_for("open-host"))
    answer = ask(http, ajar, "open-host", host=host)

    assert_refused(answer, 421, "invalid_host")
    assert "allowed_hosts" in answer.json()["error"]["message"]
    assert len(provider.requests_for("open-host")) == asked


@pytest.mark.parametrize(
    "host", ["localhost", "LOCALHOST:8000", "app.localhost", "127.0.0.1:1", "127.8.9.1", "[::1]:80"]
)
def test_this_machine_s_own_names_are_served(http: httpx.Client, ajar: Proxy, host: str) -> None:
    assert ask(http, ajar, "open-own", host=host).status_code == 200


@pytest.mark.parametrize("origin", ["https://evil.example", "http://localhost.evil.example", "null",
                                    "http://192.168.1.1", ""])  # fmt: skip
def test_a_foreign_page_is_refused_and_the_operator_told_what_to_set(
    http: httpx.Client, ajar: Proxy, provider: Provider, origin: str
) -> None:
    asked = len(provider.requests_for("open-origin"))
    answer = ask(http, ajar, "open-origin", origin=origin)

    assert_refused(answer, 403, "origin_not_allowed")
    assert "[server] allowed_origins" in answer.json()["error"]["message"]
    assert len(provider.requests_for("open-origin")) == asked


def test_a_form_that_a_foreign_page_may_send_unasked_is_refused(ajar: Proxy) -> None:
    form = b"Content-Type: multipart/form-data; boundary=x"
    with Raw(ajar) as raw:
        raw.send(request("POST", "/v1/audio/transcriptions", form, b"Content-Length: 9",
                         b"Origin: https://evil.example") + b"--x--\r\n\r\n")  # fmt: skip
        answer = raw.answer()

    assert_refused(answer, 403, "origin_not_allowed")


@pytest.mark.parametrize("origin", ["http://localhost:3000", "http://127.0.0.1:8080"])
def test_a_page_of_this_machine_may_ask(http: httpx.Client, ajar: Proxy, origin: str) -> None:
    assert ask(http, ajar, "open-page", origin=origin).status_code == 200


def test_what_the_operator_named_is_served_and_nothing_else(
    http: httpx.Client, named: Proxy
) -> None:
    good = ask(http, named, "open-named", host="models.example", origin=ORIGIN)
    other_host = ask(http, named, "open-named", host="localhost", origin=ORIGIN)
    other_page = ask(
        http, named, "open-named", host="models.example", origin="https://evil.example"
    )

    assert good.status_code == 200
    assert_refused(other_host, 421, "invalid_host")
    assert_refused(other_page, 403, "origin_not_allowed")


def test_who_asks_for_real_keys_hears_pages_and_names_as_before(
    http: httpx.Client, proxy: Proxy
) -> None:
    asked = {"host": "any.example", "origin": "https://evil.example"}
    answer = http.get(f"{proxy.api}/models", headers=asked)

    assert_refused(answer, 401, "invalid_api_key")


@pytest.mark.parametrize("key", ["ollama", "x", "llama3"])
def test_a_word_that_clients_send_as_a_key_may_be_part_of_a_model_s_name(
    http: httpx.Client, named: Proxy, key: str
) -> None:
    headers = {**bearer(key), "host": "models.example"}
    model = "ollama/llama3.2x"
    answer = http.post(named.url + CHAT, headers=headers, json=chat(model))

    assert answer.status_code == 200
    assert named.record(id=answer.headers["x-request-id"])["model_asked"] == model


@pytest.mark.parametrize("key", ["sk-abcdef", "somebodys-key-0123456789"])
def test_what_looks_like_a_key_is_sent_to_nobody_as_a_model(
    http: httpx.Client, named: Proxy, provider: Provider, key: str
) -> None:
    headers = {**bearer(key), "host": "models.example"}
    answer = http.post(named.url + CHAT, headers=headers, json=chat(f"open/{key}"))

    assert_refused(answer, 404, "model_not_found", "model")
    assert provider.requests_for(f"open/{key}") == []
    assert key not in answer.text
