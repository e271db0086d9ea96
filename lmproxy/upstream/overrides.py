"""What does a request ask, once an operator's values stand over its own?

They are written in the words of OpenAI's chat; where another dialect says the same thing in another
place, it is put there.
"""

from collections.abc import Mapping
from types import MappingProxyType

from lmproxy.call import Call, Json
from lmproxy.upstream.default_args import RIVALS

IN_RESPONSES: Mapping[str, tuple[str, ...]] = {
    "max_tokens": ("max_output_tokens",),
    "max_completion_tokens": ("max_output_tokens",),
    "reasoning_effort": ("reasoning", "effort"),
    "verbosity": ("text", "verbosity"),
}
IN_MESSAGES: Mapping[str, tuple[str, ...]] = {
    "max_completion_tokens": ("max_tokens",),
    "reasoning_effort": ("output_config", "effort"),
    "stop": ("stop_sequences",),
}
LISTS = {"stop_sequences"}
"""Fields whose chat's may be one text in the place of a list of them."""
PLACES: Mapping[str, Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {
        "chat": {},
        "completions": {},
        "responses": IN_RESPONSES,
        "messages": IN_MESSAGES,
        "count_tokens": IN_MESSAGES,
    }
)
"""Where a field of chat stands, by operation, if not at the top under its own name.

Other operations have none of chat's fields: nothing is overridden there.
"""


def overridden(call: Call, overrides: Json) -> Json:
    """The body of `call` with `overrides` over it. Tables of the body are copied, not changed."""
    places = PLACES.get(call.operation)
    if places is None:
        return call.body
    body = dict(call.body)
    for name, value in overrides.items():
        body.pop(RIVALS.get(name, ""), None)
        *tables, last = places.get(name, (name,))
        inside = body
        for table in tables:
            there = inside.get(table)
            inside[table] = dict(there) if isinstance(there, dict) else {}
            inside = inside[table]
        inside[last] = [value] if last in LISTS and isinstance(value, str) else value
    return body
