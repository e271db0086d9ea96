"""A server that knows whose key it is: OIDC's userinfo endpoint, or one of the team's own.

`class = "lm_proxy.api_key_check.CheckAPIKeyWithRequest"`, with lm-proxy's keys. A key is good if
the server answers 2xx. Otherwise than there, a redirect is no yes: it may lead to a login page.
"""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote

import orjson

from lmproxy.call import Json
from lmproxy.config.binding import Misfit
from lmproxy.config.files import why_no_authorities
from lmproxy.config.values import Seconds, Url, Whole
from lmproxy.errors import UpstreamFault
from lmproxy.keys.check import CannotTell, Verdict
from lmproxy.keys.remote import Fetch, RemoteCheck

METHODS = ("GET", "POST", "HEAD")
CLIMBING = re.compile(r"[/\\]|^\.{1,2}$")
"""Keys that, in the path of a URL, would lead to another place: servers decode before they look."""
USUAL_KEEP_S, USUAL_SIZE = 300, 16384
KEEP_NO_S = 10.0
"""How long a no is remembered at most: a key that was just made works soon."""


class WebCheck(RemoteCheck):
    """The check, and how long what it says is good."""

    def __init__(
        self,
        url: Url,
        method: str = "get",
        headers: dict[str, str | int | float] | None = None,
        response_as_user_info: bool = False,
        group_field: str | None = None,
        default_group: str = "default",
        key_placeholder: str = "{api_key}",
        use_cache: bool = False,
        cache_size: Whole = USUAL_SIZE,
        cache_ttl: Seconds = USUAL_KEEP_S,
        timeout: Seconds = 5,
        ca_file: Path | None = None,
        *,
        fetch: Fetch,
        groups: Mapping[str, bool],
    ) -> None:
        """Nothing is asked yet.

        Args:
            url: the placeholder in it becomes the key, percent-encoded.
            method: GET, POST or HEAD; there is no body.
            headers: the placeholder in a value becomes the key.
            response_as_user_info: the answer is JSON and says who it is, for loggers.
            group_field: its field with the group; of a list the first that the config has.
            default_group: where there is no such field.
            key_placeholder: what stands for the key.
            use_cache: remember what the server said, for `cache_ttl` seconds.
            cache_size: of how many keys.
            cache_ttl: a no is remembered for ten seconds at most.
            timeout: in seconds.
            ca_file: certificate authorities to trust instead of the public ones.
            fetch: asks the server.
            groups: those that the config has, and whether they are on.

        Raises:
            Misfit: the method is none of these, no placeholder is anywhere, nobody has a group, or
                the authorities cannot be read.
        """
        self._method = method.upper()
        self._url, self._placeholder = url, key_placeholder
        self._headers = {name: str(value) for name, value in (headers or {}).items()}
        _check(self._method, (url, *self._headers.values()), key_placeholder, ca_file)
        self._tells_who = response_as_user_info
        if default_group not in groups and not (group_field and response_as_user_info):
            message = f"there is no group '{default_group}', so every key would be refused"
            raise Misfit("default_group", message, "name a group of the config")
        of_cache = {"cache_ttl": cache_ttl != USUAL_KEEP_S, "cache_size": cache_size != USUAL_SIZE}
        idle = [] if use_cache else [name for name, said in of_cache.items() if said]
        self._unwise = tuple(_idle(response_as_user_info, group_field, idle))
        self._group_field = group_field
        self._default_group = default_group
        self._groups = groups
        self._fetch = fetch
        self._timeout_s, self._ca_file = timeout, ca_file
        self._keep_s = cache_ttl
        self.longest_s = 2 * timeout
        self.most_remembered = cache_size if use_cache else 0

    def unwise(self) -> Iterator[tuple[str, str]]:
        """What does nothing for lack of another key."""
        yield from self._unwise

    async def start(self) -> None:
        """Nothing: a key is asked about when it comes."""

    def keep_s(self, verdict: Any) -> float:
        """A no for `KEEP_NO_S` at most."""
        return self._keep_s if isinstance(verdict, Verdict) else min(self._keep_s, KEEP_NO_S)

    async def __call__(self, key: str) -> tuple[str, Json] | None:
        """Group and user of a key; `None` if the server does not know it.

        Raises:
            CannotTell: it did not say.
        """
        if self._placeholder in self._url.partition("?")[0] and CLIMBING.search(key):
            return None
        url = self._url.replace(self._placeholder, quote(key, safe=""))
        headers = {n: v.replace(self._placeholder, key) for n, v in self._headers.items()}
        try:
            status, body = await self._fetch(
                self._method, url, headers, self._timeout_s, self._ca_file
            )
        except UpstreamFault as fault:
            raise CannotTell(fault.message) from fault
        if status == 429 or status >= 500:
            raise CannotTell(f"it answered {status}")
        if not 200 <= status < 300:
            return None
        user = _table(body) if self._tells_who else {}
        return self._group(user), user

    def _group(self, user: Json) -> str:
        named: Any = user.get(self._group_field) if self._group_field else None
        if isinstance(named, list):
            named = next((group for group in named if self._is_on(group)), None)
        return str(named) if named else self._default_group

    def _is_on(self, group: Any) -> bool:
        return isinstance(group, str) and self._groups.get(group, False)


def _check(
    method: str, places: tuple[str, ...], key_placeholder: str, ca_file: Path | None
) -> None:
    if method not in METHODS:
        raise Misfit("method", f"must be one of {', '.join(METHODS)}", None)
    if not any(key_placeholder in text for text in places):
        hint = f'add headers = {{ Authorization = "Bearer {key_placeholder}" }}'
        raise Misfit("url", "the key is sent nowhere, so every key would be good", hint)
    wrong = why_no_authorities(ca_file) if ca_file is not None else None
    if wrong is not None:
        raise Misfit("ca_file", wrong, None)


def _idle(
    tells_who: bool, group_field: str | None, of_cache: list[str]
) -> Iterator[tuple[str, str]]:
    if group_field and not tells_who:
        yield "group_field", "has no effect without response_as_user_info = true"
    for name in of_cache:
        yield name, "has no effect without use_cache = true"


def _table(body: bytes) -> Json:
    try:
        found = orjson.loads(body)
    except orjson.JSONDecodeError:
        found = None
    if not isinstance(found, dict):
        raise CannotTell("its answer is no JSON object")
    return found
