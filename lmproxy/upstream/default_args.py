"""What does a connection's `default_args` add to a request? Fields that its client left out.

They are fields of chat. Other operations get those that they have too, by their own names; those
that make no text get none.
"""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from functools import cache
from typing import Any

from lmproxy.call import Call, Json, Observed, Reply

Ask = Callable[[Call, str, Observed], Awaitable[Reply]]

RIVALS = {"max_tokens": "max_completion_tokens", "max_completion_tokens": "max_tokens"}
"""Two names of one thing, of which a request may have one."""
COMPLETIONS = {
    "max_tokens", "temperature", "top_p", "n", "stop", "seed", "presence_penalty",
    "frequency_penalty", "logit_bias", "user",
}  # fmt: skip
MESSAGES = {
    "max_tokens", "temperature", "top_p", "top_k", "stop_sequences", "thinking", "service_tier",
}  # fmt: skip
RESPONSES = {
    "temperature", "top_p", "user", "metadata", "store", "service_tier", "parallel_tool_calls",
    "prompt_cache_key", "safety_identifier", "max_output_tokens", "reasoning", "truncation",
}  # fmt: skip


def with_defaults(ask: Ask, defaults: Json) -> Ask:
    """`ask`, with each request filled up."""

    @cache
    def fields(operation: str) -> Json:
        return fields_of(operation, defaults)

    def ask_filled(call: Call, model: str, observed: Observed) -> Awaitable[Reply]:
        missing = left_out(call.body, fields(call.operation))
        filled = replace(call, body={**call.body, **missing}) if missing else call
        return ask(filled, model, observed)

    return ask_filled


def left_out(body: Json, fields: Json) -> Json:
    """Those of `fields` that `body` says nothing of; `null` says nothing."""
    return {
        name: value
        for name, value in fields.items()
        if body.get(name) is None and body.get(RIVALS.get(name, name)) is None
    }


def fields_of(operation: str, defaults: Json) -> Json:
    """What `defaults` mean to an operation."""
    if operation == "chat":
        return defaults
    if operation == "completions":
        return _only(COMPLETIONS, defaults)
    limit = defaults.get("max_completion_tokens", defaults.get("max_tokens"))
    if operation == "messages":
        stop = defaults.get("stop")
        also = {"max_tokens": limit, "stop_sequences": [stop] if isinstance(stop, str) else stop}
        return _with(also, _only(MESSAGES, defaults))
    if operation == "responses":
        effort = defaults.get("reasoning_effort")
        also = {"max_output_tokens": limit, "reasoning": effort and {"effort": effort}}
        return _with(also, _only(RESPONSES, defaults))
    return {}


def _only(names: set[str], defaults: Json) -> Json:
    return {name: value for name, value in defaults.items() if name in names}


def _with(also: dict[str, Any], fields: Json) -> Json:
    return {**{name: value for name, value in also.items() if value is not None}, **fields}
