"""How does a provider say no? Statuses other than 200, with and without a body that explains.

A plain function is a behaviour; a function with parameters makes one.
"""

import base64
from collections.abc import Callable
from urllib.parse import quote

from tests.provider import answers
from tests.provider.exchange import Behaviour, Exchange, Headers, makes_behaviour
from tests.provider.wire import SeenRequest

KEY_FORMS: dict[str, Callable[[str], str]] = {
    "raw": lambda key: key,
    "header": lambda key: f"Bearer {key}",
    "base64": lambda key: base64.b64encode(key.encode()).decode(),
    "url-encoded": lambda key: quote(key, safe=""),
    "elided": lambda key: f"{key[:6]}…{key[-4:]}",
    "starred": lambda key: f"{key[:6]}{'*' * 12}{key[-4:]}",
}
"""U022: the ways in which providers repeat the key they were given."""


@makes_behaviour
def refusal(
    status: int,
    message: str = "Refused",
    kind: str | None = None,
    code: str | None = None,
    param: str | None = None,
    headers: Headers = (),
) -> Behaviour:
    """Any status with an error as OpenAI shapes it; `kind` is its `type`."""
    document, kept = answers.error_answer(message, kind, code, param), list(headers)

    async def behave(exchange: Exchange) -> None:
        await exchange.send_json(status, document, kept)

    return behave


@makes_behaviour
def bad_request(message: str = "Unknown parameter: 'frobnicate'.") -> Behaviour:
    """U020: 400 with type, code and param."""
    return refusal(400, message, "invalid_request_error", "unknown_parameter", "frobnicate")


unauthorized: Behaviour = refusal(401, "No such key", "invalid_request_error", "invalid_api_key")
"""U021: the provider does not know our key."""

forbidden: Behaviour = refusal(
    403, "Not in your country", "permission_error", "unsupported_country"
)
"""U021: the provider knows our key and refuses it."""


@makes_behaviour
def key_echo(form: str, status: int = 401) -> Behaviour:
    """U022: the message and param repeat the key of the request in one of KEY_FORMS."""

    async def behave(exchange: Exchange) -> None:
        shown = KEY_FORMS[form](presented_key(exchange.request))
        document = answers.error_answer(
            f"Incorrect API key provided: {shown}.",
            "invalid_request_error",
            "invalid_api_key",
            shown,
        )
        await exchange.send_json(status, document)

    return behave


async def model_not_found(exchange: Exchange) -> None:
    """U023: the provider lacks the model, and names it as it was asked for."""
    message = f"The model '{exchange.request.model}' does not exist"
    document = answers.error_answer(message, "invalid_request_error", "model_not_found")
    await exchange.send_json(404, document)


@makes_behaviour
def server_error(status: int = 500, retry_after: str | None = None) -> Behaviour:
    """U024: 500, 502, 503, 504, 529."""
    headers = _given({"Retry-After": retry_after})
    return refusal(status, "The server had an error", "server_error", headers=headers)


@makes_behaviour
def rate_limited(retry_after: str | None = None, retry_after_ms: str | None = None) -> Behaviour:
    """U025: 429 with these headers; None leaves one out."""
    headers = _given({"Retry-After": retry_after, "retry-after-ms": retry_after_ms})
    return refusal(429, "Slow down", "requests", "rate_limit_exceeded", headers=headers)


@makes_behaviour
def status_only(status: int) -> Behaviour:
    """U024, U026: this status with no body at all, such as 204, 418, 451, 500, 600."""

    async def behave(exchange: Exchange) -> None:
        length = [] if status in (204, 304) else [("Content-Length", "0")]
        await exchange.send_head(status, headers=length)

    return behave


@makes_behaviour
def good_body_under(status: int = 206) -> Behaviour:
    """U026: a good plain answer under 206, or under another status that is not 200."""

    async def behave(exchange: Exchange) -> None:
        await exchange.send_json(status, answers.chat_answer())

    return behave


@makes_behaviour
def redirect(location: str, status: int = 307) -> Behaviour:
    """U026: somewhere else, to which neither key nor prompt must go."""

    async def behave(exchange: Exchange) -> None:
        await exchange.send_head(status, headers=[("Location", location), ("Content-Length", "0")])

    return behave


@makes_behaviour
def informational_flood(count: int = 10_000) -> Behaviour:
    """U026: so many heads with status 103, then a good answer."""

    async def behave(exchange: Exchange) -> None:
        for _ in range(count):
            await exchange.send_head(103, headers=[("Link", "</a.css>; rel=preload")])
        await exchange.send_json(200, answers.chat_answer())

    return behave


def presented_key(request: SeenRequest) -> str:
    """The key of the request, from whichever header it came in; empty if there is none."""
    bearer = request.header("authorization") or ""
    key = next(filter(None, map(request.header, ("x-api-key", "api-key", "x-goog-api-key"))), None)
    return bearer.removeprefix("Bearer ") or key or ""


def _given(headers: dict[str, str | None]) -> Headers:
    return [(name, value) for name, value in headers.items() if value is not None]
