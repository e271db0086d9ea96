"""Programs with virtual keys and people with tokens come in by one door, on a real server."""

import hashlib
import json
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import anthropic
import openai
import pytest
import tomli_w
from hypothesis import given
from hypothesis import strategies as st

from lmproxy.call import Caller
from lmproxy.keys.keyring import Entry, KeyRing
from tests.conftest import base_config, bearer
from tests.docs.blocks import blocks
from tests.harness import patient
from tests.harness.command import Ended, oai_proxy
from tests.harness.errors import assert_refused
from tests.harness.proxy import Proxy
from tests.harness.waiting import until
from tests.keys.idp import Idp, check, config_with
from tests.keys.test_jwt_check import ask
from tests.provider import behaviours
from tests.provider.server import Provider

BOT = "bot-key-0123456789abcdef01234"
OTHER = "other-key-0123456789abcdef012"
OVER = "expired-key-0123456789abcdef0"
CLOSED = "closed-key-0123456789abcdef01"
FILED = "filed-key-0123456789abcdef012"


def digest(key: str) -> str:
    return hashlib.sha256(key.encode()).hexdigest()


def both(provider: Provider, idp: Idp, **more: Any) -> dict[str, Any]:
    """A config of people, who are guests, and programs, which are of the team."""
    keys = [
        {"key": BOT, "id": "nightly", "owner": "ci"},
        {"sha256": digest(OTHER)},
        {"key": OVER, "expires": "2020-01-01T00:00:00Z"},
        {"key": CLOSED, "enabled": False},
    ]
    config = config_with(provider, check(idp, default_group="guests"), **more)
    config["groups"] = {**config["groups"], "team": {"api_keys": keys}}
    return config


@pytest.fixture
def door(provider: Provider, idp: Idp, tmp_path: Path) -> Iterator[Proxy]:
    folder = tmp_path / "keys"
    folder.mkdir()
    (folder / "team.toml").write_text(tomli_w.dumps({"keys": [{"sha256": digest(FILED)}]}))
    with Proxy(both(provider, idp, keys_dir=str(folder)), tmp_path) as proxy:
        yield proxy


def reason(proxy: Proxy) -> str:
    lines = until(lambda: proxy.log("refused a credential"), "a line of the log")
    return str(lines[-1]["reason"])


def test_a_program_comes_with_its_key_and_a_person_with_a_token(door: Proxy, idp: Idp) -> None:
    said: Any = [{"role": "user", "content": "hi"}]
    with openai.OpenAI(api_key=BOT, base_url=door.api) as bot:
        bot.chat.completions.create(model="of-the-bot", messages=said)
    with anthropic.Anthropic(auth_token=idp.token(), base_url=door.url) as anna:
        anna.messages.create(model="guest-of-anna", max_tokens=9, messages=said)
    of_bot, of_anna = (door.record(model_asked=name) for name in ("of-the-bot", "guest-of-anna"))

    who = ("key_id", "owner", "group")
    assert [of_bot[name] for name in who] == ["nightly", "ci", "team"]
    assert [of_anna[name] for name in who[1:]] == ["anna", "guests"]
    assert of_anna["key_id"] == f"key_{digest(f'{idp.issuer} anna')[:12]}"


def test_each_may_do_what_its_own_group_may(door: Proxy, idp: Idp) -> None:
    assert ask(door, BOT, "any").status_code == 200
    assert_refused(ask(door, idp.token(), "any"), 403, "model_not_allowed", "model")


@pytest.mark.parametrize("key", [OTHER, FILED], ids=["a digest", "of keys_dir"])
def test_every_spelling_of_a_key_is_good(door: Proxy, key: str) -> None:
    assert ask(door, key, "spelt").status_code == 200
    assert door.record(model_asked="spelt")["key_id"] == f"key_{digest(key)[:12]}"


@pytest.mark.parametrize(
    ("key", "why"),
    [
        (OVER, "expired key"),
        (CLOSED, "key switched off"),
        ("nobodys-key-0123456789abcdef0", "no virtual key; it is no token"),
    ],
)
def test_a_key_that_is_not_good_is_refused_and_the_log_says_why(
    door: Proxy, key: str, why: str
) -> None:
    assert_refused(ask(door, key), 401, "invalid_api_key")
    assert reason(door) == why


def test_a_token_that_is_not_good_is_refused_and_the_log_says_why(door: Proxy, idp: Idp) -> None:
    assert_refused(ask(door, idp.token(aud="others")), 401, "invalid_api_key")
    assert reason(door) == "no virtual key; the token is for another audience"


def test_nothing_at_all_is_no_key(door: Proxy) -> None:
    assert_refused(patient.get(f"{door.api}/models"), 401, "invalid_api_key")
    assert reason(door) == "no key"


def test_a_token_that_is_a_key_switched_off_is_no_token(
    provider: Provider, idp: Idp, tmp_path: Path
) -> None:
    token = idp.token()
    config = both(provider, idp)
    config["groups"]["team"]["api_keys"] = [{"sha256": digest(token), "enabled": False}]
    with Proxy(config, tmp_path) as proxy:
        stolen, good = ask(proxy, token, "guest-1"), ask(proxy, idp.token(n=1), "guest-2")

    assert_refused(stolen, 401, "invalid_api_key")
    assert good.status_code == 200


def test_a_key_works_while_the_issuer_is_down(provider: Provider, idp: Idp, tmp_path: Path) -> None:
    idp.fails = behaviours.plain(b"<html>")
    with Proxy(both(provider, idp), tmp_path) as proxy:
        bot, anna = ask(proxy, BOT, "any"), ask(proxy, idp.token(), "guest-model")

    assert bot.status_code == 200
    assert_refused(anna, 503, "key_check_unavailable")


@pytest.mark.parametrize(
    ("first", "second", "status", "key_id"),
    [(BOT, "a token", 200, "nightly"), ("a token", BOT, 200, "nightly"), (BOT, OTHER, 400, None)],
    ids=["key first", "token first", "two keys"],
)
def test_of_two_credentials_the_virtual_key_counts(
    door: Proxy, idp: Idp, first: str, second: str, status: int, key_id: str | None
) -> None:
    sent = [idp.token() if value == "a token" else value for value in (first, second)]
    body = {"model": "twice", "messages": [{"role": "user", "content": "hi"}]}

    answer = patient.post(
        f"{door.api}/chat/completions",
        headers={**bearer(sent[0]), "x-api-key": sent[1]},
        json=body,
    )

    assert answer.status_code == status, answer.text
    assert door.record(status=status)["key_id"] == key_id
    assert all(secret not in door.records_file.read_text() for secret in sent)


def test_a_key_that_no_longer_works_does_not_spoil_the_token_beside_it(
    door: Proxy, idp: Idp
) -> None:
    headers = {**bearer(OVER), "x-api-key": idp.token()}

    assert patient.get(f"{door.api}/models", headers=headers).status_code == 200


def checked(folder: Path, config: dict[str, Any], *command: str) -> Ended:
    (folder / "proxy.json").write_text(json.dumps(config))
    return oai_proxy(*(command or ("check",)), "--config", "proxy.json", folder=folder)


def test_keys_that_work_are_judged_as_such_and_not_called_idle(
    provider: Provider, idp: Idp, tmp_path: Path
) -> None:
    ended = checked(tmp_path, both(provider, idp))

    assert ended.returncode == 0, ended.stderr
    assert "has no effect" not in ended.stderr
    assert "groups.team.api_keys.0: stands in the file as plain text" in ended.stderr


def test_everything_wrong_with_keys_and_check_is_said_at_once(
    provider: Provider, idp: Idp, tmp_path: Path
) -> None:
    config = both(provider, idp)
    config["groups"]["team"]["api_keys"] = [" "]
    config["api_key_check"]["audienc"] = "x"

    ended = checked(tmp_path, config)

    assert ended.returncode == 78
    assert "api_keys.0: an empty key would let everybody in" in ended.stderr
    assert "api_key_check.audienc: unknown key" in ended.stderr


def test_key_files_that_another_check_does_not_look_at_are_a_warning(
    provider: Provider, tmp_path: Path
) -> None:
    said = {"class": "request", "url": "http://x/{api_key}", "default_group": "team"}

    ended = checked(tmp_path, {**config_with(provider, said), "keys_dir": str(tmp_path)})

    assert "keys_dir: has no effect: api_key_check alone says whose a key is" in ended.stderr


def test_explain_knows_the_keys_and_says_how_to_ask_about_people(
    provider: Provider, idp: Idp, tmp_path: Path
) -> None:
    config = both(provider, idp)
    bot = checked(tmp_path, config, "explain", "gpt-4o", "--key", "nightly")
    person = checked(tmp_path, config, "explain", "gpt-4o", "--key", "key_0123456789ab")

    assert "key nightly of group team: goes to up.gpt-4o" in bot.stdout
    assert "Of those whom api_key_check knows, give the --group" in person.stderr


def test_migrate_takes_a_placeholder_for_the_key_that_it_is(tmp_path: Path) -> None:
    said = {"class": "jwt", "issuer": "https://idp.example", "audience": "a"}
    config = {
        "connections": {"up": {"api_key": "sk-0123456789abcdef0123456789"}},
        "routing": {"*": "up.*"},
        "groups": {"team": {"api_keys": ["KEY1"]}},
        "api_key_check": {**said, "default_group": "team"},
    }
    (tmp_path / "old.json").write_text(json.dumps(config))

    ended = oai_proxy("migrate", "old.json", "--to", "prod.toml", folder=tmp_path)

    made = tomllib.loads((tmp_path / "prod.toml").read_text())
    assert made["groups"]["team"]["api_keys"] != ["KEY1"], ended.stderr
    assert made["api_key_check"] == config["api_key_check"]


def test_the_door_of_the_documentation_lets_both_in(
    provider: Provider, idp: Idp, tmp_path: Path
) -> None:
    (shown,) = [tomllib.loads(b.text) for b in blocks("toml") if "[groups.bots]" in b.text]
    said = {**shown["api_key_check"], "issuer": idp.issuer}
    config = {**base_config(provider), **shown, "api_key_check": said}
    tokens = [
        idp.token(preferred_username="ben"),
        idp.token(preferred_username="ada", realm_access={"roles": ["research"]}),
    ]
    environment = {"CI_KEY": BOT}

    with Proxy(config, tmp_path, environment=environment) as proxy:
        found = [ask(proxy, token, "gpt-4o-mini").status_code for token in (BOT, *tokens)]
        records = [proxy.record(owner=owner) for owner in ("nightly-build", "ben", "ada")]

    assert found == [200] * 3
    assert [record["group"] for record in records] == ["bots", "everybody", "research"]


CALLERS = [Caller(f"key_{n}", "team") for n in range(3)]
SECRETS = [b"one", b"two", b"three"]


@given(
    st.lists(st.sampled_from([*SECRETS, b"stranger"])),
    st.lists(st.booleans(), min_size=3, max_size=3),
)
def test_who_is_found_is_who_has_the_key(presented: list[bytes], on: list[bool]) -> None:
    entries = {
        hashlib.sha256(secret).digest(): Entry(caller, None, usable)
        for secret, caller, usable in zip(SECRETS, CALLERS, on, strict=True)
    }
    ring = KeyRing(entries)
    good = {s for s in presented if s in SECRETS and on[SECRETS.index(s)]}

    if len(good) > 1:
        with pytest.raises(Exception, match="two different API keys"):
            ring.find(presented)
    else:
        assert ring.find(presented) == next((CALLERS[SECRETS.index(s)] for s in good), None)
    assert [ring.has(secret) for secret in presented] == [s in SECRETS for s in presented]
