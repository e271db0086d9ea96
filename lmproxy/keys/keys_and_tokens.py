"""Is it a virtual key or a token? One door for both: programs bring the one, people the other.

A virtual key is looked up first, which is cheap and asks nobody; only what is none is a token. So a
key works while the issuer is down, and a token beside a key is looked at by nobody.
"""

from collections.abc import Awaitable, Sequence

from lmproxy.call import Caller
from lmproxy.errors import InvalidKey
from lmproxy.keys.check import KeyCheck
from lmproxy.keys.keyring import KeyRing


class KeysAndTokens:
    """The keys of the groups, and a check of everything that is none of them."""

    def __init__(self, keys: KeyRing, tokens: KeyCheck) -> None:
        """`keys` go first."""
        self._keys = keys
        self._tokens = tokens

    def identify(self, secrets: Sequence[bytes]) -> Caller | Awaitable[Caller]:
        """The caller that the presented secrets belong to.

        Raises:
            InvalidKey: none is a key or a token that may be used now.
            InvalidRequest: two are different keys.
            Unavailable: none is a key, and the check of tokens failed.
        """
        return self._keys.find(secrets) or self._by_token(secrets)

    async def _by_token(self, secrets: Sequence[bytes]) -> Caller:
        """A key that is expired or switched off is no token either, whatever it looks like."""
        others = [secret for secret in secrets if not self._keys.has(secret)]
        try:
            return await self._tokens.identify(others)
        except InvalidKey as error:
            no_key = "no virtual key; " if others else ""
            why_not = self._keys.why_not(secrets)
            raise InvalidKey(why_not or f"{no_key}{error.reason}") from None

    async def start(self) -> None:
        """Let the check get what the first token would wait for."""
        await self._tokens.start()

    def callers(self) -> list[Caller]:
        """Everybody who has a virtual key, usable or not."""
        return self._keys.callers()
