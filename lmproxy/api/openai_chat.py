"""`POST /chat/completions`: OpenAI's chat, streamed and not."""

from lmproxy.api.answering import ask_and_send
from lmproxy.api.body_fields import check_messages, model_of, wants_stream
from lmproxy.api.endpoint import Endpoint
from lmproxy.api.exchange import Exchange
from lmproxy.api.json_body import read_json
from lmproxy.call import Call, Json
from lmproxy.gateway import Passage

HEADERS_THAT_GO_ON = (b"openai-beta", b"traceparent", b"tracestate")
"""Client headers a provider may act on. None of them holds a credential."""


async def answer(exchange: Exchange, passage: Passage) -> None:
    """Answer one chat request."""
    await passage.admit()
    await ask_and_send(exchange, passage, parse(await read_json(exchange), exchange))


def parse(body: Json, exchange: Exchange) -> Call:
    """The call in a request body.

    Raises:
        InvalidRequest: a field we act on is of the wrong type, or `messages` is missing.
    """
    model, stream = model_of(body), wants_stream(body)
    check_messages(body)
    return Call(
        dialect="openai",
        operation="chat",
        model=model,
        body=body,
        stream=stream,
        headers=exchange.going_on(HEADERS_THAT_GO_ON),
    )


CHAT = Endpoint("POST", "/chat/completions", "chat", answer, "Create a chat completion")
