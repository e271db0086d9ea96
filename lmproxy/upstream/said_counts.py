"""Which of an answer's counts did the provider itself give? LiteLLM makes up some.

It counts the words of a model's reasoning, calls the rest text, and hands that on as if it had been
counted by who was paid for it. So the names of counts are looked for in the provider's bytes.
"""

import re

from lmproxy.call import Json

REASONING = re.compile(rb'"\w*(?:reasoning|thinking|thoughts)_?tokens?\w*"\s*:', re.IGNORECASE)
TEXT = {
    "prompt": re.compile(
        rb'"(?:prompt|input)_tokens?_details"\s*:\s*\{[^{}]*"text_tokens"|"promptTokensDetails"'
    ),
    "completion": re.compile(
        rb'"(?:completion|output)_tokens?_details"\s*:\s*\{[^{}]*"text_tokens"'
        rb'|"(?:candidates|response)TokensDetails"'
    ),
}
"""OpenAI's names, and Google's for its counts by kind."""


def own_counts(usage: Json, answer: bytes) -> Json:
    """`usage` without the counts of reasoning and text that `answer` does not have."""
    made_up = {part: {"text_tokens"} for part, said in TEXT.items() if not said.search(answer)}
    if not REASONING.search(answer):
        made_up.setdefault("completion", set()).add("reasoning_tokens")
    for part, names in made_up.items():
        usage = _without(usage, f"{part}_tokens_details", names)
    return usage


def _without(usage: Json, place: str, names: set[str]) -> Json:
    details = usage.get(place)
    if not isinstance(details, dict) or names.isdisjoint(details):
        return usage
    kept = {name: value for name, value in details.items() if name not in names}
    rest = {name: value for name, value in usage.items() if name != place}
    return {**rest, place: kept} if any(v is not None for v in kept.values()) else rest
