"""What does a request ask, once an operator's values stand over its own?

They are written in the words of OpenAI's chat, and put where another operation has the same. What
is no field of chat is the provider's own, and stands by its own name where text is made.
"""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from lmproxy.call import Call, Json
from lmproxy.upstream.chat_fields import EITHER, FIELDS, PLACES, Path, knows_effort, placed, put

TAKE_MORE = {"completions", "responses", "messages"}
"""Operations in which providers have fields of their own."""


def overridden(call: Call, model: str, overrides: Json, *, as_chat: bool) -> Call:
    """`call` with `overrides` over it. The tables of its body are copied, not changed.

    Args:
        call: as its client made it.
        model: by its provider's name.
        overrides: in chat's words.
        as_chat: whether its provider is asked for chat, and so has every field of chat.
    """
    fields = [*placed(call.operation, overrides, effort=knows_effort(model))]
    fields += _by_name(call.operation, overrides, as_chat=as_chat)
    if not fields:
        return call
    body = dict(call.body)
    for path, value in reversed(fields):  # What goes before others is said last.
        body.pop(EITHER.get(path[0], ""), None)
        put(body, path, value)
    return replace(call, body=body, ours=call.ours | {path[0] for path, _ in fields})


def _by_name(operation: str, overrides: Json, *, as_chat: bool) -> Iterator[tuple[Path, Any]]:
    """What has no place of another name."""
    if operation in TAKE_MORE:
        known = PLACES[operation].keys() | (frozenset() if as_chat else FIELDS)
        yield from (((name,), value) for name, value in overrides.items() if name not in known)
