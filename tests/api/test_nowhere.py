"""Paths that are none of ours, and methods that a path does not take."""

import httpx
import pytest

from tests.conftest import TEAM_KEY, bearer
from tests.harness.errors import assert_refused
from tests.harness.proxy import Proxy

ALLOWED = {
    "/": "HEAD",
    "/health": "GET, HEAD",
    "/ready": "GET, HEAD",
    "/v1/chat/completions": "POST",
    "/v1/messages": "POST",
    "/v1/messages/count_tokens": "POST",
    "/api/hello": "HEAD",
    "/v1/models": "GET, HEAD",
    "/v1/models/a/b": "GET, HEAD",
}
WRONG = [
    (method, path)
    for path, allowed in ALLOWED.items()
    for method in ("GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "PROPFIND")
    if method not in allowed
]


@pytest.mark.parametrize(("method", "path"), WRONG)
def test_a_method_that_a_path_does_not_take_is_told_which_it_takes(
    http: httpx.Client, proxy: Proxy, method: str, path: str
) -> None:
    answer = http.request(method, proxy.url + path, headers=bearer(TEAM_KEY))

    assert_refused(answer, 405, "method_not_allowed")
    assert answer.headers["allow"] == ALLOWED[path]
    record = proxy.record(id=answer.headers["x-request-id"])
    assert (record["method"], record["path"], record["status"]) == (method, path, 405)
    assert (record["operation"], record["outcome"]) == ("unknown", "refused")


@pytest.mark.parametrize("method", ["GET", "HEAD", "POST", "DELETE"])
@pytest.mark.parametrize(
    "path",
    ["/v1/chat", "/v1/chat/completions/", "/chat/completions", "/v1/responses/x/y", "/x", "/v2"],
)
def test_a_path_that_is_none_of_ours_is_not_found(
    http: httpx.Client, proxy: Proxy, method: str, path: str
) -> None:
    answer = http.request(method, proxy.url + path, headers=bearer(TEAM_KEY))

    if method == "HEAD":
        assert (answer.status_code, answer.content) == (404, b"")
    else:
        assert_refused(answer, 404, "unknown_url")
    assert "allow" not in answer.headers
    record = proxy.record(id=answer.headers["x-request-id"])
    assert (record["operation"], record["status"]) == ("unknown", 404)


@pytest.mark.parametrize("path", ["/models", "/models/some-model"])
def test_what_answers_GET_answers_HEAD(team: httpx.Client, path: str) -> None:
    whole, head = team.get(path), team.head(path)

    assert (head.status_code, head.content) == (200, b"")
    assert head.headers["content-length"] == whole.headers["content-length"]


def test_a_client_s_own_request_id_is_given_back_if_it_is_well_formed(
    team: httpx.Client, proxy: Proxy
) -> None:
    named = team.get("/models", headers={"x-request-id": "my-id_7"})
    misnamed = team.get("/models", headers={"x-request-id": "x" * 65})

    assert named.headers["x-request-id"] == "my-id_7"
    assert proxy.record(client_request_id="my-id_7")["id"].startswith("req_")
    record = proxy.record(id=misnamed.headers["x-request-id"])
    assert record["client_request_id"] is None
