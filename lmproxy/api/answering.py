"""Ask, and send what comes of it: a plain answer or a stream, in any dialect."""

import asyncio

from lmproxy.api.client_watch import ClientWatch
from lmproxy.api.endpoint import error_event, own_headers
from lmproxy.api.event_sender import EventSender
from lmproxy.api.exchange import Exchange
from lmproxy.call import Call, Reply
from lmproxy.errors import ClientGone, ProxyError, UpstreamFault
from lmproxy.gateway import Passage

SESSION_HEADERS = (b"session-id", b"x-session-id", b"x-claude-code-session-id")
"""The first is Codex's as well."""


async def ask_and_send(exchange: Exchange, passage: Passage, call: Call) -> None:
    """Answer a request whose body has been read.

    Raises:
        ProxyError: nothing is out yet, so that the error can have a status of its own.
    """
    session = next(filter(None, map(exchange.text, SESSION_HEADERS)), None)
    async with ClientWatch(exchange):
        if call.stream:
            await _stream(exchange, passage, call, session)
        else:
            await _send(exchange, passage, await passage.ask(call, session))


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


async def _stream(exchange: Exchange, passage: Passage, call: Call, session: str | None) -> None:
    async with EventSender(exchange, lambda: own_headers(exchange, passage)) as sender:
        try:
            await sender.pass_on(await passage.ask(call, session))
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
