"""Who is calling, as somebody else knows it: `api_key_check`.

A check is a function of the key that gives the group, the group and what else it knows, or nothing
for a key that is none. Whatever goes wrong in it, nobody gets in: 503, for the key may be right.
"""

import asyncio
import hashlib
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeAlias

from lmproxy import logs
from lmproxy.call import Caller, Json
from lmproxy.config.binding import where_raised
from lmproxy.errors import InvalidKey, ProxyError, Unavailable
from lmproxy.keys.remote import RemoteCheck
from lmproxy.keys.verdicts import Verdicts
from lmproxy.request_context import fields_of
from lmproxy.threads import Threads

log = logs.get(__name__)

LONGEST_KEY = 16 * 1024
"""Bytes; a token with many claims has a few thousand."""


class CannotTell(Exception):
    """Raised by a check of ours that did not find out. Its text is ours and holds no secret."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whose key it is.

    Attributes:
        identity: what the caller is named by in records; `None` for the key itself.
        owner: the person or program; `None` if the check does not say.
        keep_s: how long it is good; `None` for as long as the check usually says.
    """

    group: str
    user_info: Json | None = None
    identity: bytes | None = None
    owner: str | None = None
    keep_s: float | None = None


@dataclass(frozen=True, slots=True)
class Refusal:
    """It is nobody's key. `reason` is for the operator's log and has no word of the key's."""

    reason: str


Judgement: TypeAlias = Verdict | Refusal
UNKNOWN = Refusal("the key check knows none")


class KeyCheck:
    """Everybody who has a key, as a check knows them."""

    def __init__(
        self,
        check: Callable[[str], Any],
        groups: Collection[str],
        name: Callable[[bytes], str],
        timeout_s: float,
        verdicts: Verdicts[Judgement],
    ) -> None:
        """Ask `check`.

        Args:
            check: plain, in a thread, or a coroutine function.
            groups: those that may use the proxy.
            name: of a key, for logs and records.
            timeout_s: how long it may take.
            verdicts: which it gave.
        """
        self._check = check
        self._groups = groups
        self._name = name
        self._timeout_s = timeout_s
        self._verdicts = verdicts
        self._threads = Threads("key check")

    async def identify(self, secrets: Sequence[bytes]) -> Caller:
        """The caller that the first of the presented secrets belongs to that is a key.

        They are asked about one by one, and none after a yes: a personal key that a client sends
        beside ours is nobody else's to see.

        Raises:
            InvalidKey: none is.
            Unavailable: the check failed or took too long.
        """
        reasons: dict[str, None] = {}
        for secret in filter(None, dict.fromkeys(secrets)):
            if len(secret) > LONGEST_KEY:
                reasons[f"it is longer than {LONGEST_KEY} bytes"] = None
                continue
            digest = hashlib.sha256(secret).digest()
            found = await self._verdicts.get(digest, partial(self._ask, secret))
            if isinstance(found, Verdict):
                name = self._name(found.identity or secret)
                return Caller(name, found.group, found.owner, found.user_info)
            reasons[found.reason] = None
        raise InvalidKey("; ".join(reasons) or "no key")

    async def start(self) -> None:
        """Let the check get what the first request would wait for."""
        if isinstance(self._check, RemoteCheck):
            await self._check.start()

    def callers(self) -> list[Caller]:
        """Nobody: a check cannot be asked whom it knows."""
        return []

    async def _ask(self, secret: bytes) -> Judgement:
        try:
            key = secret.decode()
        except UnicodeDecodeError:
            return Refusal("it is no text")
        try:
            async with asyncio.timeout(self._timeout_s):
                given = await self._threads.call(self._check, key)
        except ProxyError:
            raise
        except TimeoutError:
            log.error("the key check took too long", timeout_s=self._timeout_s)
            raise _cannot_tell() from None
        except CannotTell as error:
            log.error("the key check failed", reason=str(error))
            raise _cannot_tell() from None
        except (Exception, SystemExit) as error:  # noqa: BLE001 - anybody's code may raise anything.
            log.error("the key check failed", raised=where_raised(error))
            raise _cannot_tell() from None
        return self._permitted(_judgement(given))

    def _permitted(self, found: Judgement) -> Judgement:
        """What the check found, if it means that somebody may come in."""
        if isinstance(found, Verdict) and found.group not in self._groups:
            log.error("the key check named a group that may not use the proxy", group=found.group)
            return Refusal("its group may not use the proxy")
        return found


def _judgement(given: Any) -> Judgement:
    """What the check gave, in whichever of the forms it may."""
    if isinstance(given, Verdict | Refusal):
        return given
    if not given:
        return UNKNOWN
    group, info = given if isinstance(given, tuple | list) and len(given) == 2 else (given, {})
    if not isinstance(group, str):
        log.error("the key check named no group", group=type(group).__name__)
        return UNKNOWN
    return Verdict(group, _table(info) or None)


def _table(info: Any) -> Json:
    """What a check knows of the caller: a table, or an object's fields."""
    found = dict(info) if isinstance(info, Mapping) else fields_of(info)
    if info and not found:
        log.error("the key check said no table of who it is", user_info=type(info).__name__)
    return found


def _cannot_tell() -> Unavailable:
    return Unavailable(
        "The proxy cannot find out at the moment whose key this is. Try again shortly.",
        code="key_check_unavailable",
        retry_after_s=1,
    )
