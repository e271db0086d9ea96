"""A server that says whose a key is, with a certificate of a private authority. Over real TLS."""

import ssl
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.harness.errors import assert_refused
from tests.harness.waiting import until
from tests.keys.test_key_check import ANNA, WEB, ask, config_with, start
from tests.keys.test_key_check_config import checked
from tests.provider import behaviours
from tests.provider.certificates import Certificates
from tests.provider.server import Provider


@pytest.fixture
def certificates(tmp_path: Path) -> Certificates:
    return Certificates(tmp_path)


@pytest.fixture
def knower(certificates: Certificates, request: pytest.FixtureRequest) -> Iterator[Provider]:
    """It knows everybody. Its certificate is the one that the test names, else the good one."""
    context: ssl.SSLContext = getattr(certificates, getattr(request, "param", "good"))()
    with Provider(context) as server:
        server.on("", behaviours.plain({"group": "team"}))
        yield server


def web(knower: Provider, **more: Any) -> dict[str, Any]:
    url = knower.base_url.removesuffix("/v1") + "/userinfo"
    headers = {"Authorization": "Bearer {api_key}"}
    return {"class": WEB, "url": url, "headers": headers, "default_group": "team", **more}


def test_a_server_with_a_certificate_of_the_ca_file_is_believed(
    provider: Provider, knower: Provider, certificates: Certificates, tmp_path: Path
) -> None:
    said = web(knower, ca_file=str(certificates.ca_file))
    with start(provider, tmp_path, said) as proxy:
        answer = ask(proxy, ANNA)

    assert answer.status_code == 200, answer.text
    assert [r.header("authorization") for r in knower.requests] == [f"Bearer {ANNA}"]


def test_without_the_ca_file_it_is_not(
    provider: Provider, knower: Provider, tmp_path: Path
) -> None:
    with start(provider, tmp_path, web(knower)) as proxy:
        answer = ask(proxy, ANNA)
        lines = until(lambda: proxy.log("the key check failed"), "a line of the log")

    assert_refused(answer, 503, "key_check_unavailable")
    assert "certificate" in lines[0]["reason"]
    assert knower.requests == []


@pytest.mark.parametrize("knower", ["unknown_authority", "wrong_host", "expired"], indirect=True)
def test_the_ca_file_makes_no_other_certificate_good(
    provider: Provider, knower: Provider, certificates: Certificates, tmp_path: Path
) -> None:
    said = web(knower, ca_file=str(certificates.ca_file))
    with start(provider, tmp_path, said) as proxy:
        assert_refused(ask(proxy, ANNA), 503, "key_check_unavailable")

    assert knower.requests == []


@pytest.mark.parametrize(
    ("text", "words"),
    [(None, "there is no such file"), ("no PEM", "is not a readable PEM file of certificates")],
)
def test_a_ca_file_that_cannot_be_read_is_refused_at_start(
    provider: Provider, tmp_path: Path, text: str | None, words: str
) -> None:
    if text is not None:
        (tmp_path / "ca.pem").write_text(text)
    said = {"class": WEB, "url": "https://x/{api_key}", "default_group": "team"}

    ended = checked(tmp_path, config_with(provider, {**said, "ca_file": "ca.pem"}))

    assert ended.returncode == 78
    assert f"api_key_check.ca_file: {words}" in ended.stderr
