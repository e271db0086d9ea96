"""An OIDC provider: it signs tokens, publishes its keys, and fails as it is told to."""

import json
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from jwt.algorithms import get_default_algorithms

from tests.conftest import base_config
from tests.provider.exchange import Behaviour, Exchange
from tests.provider.server import Provider

AUDIENCE = "oai-proxy"
NEW_KEY: dict[str, Callable[[], Any]] = {
    "RSA": lambda: rsa.generate_private_key(public_exponent=65537, key_size=2048),
    "short RSA": lambda: rsa.generate_private_key(public_exponent=65537, key_size=1024),
    "P-256": lambda: ec.generate_private_key(ec.SECP256R1()),
    "P-384": lambda: ec.generate_private_key(ec.SECP384R1()),
    "Ed25519": ed25519.Ed25519PrivateKey.generate,
}


@dataclass(frozen=True)
class Key:
    """A signing key, as one test or all of them have it."""

    kid: str
    algorithm: str
    private: Any

    @property
    def public(self) -> dict[str, Any]:
        """Its entry in the key set."""
        algorithm: Any = get_default_algorithms()[self.algorithm]
        entry: dict[str, Any] = json.loads(algorithm.to_jwk(self.private.public_key()))
        return {**entry, "kid": self.kid, "use": "sig", "alg": self.algorithm}


@lru_cache
def key(algorithm: str, kid: str, kind: str = "RSA") -> Key:
    """A key; the same for the same words, since making one takes long."""
    return Key(kid, algorithm, NEW_KEY[kind]())


RS256 = key("RS256", "first")
STRANGERS = key("RS256", "stranger's")


@dataclass
class Idp:
    """A running one, `with Provider() as server: Idp(server)`.

    Attributes:
        keys: what the set has; a test may put anything in it.
        fails: instead of any answer.
        configuration: fields that its discovery document has otherwise.
    """

    server: Provider
    keys: list[Any] = field(default_factory=lambda: [RS256.public])
    fails: Behaviour | None = None
    configuration: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.server.on_any(self._answer)

    @property
    def issuer(self) -> str:
        return self.server.base_url.removesuffix("/v1") + "/realms/team"

    @property
    def jwks_url(self) -> str:
        return f"{self.issuer}/certs"

    @property
    def fetches(self) -> int:
        """How often it was asked for its keys."""
        return sum(request.path.endswith("/certs") for request in self.server.requests)

    def claims(self, **more: Any) -> dict[str, Any]:
        """Good ones of Anna's; a claim that is `None` is left out."""
        now = int(time.time())
        usual = {"iss": self.issuer, "aud": AUDIENCE, "sub": "anna", "iat": now, "exp": now + 300}
        return {name: value for name, value in {**usual, **more}.items() if value is not None}

    def token(self, signer: Key = RS256, **claims: Any) -> str:
        """A token signed with `signer`."""
        headers = {"kid": signer.kid}
        return jwt.encode(self.claims(**claims), signer.private, signer.algorithm, headers=headers)

    async def _answer(self, exchange: Exchange) -> None:
        if self.fails is not None:
            await self.fails(exchange)
        elif exchange.request.path.endswith("/.well-known/openid-configuration"):
            usual = {"issuer": self.issuer, "jwks_uri": self.jwks_url}
            await exchange.send_json(200, {**usual, **self.configuration})
        else:
            await exchange.send_json(200, {"keys": self.keys})


def check(idp: Idp, **more: Any) -> dict[str, Any]:
    """What the config says of it."""
    usual = {"class": "jwt", "jwks_url": idp.jwks_url, "issuer": idp.issuer, "audience": AUDIENCE}
    said = {**usual, "default_group": "team", **more}
    return {name: value for name, value in said.items() if value is not None}


def config_with(provider: Provider, said: dict[str, Any], **more: Any) -> dict[str, Any]:
    """A config with groups to choose from."""
    groups = {"team": {}, "guests": {"allowed_models": ["guest-*"]}, "off": {"enabled": False}}
    return {**base_config(provider), "groups": groups, "api_key_check": said, **more}
