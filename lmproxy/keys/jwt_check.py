"""Tokens of an OIDC provider as keys: `class = "jwt"` (RFC 7519, RFC 8725).

A token is good if one of the issuer's published keys signed it, for us, and now. The provider is
not asked about tokens: it is asked for its keys, now and then. What is a virtual key of a group is
known without this check: see `keys_and_tokens`.
"""

import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import urlsplit

import jwt
from pydantic import BeforeValidator, Field

from lmproxy.call import Json
from lmproxy.config.binding import Misfit
from lmproxy.config.files import why_no_authorities
from lmproxy.config.load import is_this_machine
from lmproxy.config.values import Seconds, Url
from lmproxy.keys.check import Refusal, Verdict
from lmproxy.keys.jwks import ALGORITHMS, Algorithm
from lmproxy.keys.key_set import KeySet, Source
from lmproxy.keys.remote import Fetch, RemoteCheck

KEEP_S = 60.0
"""How long a good token is not looked at again: a key taken out of the set works no longer."""
MOST_REMEMBERED = 4096
LONGEST_NAME = 256
REASONS: tuple[tuple[type[jwt.InvalidTokenError], str], ...] = (
    (jwt.ExpiredSignatureError, "the token has expired"),
    (jwt.ImmatureSignatureError, "the token is not valid yet"),
    (jwt.InvalidSignatureError, "the token's signature is wrong"),
    (jwt.InvalidAudienceError, "the token is for another audience"),
    (jwt.InvalidIssuerError, "the token is of another issuer"),
    (jwt.InvalidAlgorithmError, "the token is signed in a way that is not accepted"),
    (jwt.DecodeError, "it is no token"),
)
"""The first that fits is said, in the log."""

Leeway = Annotated[float, Field(ge=0, le=300)]
Text = Annotated[str, Field(min_length=1)]


def _audiences(value: Any) -> Any:
    return (value,) if isinstance(value, str) else value


Audiences = Annotated[tuple[Text, ...], BeforeValidator(_audiences), Field(min_length=1)]
Algorithms = Annotated[tuple[Algorithm, ...], Field(min_length=1)]


class JwtCheck(RemoteCheck):
    """The check. What it says of a token is good for a minute, and never beyond its end."""

    def __init__(
        self,
        issuer: Text,
        jwks_url: Url | None = None,
        audience: Audiences | None = None,
        any_audience: bool = False,
        algorithms: Algorithms = ALGORITHMS,  # type: ignore[assignment]  # All of them.
        group_field: Text | None = None,
        default_group: str | None = None,
        user_field: Text = "sub",
        leeway_s: Leeway = 30,
        refresh_s: Seconds = 300,
        retry_s: Seconds = 5,
        outage_s: Seconds = 3600,
        timeout_s: Seconds = 5,
        ca_file: Path | None = None,
        *,
        fetch: Fetch,
        groups: Mapping[str, bool],
    ) -> None:
        """Nothing is asked yet.

        Args:
            issuer: what tokens have as `iss`, to the letter.
            jwks_url: where the issuer's keys are; without it the issuer is asked.
            audience: what tokens have as `aud`, one of these.
            any_audience: take tokens for anybody, that other programs were given.
            algorithms: those that a token may be signed with.
            group_field: the claim with the group, or the path to it; of a list the first that the
                config has and that is on.
            default_group: of tokens in which no group of the config is found.
            user_field: the claim that says who it is.
            leeway_s: how far clocks may differ.
            refresh_s: how long the keys are good before they are fetched anew.
            retry_s: the least time between two fetches.
            outage_s: how long the last keys are good while the issuer does not answer.
            timeout_s: for each question to the issuer.
            ca_file: certificate authorities to trust instead of the public ones.
            fetch: asks the issuer.
            groups: those that the config has, and whether they are on.

        Raises:
            Misfit: the keys of the config do not go together.
        """
        _check(issuer, jwks_url, audience, any_audience, group_field, default_group, ca_file)
        if default_group is not None and default_group not in groups:
            raise Misfit("default_group", f"there is no group '{default_group}'", None)
        self._issuer, self._url = issuer, jwks_url
        self._audience = audience
        self._algorithms = algorithms
        self._group_field, self._default_group = group_field, default_group
        self._user_field = user_field
        self._leeway_s = leeway_s
        self._groups = groups
        source = Source(issuer, jwks_url, ca_file, timeout_s, fetch)
        self._keys = KeySet(
            source, algorithms, refresh_s=refresh_s, retry_s=retry_s, outage_s=outage_s
        )
        self.longest_s = 3 * timeout_s
        self.most_remembered = MOST_REMEMBERED

    async def start(self) -> None:
        """Fetch the keys."""
        await self._keys.refresh()

    def keep_s(self, verdict: Any) -> float:
        """Only a yes: forged tokens take no place from good ones."""
        return (verdict.keep_s or 0) if isinstance(verdict, Verdict) else 0

    def unwise(self) -> Iterator[tuple[str, str]]:
        """The keys decide who comes in, so whoever can change them on their way does."""
        key, url = ("issuer", self._issuer) if self._url is None else ("jwks_url", self._url)
        parts = urlsplit(url)
        if parts.scheme == "http" and not is_this_machine(parts.hostname or ""):
            yield key, "is plain http: whoever is on the way can sign tokens"
        if self._audience is None:
            yield "any_audience", "lets in whoever has a token of the issuer's for any program"

    async def __call__(self, key: str) -> Verdict | Refusal:
        """Whose token it is.

        Raises:
            CannotTell: the issuer's keys are not known.
        """
        try:
            header = jwt.get_unverified_header(key)
        except (jwt.InvalidTokenError, RecursionError):
            return Refusal("it is no token")
        algorithm = header.get("alg")
        if algorithm not in self._algorithms:
            return Refusal("the token is signed in a way that is not accepted")
        found = await self._keys.find(header.get("kid"), algorithm)
        if found is None:
            return Refusal("the token is signed with a key that the issuer does not have")
        try:
            claims = jwt.decode(
                key,
                found,
                algorithms=[algorithm],
                audience=self._audience,
                issuer=self._issuer,
                leeway=self._leeway_s,
                options={"require": ["exp", "iss"], "verify_aud": self._audience is not None},
            )
        except jwt.InvalidTokenError as error:
            return Refusal(_reason(error))
        return self._judge(claims)

    def _judge(self, claims: Json) -> Verdict | Refusal:
        """Who a good token is of, and in which group."""
        user = claim(claims, self._user_field)
        if not isinstance(user, str) or not 0 < len(user) <= LONGEST_NAME:
            return Refusal(f"the token has no '{self._user_field}' that names anybody")
        group = self._group(claims)
        if group is None:
            return Refusal("the token names no group that may use the proxy")
        return Verdict(
            group,
            user_info=claims,
            identity=f"{self._issuer} {user}".encode(),
            owner=user,
            keep_s=min(KEEP_S, float(claims["exp"]) - time.time()),
        )

    def _group(self, claims: Json) -> str | None:
        """The first that is on; whoever has only some that are off does not get the default."""
        said = claim(claims, self._group_field) if self._group_field else None
        listed = said if isinstance(said, list) else [said]
        known = [name for name in listed if isinstance(name, str) and name in self._groups]
        usable = (name for name in known if self._groups[name])
        return next(usable, None if known else self._default_group)


def claim(claims: Json, path: str) -> Any:
    """The claim of this name, else what stands at the path; names have dots as well. Or `None`."""
    if path in claims:
        return claims[path]
    end = len(path)
    while (end := path.rfind(".", 0, end)) > 0:
        inner = claims.get(path[:end])
        if isinstance(inner, dict) and (found := claim(inner, path[end + 1 :])) is not None:
            return found
    return None


def _reason(error: jwt.InvalidTokenError) -> str:
    if isinstance(error, jwt.MissingRequiredClaimError):
        return f"the token has no '{error.claim}'"
    return next((words for kind, words in REASONS if isinstance(error, kind)), "it is no token")


def _check(
    issuer: str,
    jwks_url: str | None,
    audience: tuple[str, ...] | None,
    any_audience: bool,
    group_field: str | None,
    default_group: str | None,
    ca_file: Path | None,
) -> None:
    parts = urlsplit(issuer)
    if jwks_url is None and not (parts.scheme in ("http", "https") and parts.hostname):
        raise Misfit("issuer", "is no address to ask for its keys", "add jwks_url")
    if audience is None and not any_audience:
        message = "is needed: the issuer gives tokens to other programs too, and they would do here"
        raise Misfit("audience", message, "write what the proxy's tokens have as aud")
    if audience is not None and any_audience:
        raise Misfit("any_audience", "does not go with audience", None)
    if group_field is None and default_group is None:
        message = "or default_group is needed: without them nobody is in a group"
        raise Misfit("group_field", message, None)
    wrong = why_no_authorities(ca_file) if ca_file is not None else None
    if wrong is not None:
        raise Misfit("ca_file", wrong, None)
