"""Is this JSON? Read once, with a parser that takes no NaN, no bad UTF-8 and no depth bomb.

Only `application/json` is accepted: a browser cannot send that across origins without asking first.
"""

import orjson

from lmproxy.api.exchange import Exchange
from lmproxy.call import Json
from lmproxy.errors import InvalidRequest, UnsupportedContent

JSON_TYPE = b"application/json"


async def read_json(exchange: Exchange) -> Json:
    """The request's JSON object.

    Raises:
        UnsupportedContent: the headers say that it is something else, or compressed.
        InvalidRequest: it is not JSON, or no object.
        TooLarge, RequestTimeout, ClientGone: see `Exchange.body`.
    """
    _check_content(exchange)
    body = await exchange.body()
    try:
        parsed = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        reason = str(error).partition(":")[0]
        raise InvalidRequest(
            f"The request body is not valid JSON: {reason}.", code="invalid_json"
        ) from None
    if not isinstance(parsed, dict):
        raise InvalidRequest("The request body must be a JSON object.", code="invalid_json")
    return parsed


def _check_content(exchange: Exchange) -> None:
    if exchange.headers.get(b"content-encoding", b"identity").lower() != b"identity":
        raise UnsupportedContent(
            "Compressed request bodies are not accepted.", code="unsupported_content_encoding"
        )
    header = exchange.headers.get(b"content-type", b"")
    if header != JSON_TYPE and not _is_json(header):
        raise UnsupportedContent("Send the request as 'Content-Type: application/json', in UTF-8.")


def _is_json(header: bytes) -> bool:
    """Whether a content type is JSON in UTF-8, other parameters aside."""
    kind, *parameters = header.lower().split(b";")
    named = (parameter.partition(b"=") for parameter in parameters)
    charsets = [value.strip(b' \t"') for name, _, value in named if name.strip() == b"charset"]
    is_utf8 = all(charset in (b"utf-8", b"utf8") for charset in charsets)
    return kind.strip() == JSON_TYPE and is_utf8
