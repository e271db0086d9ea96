"""`POST /messages` and `POST /messages/count_tokens`: Anthropic's chat, and how long a prompt is.

Any `anthropic-version` is taken; without one the provider is told the oldest that still counts.
"""

from lmproxy.api.answering import ask_and_send
from lmproxy.api.anthropic_dialect import ANTHROPIC
from lmproxy.api.body_fields import check_messages, model_of, wants_stream
from lmproxy.api.endpoint import Endpoint
from lmproxy.api.exchange import Exchange
from lmproxy.api.json_body import read_json
from lmproxy.call import Call, Json
from lmproxy.gateway import Passage

VERSION = ("anthropic-version", "2023-06-01")
HEADERS_THAT_GO_ON = (b"anthropic-version", b"anthropic-beta", b"traceparent", b"tracestate")
"""Client headers a provider may act on. None of them holds a credential."""


async def answer(exchange: Exchange, passage: Passage) -> None:
    """Answer one request for a message."""
    await passage.admit()
    body = await read_json(exchange)
    call = parse(body, exchange, "messages", stream=wants_stream(body))
    await ask_and_send(exchange, passage, call)


async def count(exchange: Exchange, passage: Passage) -> None:
    """Answer how many tokens a request would be."""
    await passage.admit()
    body = await read_json(exchange)
    call = parse(body, exchange, "count_tokens", stream=False)
    await ask_and_send(exchange, passage, call)


def parse(body: Json, exchange: Exchange, operation: str, *, stream: bool) -> Call:
    """The call in a request body.

    Raises:
        InvalidRequest: a field we act on is of the wrong type, or `messages` is missing.
    """
    model = model_of(body)
    check_messages(body)
    headers = exchange.going_on(HEADERS_THAT_GO_ON)
    if b"anthropic-version" not in exchange.headers:
        headers = (VERSION, *headers)
    return Call(
        dialect="anthropic",
        operation=operation,
        model=model,
        body=body,
        stream=stream,
        headers=headers,
    )


MESSAGES = Endpoint(
    "POST", "/messages", "messages", answer, "Create a message", dialects=(ANTHROPIC,)
)
COUNT_TOKENS = Endpoint(
    "POST",
    "/messages/count_tokens",
    "count_tokens",
    count,
    "Count the tokens of a message",
    dialects=(ANTHROPIC,),
)
