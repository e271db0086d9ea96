"""A response that its provider keeps: read it, delete it, cancel it, list what it was asked.

Asked of the connection that made the response, for callers of the group it was made for. Nobody
else hears of it.
"""

from collections.abc import Awaitable, Callable
from urllib.parse import parse_qsl

from lmproxy.api.answering import look_up_and_send
from lmproxy.api.endpoint import Endpoint
from lmproxy.api.exchange import Exchange
from lmproxy.api.openai_responses import HEADERS_THAT_GO_ON
from lmproxy.api.responses_dialect import RESPONSES
from lmproxy.call import Lookup
from lmproxy.errors import InvalidRequest
from lmproxy.gateway import Passage

PATH = "/responses/{response_id}"
PARAMETERS = {
    "include", "include[]", "include_obfuscation", "stream", "starting_after",
    "after", "before", "limit", "order",
}  # fmt: skip
"""Of a URL's query, what goes on. Anything else might be a credential; it is named as left out."""
MOST_PARAMETERS = 100


def _asking(method: str, part: str) -> Callable[[Exchange, Passage], Awaitable[None]]:
    """The function that asks for a `part` of a response, `""` for the whole."""

    async def answer(exchange: Exchange, passage: Passage) -> None:
        await passage.admit()
        if method == "POST":
            await exchange.body()  # Says nothing.
        await look_up_and_send(exchange, passage, _lookup(exchange, method, part))

    return answer


def _lookup(exchange: Exchange, method: str, part: str) -> Lookup:
    try:
        given = parse_qsl(
            exchange.query.decode("ascii"), keep_blank_values=True, max_num_fields=MOST_PARAMETERS
        )
    except ValueError:
        raise InvalidRequest("The URL's query cannot be read.") from None
    query = tuple((name, value) for name, value in given if name in PARAMETERS)
    dropped = dict.fromkeys(name for name, _ in given if name not in PARAMETERS)
    return Lookup(
        method=method,
        response_id=exchange.path_params["response_id"],
        part=part,
        query=query,
        stream=method == "GET" and not part and _wants_stream(query),
        headers=exchange.going_on(HEADERS_THAT_GO_ON),
        dropped=tuple(dropped),
    )


def _wants_stream(query: tuple[tuple[str, str], ...]) -> bool:
    return any(name == "stream" and value.lower() in ("true", "1") for name, value in query)


def _endpoint(method: str, part: str, summary: str) -> Endpoint:
    answer = _asking(method, part)
    return Endpoint(method, PATH + part, "stored_responses", answer, summary, (RESPONSES,))


STORED = (
    _endpoint("GET", "", "Read a stored response, whole or as a stream"),
    _endpoint("DELETE", "", "Delete a stored response"),
    _endpoint("POST", "/cancel", "Cancel a response that is made in the background"),
    _endpoint("GET", "/input_items", "List what a stored response was asked"),
)
