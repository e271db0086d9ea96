"""Rows A: credentials, good, bad and ambiguous.

A006 is the product's rule: exactly one known key is that caller, two known and different ones are
400, none is 401.
"""

import hashlib
import json

import httpx
import pytest

from tests.conftest import GUEST_KEY, TEAM_KEY, UPSTREAM_KEY, chat
from tests.harness.errors import assert_refused, error_of
from tests.harness.proxy import Proxy
from tests.harness.raw import Raw
from tests.harness.waiting import until
from tests.provider.server import Provider

TEAM = TEAM_KEY.encode()
GUEST = GUEST_KEY.encode()
STRANGER = b"sk-personal-key-of-a-developer"
CHAT = "/v1/chat/completions"
JSON = b"Content-Type: application/json"


def ask(proxy: Proxy, model: str, *headers: bytes, path: str = CHAT) -> httpx.Response:
    """A chat request with exactly these credential headers."""
    with Raw(proxy) as raw:
        return raw.ask("POST", path, JSON, *headers, body=json.dumps(chat(model)).encode())


def assert_unknown(answer: httpx.Response) -> None:
    assert_refused(answer, 401, "invalid_api_key")
    assert answer.headers["www-authenticate"] == "Bearer"


@pytest.mark.parametrize(
    "headers",
    [
        pytest.param((), id="none"),
        pytest.param((b"Authorization:",), id="empty"),
        pytest.param((b"Authorization: Bearer",), id="scheme only"),
        pytest.param((b"Authorization: Bearer ",), id="scheme and space"),
        pytest.param((b"Authorization: Basic " + TEAM,), id="Basic"),
        pytest.param((b"Authorization: Token " + TEAM,), id="Token"),
        pytest.param((b"Authorization: " + TEAM,), id="no scheme"),
        pytest.param((b"x-api-key:", b"api-key:"), id="empty x-api-key"),
    ],
)
def test_A001_a_request_without_a_bearer_key_is_told_to_authenticate(
    proxy: Proxy, provider: Provider, headers: tuple[bytes, ...]
) -> None:
    answer = ask(proxy, "a001", *headers)

    assert_unknown(answer)
    assert answer.content == ask(proxy, "a001", b"x-api-key: wrong").content
    assert provider.requests_for("a001") == []


@pytest.mark.parametrize("scheme", [b"Bearer", b"bearer", b"BEARER", b"bEaReR"])
def test_A002_the_scheme_is_read_in_any_case(proxy: Proxy, scheme: bytes) -> None:
    answer = ask(proxy, "a002-good", b"Authorization: " + scheme + b" " + TEAM)

    assert answer.status_code == 200


@pytest.mark.parametrize(
    "value",
    [
        pytest.param(b"Bearer  " + TEAM, id="two spaces"),
        pytest.param(b"Bearer\t" + TEAM, id="tab"),
        pytest.param(b"Bearer \t" + TEAM, id="space and tab"),
        pytest.param(b"Bearer " + TEAM + b" ", id="trailing space"),
        pytest.param(b'Bearer "' + TEAM + b'"', id="double quotes"),
        pytest.param(b"Bearer '" + TEAM + b"'", id="single quotes"),
        pytest.param(b"Bearer \xa0" + TEAM, id="NBSP before"),
        pytest.param(b"Bearer " + TEAM + b"\xc2\xa0", id="NBSP after"),
        pytest.param(b"Bearer: " + TEAM, id="colon"),
        pytest.param(b"Bearer " + TEAM + b", Bearer " + GUEST, id="two in one"),
    ],
)
def test_A002_nothing_around_the_key_is_trimmed(
    proxy: Proxy, provider: Provider, value: bytes
) -> None:
    answer = ask(proxy, "a002-bad", b"Authorization: " + value)

    assert_unknown(answer)
    assert provider.requests_for("a002-bad") == []


@pytest.mark.parametrize(
    "key",
    [
        pytest.param(TEAM.upper(), id="other case"),
        pytest.param(TEAM + b"0", id="one more"),
        pytest.param(TEAM[:-1], id="one less"),
        pytest.param(TEAM[:8], id="prefix"),
        pytest.param(TEAM[8:], id="suffix"),
        pytest.param(TEAM.replace(b"e", b"\xd0\xb5"), id="Cyrillic look-alike"),
        pytest.param(hashlib.sha256(TEAM).hexdigest().encode(), id="its digest"),
        pytest.param(b"sha256:" + hashlib.sha256(TEAM).hexdigest().encode(), id="as in a config"),
        pytest.param(UPSTREAM_KEY.encode(), id="the operator's own key"),
    ],
)
def test_A003_a_key_that_is_nearly_right_is_wrong(
    proxy: Proxy, provider: Provider, key: bytes
) -> None:
    answer = ask(proxy, "a003", b"Authorization: Bearer " + key)

    assert_unknown(answer)
    assert provider.requests_for("a003") == []


def test_A003_a_key_with_a_NUL_is_no_header_at_all(proxy: Proxy, provider: Provider) -> None:
    answer = ask(proxy, "a003-nul", b"Authorization: Bearer " + TEAM + b"\0")

    assert answer.status_code == 400
    assert provider.requests_for("a003-nul") == []


def test_A003_a_key_of_a_megabyte_is_refused(proxy: Proxy, provider: Provider) -> None:
    answer = ask(proxy, "a003-long", b"Authorization: Bearer " + TEAM * 40_000)

    assert answer.status_code in (401, 431)
    assert provider.requests_for("a003-long") == []


@pytest.mark.parametrize("header", [b"Authorization: Bearer ", b"x-api-key: ", b"api-key: "])
@pytest.mark.parametrize("key", [b"\xff\xfe\x80", "ключ".encode(), TEAM + b"\xe9"], ids=repr)
def test_A004_bytes_that_are_not_ascii_are_a_wrong_key(
    proxy: Proxy, provider: Provider, header: bytes, key: bytes
) -> None:
    answer = ask(proxy, "a004", header + key)

    assert_unknown(answer)
    assert provider.requests_for("a004") == []


@pytest.mark.parametrize("name", [b"Authorization: Bearer ", b"x-api-key: ", b"api-key: "])
@pytest.mark.parametrize("keys", [(TEAM, b"x"), (b"x", TEAM), (TEAM, GUEST), (TEAM, TEAM)])
def test_A005_one_credential_header_sent_twice_is_ambiguous(
    proxy: Proxy, provider: Provider, name: bytes, keys: tuple[bytes, bytes]
) -> None:
    answer = ask(proxy, "a005", *(name + key for key in keys))

    assert_refused(answer, 400, "ambiguous_credentials")
    assert provider.requests_for("a005") == []


@pytest.mark.parametrize(
    ("bearer", "x_api_key", "api_key", "owner"),
    [
        pytest.param(TEAM, None, None, "tessa", id="Authorization"),
        pytest.param(None, TEAM, None, "tessa", id="x-api-key"),
        pytest.param(None, None, TEAM, "tessa", id="api-key"),
        pytest.param(TEAM, TEAM, TEAM, "tessa", id="all equal"),
        pytest.param(STRANGER, TEAM, None, "tessa", id="a personal key beside ours"),
        pytest.param(TEAM, STRANGER, STRANGER, "tessa", id="ours beside personal keys"),
        pytest.param(STRANGER, None, GUEST, None, id="a personal key beside a guest's"),
    ],
)
def test_A006_exactly_one_known_key_is_the_caller(
    proxy: Proxy,
    provider: Provider,
    bearer: bytes | None,
    x_api_key: bytes | None,
    api_key: bytes | None,
    owner: str | None,
) -> None:
    answer = ask(proxy, "a006-good", *credentials(bearer, x_api_key, api_key))

    assert answer.status_code == 200
    record = proxy.record(id=answer.headers["x-request-id"])
    assert (record["owner"], record["group"]) == (owner, "team" if owner else "guests")
    sent_on = provider.requests_for("a006-good")[-1].headers
    assert STRANGER.decode() not in str(sent_on)
    assert TEAM_KEY not in str(sent_on)


def credentials(
    bearer: bytes | None, x_api_key: bytes | None, api_key: bytes | None
) -> list[bytes]:
    given = [(b"Authorization: Bearer ", bearer), (b"X-Api-Key: ", x_api_key)]
    return [name + key for name, key in [*given, (b"api-key: ", api_key)] if key]


def test_A006_two_known_and_different_keys_are_ambiguous(proxy: Proxy, provider: Provider) -> None:
    for given in [(TEAM, GUEST, None), (GUEST, None, TEAM), (None, TEAM, GUEST)]:
        answer = ask(proxy, "a006-two", *credentials(*given))

        assert_refused(answer, 400, "ambiguous_credentials")
    assert provider.requests_for("a006-two") == []


def test_A006_no_known_key_among_several_is_unknown(proxy: Proxy, provider: Provider) -> None:
    answer = ask(proxy, "a006-none", *credentials(STRANGER, b"other", b"another"))

    assert_unknown(answer)
    assert provider.requests_for("a006-none") == []


@pytest.mark.parametrize("name", ["key", "api_key", "api-key", "access_token", "authorization"])
def test_A006_a_key_in_the_query_is_never_looked_at_nor_kept(proxy: Proxy, name: str) -> None:
    answer = ask(proxy, "a006-query", path=f"{CHAT}?{name}={TEAM_KEY}")

    assert_unknown(answer)
    assert proxy.record(id=answer.headers["x-request-id"])["path"] == CHAT
    assert TEAM_KEY not in "".join(proxy.stderr) + proxy.records_file.read_text()


@pytest.mark.parametrize(
    "key",
    [
        "' OR 1=1--", '" or ""="', "*", "?", "[a-z]*", "../../", "{api_key}", "${TEAM_KEY}",
        "*)(uid=*))(|(uid=*", "env:TEAM_KEY", "file:/etc/passwd", "null", "team-key-*", "tessa",
    ],
)  # fmt: skip
def test_A014_a_key_that_would_mean_something_elsewhere_means_nothing(
    proxy: Proxy, provider: Provider, key: str
) -> None:
    answer = ask(proxy, "a014", f"Authorization: Bearer {key}".encode())

    assert_unknown(answer)
    assert provider.requests_for("a014") == []


@pytest.mark.parametrize(
    "path",
    [
        "/healthz", "/readyz", "/metrics", "/docs", "/openapi.json", "/redoc", "/favicon.ico",
        "/.env", "/debug", "/admin", "/config", "/v1", "/v1/", "//health", "/docs/oauth2-redirect",
        "/storage/requests.jsonl", "/%2e%2e/etc/passwd",
    ],
)  # fmt: skip
@pytest.mark.parametrize("key", [None, TEAM], ids=["nobody", "team"])
def test_A016_nothing_but_the_api_and_health_is_there(
    proxy: Proxy, path: str, key: bytes | None
) -> None:
    with Raw(proxy) as raw:
        answer = raw.ask("GET", path, *credentials(key, None, None))

    assert_refused(answer, 404, "unknown_url")


def test_A016_health_is_for_everybody_and_says_nothing_else(proxy: Proxy) -> None:
    with Raw(proxy, source="127.0.0.2") as raw:
        answer = raw.ask("GET", "/health")

    assert answer.status_code == 200
    assert answer.json() == {"status": "ok"}
    assert "server" not in answer.headers


def test_A016_ready_is_for_trusted_peers_only(proxy: Proxy) -> None:
    with Raw(proxy, source="127.0.0.2") as stranger, Raw(proxy) as peer:
        refused = stranger.ask("GET", "/ready", b"X-Forwarded-For: 127.0.0.1")
        answered = peer.ask("GET", "/ready")

    assert_refused(refused, 404, "unknown_url")
    assert answered.json()["ready"] is True


@pytest.mark.parametrize("headers", [(), (b"Bearer a020-wrong-key-0123456789", b"a020-other-key")])
def test_A020_a_refused_credential_is_logged_by_the_head_of_its_id(
    proxy: Proxy, headers: tuple[bytes, ...]
) -> None:
    named = zip((b"Authorization: ", b"x-api-key: "), headers, strict=False)
    secrets = [secret.removeprefix(b"Bearer ") for secret in headers]
    prefixes = ",".join("key_" + hashlib.sha256(secret).hexdigest()[:8] for secret in secrets)

    answer = ask(proxy, "a020", *(name + value for name, value in named))

    error_of(answer, 401)
    lines = until(lambda: refusals(proxy, prefixes), "the line in the log")
    assert lines[-1]["address"] == "127.0.0.1"
    assert lines[-1]["reason"] == ("unknown key" if headers else "no key")
    assert "a020-wrong" not in "".join(proxy.stderr) + proxy.records_file.read_text()
    assert proxy.record(id=answer.headers["x-request-id"])["key_id"] is None


def refusals(proxy: Proxy, prefixes: str) -> list[dict[str, str]]:
    lines = proxy.log("refused a credential")
    return [line for line in lines if line["key_id_prefixes"] == prefixes]
