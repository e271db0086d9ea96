"""What does a connection's `default_args` add to a request? Fields that its client left out.

They are fields of chat. Other operations get those that they have too, where they have them; those
that make no text get none.
"""

from collections.abc import Awaitable, Callable, Iterable
from dataclasses import replace
from functools import cache
from typing import Any

from lmproxy.call import Call, Json, Observed, Reply
from lmproxy.upstream.chat_fields import ALSO_SAID, Path, knows_effort, placed, put, says

Ask = Callable[[Call, str, Observed], Awaitable[Reply]]


def with_defaults(ask: Ask, defaults: Json) -> Ask:
    """`ask`, with each request filled up."""

    @cache
    def fields(operation: str, *, effort: bool) -> tuple[tuple[Path, Any], ...]:
        return tuple(placed(operation, defaults, effort=effort))

    def ask_filled(call: Call, model: str, observed: Observed) -> Awaitable[Reply]:
        body = filled(call.body, fields(call.operation, effort=knows_effort(model)))
        return ask(call if body is call.body else replace(call, body=body), model, observed)

    return ask_filled


def filled(body: Json, fields: Iterable[tuple[Path, Any]]) -> Json:
    """`body` with those of `fields` that it says nothing of; itself if it says all of them."""
    full = body
    for path, value in fields:
        if value is None or says(full, path) or says(full, ALSO_SAID.get(path, path)):
            continue
        if full is body:
            full = dict(body)
        put(full, path, value)
    return full
