"""The issuer changes its keys, is slow, broken or gone: who comes in then? On a real server."""

import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import jwt
import pytest
import tomli_w

from tests.harness.command import oai_proxy
from tests.harness.errors import assert_refused
from tests.harness.proxy import Proxy
from tests.harness.waiting import until
from tests.keys.idp import RS256, Idp, check, config_with, key
from tests.keys.test_jwt_check import ask
from tests.provider import behaviours
from tests.provider.certificates import Certificates
from tests.provider.exchange import Behaviour, Exchange, Gate
from tests.provider.server import Provider

SECOND = key("RS256", "second")
SHORT = key("RS256", "short", "short RSA")


def start(provider: Provider, idp: Idp, folder: Path, **more: Any) -> Proxy:
    return Proxy(config_with(provider, check(idp, **more)), folder)


def forged(idp: Idp, number: int) -> str:
    headers = {"kid": f"forged-{number}"}
    return jwt.encode(idp.claims(), SECOND.private, "RS256", headers=headers)


async def resets(exchange: Exchange) -> None:
    await exchange.reset()


def reason(proxy: Proxy) -> str:
    """Why the key set could not be had, as the log says it first."""
    lines = until(lambda: proxy.log("the issuer's key set cannot be had"), "a line of the log")
    return str(lines[0]["reason"])


def status(code: int) -> Behaviour:
    async def behave(exchange: Exchange) -> None:
        await exchange.send_json(code, {"keys": [RS256.public]}, [("Location", "/certs")])

    return behave


def test_the_keys_are_there_before_the_first_request(
    provider: Provider, idp: Idp, tmp_path: Path
) -> None:
    with start(provider, idp, tmp_path) as proxy:
        until(lambda: idp.fetches == 1, "the keys")
        first = ask(proxy, idp.token()).status_code
        idp.fails = resets
        others = [ask(proxy, idp.token(n=n)).status_code for n in range(5)]

    assert [first, *others] == [200] * 6
    assert idp.fetches == 1


def test_a_new_key_is_good_at_once_and_one_taken_out_soon_is_not(
    provider: Provider, idp: Idp, tmp_path: Path
) -> None:
    with start(provider, idp, tmp_path, retry_s=0.1, refresh_s=0.2) as proxy:
        old = idp.token(n=1)
        assert ask(proxy, old).status_code == 200
        idp.keys = [SECOND.public]
        time.sleep(0.1)  # Until it may be asked again: there is nothing to be seen of that.
        new = ask(proxy, idp.token(SECOND))
        until(lambda: ask(proxy, idp.token(n=2)).status_code == 401, "the old key's end")

    assert new.status_code == 200


def test_forged_key_ids_do_not_turn_the_proxy_against_the_issuer(
    provider: Provider, idp: Idp, tmp_path: Path
) -> None:
    with start(provider, idp, tmp_path) as proxy, ThreadPoolExecutor(8) as pool:
        began = time.monotonic()
        bad = list(pool.map(lambda n: ask(proxy, forged(idp, n)).status_code, range(100)))
        good = ask(proxy, idp.token()).status_code
        took_s = time.monotonic() - began

    assert (set(bad), good) == ({401}, 200)
    assert idp.fetches <= 2 + took_s / 5


def test_a_slow_issuer_holds_up_nobody_whose_key_is_known(
    provider: Provider, idp: Idp, tmp_path: Path
) -> None:
    gate = Gate()
    more = {"retry_s": 0.1, "refresh_s": 0.1, "timeout_s": 30}
    with start(provider, idp, tmp_path, **more) as proxy:
        assert ask(proxy, idp.token()).status_code == 200
        idp.fails = behaviours.held(gate, behaviours.plain({"keys": [SECOND.public]}))
        time.sleep(0.1)  # Until the set is old enough.
        asked = idp.fetches
        until(lambda: ask(proxy, idp.token(n=time.time())).status_code == 200, "an answer")
        until(lambda: idp.fetches > asked, "a fetch")
        known = ask(proxy, idp.token(n=2)).status_code
        with ThreadPoolExecutor(1) as pool:
            unknown = pool.submit(ask, proxy, idp.token(SECOND))
            gate.open()

    assert (known, unknown.result().status_code) == (200, 200)


BROKEN: dict[str, tuple[Behaviour, str]] = {
    "gone": (resets, "was lost"),
    "500": (status(500), "answered 500"),
    "elsewhere": (status(302), "answered 302"),
    "html": (behaviours.plain(b"<html>"), "is no JSON object"),
    "list": (behaviours.plain([RS256.public]), "is no JSON object"),
    "no list": (behaviours.plain({"keys": "x"}), "there is no list of keys in it"),
    "too many": (behaviours.plain({"keys": [RS256.public] * 101}), "more than 100 keys"),
    "2 MiB": (behaviours.plain({"keys": [], "x": "x" * 2**21}), "too long"),
    "empty": (behaviours.plain({"keys": []}), "no key in it checks signatures"),
    "password": (
        behaviours.plain({"keys": [{"kty": "oct", "k": "c2VjcmV0", "kid": "first"}]}),
        "no key in it checks signatures",
    ),
    "to encrypt": (
        behaviours.plain({"keys": [{**RS256.public, "use": "enc"}]}),
        "no key in it checks signatures",
    ),
    "short": (behaviours.plain({"keys": [SHORT.public]}), "no key in it checks signatures"),
    "malformed": (
        behaviours.plain({"keys": [{**RS256.public, "n": "!"}, 7, {"kid": 7}]}),
        "no key in it checks signatures",
    ),
}


@pytest.mark.parametrize("name", BROKEN)
def test_an_issuer_that_never_answered_well_lets_nobody_in(
    provider: Provider, idp: Idp, tmp_path: Path, name: str
) -> None:
    idp.fails, said = BROKEN[name]
    with start(provider, idp, tmp_path, retry_s=0.1) as proxy:
        answer = ask(proxy, idp.token())
        idp.fails = None
        until(lambda: ask(proxy, idp.token()).status_code == 200, "its recovery")
        why = reason(proxy)

    assert_refused(answer, 503, "key_check_unavailable")
    assert answer.headers["retry-after"] == "1"
    assert said in why


def test_known_keys_go_on_while_the_issuer_is_down_for_so_long_and_no_longer(
    provider: Provider, idp: Idp, tmp_path: Path
) -> None:
    more = {"retry_s": 0.1, "refresh_s": 0.2, "outage_s": 2}
    with start(provider, idp, tmp_path, **more) as proxy:
        assert ask(proxy, idp.token()).status_code == 200
        began, idp.fails = time.monotonic(), resets
        until(lambda: proxy.log("the issuer's key set cannot be had") or _new(proxy, idp), "it")
        known, unknown = ask(proxy, idp.token(n=1)), ask(proxy, forged(idp, 1))
        until(lambda: ask(proxy, idp.token(n=time.time())).status_code == 503, "the end")
        lasted_s = time.monotonic() - began

    assert known.status_code == 200
    assert_refused(unknown, 503, "key_check_unavailable")
    assert 1 < lasted_s < 4


def _new(proxy: Proxy, idp: Idp) -> bool:
    assert ask(proxy, idp.token(n=time.time())).status_code == 200
    return False


def test_the_issuer_says_itself_where_its_keys_are(
    provider: Provider, idp: Idp, tmp_path: Path
) -> None:
    with start(provider, idp, tmp_path, jwks_url=None) as proxy:
        good, bad = ask(proxy, idp.token()), ask(proxy, idp.token(aud="x"))

    assert (good.status_code, bad.status_code) == (200, 401)
    path = "/realms/team/.well-known/openid-configuration"
    assert idp.server.requests[0].path == path


@pytest.mark.parametrize(
    ("configuration", "said"),
    [
        ({"issuer": "https://evil.example"}, "names another issuer"),
        ({"jwks_uri": "file:///etc/passwd"}, "no safe address"),
        ({"jwks_uri": 7}, "no safe address"),
    ],
)
def test_what_the_issuer_says_of_itself_has_to_fit(
    provider: Provider, idp: Idp, tmp_path: Path, configuration: dict[str, Any], said: str
) -> None:
    idp.configuration = configuration
    with start(provider, idp, tmp_path, jwks_url=None) as proxy:
        assert_refused(ask(proxy, idp.token()), 503, "key_check_unavailable")
        assert said in reason(proxy)


def test_an_issuer_with_certificates_of_its_own(provider: Provider, tmp_path: Path) -> None:
    certificates = Certificates(tmp_path)
    with Provider(certificates.good()) as server:
        idp = Idp(server)
        trusted, strange, open_ = (tmp_path / name for name in ("a", "b", "c"))
        for folder in (trusted, strange, open_):
            folder.mkdir()
        more: dict[str, Any] = {"jwks_url": None, "ca_file": str(certificates.ca_file)}
        with start(provider, idp, trusted, **more) as proxy:
            good = ask(proxy, idp.token())
        with start(provider, idp, strange) as proxy:
            bad = ask(proxy, idp.token())
        idp.configuration = {"jwks_uri": idp.jwks_url.replace("https", "http")}
        with start(provider, idp, open_, **more) as proxy:
            unsafe = ask(proxy, idp.token())
            said = reason(proxy)

    assert good.status_code == 200
    assert_refused(bad, 503, "key_check_unavailable")
    assert_refused(unsafe, 503, "key_check_unavailable")
    assert "no safe address" in said


def _checked(provider: Provider, said: dict[str, Any], folder: Path) -> tuple[int, str]:
    (folder / "c.toml").write_text(tomli_w.dumps(config_with(provider, said)))
    ended = oai_proxy("check", "--config", "c.toml", folder=folder)
    return ended.returncode, ended.stderr


GOOD = {
    "class": "jwt",
    "issuer": "https://idp.example/",
    "audience": ["a", "b"],
    "default_group": "team",
}


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"issuer": None}, "api_key_check.issuer: is required"),
        ({"issuer": "realm"}, "api_key_check.issuer: is no address to ask for its keys; add jwks"),
        ({"audience": None}, "api_key_check.audience: is needed: the issuer gives tokens to other"),
        ({"audience": []}, "api_key_check.audience: must not be empty"),
        ({"any_audience": True}, "any_audience: does not go with audience"),
        ({"default_group": None}, "group_field: or default_group is needed"),
        ({"algorithms": ["none"]}, "api_key_check.algorithms.0: must be 'RS256'"),
        ({"algorithms": ["HS256"]}, "api_key_check.algorithms.0: must be 'RS256'"),
        ({"jwks_url": "ldap://x"}, "api_key_check.jwks_url: must be an http:// or https:// URL"),
        ({"ca_file": "nowhere.pem"}, "api_key_check.ca_file: there is no such file"),
        ({"leeway_s": -1}, "api_key_check.leeway_s: must be greater than or equal to 0"),
        ({"audienc": "x"}, "api_key_check.audienc: unknown key; did you mean 'audience'?"),
    ],
)
def test_a_check_that_cannot_be_is_refused_at_start(
    provider: Provider, tmp_path: Path, more: dict[str, Any], words: str
) -> None:
    said = {name: value for name, value in {**GOOD, **more}.items() if value is not None}

    code, stderr = _checked(provider, said, tmp_path)

    assert code == 78
    assert words in stderr


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"issuer": "http://idp.example"}, "api_key_check.issuer: is plain http: whoever is on"),
        ({"jwks_url": "http://idp.example/keys"}, "api_key_check.jwks_url: is plain http"),
        ({"audience": None, "any_audience": True}, "any_audience: lets in whoever has a token"),
    ],
)
def test_what_is_unwise_is_a_warning(
    provider: Provider, tmp_path: Path, more: dict[str, Any], words: str
) -> None:
    said = {name: value for name, value in {**GOOD, **more}.items() if value is not None}

    code, stderr = _checked(provider, said, tmp_path)

    assert code == 0, stderr
    assert words in stderr
