"""Ask, and send what comes of it: a plain answer or a stream, in any dialect."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from functools import partial

from lmproxy.api.client_watch import ClientWatch
from lmproxy.api.endpoint import error_event, own_headers
from lmproxy.api.event_sender import EventSender
from lmproxy.api.exchange import Exchange
from lmproxy.api.forwarding import forwarded
from lmproxy.call import Call, Lookup, Reply
from lmproxy.errors import ClientGone, ProxyError, UpstreamFault
from lmproxy.gateway import Passage

SESSION_HEADERS = (b"session-id", b"x-session-id", b"x-claude-code-session-id")
"""The first is Codex's as well."""
Ask = Callable[[], Awaitable[Reply]]


async def ask_and_send(exchange: Exchange, passage: Passage, call: Call) -> None:
    """Answer a request whose body has been read.

    Raises:
        ProxyError: nothing is out yet, so that the error can have a status of its own.
    """
    session = _session(exchange)
    if exchange.policy.forwarded:
        call = replace(call, forwarded=forwarded(exchange))
    await _send_what(exchange, passage, partial(passage.ask, call, session), stream=call.stream)


async def look_up_and_send(exchange: Exchange, passage: Passage, lookup: Lookup) -> None:
    """Answer a question about a stored response; see `ask_and_send`."""
    session = _session(exchange)
    ask = partial(passage.look_up, lookup, session)
    await _send_what(exchange, passage, ask, stream=lookup.stream)


def _session(exchange: Exchange) -> str | None:
    return next(filter(None, map(exchange.text, SESSION_HEADERS)), None)


async def _send_what(exchange: Exchange, passage: Passage, ask: Ask, *, stream: bool) -> None:
    with ClientWatch(exchange):
        if stream:
            await _stream(exchange, passage, ask)
        else:
            await _send(exchange, passage, await ask())


async def _send(exchange: Exchange, passage: Passage, reply: Reply) -> None:
    headers = [
        (b"content-type", reply.content_type),
        *reply.headers,
        *own_headers(exchange, passage),
    ]
    if isinstance(reply.body, bytes):
        passage.close(reply.status)
        await exchange.send_whole(reply.status, headers, reply.body)
        return
    try:
        await exchange.send_start(reply.status, headers)
        async for piece in reply.body:
            await exchange.send_piece(piece)
    except UpstreamFault as fault:
        # The answer cannot be completed and says so nowhere: cutting the connection tells the
        # client.
        passage.close(reply.status, fault, begun=True)
        exchange.cut()
        raise ClientGone from fault
    finally:
        await reply.body.aclose()
    passage.close(reply.status)
    await exchange.send_end()


async def _stream(exchange: Exchange, passage: Passage, ask: Ask) -> None:
    with EventSender(exchange, lambda: own_headers(exchange, passage)) as sender:
        try:
            await sender.pass_on(await ask())
        except asyncio.CancelledError:
            if sender.is_done:  # Who leaves on hearing the end has had everything.
                passage.close(200)
            raise
        except ProxyError as error:
            if not sender.started:
                raise
            passage.close(200, error, begun=sender.has_content)
            await sender.fail(error_event(exchange, passage, error))
        else:
            passage.close(200)
            await sender.end()
