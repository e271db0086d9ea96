"""What every refusal looks like, whichever layer says no."""

from typing import Any

import httpx

FIELDS = {"message", "type", "param", "code"}
NEVER_SAID = ("Traceback", ".py", "lmproxy", "Error:", "canary")


def error_of(answer: httpx.Response, status: int) -> dict[str, Any]:
    """The error object of an answer that has to be a refusal with this status."""
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["x-request-id"]
    for words in NEVER_SAID:
        assert words not in answer.text
    document = answer.json()
    assert set(document) == {"error"}
    error: dict[str, Any] = document["error"]
    assert set(error) == FIELDS
    assert error["message"]
    return error


def assert_refused(
    answer: httpx.Response, status: int, code: str, param: str | None = None
) -> None:
    """Check that an answer is a refusal with this status, code and param."""
    error = error_of(answer, status)
    assert (error["code"], error["param"]) == (code, param)
