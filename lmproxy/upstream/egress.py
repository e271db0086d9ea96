"""The only way out: one pooled HTTP client per connection that can reach nothing but its provider.

What it holds to: the URL starts with the connection's base; no redirect is followed; no compression
is taken; no cookie is kept; nothing is read from the environment (no proxy, no netrc); every
deadline of `[connections.X.timeouts]` is kept. A request is sent again once, and only if no byte of
it went out.
"""

import asyncio
import ssl
from collections.abc import AsyncIterable, Awaitable, Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from urllib.parse import quote

import aiohttp
import certifi
from aiohttp.http_exceptions import HttpProcessingError
from yarl import URL

from lmproxy.config.schema import Timeouts
from lmproxy.errors import (
    UpstreamFault,
    UpstreamInvalidResponse,
    UpstreamTimeout,
    UpstreamTlsError,
    UpstreamUnreachable,
)
from lmproxy.upstream.posting import READ_BUFFER, Answer, Posting
from lmproxy.upstream.upload import Upload

AnyAnswer = Answer | aiohttp.ClientResponse
CLIENT_ERRORS = (aiohttp.ClientError, HttpProcessingError, OSError, TimeoutError)

MOST_ADDRESSES = 256
"""Kept; some providers' have a model's name, which clients may invent."""
PRINTABLE = "".join(map(chr, range(ord("!"), ord("~") + 1)))
"""What may stand in the first line of a request as it is; a client's line end begins no other."""


@dataclass(frozen=True, slots=True)
class EgressPolicy:
    """Where a connection may go and how.

    Attributes:
        base: scheme, host, port and path prefix of every request; no trailing slash.
        headers: sent with every request, credentials included.
        ca_file: certificate authorities instead of certifi's.
    """

    base: str
    headers: dict[str, str]
    timeouts: Timeouts
    proxy: str | None = None
    ca_file: Path | None = None


class Egress:
    """One connection's client. Opens at first use; `close` after the last."""

    def __init__(self, policy: EgressPolicy) -> None:
        """Nothing is opened yet."""
        self.policy = policy
        self._headers = {**policy.headers, "accept-encoding": "identity"}
        self._session: aiohttp.ClientSession | None = None
        self._postings: dict[URL, Posting] = {}
        self._base = URL(policy.base)

    def url(self, path: str) -> URL:
        """The address of `path`, one of ours.

        Nothing of a client's is in it but the id of a stored response, of which only the form that
        cannot lead elsewhere gets here, quoted.

        Raises:
            ValueError: it leaves the connection's base URL.
        """
        url = URL(self.policy.base + path)
        if not self._is_within(url):
            raise ValueError(f"{path!r} leaves the connection's base URL")
        return url

    def admit(self, address: str) -> URL:
        """`address` as a URL, if it lies below the connection's base.

        Raises:
            UpstreamFault: it leads elsewhere. Whatever made it, nothing goes there.
        """
        url = URL(quote(address, safe=PRINTABLE), encoded=True)
        if self._is_within(url):
            return url
        raise UpstreamFault("The request would have left the connection's provider.")

    def _is_within(self, url: URL) -> bool:
        """Whether nothing but this connection's provider answers at `url`."""
        if url.origin() != self._base.origin() or url.user or url.fragment:
            return False
        segments = url.path.split("/")  # Decoded: `%2e%2e` climbs like `..` does.
        base = self._base.raw_path.rstrip("/")
        follows = url.raw_path[len(base) :][:1]  # Google's operations follow a colon.
        return ".." not in segments and url.raw_path.startswith(base) and follows in ("", "/", ":")

    async def post(
        self, url: URL, body: bytes | Upload, headers: Mapping[str, str], wait_s: float
    ) -> AnyAnswer:
        """Send JSON, or a form piece by piece; see `request`. `url` may be one of many requests."""
        if isinstance(body, Upload):
            own = {**headers, **body.headers}
            return await _checked(
                lambda: self._request_once("POST", url, body.pieces(), own, wait_s)
            )
        if self.policy.proxy is not None:
            return await self.request("POST", url, body, headers, wait_s)
        posting = self._postings.get(url) or self._posting(url)
        return await _checked(partial(posting.send, body, headers, wait_s))

    async def get(self, url: URL, headers: Mapping[str, str], wait_s: float) -> AnyAnswer:
        """Read what is at `url`, which may have a query of ours; see `request`.

        aiohttp itself asks once more where the connection was lost: reading twice harms nobody.
        """
        return await self.request("GET", url, None, headers, wait_s)

    async def request(
        self, method: str, url: URL, body: bytes | None, headers: Mapping[str, str], wait_s: float
    ) -> AnyAnswer:
        """Send a request and return when the status line and headers are there.

        Args:
            method: HTTP method.
            url: made by `url` or `admit`.
            body: JSON, or `None` for none.
            headers: for this request only.
            wait_s: how long to wait for the head.

        Raises:
            UpstreamFault: unreachable, TLS not acceptable, a deadline, no HTTP, or compressed.
        """
        return await _checked(lambda: self._request_once(method, url, body, headers, wait_s))

    def _posting(self, url: URL) -> Posting:
        if len(self._postings) >= MOST_ADDRESSES:
            self._postings.clear()
        made = Posting(url, self._open(), self.policy.timeouts.connect_s)
        self._postings[url] = made
        return made

    async def _request_once(
        self,
        method: str,
        url: URL,
        body: bytes | AsyncIterable[bytes] | None,
        headers: Mapping[str, str],
        wait_s: float,
    ) -> aiohttp.ClientResponse:
        connect_s = self.policy.timeouts.connect_s
        async with asyncio.timeout(wait_s):
            return await self._open().request(
                method,
                url,
                data=body,
                headers=headers,
                allow_redirects=False,
                proxy=self.policy.proxy,
                timeout=aiohttp.ClientTimeout(connect=connect_s, sock_connect=connect_s),
            )

    def _open(self) -> aiohttp.ClientSession:
        if self._session is None:
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(limit=0, ssl=trust(self.policy.ca_file)),
                headers=self._headers,
                cookie_jar=aiohttp.DummyCookieJar(),
                auto_decompress=False,
                trust_env=False,
                read_bufsize=READ_BUFFER,
            )
        return self._session

    async def close(self) -> None:
        """Close every pooled connection. May be called twice."""
        session, self._session = self._session, None
        self._postings.clear()
        if session is not None:
            await session.close()


async def _checked(send: Callable[[], Awaitable[AnyAnswer]]) -> AnyAnswer:
    """What `send` gets, asked a second time if the first reached nobody."""
    try:
        response = await send()
    except CLIENT_ERRORS as error:
        fault = fault_of(error)
        if not isinstance(fault, UpstreamUnreachable):
            raise fault from error
        response = await _second(send)
    if response.headers.get("content-encoding", "identity") != "identity":
        response.close()
        raise UpstreamInvalidResponse("The provider sent a compressed answer unasked.")
    return response


async def _second(send: Callable[[], Awaitable[AnyAnswer]]) -> AnyAnswer:
    try:
        return await send()
    except CLIENT_ERRORS as error:
        raise fault_of(error) from error


def trust(ca_file: Path | None) -> ssl.SSLContext:
    """Whose certificates are believed: those in the file, else the public ones."""
    return ssl.create_default_context(cafile=str(ca_file or certifi.where()))


def fault_of(error: Exception) -> UpstreamFault:
    """What an error of the client means to our caller. The original stays in the log only."""
    if isinstance(error, aiohttp.ConnectionTimeoutError):
        return UpstreamTimeout("No connection to the provider could be made in time.")
    if isinstance(error, TimeoutError):
        return UpstreamTimeout("The provider did not answer in time.")
    if isinstance(error, aiohttp.ClientSSLError | ssl.SSLError):
        return UpstreamTlsError("The provider's TLS certificate or handshake is not acceptable.")
    if isinstance(error, aiohttp.ClientConnectorError):
        return UpstreamUnreachable("The provider cannot be reached.")
    if isinstance(error, aiohttp.ClientResponseError | HttpProcessingError):
        return UpstreamInvalidResponse("The provider's answer is not HTTP.")
    return UpstreamFault("The connection to the provider was lost before its answer was complete.")
