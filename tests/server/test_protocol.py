"""What HTTP itself could be used for against us."""

import pytest

from tests.conftest import TEAM_KEY
from tests.harness.errors import assert_refused
from tests.harness.proxy import Proxy
from tests.harness.raw import Raw, request

CREDENTIALS = [b"Authorization: Bearer " + TEAM_KEY.encode(), b"x-api-key: " + TEAM_KEY.encode()]


@pytest.mark.parametrize("trailer", CREDENTIALS, ids=["authorization", "x-api-key"])
def test_H008_a_credential_after_the_body_is_no_credential(proxy: Proxy, trailer: bytes) -> None:
    head = request("GET", "/v1/models", b"Transfer-Encoding: chunked")

    with Raw(proxy) as raw:
        raw.send(head + b"2\r\n{}\r\n0\r\n" + trailer + b"\r\n\r\n")
        answer = raw.answer()

    assert_refused(answer, 401, "invalid_api_key")


def test_H010_two_host_headers_are_refused(proxy: Proxy) -> None:
    with Raw(proxy) as raw:
        answer = raw.ask("GET", "/v1/models", b"Host: elsewhere", CREDENTIALS[0])

    assert_refused(answer, 400, "invalid_request")
