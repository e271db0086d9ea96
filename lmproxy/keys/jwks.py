"""Which keys of a JSON Web Key Set (RFC 7517) check signatures, and of which algorithm each?

A key is bound to its algorithms when it is read: what a token says of itself chooses among them and
can make no other use of one. Nothing symmetric is among them, so no public key is ever a password.
"""

from collections.abc import Collection, Iterator
from typing import Any, Literal, get_args

import jwt
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

from lmproxy.call import Json

Algorithm = Literal[
    "RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"
]
ALGORITHMS: tuple[str, ...] = get_args(Algorithm)
CURVES = {"ES256": "P-256", "ES384": "P-384", "ES512": "P-521", "EdDSA": "Ed25519"}
"""RFC 7518, 3.4, and RFC 8037. The other algorithms are RSA's."""
PUBLIC = ("kty", "n", "e", "crv", "x", "y")
MOST_KEYS = 100
LONGEST_RSA_BITS = 8192
"""A longer key would take the loop too much time for each token."""

SigningKeys = dict[tuple[str | None, str], jwt.PyJWK]
"""Key id (`None`: the key has none) and algorithm to key."""


class NotAKeySet(Exception):
    """The document is none. The text says why and quotes nothing of it."""


def read(document: Json, algorithms: Collection[str]) -> SigningKeys:
    """The keys of a document that check one of `algorithms`. Others in it are for other uses.

    Raises:
        NotAKeySet: it has no list of keys, too many, or none of use here.
    """
    listed = document.get("keys")
    if not isinstance(listed, list):
        raise NotAKeySet("there is no list of keys in it")
    if len(listed) > MOST_KEYS:
        raise NotAKeySet(f"it has more than {MOST_KEYS} keys")
    found: SigningKeys = {}
    for key in listed:
        if isinstance(key, dict) and isinstance(key.get("kid"), str | None):
            fitting = (algorithm for algorithm in algorithms if _fits(key, algorithm))
            found.update(
                {(key.get("kid"), made.algorithm_name): made for made in _made(key, fitting)}
            )
    if not found:
        raise NotAKeySet("no key in it checks signatures of the algorithms accepted")
    return found


def choose(keys: SigningKeys, kid: str | None, algorithm: str) -> jwt.PyJWK | None:
    """The key that a token names; where it names none, the only one there is of its algorithm."""
    if kid is not None:
        return keys.get((kid, algorithm))
    fitting = [key for (_, of), key in keys.items() if of == algorithm]
    return fitting[0] if len(fitting) == 1 else None


def _fits(key: dict[str, Any], algorithm: str) -> bool:
    """Whether the key is there for signatures of this algorithm."""
    curve = CURVES.get(algorithm)
    kind = "RSA" if curve is None else "OKP" if algorithm == "EdDSA" else "EC"
    uses = key.get("key_ops", ["verify"])
    return (
        key.get("kty") == kind
        and (curve is None or key.get("crv") == curve)
        and key.get("alg", algorithm) == algorithm
        and key.get("use", "sig") == "sig"
        and isinstance(uses, list)
        and "verify" in uses
    )


def _made(key: dict[str, Any], algorithms: Iterator[str]) -> Iterator[jwt.PyJWK]:
    """The key for each, without those that are malformed, too short or too long."""
    public = {name: key[name] for name in PUBLIC if name in key}
    for algorithm in algorithms:
        try:
            made = jwt.PyJWK(public, algorithm)
        except (jwt.PyJWTError, TypeError, ValueError):
            return
        too_short = made.Algorithm.check_key_length(made.key)
        too_long = isinstance(made.key, RSAPublicKey) and made.key.key_size > LONGEST_RSA_BITS
        if not (too_short or too_long):
            yield made
