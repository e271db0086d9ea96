"""Ask a server of the operator's that is no provider: one that knows who a key belongs to.

As careful as the way to a provider: no redirect is followed, no cookie kept, nothing read from the
environment, and an answer has an end.
"""

import asyncio
import ssl
from collections.abc import Mapping
from pathlib import Path

import aiohttp
from yarl import URL

from lmproxy.errors import UpstreamInvalidResponse
from lmproxy.upstream.egress import fault_of, trust

MOST_BYTES = 1024 * 1024


class Fetch:
    """One pooled client. Opens at first use; `close` after the last."""

    def __init__(self) -> None:
        """Nothing is opened yet."""
        self._session: aiohttp.ClientSession | None = None
        self._trust: dict[Path | None, ssl.SSLContext] = {}

    async def __call__(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str],
        timeout_s: float,
        ca_file: Path | None = None,
    ) -> tuple[int, bytes]:
        """Status and body of the answer to a request without a body.

        Only authorities in `ca_file` are believed; without it the public ones.

        Raises:
            UpstreamFault: there was none in time, or one longer than a MiB.
        """
        try:
            async with (
                asyncio.timeout(timeout_s),
                self._open().request(
                    method,
                    URL(url, encoded=True),
                    headers=headers,
                    allow_redirects=False,
                    ssl=self._trusted(ca_file),
                ) as response,
            ):
                return response.status, await _whole(response.content)
        except (aiohttp.ClientError, OSError, TimeoutError, ValueError) as error:
            raise fault_of(error) from error

    def _open(self) -> aiohttp.ClientSession:
        if self._session is None:
            self._session = aiohttp.ClientSession(
                cookie_jar=aiohttp.DummyCookieJar(),
                trust_env=False,
            )
        return self._session

    def _trusted(self, ca_file: Path | None) -> ssl.SSLContext:
        if ca_file not in self._trust:
            self._trust[ca_file] = trust(ca_file)
        return self._trust[ca_file]

    async def close(self) -> None:
        """Close every pooled connection. May be called twice."""
        session, self._session = self._session, None
        if session is not None:
            await session.close()


async def _whole(content: aiohttp.StreamReader) -> bytes:
    body = b""
    while piece := await content.readany():
        body += piece
        if len(body) > MOST_BYTES:
            raise UpstreamInvalidResponse("The answer is too long.")
    return body
