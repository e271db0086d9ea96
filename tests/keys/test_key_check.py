"""Somebody else knows whose a key is: `api_key_check`, on a real server."""

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.conftest import base_config, bearer, chat
from tests.harness import patient
from tests.harness.errors import assert_refused
from tests.harness.proxy import Proxy
from tests.harness.waiting import until
from tests.provider import behaviours
from tests.provider.exchange import Exchange, Gate
from tests.provider.server import Provider

ANNA = "key-of-anna-0123456789abcdef"
BERT = "key of bert/0123456789?abc&def"
CANARY = "canary-key-0123456789abcdef"
OWN = """
import asyncio

def validate(key):
    if key == "broken":
        raise ValueError(key)
    if key == "leaving":
        raise SystemExit(key)
    if key == "elsewhere":
        return "no-such-group"
    return {"ANNA": "team", "of-a-guest": ("guests", {"mail": "guest@example"})}.get(key)

async def awaited(key):
    await asyncio.sleep(0)
    return validate(key)

async def never(key):
    await asyncio.Event().wait()

class Validator:
    def __init__(self, prefix: str = ""):
        self._prefix = prefix

    def __call__(self, key):
        return "team" if self._prefix and key.startswith(self._prefix) else None
""".replace("ANNA", ANNA)
WEB = "lm_proxy.api_key_check.CheckAPIKeyWithRequest"
USERS: dict[str, dict[str, Any]] = {
    ANNA: {"sub": "anna", "group": "team"},
    BERT: {"sub": "bert", "group": ["nobody", "guests", "team"]},
    "third": {"sub": "third"},
}


@pytest.fixture
def knower() -> Iterator[Provider]:
    """A userinfo endpoint that knows the users; the path says otherwise what it does."""

    async def answer(exchange: Exchange) -> None:
        key = (exchange.request.header("authorization") or "").removeprefix("Bearer ")
        path = exchange.request.path
        if path.startswith("/status/"):
            await exchange.send_json(int(path[8:11]), {}, [("Location", "/login")])
        elif path == "/in_pieces":
            await exchange.start_stream()
            for piece in (b'{"group": ', b'"team"}'):
                await exchange.send_chunk(piece)
            await exchange.end_stream(done=False)
        elif path == "/words":
            await exchange.send_json(200, ["not", "an", "object"])
        elif key in USERS:
            await exchange.send_json(200, USERS[key])
        else:
            await exchange.send_json(401, {"error": "invalid_token"})

    with Provider() as running:
        running.on("", answer)
        yield running


def config_with(provider: Provider, check: Any, **more: Any) -> dict[str, Any]:
    groups = {"team": {}, "guests": {"allowed_models": ["guest-*"]}, "off": {"enabled": False}}
    return {**base_config(provider), "groups": groups, "api_key_check": check, **more}


def start(provider: Provider, folder: Path, check: Any, **more: Any) -> Proxy:
    (folder / "my_validators.py").write_text(OWN)
    return Proxy(config_with(provider, check, **more), folder)


def web(knower: Provider, path: str = "/userinfo", **more: Any) -> dict[str, Any]:
    url = knower.base_url.removesuffix("/v1") + path
    headers = {"Authorization": "Bearer {api_key}"}
    return {"class": WEB, "url": url, "headers": headers, "response_as_user_info": True, **more}


def ask(proxy: Proxy, key: str, model: str = "checked") -> httpx.Response:
    return patient.post(
        f"{proxy.api}/chat/completions", headers=bearer(key), json=chat(model), timeout=60
    )


@pytest.mark.parametrize(
    "check",
    [
        "my_validators.validate",
        "my_validators.awaited",
        {"class": "my_validators.Validator", "prefix": "key-of-"},
    ],
    ids=["plain", "async", "class"],
)
def test_a_function_or_class_of_ones_own_says_who_may_come_in(
    provider: Provider, tmp_path: Path, check: Any
) -> None:
    with start(provider, tmp_path, check) as proxy:
        good, bad, none = ask(proxy, ANNA), ask(proxy, CANARY), patient.get(f"{proxy.api}/models")
        record = proxy.record(status=200)

    assert good.status_code == 200, good.text
    assert_refused(bad, 401, "invalid_api_key")
    assert_refused(none, 401, "invalid_api_key")
    assert (record["group"], record["key_id"][:4]) == ("team", "key_")
    assert CANARY not in "".join(proxy.stderr)


def test_the_group_it_names_decides_and_loggers_hear_who_it_is(
    provider: Provider, tmp_path: Path
) -> None:
    logger = {
        "class": "lm_proxy.loggers.BaseLogger",
        "log_writer": {"class": "lm_proxy.loggers.JsonLogWriter", "file_name": "log"},
        "entry_transformer": {
            "class": "lm_proxy.loggers.LogEntryTransformer",
            "mail": "user_info.mail",
        },
    }
    with start(provider, tmp_path, "my_validators.validate", loggers=[logger]) as proxy:
        assert ask(proxy, "of-a-guest", "guest-model").status_code == 200
        assert_refused(ask(proxy, "of-a-guest"), 403, "model_not_allowed", "model")
        log = tmp_path / "log"
        until(lambda: log.exists() and log.read_text().count("\n") == 2, "two lines")
        record = proxy.record(status=200)

    assert json.loads(log.read_text().splitlines()[0]) == {"mail": "guest@example"}
    assert "guest@example" not in json.dumps(record)


@pytest.mark.parametrize(
    ("key", "status", "code", "said"),
    [
        ("broken", 503, "key_check_unavailable", "the key check failed"),
        ("leaving", 503, "key_check_unavailable", "the key check failed"),
        ("elsewhere", 401, "invalid_api_key", "the key check named a group that may not use"),
    ],
)
def test_a_check_that_errs_lets_nobody_in_and_the_operator_hears(
    provider: Provider, tmp_path: Path, key: str, status: int, code: str, said: str
) -> None:
    with start(provider, tmp_path, "my_validators.validate") as proxy:
        answer = ask(proxy, key)
        record = proxy.record(status=status)
        log = until(lambda: "".join(proxy.stderr) if said in "".join(proxy.stderr) else "", said)

    assert_refused(answer, status, code)
    assert record["outcome"] == "refused"
    assert f'"{key}"' not in log


def test_a_check_that_takes_for_ever_is_given_up(provider: Provider, tmp_path: Path) -> None:
    with start(provider, tmp_path, "my_validators.never") as proxy:
        answer = ask(proxy, ANNA)

    assert_refused(answer, 503, "key_check_unavailable")
    assert answer.headers["retry-after"] == "1"


@pytest.mark.parametrize(
    ("key", "model", "status"),
    [(ANNA, "any", 200), (BERT, "guest-a", 200), (BERT, "any", 403), ("third", "any", 401)],
    ids=["a field", "the first of a list that there is", "which decides", "no default group"],
)
def test_a_server_says_who_and_which_group(
    provider: Provider, knower: Provider, tmp_path: Path, key: str, model: str, status: int
) -> None:
    with start(provider, tmp_path, web(knower, group_field="group")) as proxy:
        assert ask(proxy, key, model).status_code == status


def test_a_key_in_the_url_is_encoded(provider: Provider, knower: Provider, tmp_path: Path) -> None:
    check = {"class": WEB, "url": knower.base_url + "/key?k={api_key}&x", "default_group": "team"}
    with start(provider, tmp_path, check) as proxy:
        ask(proxy, BERT)

    assert [r.path for r in knower.requests] == [
        "/v1/key?k=key%20of%20bert%2F0123456789%3Fabc%26def&x"
    ]


@pytest.mark.parametrize("key", [".", "..", "a/../b", "/", "a\\b"])
def test_a_key_does_not_lead_to_another_path(
    provider: Provider, knower: Provider, tmp_path: Path, key: str
) -> None:
    url = knower.base_url.removesuffix("/v1") + "/status/200/{api_key}"
    with start(provider, tmp_path, {"class": WEB, "url": url, "default_group": "team"}) as proxy:
        refused, good = ask(proxy, key), ask(proxy, ANNA)

    assert_refused(refused, 401, "invalid_api_key")
    assert good.status_code == 200
    assert len(knower.requests) == 1


def test_an_answer_may_come_in_pieces(provider: Provider, knower: Provider, tmp_path: Path) -> None:
    with start(provider, tmp_path, web(knower, "/in_pieces", group_field="group")) as proxy:
        assert ask(proxy, ANNA).status_code == 200


def test_a_personal_key_beside_ours_is_nobody_elses_to_see(
    provider: Provider, knower: Provider, tmp_path: Path
) -> None:
    headers = {**bearer("third"), "x-api-key": CANARY}
    with start(provider, tmp_path, web(knower, default_group="team")) as proxy:
        answer = patient.get(f"{proxy.api}/models", headers=headers)

    assert answer.status_code == 200
    assert CANARY not in str([request.headers for request in knower.requests])


def test_a_key_that_is_no_text_is_nobodys(
    provider: Provider, knower: Provider, tmp_path: Path
) -> None:
    with start(provider, tmp_path, web(knower, default_group="team")) as proxy:
        answer = patient.get(f"{proxy.api}/models", headers={b"x-api-key": b"\xff\xfe"})

    assert_refused(answer, 401, "invalid_api_key")
    assert knower.requests == []


@pytest.mark.parametrize(
    ("path", "status", "code"),
    [
        ("/status/401", 401, "invalid_api_key"),
        ("/status/404", 401, "invalid_api_key"),
        ("/status/302", 401, "invalid_api_key"),
        ("/status/429", 503, "key_check_unavailable"),
        ("/status/500", 503, "key_check_unavailable"),
        ("/words", 503, "key_check_unavailable"),
    ],
)
def test_a_server_that_does_not_say_yes_lets_nobody_in(
    provider: Provider, knower: Provider, tmp_path: Path, path: str, status: int, code: str
) -> None:
    with start(provider, tmp_path, web(knower, path, default_group="team")) as proxy:
        assert_refused(ask(proxy, ANNA), status, code)

    assert len(knower.requests) == 1
    assert ANNA not in "".join(proxy.stderr)


def test_a_server_that_is_not_there_lets_nobody_in(
    provider: Provider, knower: Provider, tmp_path: Path
) -> None:
    check = web(knower, default_group="team", timeout=1)
    knower.on("", behaviours.held(Gate()))
    with start(provider, tmp_path, check) as proxy:
        slow = ask(proxy, ANNA)
        knower.stop()
        gone = ask(proxy, ANNA)

    assert_refused(slow, 503, "key_check_unavailable")
    assert_refused(gone, 503, "key_check_unavailable")


def test_a_key_is_asked_about_once_while_it_is_remembered(
    provider: Provider, knower: Provider, tmp_path: Path
) -> None:
    check = web(knower, use_cache=True, default_group="team")
    with start(provider, tmp_path, check) as proxy, ThreadPoolExecutor(8) as pool:
        good = list(pool.map(lambda _: ask(proxy, "third").status_code, range(16)))
        bad = [ask(proxy, CANARY).status_code for _ in range(3)]

    assert (set(good), set(bad)) == ({200}, {401})
    assert len(knower.requests) == 2


def test_without_use_cache_it_is_asked_about_each_time(
    provider: Provider, knower: Provider, tmp_path: Path
) -> None:
    with start(provider, tmp_path, web(knower, default_group="team")) as proxy:
        assert [ask(proxy, "third").status_code for _ in range(3)] == [200] * 3

    assert len(knower.requests) == 3
