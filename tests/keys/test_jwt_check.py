"""Which tokens of an OIDC provider let whom in? `class = "jwt"`, on a real server."""

import asyncio
import base64
import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import anthropic
import httpx
import jwt
import openai
import pytest
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import given
from hypothesis import strategies as st

from lmproxy.keys.check import Refusal
from lmproxy.keys.jwt_check import JwtCheck
from tests.conftest import bearer, chat
from tests.harness import patient
from tests.harness.errors import assert_refused
from tests.harness.proxy import Proxy
from tests.harness.waiting import until
from tests.keys.idp import RS256, STRANGERS, Idp, check, config_with, key
from tests.provider.server import Provider

ES256 = key("ES256", "elliptic", "P-256")
SIGNERS = [
    RS256,
    key("RS512", "long"),
    key("PS256", "pss"),
    ES256,
    key("ES384", "curve", "P-384"),
    key("EdDSA", "edwards", "Ed25519"),
]


def segment(value: Any) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()


def unsigned(idp: Idp, algorithm: str) -> str:
    """What `alg: none` is about: claims that nobody signed."""
    return f"{segment({'alg': algorithm, 'kid': RS256.kid})}.{segment(idp.claims())}."


def confused(idp: Idp) -> str:
    """Signed with the public key of the set, as if it were a password."""
    public = RS256.private.public_key()
    pem = public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    signing = f"{segment({'alg': 'HS256', 'kid': RS256.kid})}.{segment(idp.claims())}".encode()
    algorithm: Any = jwt.get_algorithm_by_name("HS256")
    mac = base64.urlsafe_b64encode(algorithm.sign(signing, pem)).rstrip(b"=")
    return (signing + b"." + mac).decode()


def tampered(idp: Idp) -> str:
    head, _, signature = idp.token().split(".")
    return f"{head}.{segment(idp.claims(sub='boss'))}.{signature}"


def ago(seconds: int) -> int:
    return int(time.time()) - seconds


BAD: dict[str, tuple[Any, str]] = {
    "expired": (lambda idp: idp.token(exp=ago(60)), "has expired"),
    "for ever": (lambda idp: idp.token(exp=None), "has no 'exp'"),
    "not yet": (lambda idp: idp.token(nbf=ago(-90)), "not valid yet"),
    "made tomorrow": (lambda idp: idp.token(iat=ago(-90)), "not valid yet"),
    "others'": (lambda idp: idp.token(aud="account"), "for another audience"),
    "nobody's": (lambda idp: idp.token(aud=None), "has no 'aud'"),
    "other issuer": (lambda idp: idp.token(iss="https://login.example"), "of another issuer"),
    "longer issuer": (lambda idp: idp.token(iss=f"{idp.issuer}/"), "of another issuer"),
    "no issuer": (lambda idp: idp.token(iss=None), "has no 'iss'"),
    "no user": (lambda idp: idp.token(sub=None), "has no 'sub' that names anybody"),
    "unsigned": (lambda idp: unsigned(idp, "none"), "signed in a way that is not accepted"),
    "Unsigned": (lambda idp: unsigned(idp, "None"), "signed in a way that is not accepted"),
    "unsigned RS256": (lambda idp: unsigned(idp, "RS256"), "signature is wrong"),
    "public key as password": (confused, "signed in a way that is not accepted"),
    "a stranger's": (lambda idp: idp.token(STRANGERS), "a key that the issuer does not have"),
    "a stranger's, called ours": (
        lambda idp: jwt.encode(
            idp.claims(), STRANGERS.private, "RS256", headers={"kid": RS256.kid}
        ),
        "signature is wrong",
    ),
    "another algorithm's key": (
        lambda idp: jwt.encode(idp.claims(), RS256.private, "RS384", headers={"kid": RS256.kid}),
        "a key that the issuer does not have",
    ),
    "tampered with": (tampered, "signature is wrong"),
    "no token": (lambda _: "sk-0123456789abcdef0123456789", "it is no token"),
    "dots": (lambda _: "a.b.c", "it is no token"),
    "deep": (lambda _: f"{segment('[' * 9000)[1:]}..", "it is no token"),
    "too long": (lambda idp: idp.token(more="x" * 16384), "longer than 16384 bytes"),
    "critical": (
        lambda idp: jwt.encode(
            idp.claims(), RS256.private, "RS256", headers={"kid": RS256.kid, "crit": ["x"]}
        ),
        "it is no token",
    ),
}


def ask(proxy: Proxy, token: str, model: str = "checked") -> httpx.Response:
    return patient.post(
        f"{proxy.api}/chat/completions", headers=bearer(token), json=chat(model), timeout=60
    )


@pytest.fixture(scope="module")
def standing() -> Iterator[Idp]:
    """A provider with a key of each kind."""
    with Provider() as server:
        yield Idp(server, keys=[signer.public for signer in SIGNERS])


@pytest.fixture(scope="module")
def door(
    provider: Provider, standing: Idp, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Proxy]:
    config = config_with(provider, check(standing))
    with Proxy(config, tmp_path_factory.mktemp("door")) as proxy:
        yield proxy


@pytest.mark.parametrize("signer", SIGNERS, ids=lambda signer: signer.algorithm)
def test_every_asymmetric_algorithm_is_taken(door: Proxy, standing: Idp, signer: Any) -> None:
    answer = ask(door, standing.token(signer))

    assert answer.status_code == 200, answer.text


@pytest.mark.parametrize("name", BAD)
def test_a_bad_token_is_refused_and_only_the_log_says_why(
    door: Proxy, standing: Idp, provider: Provider, name: str
) -> None:
    make, reason = BAD[name]
    token, before = make(standing), len(door.log("refused a credential"))

    answer = ask(door, token, f"bad/{name}")

    assert_refused(answer, 401, "invalid_api_key")
    assert answer.json()["error"]["message"].startswith("Incorrect or missing API key.")
    lines = until(lambda: door.log("refused a credential")[before:], "a line of the log")
    assert reason in lines[0]["reason"]
    assert token not in str(lines)
    assert provider.requests_for(f"bad/{name}") == []


def test_one_persons_tokens_are_one_key_in_records(door: Proxy, standing: Idp) -> None:
    first, second = standing.token(sub="cleo"), standing.token(ES256, sub="cleo", n=2)
    with openai.OpenAI(api_key=first, base_url=door.api) as client:
        said: Any = [{"role": "user", "content": "hi"}]
        client.chat.completions.create(model="cleo-1", messages=said)
        with pytest.raises(openai.AuthenticationError):
            client.with_options(api_key=standing.token(aud="x")).models.list()
    with anthropic.Anthropic(api_key=second, base_url=door.url) as other:
        other.messages.create(model="cleo-2", max_tokens=9, messages=said)
    records = [door.record(model_asked=name) for name in ("cleo-1", "cleo-2")]
    ask(door, standing.token(), "anna-1")
    anna = door.record(model_asked="anna-1")

    assert {record["owner"] for record in records} == {"cleo"}
    assert len({record["key_id"] for record in records}) == 1
    assert records[0]["key_id"] != anna["key_id"]
    assert first not in door.records_file.read_text() + "".join(door.stderr)


def test_a_long_token_is_taken(door: Proxy, standing: Idp) -> None:
    token = standing.token(groups=[f"/some/long/name/of/a/group/{n}" for n in range(250)])

    assert len(token) > 10_000
    assert ask(door, token).status_code == 200


def test_a_token_without_a_key_id_is_taken_if_only_one_key_fits(door: Proxy, standing: Idp) -> None:
    by_one = jwt.encode(standing.claims(), ES256.private, "ES256")

    assert ask(door, by_one).status_code == 200


GROUPS: list[tuple[str, dict[str, Any], str | None]] = [
    ("role", {"role": "guests"}, "guests"),
    ("realm_access.roles", {"realm_access": {"roles": ["x", 7, "guests", "team"]}}, "guests"),
    ("https://x.example/groups", {"https://x.example/groups": ["guests"]}, "guests"),
    ("access.my.app.roles", {"access": {"my.app": {"roles": ["guests"]}}}, "guests"),
    ("realm_access.roles", {"realm_access": {"roles": ["offline_access"]}}, "team"),
    ("realm_access.roles", {"realm_access": "guests"}, "team"),
    ("role", {}, "team"),
    ("role", {"role": ["off", "guests"]}, "guests"),
    ("role", {"role": ["off"]}, None),
]


@pytest.mark.parametrize(("path", "claims", "group"), GROUPS)
def test_a_claim_says_the_group(
    provider: Provider,
    idp: Idp,
    tmp_path: Path,
    path: str,
    claims: dict[str, Any],
    group: str | None,
) -> None:
    with Proxy(config_with(provider, check(idp, group_field=path)), tmp_path) as proxy:
        answer = ask(proxy, idp.token(**claims), "guest-model")
        record = proxy.record(model_asked="guest-model" if group else None)

    assert answer.status_code == (200 if group else 401), answer.text
    assert record["group"] == group


def test_without_a_default_group_who_has_none_is_nobody(
    provider: Provider, idp: Idp, tmp_path: Path
) -> None:
    said = check(idp, group_field="role", default_group=None)
    with Proxy(config_with(provider, said), tmp_path) as proxy:
        assert_refused(ask(proxy, idp.token(role="x")), 401, "invalid_api_key")
        assert ask(proxy, idp.token(role="team")).status_code == 200


def test_another_claim_may_name_the_person_and_loggers_hear_all(
    provider: Provider, idp: Idp, tmp_path: Path
) -> None:
    logger = {
        "class": "lm_proxy.loggers.BaseLogger",
        "log_writer": {"class": "lm_proxy.loggers.JsonLogWriter", "file_name": "log"},
        "entry_transformer": {
            "class": "lm_proxy.loggers.LogEntryTransformer",
            "team": "user_info.team",
        },
    }
    config = config_with(provider, check(idp, user_field="email"), loggers=[logger])
    with Proxy(config, tmp_path) as proxy:
        assert ask(proxy, idp.token(email="anna@x.example", team="blue")).status_code == 200
        record, log = proxy.record(status=200), tmp_path / "log"
        until(lambda: log.exists() and log.read_text().count("\n") == 1, "a line")

    assert record["owner"] == "anna@x.example"
    assert json.loads(log.read_text()) == {"team": "blue"}


def test_a_token_is_good_no_longer_than_it_says(
    provider: Provider, idp: Idp, tmp_path: Path
) -> None:
    with Proxy(config_with(provider, check(idp, leeway_s=0)), tmp_path) as proxy:
        end = int(time.time()) + 3
        token = idp.token(exp=end)
        first = ask(proxy, token).status_code
        until(lambda: ask(proxy, token).status_code == 401, "the end")
        ended = time.time()

    assert first == 200
    assert end <= ended < end + 1


@given(st.text() | st.lists(st.text(), min_size=3, max_size=3).map(".".join))
def test_no_text_makes_it_stumble(key: str) -> None:
    async def never(*_: Any, **__: Any) -> tuple[int, bytes]:
        raise AssertionError("the issuer was asked about it")

    made = JwtCheck("i", "http://x/", ("a",), default_group="g", fetch=never, groups={"g": True})

    assert isinstance(asyncio.run(made(key)), Refusal)


@given(
    st.dictionaries(
        st.sampled_from(["alg", "kid", "crit", "b64", "typ", "x5c"]),
        st.none() | st.booleans() | st.text() | st.lists(st.text()) | st.just("RS256"),
    )
)
def test_no_header_makes_it_stumble(header: dict[str, Any]) -> None:
    async def keys(*_: Any, **__: Any) -> tuple[int, bytes]:
        return 200, json.dumps({"keys": [RS256.public]}).encode()

    made = JwtCheck("i", "http://x/", ("a",), default_group="g", fetch=keys, groups={"g": True})

    assert isinstance(asyncio.run(made(f"{segment(header)}.{segment({'exp': 1})}.AA")), Refusal)
