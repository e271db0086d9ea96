"""LiteLLM's HTTP clients, behind the connection's egress policy. Loaded through `door`.

Every client that LiteLLM or the OpenAI SDK makes for an async call gets one transport, which knows
no network: it hands the request to the way out of whoever is calling (a context variable), and
without one it refuses. Synchronous clients always refuse. So no provider, redirect, retry or media
download of LiteLLM's leaves by another door.
"""

import contextlib
import gc
from collections.abc import AsyncIterator
from contextvars import ContextVar

import httpx
import litellm
import orjson
from litellm.llms.custom_httpx.http_handler import AsyncHTTPHandler

from lmproxy.errors import ProxyError, UpstreamFault
from lmproxy.upstream.passing import Passing
from lmproxy.upstream.way_out import Outgoing, WayOut

_current: ContextVar[WayOut] = ContextVar("way_out")
STREAMING_PATHS = ("treamGenerateContent", "-stream", "streamRawPredict")
"""What the URLs of providers end in that say it there and not in the body."""
FRAMING = {"transfer-encoding", "connection", "content-length"}

NO_MORE = {"x-should-retry": "false"}
"""Heard by OpenAI's SDK, which LiteLLM does not always tell to send a request once only."""
NO_ANSWER = {"error": {"message": "the provider did not answer"}}
"""What LiteLLM gets in place of a fault, which the way out keeps: an exception would be retried."""


def go_out_over(way: WayOut) -> None:
    """Whatever this task has LiteLLM send from now on goes over `way`: one task is one request."""
    _current.set(way)


class WayOutTransport(httpx.AsyncBaseTransport):
    """The transport of every async client. Holds nothing, so it serves all connections."""

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send `request` over the current way out."""
        way = _current.get(None)
        if way is None:
            raise httpx.UnsupportedProtocol("LiteLLM may not open connections of its own")
        outgoing = Outgoing(
            request.method,
            str(request.url),
            dict(request.headers),
            body := await request.aread(),
            streams=_streams(request.url.path, body),
        )
        try:
            passing = await way.send(outgoing)
            stream = (
                Streamed(way, passing)
                if outgoing.streams
                else httpx.ByteStream(await way.whole(passing))
            )
        except ProxyError:
            return httpx.Response(400, headers=NO_MORE, json=NO_ANSWER, request=request)
        headers = [pair for pair in passing.headers.items() if pair[0].lower() not in FRAMING]
        return httpx.Response(passing.status, headers=headers, stream=stream, request=request)


class Streamed(httpx.AsyncByteStream):
    """The pieces of a streamed answer, as LiteLLM's parser reads them."""

    def __init__(self, way: WayOut, passing: Passing) -> None:
        self._way = way
        self._passing = passing

    async def __aiter__(self) -> AsyncIterator[bytes]:
        try:
            async with contextlib.aclosing(self._way.blocks(self._passing)) as blocks:
                async for block in blocks:
                    yield block
        except UpstreamFault as fault:
            raise httpx.ReadError("the provider's answer broke off") from fault

    async def aclose(self) -> None:
        """The way out is closed by whoever made it."""


class Closed(httpx.BaseTransport):
    """The transport of every synchronous client."""

    def handle_request(self, request: httpx.Request) -> httpx.Response:  # noqa: ARG002
        """Refuse."""
        raise httpx.UnsupportedProtocol("LiteLLM may not open connections of its own")


def _streams(path: str, body: bytes) -> bool:
    if path.endswith(STREAMING_PATHS):
        return True
    if b'"stream"' not in body:
        return False
    try:
        parsed = orjson.loads(body)
    except orjson.JSONDecodeError:
        return False
    return isinstance(parsed, dict) and parsed.get("stream") is True


def _transport(*_: object, **__: object) -> WayOutTransport:
    return WayOutTransport()


def take_over() -> None:
    """Make it so for every client there is and will be. May be called twice."""
    AsyncHTTPHandler._create_async_transport = staticmethod(_transport)  # noqa: SLF001
    litellm.sync_transport = Closed()
    litellm.aclient_session = httpx.AsyncClient(
        transport=WayOutTransport(),
        trust_env=False,
        follow_redirects=False,
        timeout=None,  # noqa: S113 - the way out has its own deadlines.
    )
    for made in gc.get_objects():  # Some were made while LiteLLM was imported.
        if isinstance(made, AsyncHTTPHandler):
            made.client = litellm.aclient_session
