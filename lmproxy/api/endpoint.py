"""What is an endpoint? A method, a path, and one function that answers. The shell does the rest.

The shell opens the passage, checks the headers, dresses every error and closes the record before
the last byte. An endpoint's function reads, asks and sends.
"""

import asyncio
import re
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass

from lmproxy import logs
from lmproxy.api.credentials import presented
from lmproxy.api.dialect import Dialect, error_headers
from lmproxy.api.exchange import Exchange, Header, Message, Receive, Send
from lmproxy.api.openai_dialect import OPENAI
from lmproxy.api.policy import HttpPolicy
from lmproxy.errors import ClientGone, InternalError, ProxyError, ShuttingDown
from lmproxy.gateway import Gateway, Passage

log = logs.get(__name__)

NOT_PRINTABLE = re.compile(rb"[^ -~]")
Answer = Callable[[Exchange, Passage], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One endpoint.

    Attributes:
        path: below `api_prefix`; a part in braces takes the rest of the path.
        beside: the path stands beside `api_prefix`, not below it.
        operation: the word for it in records.
        summary: a line for the OpenAPI page.
        dialects: those its clients speak: the first one whose header is there, else the first.
    """

    method: str
    path: str
    operation: str
    answer: Answer
    summary: str
    dialects: tuple[Dialect, ...] = (OPENAI,)
    beside: bool = False

    def place(self, prefix: str) -> str:
        """The whole path, `prefix` being `api_prefix`."""
        return self.path if self.beside else prefix + self.path

    @property
    def methods(self) -> tuple[str, ...]:
        """What the path takes: whatever answers GET answers HEAD (RFC 9110, 9.3.2)."""
        return ("GET", "HEAD") if self.method == "GET" else (self.method,)

    def dialect(self, headers: Mapping[bytes, bytes]) -> Dialect:
        """The one that a client with these headers speaks."""
        if len(self.dialects) == 1:
            return self.dialects[0]
        usual, *others = self.dialects
        return next((other for other in others if other.header in headers), usual)


class Shell:
    """An endpoint as an ASGI application."""

    def __init__(self, endpoint: Endpoint, gateway: Gateway, policy: HttpPolicy) -> None:
        """One per endpoint, made at start."""
        self._endpoint = endpoint
        self._gateway = gateway
        self._policy = policy

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Answer one request."""
        exchange = Exchange(scope, receive, send, self._policy)
        exchange.dialect = self._endpoint.dialect(exchange.headers)
        arrival = exchange.arrival(self._endpoint.operation)
        gate = self._gateway.arrive(arrival, presented(exchange.headers))
        with suppress(ClientGone), gate as passage:
            try:
                exchange.check_headers()
                await self._endpoint.answer(exchange, passage)
            except ClientGone:
                raise
            except ProxyError as error:
                await refuse(exchange, passage, error)
            except asyncio.CancelledError:
                # Only a stop cancels us: leavers are `ClientGone`. The task ends here either way;
                # what leaves it as an error would be answered and logged by uvicorn in its form.
                await break_off(exchange, passage, ShuttingDown())
            except Exception:
                log.exception("a request failed", id=passage.id)
                await break_off(exchange, passage, InternalError())


def own_headers(exchange: Exchange, passage: Passage) -> list[Header]:
    """The headers of ours that every answer carries."""
    request_id = _request_id(exchange, passage).encode()
    headers: list[Header] = [(name, request_id) for name in exchange.dialect.id_headers]
    route = passage.route if exchange.policy.route_header else None
    if route:
        headers.append((b"x-oai-proxy-route", route.encode()))
    if passage.dropped_params:
        dropped = ", ".join(passage.dropped_params).encode("ascii", "replace")
        headers.append((b"x-oai-proxy-dropped-params", NOT_PRINTABLE.sub(b"?", dropped)[:1024]))
    return headers


def error_event(exchange: Exchange, passage: Passage, error: ProxyError) -> bytes:
    """An error as the last event of a stream."""
    request_id = _request_id(exchange, passage)
    return exchange.dialect.error_event(error, request_id, exchange.last_events)


def _request_id(exchange: Exchange, passage: Passage) -> str:
    return exchange.client_request_id or passage.id


async def refuse(exchange: Exchange, passage: Passage, error: ProxyError) -> None:
    """Answer with an error."""
    status = exchange.dialect.status(error)
    passage.close(status, error)
    headers = [*error_headers(error), *own_headers(exchange, passage)]
    body = exchange.dialect.error(error, _request_id(exchange, passage))
    await exchange.send_whole(status, headers, body)


async def break_off(exchange: Exchange, passage: Passage, error: ProxyError) -> None:
    """End a request at any point of it: an error, an error event, or a cut where neither fits."""
    if not exchange.started:
        await refuse(exchange, passage, error)
    elif not passage.is_closed:
        passage.close(200, error, begun=True)
        if exchange.streams_events:
            await exchange.send_piece(error_event(exchange, passage, error))
            await exchange.send_end()
        else:
            exchange.cut()


async def send_json(exchange: Exchange, passage: Passage, body: bytes) -> None:
    """Answer with a JSON body of ours."""
    passage.close(200)
    headers = [(b"content-type", b"application/json"), *own_headers(exchange, passage)]
    await exchange.send_whole(200, headers, body)
