"""How many tokens? As the provider counted them, or else estimated and called so.

A provider's numbers are taken as they are but for what cannot be true: they are clamped to 0..10^9,
and what is not a number counts as not said. An explicit zero stays zero.
"""

import re
from typing import Any

import orjson

from lmproxy.call import Call, Json, Observed, Usage

MOST_TOKENS = 10**9
COUNT = re.compile(rb'"\w*(?:[tT]okens|TokenCount|_count)"\s*:\s*-?\d')
"""A token count in the answer of any provider."""
BYTES_PER_TOKEN = 4
"""English text in the common tokenizers; an estimate, and marked as one."""
PROMPT = ("messages", "system", "input", "instructions", "prompt", "suffix", "query", "documents")
WRITE_TEXT = {"chat", "messages", "responses", "completions"}
"""Operations whose answer is made of tokens."""


def read_usage(usage: Any, asked: str = "prompt", said: str = "completion") -> Usage | None:
    """OpenAI's `usage` object; `None` if it is none or says nothing.

    `asked` and `said` are what it calls the tokens of the request and of the answer.
    """
    if not isinstance(usage, dict):
        return None
    of_prompt, of_answer = f"{asked}_tokens", f"{said}_tokens"
    prompt, completion = count(usage.get(of_prompt)), count(usage.get(of_answer))
    if prompt is None and completion is None:
        return None
    return Usage(
        prompt,
        completion,
        count(usage.get("total_tokens")),
        detail(usage, f"{of_prompt}_details", "cached_tokens"),
        detail(usage, f"{of_answer}_details", "reasoning_tokens"),
        "provider",
    )


def estimate(call: Call, observed: Observed) -> Usage:
    """Tokens of an answer whose provider did not say, or whose client left.

    The prompt as the provider counted it, or by the length of its text; a stream by its events,
    which carry about a token each; a plain answer by its length.
    """
    started = observed.usage_at_start
    prompt = started.prompt_tokens if started else None
    if prompt is None:
        prompt = estimate_prompt(call.body)
    if call.operation not in WRITE_TEXT:
        completion = 0
    elif call.stream:
        completion = observed.delivered_events
    else:
        completion = observed.delivered_bytes // BYTES_PER_TOKEN
    return Usage(
        prompt_tokens=prompt,
        completion_tokens=completion,
        total_tokens=prompt + completion,
        cached_tokens=started.cached_tokens if started else None,
        source="estimated",
    )


def with_sane_usage(answer: bytes) -> bytes:
    """A plain answer without a `usage` that is none: LiteLLM refuses the whole answer for it."""
    if b'"usage"' not in answer:
        return answer
    try:
        parsed = orjson.loads(answer)
    except orjson.JSONDecodeError:
        return answer
    if not isinstance(parsed, dict) or _is_sane(parsed.get("usage", {})):
        return answer
    return orjson.dumps({name: value for name, value in parsed.items() if name != "usage"})


def _is_sane(usage: Any) -> bool:
    if not isinstance(usage, dict):
        return usage is None
    counts = (value for name, value in usage.items() if name.endswith("okens"))
    return all(value is None or type(value) in (int, dict) for value in counts)


def estimate_prompt(body: Json) -> int:
    """Tokens of a request's prompt, by the length of its texts."""
    return -(-sum(map(_text_length, map(body.get, PROMPT))) // BYTES_PER_TOKEN)


def total(*counts: int | None) -> int | None:
    """The sum of those that are known, clamped; `None` if none is."""
    known = [value for value in counts if value is not None]
    return min(sum(known), MOST_TOKENS) if known else None


def count(value: Any) -> int | None:
    """A number of tokens, clamped; `None` for what is no number."""
    if type(value) is int and 0 <= value <= MOST_TOKENS:
        return value
    if isinstance(value, bool) or not isinstance(value, int | float) or value != value:
        return None
    return int(min(max(value, 0), MOST_TOKENS))


def detail(usage: Json, group: str, name: str) -> int | None:
    """A count in one of the groups of a `usage` object."""
    details = usage.get(group)
    return count(details.get(name)) if isinstance(details, dict) else None


def _text_length(messages: Any) -> int:
    """Bytes of every text in `messages`; pictures and sounds are not text. A number is a token."""
    if type(messages) is int:
        return BYTES_PER_TOKEN
    if isinstance(messages, str):
        return len(messages.encode())
    if isinstance(messages, list):
        return sum(map(_text_length, messages))
    if isinstance(messages, dict):
        return sum(
            _text_length(messages.get(key)) for key in ("content", "text", "arguments", "output")
        )
    return 0
