"""Errors of a provider that repeat everything it knows of a request."""

from typing import Any

from tests.provider import answers
from tests.provider.exchange import Behaviour, Exchange
from tests.provider.refusals import KEY_FORMS, presented_key

TRACEBACK = (
    'Traceback (most recent call last):\n  File "/srv/provider/secret_module.py", line 7, in '
    "call\n    raise ValueError(key)\nValueError: no such key"
)


def echo(form: str, status: int) -> Behaviour:
    """A traceback with the key and our own headers in the message, and the key in every field."""

    async def behave(exchange: Exchange) -> None:
        await exchange.send_json(status, {"error": leak(exchange, form)}, leaking_headers(exchange))

    return behave


def echo_mid_stream(form: str) -> Behaviour:
    """As `echo`, as an event after the first text."""

    async def behave(exchange: Exchange) -> None:
        await exchange.start_stream(leaking_headers(exchange))
        for chunk in answers.chat_chunks(["Hello"])[:2]:
            await exchange.send_event(chunk)
        await exchange.send_event({"error": leak(exchange, form)})
        await exchange.end_stream()

    return behave


def leak(exchange: Exchange, form: str) -> dict[str, Any]:
    """An error object that repeats every credential of the request, and a traceback."""
    request, shown = exchange.request, KEY_FORMS[form]
    key = shown(presented_key(request))
    names = ("x-tenant", "proxy-authorization", "authorization")
    seen = [shown(request.header(name) or "") for name in names]
    message = f"{key} {' '.join(seen)} {TRACEBACK}"
    return {"message": message, "type": key, "code": key, "param": key, "more": {key: [key]}}


def leaking_headers(exchange: Exchange) -> list[tuple[str, str]]:
    key = presented_key(exchange.request)
    return [("x-request-id", key), ("x-your-key", key), ("Set-Cookie", f"key={key}")]
