"""So many requests in so many seconds, counted for whom the operator says."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import anthropic
import openai
import pytest

from tests.conftest import GUEST_KEY, TEAM_KEY, bearer, chat
from tests.handlers.own import ask, lines, start
from tests.harness import patient
from tests.harness.errors import error_of
from tests.harness.proxy import Proxy
from tests.provider.server import Provider

OTHER_KEY = "other-key-0123456789abcdef012"


def limiter(most: int = 1, **more: Any) -> dict[str, Any]:
    """A limiter in lm-proxy's words."""
    return {
        "class": "lm_proxy.handlers.RateLimiter",
        "max_requests": most,
        "window_seconds": 600,
        **more,
    }


def three_keys(provider: Provider, folder: Path, *before: Any, **more: Any) -> Proxy:
    groups = {"team": {"api_keys": [TEAM_KEY, OTHER_KEY]}, "guests": {"api_keys": [GUEST_KEY]}}
    return start(provider, folder, *before, groups=groups, **more)


def asked_from(proxy: Proxy, address: str) -> int:
    headers = {**bearer(TEAM_KEY), "x-forwarded-for": address}
    return patient.post(
        f"{proxy.api}/chat/completions", headers=headers, json=chat("limited-ip"), timeout=60
    ).status_code


@pytest.mark.parametrize(
    ("per", "asked", "statuses"),
    [
        ("api_key", [(TEAM_KEY, ""), (OTHER_KEY, ""), (TEAM_KEY, "")], [200, 200, 429]),
        ("group", [(TEAM_KEY, ""), (OTHER_KEY, ""), (GUEST_KEY, "")], [200, 429, 200]),
        ("connection", [(TEAM_KEY, ""), (TEAM_KEY, "other/"), (GUEST_KEY, "")], [200, 200, 429]),
        ("global", [(TEAM_KEY, ""), (GUEST_KEY, "other/"), (OTHER_KEY, "")], [200, 429, 429]),
    ],
)
def test_each_is_counted_for_its_own(
    provider: Provider, tmp_path: Path, per: str, asked: Any, statuses: list[int]
) -> None:
    with three_keys(provider, tmp_path, limiter(per=per)) as proxy:
        found = [ask(proxy, f"{prefix}limited-per", key).status_code for key, prefix in asked]

    assert found == statuses


def test_an_address_is_the_one_that_trusted_proxies_say(provider: Provider, tmp_path: Path) -> None:
    trusting = {"server": {"trusted_proxies": ["127.0.0.1"]}}
    with three_keys(provider, tmp_path, limiter(per="ip"), **trusting) as proxy:
        behind = [asked_from(proxy, address) for address in ("10.0.0.1", "10.0.0.2", "10.0.0.1")]
    with three_keys(provider, tmp_path, limiter(per="ip")) as proxy:
        straight = [asked_from(proxy, address) for address in ("10.0.0.1", "10.0.0.2")]

    assert (behind, straight) == ([200, 200, 429], [200, 429])


def test_requests_without_a_key_are_counted_together(provider: Provider, tmp_path: Path) -> None:
    more = {"groups": {"default": {}}, "allow_anonymous": True}
    with start(provider, tmp_path, limiter(2), **more) as proxy:
        found = [ask(proxy, "limited-nobody", key=f"any-{n}").status_code for n in range(3)]

    assert found == [200, 200, 429]


def test_the_refusal_is_lm_proxys_and_says_when_to_come_again(
    provider: Provider, tmp_path: Path
) -> None:
    with start(provider, tmp_path, limiter(window_seconds=60)) as proxy:
        ask(proxy, "limited-words")
        plain, streamed = ask(proxy, "limited-words"), ask(proxy, "limited-words", stream=True)
        record = proxy.records(status=429)[0]

    for answer in (plain, streamed):
        assert error_of(answer, 429) == {
            "message": "Rate limit exceeded: 1/60s",
            "type": "rate_limit_error",
            "param": None,
            "code": "rate_limit_exceeded",
        }
        assert 50 <= int(answer.headers["retry-after"]) <= 60
    assert (record["outcome"], record["error_code"]) == ("refused", "rate_limit_exceeded")
    assert len(provider.requests_for("limited-words")) == 1


def test_sdks_of_both_vendors_know_what_it_is(provider: Provider, tmp_path: Path) -> None:
    messages: Any = [{"role": "user", "content": "hi"}]
    with start(provider, tmp_path, limiter()) as proxy:
        ask(proxy, "limited-sdk")
        with openai.OpenAI(base_url=proxy.api, api_key=TEAM_KEY, max_retries=0) as client:
            with pytest.raises(openai.RateLimitError):
                client.chat.completions.create(model="limited-sdk", messages=messages)
            with pytest.raises(openai.RateLimitError):
                client.responses.create(model="limited-sdk", input="hi", stream=True)
        with (
            anthropic.Anthropic(base_url=proxy.url, api_key=TEAM_KEY, max_retries=0) as claude,
            pytest.raises(anthropic.RateLimitError) as refused,
        ):
            claude.messages.create(model="limited-sdk", max_tokens=5, messages=messages)

    assert refused.value.response.json()["error"]["type"] == "rate_limit_error"
    assert int(refused.value.response.headers["retry-after"]) > 500


def test_a_window_that_is_over_lets_requests_in_again(provider: Provider, tmp_path: Path) -> None:
    with start(provider, tmp_path, limiter(window_seconds=1)) as proxy:
        found = [ask(proxy, "limited-again").status_code for _ in range(2)]
        with openai.OpenAI(base_url=proxy.api, api_key=TEAM_KEY, max_retries=3) as client:
            client.chat.completions.create(
                model="limited-again", messages=[{"role": "user", "content": "hi"}]
            )  # The SDK waits for what Retry-After says.

    assert found == [200, 429]


def test_what_a_later_limiter_refuses_an_earlier_one_did_not_count(
    provider: Provider, tmp_path: Path
) -> None:
    stack = [limiter(2, per="global"), limiter(1, per="group")]
    with three_keys(provider, tmp_path, *stack) as proxy:
        keys = (TEAM_KEY, TEAM_KEY, TEAM_KEY, GUEST_KEY)
        found = [ask(proxy, "limited-stack", key).status_code for key in keys]

    assert found == [200, 429, 429, 200]


def test_what_a_later_handler_refuses_no_limiter_counted(
    provider: Provider, tmp_path: Path
) -> None:
    with start(provider, tmp_path, limiter(1), "own.refuse") as proxy:
        refused = [ask(proxy, "limited-later", user="forbidden").status_code for _ in range(3)]
        good = ask(proxy, "limited-later").status_code

    assert (refused, good) == ([451, 451, 451], 200)


def test_a_limiter_spares_the_handlers_behind_it(provider: Provider, tmp_path: Path) -> None:
    with start(provider, tmp_path, limiter(1), "own.look") as proxy:
        found = [ask(proxy, "limited-spares").status_code for _ in range(3)]
        seen = lines(proxy, "seen.jsonl")

    assert found == [200, 429, 429]
    assert len(seen) == 1


def test_no_more_than_the_limit_come_through_at_once(provider: Provider, tmp_path: Path) -> None:
    before = limiter(5), "own.add_tag"
    with start(provider, tmp_path, *before) as proxy, ThreadPoolExecutor(20) as pool:
        asked = [pool.submit(ask, proxy, "limited-crowd") for _ in range(20)]
        found = sorted(answer.result().status_code for answer in asked)

    assert found == [200] * 5 + [429] * 15
    assert len(provider.requests_for("limited-crowd")) == 5
