"""With which keys does the issuer sign, now? Its key set, fetched in time and kept.

Nobody waits for the issuer while what it said is good, or is being asked for anew: only the first
request, one with a key that is not known yet, and those after an outage. However many come, the
issuer is asked once in `retry_s`, so forged key ids cannot be turned against it.
"""

import asyncio
import time
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import jwt
import orjson

from lmproxy import logs, tasks
from lmproxy.call import Json
from lmproxy.errors import UpstreamFault
from lmproxy.keys.check import CannotTell
from lmproxy.keys.jwks import NotAKeySet, SigningKeys, choose, read
from lmproxy.keys.remote import Fetch

log = logs.get(__name__)

DISCOVERY = "/.well-known/openid-configuration"
"""OpenID Connect Discovery 1.0, 4."""


@dataclass(frozen=True, slots=True)
class Source:
    """Where the key set is.

    Attributes:
        url: of the set; `None` to ask the issuer where it is.
        ca_file: who is believed; `None` for the public authorities.
        timeout_s: for each of the one or two requests.
    """

    issuer: str
    url: str | None
    ca_file: Path | None
    timeout_s: float
    fetch: Fetch

    async def document(self) -> Json:
        """The key set as it is published.

        Raises:
            CannotTell: it cannot be got.
        """
        return await self._get(self.url or await self._discovered())

    async def _discovered(self) -> str:
        found = await self._get(self.issuer.rstrip("/") + DISCOVERY)
        if found.get("issuer") != self.issuer:
            raise CannotTell("the issuer's own configuration names another issuer")
        url = found.get("jwks_uri")
        scheme = urlsplit(url).scheme if isinstance(url, str) else ""
        if not isinstance(url, str) or scheme not in ("https", urlsplit(self.issuer).scheme):
            raise CannotTell("the issuer's own configuration names no safe address of its keys")
        return url

    async def _get(self, url: str) -> Json:
        where, headers = urlsplit(url).hostname, {"Accept": "application/json"}
        try:
            status, body = await self.fetch("GET", url, headers, self.timeout_s, self.ca_file)
        except UpstreamFault as fault:
            raise CannotTell(f"{where}: {fault.message}") from fault
        if status != 200:
            raise CannotTell(f"{where} answered {status}")
        try:
            found = orjson.loads(body)
        except orjson.JSONDecodeError:
            found = None
        if not isinstance(found, dict):
            raise CannotTell(f"what {where} answered is no JSON object")
        return found


class KeySet:
    """The issuer's keys, by id and algorithm."""

    def __init__(
        self,
        source: Source,
        algorithms: Collection[str],
        *,
        refresh_s: float,
        retry_s: float,
        outage_s: float,
    ) -> None:
        """Nothing is fetched yet.

        Args:
            source: where it is.
            algorithms: those that are accepted.
            refresh_s: after this long the set is fetched anew, while the known one is used.
            retry_s: between two attempts.
            outage_s: for this long the last set is good when no newer one can be had.
        """
        self._source = source
        self._algorithms = algorithms
        self._refresh_s = refresh_s
        self._retry_s = retry_s
        self._outage_s = outage_s
        self._keys: SigningKeys = {}
        self._fetched_at = self._tried_at = -float("inf")
        self._failure: str | None = None
        self._fetching: asyncio.Task[None] | None = None

    async def find(self, kid: str | None, algorithm: str) -> jwt.PyJWK | None:
        """The key that signs under this id with this algorithm; `None` if there is none.

        Raises:
            CannotTell: the set is not known, or not well enough to say no.
        """
        if self._age_s() > self._outage_s:
            await self.refresh()
            if self._age_s() > self._outage_s:
                raise CannotTell(self._failure or "the issuer's key set is too old")
        elif self._age_s() > self._refresh_s:
            self._begin()
        key = choose(self._keys, kid, algorithm)
        if key is None:
            await self.refresh()
            key = choose(self._keys, kid, algorithm)
            if key is None and self._failure is not None:
                raise CannotTell(self._failure)
        return key

    async def refresh(self) -> None:
        """Fetch the set, unless that was tried just now; wait for it, or for who does already."""
        self._begin()
        if self._fetching is not None:
            await asyncio.wait({self._fetching})  # Whoever leaves takes nothing from the others.

    def _age_s(self) -> float:
        return time.monotonic() - self._fetched_at

    def _begin(self) -> None:
        now = time.monotonic()
        if self._fetching is None and now - self._tried_at >= self._retry_s:
            self._tried_at = now
            self._fetching = tasks.spawn(self._fetch(), "key set")

    async def _fetch(self) -> None:
        try:
            self._keys = read(await self._source.document(), self._algorithms)
            self._fetched_at, self._failure = time.monotonic(), None
        except (CannotTell, NotAKeySet) as error:
            self._failure = f"the issuer's key set cannot be had: {error}"
            log.error("the issuer's key set cannot be had", reason=str(error))
        finally:
            self._fetching = None
