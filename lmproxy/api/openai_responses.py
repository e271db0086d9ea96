"""`POST /responses`: OpenAI's Responses API, streamed and not; Codex speaks nothing else.

A `GET` here may ask for a websocket: it is told that there is none, and goes on by POST.
"""

from lmproxy.api.answering import ask_and_send
from lmproxy.api.body_fields import model_of, wants_stream
from lmproxy.api.endpoint import Endpoint
from lmproxy.api.exchange import Exchange
from lmproxy.api.json_body import read_json
from lmproxy.api.responses_dialect import RESPONSES
from lmproxy.call import Call, Json
from lmproxy.errors import NotFound, NoWebsocket
from lmproxy.gateway import Passage

HEADERS_THAT_GO_ON = (b"openai-beta", b"traceparent", b"tracestate")
"""Client headers a provider may act on. None of them holds a credential.

Codex's own (`session-id`, `thread-id`, `originator`, `x-codex-*`) do not: they say who and where
the client is. What a provider needs of it, for its prompt cache say, Codex writes into the body as
well (`prompt_cache_key`, `client_metadata`), and that goes on whole.
"""


async def answer(exchange: Exchange, passage: Passage) -> None:
    """Answer one request for a response."""
    await passage.admit()
    body = await read_json(exchange)
    call = parse(body, exchange, "responses", stream=wants_stream(body))
    await ask_and_send(exchange, passage, call)


async def compact(exchange: Exchange, passage: Passage) -> None:
    """Answer with a conversation made shorter."""
    await passage.admit()
    call = parse(await read_json(exchange), exchange, "compact", stream=False)
    await ask_and_send(exchange, passage, call)


async def count(exchange: Exchange, passage: Passage) -> None:
    """Answer how many tokens a request would be."""
    await passage.admit()
    call = parse(await read_json(exchange), exchange, "input_tokens", stream=False)
    await ask_and_send(exchange, passage, call)


def parse(body: Json, exchange: Exchange, operation: str, *, stream: bool) -> Call:
    """The call in a request body. It need not have an `input`: a stored prompt is one as well.

    Raises:
        InvalidRequest: a field we act on is of the wrong type.
    """
    return Call(
        dialect="responses",
        operation=operation,
        model=model_of(body),
        body=body,
        stream=stream,
        headers=exchange.going_on(HEADERS_THAT_GO_ON),
    )


async def refuse_socket(exchange: Exchange, passage: Passage) -> None:  # noqa: ARG001
    """Say that there is nothing to be read here."""
    if exchange.text(b"upgrade"):
        raise NoWebsocket("There is no websocket here. Create a response with POST.")
    raise NotFound(
        "There is nothing to read here. Create a response with POST; GET a stored one by its id.",
        code="unknown_url",
    )


CREATE = Endpoint(
    "POST", "/responses", "responses", answer, "Create a response", dialects=(RESPONSES,)
)
COMPACT = Endpoint(
    "POST", "/responses/compact", "compact", compact, "Shorten a conversation", (RESPONSES,)
)
INPUT_TOKENS = Endpoint(
    "POST", "/responses/input_tokens", "input_tokens", count, "Count its tokens", (RESPONSES,)
)
NO_SOCKET = Endpoint(
    "GET", "/responses", "unknown", refuse_socket, "No websocket: 426", dialects=(RESPONSES,)
)
