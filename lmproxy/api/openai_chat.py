"""`POST /chat/completions`: OpenAI's chat, streamed and not."""

import asyncio
from typing import Any

from lmproxy.api.client_watch import ClientWatch
from lmproxy.api.endpoint import Endpoint, own_headers
from lmproxy.api.event_sender import EventSender
from lmproxy.api.exchange import Exchange
from lmproxy.api.json_body import read_json
from lmproxy.api.openai_errors import error_event
from lmproxy.call import Call, Json, Reply
from lmproxy.errors import ClientGone, InvalidRequest, ProxyError, UpstreamFault
from lmproxy.gateway import Passage

HEADERS_THAT_GO_ON = (b"openai-beta", b"traceparent", b"tracestate")
"""Client headers a provider may act on. None of them holds a credential."""
SESSION_HEADERS = (b"session-id", b"x-session-id")


async def answer(exchange: Exchange, passage: Passage) -> None:
    """Answer one chat request."""
    passage.admit()
    call = parse(await read_json(exchange), exchange)
    session = next(filter(None, map(exchange.text, SESSION_HEADERS)), None)
    async with ClientWatch(exchange):
        if call.stream:
            await _stream(exchange, passage, call, session)
        else:
            await _send(exchange, passage, await passage.ask(call, session))


def parse(body: Json, exchange: Exchange) -> Call:
    """The call in a request body. Only what we act on is checked; the rest is the provider's.

    Raises:
        InvalidRequest: `model` or `stream` is of the wrong type, or `messages` is missing.
    """
    model, stream = body.get("model"), body.get("stream")
    if model is not None and not isinstance(model, str):
        raise _wrong_type("model", "a string")
    if stream is not None and not isinstance(stream, bool):
        raise _wrong_type("stream", "true or false")
    if not isinstance(body.get("messages"), list):
        raise _messages_missing(body.get("messages"))
    return Call(
        dialect="openai",
        operation="chat",
        model=model or "",
        body=body,
        stream=bool(stream),
        headers=_going_on(exchange),
    )


def _going_on(exchange: Exchange) -> tuple[tuple[str, str], ...]:
    if exchange.headers.keys().isdisjoint(HEADERS_THAT_GO_ON):
        return ()
    found = ((name.decode(), exchange.text(name)) for name in HEADERS_THAT_GO_ON)
    return tuple((name, value) for name, value in found if value)


def _wrong_type(param: str, wanted: str) -> InvalidRequest:
    return InvalidRequest(f"'{param}' must be {wanted}.", code="invalid_type", param=param)


def _messages_missing(messages: Any) -> InvalidRequest:
    if messages is not None:
        return _wrong_type("messages", "a list")
    return InvalidRequest(
        "The request has no messages.", code="missing_required_parameter", param="messages"
    )


async def _send(exchange: Exchange, passage: Passage, reply: Reply) -> None:
    headers = [(b"content-type", reply.content_type), *own_headers(exchange, passage)]
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
            if sender.is_done:  # Who leaves on hearing `[DONE]` has had everything.
                passage.close(200)
            raise
        except ProxyError as error:
            if not sender.started:
                raise
            passage.close(200, error, begun=sender.has_content)
            await sender.fail(error_event(error))
        else:
            passage.close(200)
            await sender.end()


CHAT = Endpoint("POST", "/chat/completions", "chat", answer, "Create a chat completion")
