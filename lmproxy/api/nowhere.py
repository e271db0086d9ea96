"""Every path that is none of ours: an error that says so, and a record like any other."""

from lmproxy.api.dialect import error_headers
from lmproxy.api.dialects import DIALECTS
from lmproxy.api.endpoint import Endpoint
from lmproxy.api.exchange import Exchange, Message, Send
from lmproxy.api.openai_dialect import OPENAI
from lmproxy.errors import MethodNotAllowed, NotFound, NoWebsocket
from lmproxy.gateway import Passage


def nothing_here() -> NotFound:
    """The error for a path that is none of ours."""
    return NotFound(
        "There is nothing at this path. The README lists the endpoints; the base URL of an "
        "OpenAI client ends in the API prefix, usually /v1; an Anthropic client adds that itself.",
        code="unknown_url",
    )


async def answer_nowhere(exchange: Exchange, passage: Passage) -> None:  # noqa: ARG001
    """Say that there is nothing here."""
    raise nothing_here()


NOWHERE = Endpoint("*", "*", "unknown", answer_nowhere, "", DIALECTS)


def only(*methods: str) -> Endpoint:
    """The endpoint of a path that takes these methods and was asked with another."""

    async def answer(exchange: Exchange, passage: Passage) -> None:  # noqa: ARG001
        raise MethodNotAllowed(exchange.method[:16], methods)

    return Endpoint("*", "*", "unknown", answer, "", DIALECTS)


async def refuse_socket(scope: Message, send: Send) -> None:
    """Refuse a websocket under a server that asks for one by itself, which ours does not.

    With a status where it can say one (ASGI's denial response), else it is the server's: 403.
    """
    if "websocket.http.response" not in scope.get("extensions", {}):
        await send({"type": "websocket.close"})
        return
    error = NoWebsocket("There is no websocket here.")
    headers, body = error_headers(error), OPENAI.error(error, "")
    start = {"type": "websocket.http.response.start", "status": error.status, "headers": headers}
    await send(start)
    await send({"type": "websocket.http.response.body", "body": body})
