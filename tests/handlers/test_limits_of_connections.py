"""No connection is asked more often than its limit says, whichever Fallback leads there."""

from pathlib import Path
from typing import Any

import pytest

from lmproxy.handlers import Before
from lmproxy.handlers.rate_limiter import RateLimiter
from lmproxy.refusal import OpenAIHTTPException
from tests.conftest import TEAM_KEY, UPSTREAM_KEY
from tests.handlers.own import ask, lines, start
from tests.handlers.test_rate_limiter import limiter
from tests.harness.errors import error_of
from tests.harness.proxy import Proxy
from tests.provider import refusals
from tests.provider.server import Provider

FALLBACKS: dict[str, list[str]] = {
    "pair": ["a.limit-a", "b.limit-b"],
    "three": ["a.limit-a", "b.limit-b", "c.limit-c"],
    "same": ["a.limit-a", "b.limit-a", "b.limit-b"],
}


def started(provider: Provider, folder: Path, *before: Any) -> Proxy:
    """A proxy with Fallbacks whose first member always fails, and a straight way to `b`."""
    provider.on("limit-a", refusals.server_error(500))
    up = {"api_base": provider.base_url, "api_key": UPSTREAM_KEY, "lane": "relay"}
    made = {n: {"class": "fallback", "connections": members} for n, members in FALLBACKS.items()}
    config = {
        "connections": {**dict.fromkeys(("a", "b", "c"), up), **made},
        "routing": {**{name: f"{name}.*" for name in FALLBACKS}, "straight": "b.limit-b"},
        "groups": {"team": {"api_keys": [TEAM_KEY]}},
    }
    return start(provider, folder, *before, **config)


def per_connection(most: int) -> dict[str, Any]:
    return limiter(most, per="connection")


def asked(provider: Provider) -> list[int]:
    """How often each member was."""
    return [len(provider.requests_for(f"limit-{name}")) for name in "abc"]


def test_what_moves_on_counts_for_the_member_that_answers(
    provider: Provider, tmp_path: Path
) -> None:
    with started(provider, tmp_path, per_connection(2)) as proxy:
        found = [ask(proxy, name).status_code for name in ("pair", "straight", "straight")]

    assert found == [200, 200, 429]
    assert asked(provider) == [1, 2, 0]


def test_a_member_that_had_its_share_is_passed_over(provider: Provider, tmp_path: Path) -> None:
    with started(provider, tmp_path, per_connection(1)) as proxy:
        straight, moved = ask(proxy, "straight"), ask(proxy, "three")
        record = proxy.record(model_asked="three")

    assert (straight.status_code, moved.status_code) == (200, 200)
    assert asked(provider) == [1, 1, 1]
    assert [attempt["connection"] for attempt in record["attempts"]] == ["a", "c"]


def test_if_the_last_had_its_share_the_client_hears_when_to_come_again(
    provider: Provider, tmp_path: Path
) -> None:
    with started(provider, tmp_path, per_connection(1)) as proxy:
        ask(proxy, "straight")
        answer = ask(proxy, "pair", stream=True)
        record = proxy.record(model_asked="pair")

    assert error_of(answer, 429)["code"] == "rate_limit_exceeded"
    assert int(answer.headers["retry-after"]) > 500
    assert asked(provider) == [1, 1, 0]
    assert (record["outcome"], record["error_code"]) == ("refused", "rate_limit_exceeded")
    assert [attempt["error_code"] for attempt in record["attempts"]] == ["upstream_error"]


def test_a_connection_that_is_asked_twice_counts_twice(provider: Provider, tmp_path: Path) -> None:
    with started(provider, tmp_path, per_connection(2)) as proxy:
        found = [ask(proxy, name).status_code for name in ("same", "straight")]

    assert found == [200, 429]


def test_the_first_members_limit_refuses_as_any_handler_does(
    provider: Provider, tmp_path: Path
) -> None:
    with started(provider, tmp_path, per_connection(1)) as proxy:
        found = [ask(proxy, name).status_code for name in ("pair", "three")]

    assert found == [200, 429]
    assert asked(provider) == [1, 1, 0]


def test_of_several_limits_one_that_refuses_takes_nothing_from_the_others() -> None:
    wide, narrow = (RateLimiter(most, per="connection") for most in (2, 1))
    both = Before([wide, narrow])
    both.move_on("b")

    with pytest.raises(OpenAIHTTPException):
        both.move_on("b")

    Before([wide]).move_on("b")
    with pytest.raises(OpenAIHTTPException):
        Before([wide]).move_on("b")


def test_no_other_limiter_and_no_handler_counts_again(provider: Provider, tmp_path: Path) -> None:
    before = [limiter(2), limiter(2, per="global"), "own.look"]
    with started(provider, tmp_path, *before) as proxy:
        found = [ask(proxy, "three").status_code for _ in range(3)]
        seen = lines(proxy, "seen.jsonl", 2)

    assert found == [200, 200, 429]
    assert len(seen) == 2
