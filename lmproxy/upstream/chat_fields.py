"""Which fields has OpenAI's chat, and where do they stand in requests for other operations?

Operators write in chat's words what requests lack (`default_args`) and what stands over them (a
Fallback's members). Here is what that means to each operation; one without a table has none of it.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from lmproxy.call import Json
from lmproxy.upstream.arguments import PARAMETERS

Path = tuple[str, ...]
"""The tables around a field, from the outside, and its name."""

NOT_FOR_LITELLM = frozenset({
    "messages", "metadata", "model", "moderation", "prompt_cache_options", "prompt_cache_retention",
    "stream",
})  # fmt: skip
"""Fields of chat that never become a parameter of LiteLLM's call: it is told some otherwise, knows
others not, and means something else by `metadata`."""
FIELDS = (PARAMETERS - {"thinking"}) | NOT_FOR_LITELLM
"""All that OpenAI's reference of the chat API has; what else a request says is a provider's own."""
EITHER = {"max_tokens": "max_completion_tokens", "max_completion_tokens": "max_tokens"}
"""Two names of one thing, of which a request may have one."""
EFFORT: Path = ("output_config", "effort")
EFFORTS = {"minimal": "low", "none": None}
"""Efforts that Anthropic's API has by another name, or says by saying none.
https://platform.claude.com/docs/en/build-with-claude/effort"""
KNOWS_NO_EFFORT = re.compile(
    r"claude-(?:instant|[123](?!\d)|opus-4(?![-.][5-9])|(?:sonnet|haiku)-4(?![-.][6-9]))",
    re.IGNORECASE,
)
"""Claudes that refuse any: those before Opus 4.5 and Sonnet 4.6, and Haiku 4.5."""
BUDGET: Path = ("thinking", "budget_tokens")
ALSO_SAID: Mapping[Path, Path] = MappingProxyType(
    {
        **{(name,): (other,) for name, other in EITHER.items()},
        ("reasoning_effort",): BUDGET,
        EFFORT: BUDGET,
    }
)
"""Where a request may have said the same in another way."""


def _unchanged(value: Any) -> Any:
    return value


def _as_list(value: Any) -> Any:
    """Chat takes one text in the place of a list."""
    return [value] if isinstance(value, str) else value


def _as_effort(value: Any) -> Any:
    return EFFORTS.get(value, value) if isinstance(value, str) else value


@dataclass(frozen=True, slots=True)
class Place:
    """Where a field stands, and what makes its value of chat's."""

    path: Path
    value: Callable[[Any], Any] = _unchanged


def _here(*names: str) -> dict[str, Place]:
    return {name: Place((name,)) for name in names}


THINKING = {
    **_here("output_config", "thinking"),
    "reasoning_effort": Place(EFFORT, _as_effort),
}
PLACES: Mapping[str, Mapping[str, Place]] = MappingProxyType(
    {
        "completions": {
            **_here("max_tokens", "temperature", "top_p", "n", "stop", "seed", "user"),
            **_here("presence_penalty", "frequency_penalty", "logit_bias"),
            "max_completion_tokens": Place(("max_tokens",)),
        },
        "responses": {
            **_here("max_output_tokens", "reasoning", "text", "truncation"),
            **_here("temperature", "top_p", "top_logprobs", "user", "metadata", "store"),
            **_here("service_tier", "parallel_tool_calls", "safety_identifier", "moderation"),
            **_here("prompt_cache_key", "prompt_cache_options", "prompt_cache_retention"),
            "max_tokens": Place(("max_output_tokens",)),
            "max_completion_tokens": Place(("max_output_tokens",)),
            "reasoning_effort": Place(("reasoning", "effort")),
            "verbosity": Place(("text", "verbosity")),
        },
        "messages": {
            **_here("max_tokens", "temperature", "top_p", "top_k", "service_tier"),
            **THINKING,
            "max_completion_tokens": Place(("max_tokens",)),
            "stop": Place(("stop_sequences",), _as_list),
            "stop_sequences": Place(("stop_sequences",), _as_list),
            "user": Place(("metadata", "user_id")),
        },
        "count_tokens": THINKING,
    }
)
"""What each operation besides chat has: fields of chat, and some of its own by their own names."""


def knows_effort(model: str) -> bool:
    """Whether requests for `model`, by its provider's name, may have one in Anthropic's API."""
    return KNOWS_NO_EFFORT.search(model) is None


def placed(operation: str, fields: Json, *, effort: bool) -> Iterator[tuple[Path, Any]]:
    """Those of `fields` that `operation` has: where they stand, and what they are there.

    Of two that mean the same, the first goes before the other: the operation's own word before
    chat's, and `max_completion_tokens` before `max_tokens`.

    Args:
        operation: one without a table has none.
        fields: in chat's words, or the operation's own.
        effort: whether the model `knows_effort`.
    """
    names = sorted(fields, key=lambda name: (name in FIELDS, name != "max_completion_tokens"))
    for name in names:
        if operation == "chat":
            yield (name,), fields[name]
        elif (place := PLACES.get(operation, {}).get(name)) and (effort or place.path != EFFORT):
            yield place.path, place.value(fields[name])


def says(body: Json, path: Path) -> bool:
    """Whether a request says something there; `null` is nothing.

    One that has another thing than a table around it does: its provider may tell what is wrong.
    """
    there: Any = body
    for name in path:
        if not isinstance(there, dict):
            return True
        there = there.get(name)
        if there is None:
            return False
    return True


def put(body: Json, path: Path, value: Any) -> None:
    """Have `body` say `value` there; `None`: nothing. Tables in it are copied, not changed."""
    if value is None and not says(body, path):
        return
    *tables, last = path
    inside = body
    for table in tables:
        there = inside.get(table)
        inside[table] = dict(there) if isinstance(there, dict) else {}
        inside = inside[table]
    if value is None:
        inside.pop(last, None)
    else:
        inside[last] = value
