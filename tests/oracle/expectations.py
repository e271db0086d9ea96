"""What has to arrive at the client, whoever translates? The facts in each case's answer.

Compared are facts alone, so that a provider whose translation loses one is named by the run, not
by somebody's memory.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from tests.oracle.asking import Outcome, Question
from tests.oracle.cases import CASES, STREAMED_ONLY
from tests.oracle.folding import JSON, fold
from tests.oracle.providers import PROVIDERS

_TEXTS = {
    "plain": "Hello, Zoë! 你好",
    "parameters": "one, two, three, four, five, ",
    "image": "Red.",
    "reasoning": "= 391.",
    "cached": "Page 7.",
    "length": "Once upon a time there was a proxy that",
}
_CALLS: dict[str, list[tuple[str, JSON]]] = {
    "tools": [("get_weather", {"city": "Zürich", "unit": "celsius"})],
    "parallel_tools": [("get_weather", {"city": "Oslo"}), ("get_time", {"zone": "CET"})],
}
_SPECIAL_CALLS: dict[tuple[str, str], list[tuple[str, JSON]]] = {
    ("anthropic", "parallel_tools"): [("get_weather", {"city": "Oslo"}), ("get_time", {})],
}
"""A tool without arguments, whose input Anthropic streams as nothing at all."""
_ENDS = {"tools": "tool_calls", "parallel_tools": "tool_calls", "length": "length"}
_NO_SUCH_FACT = {
    "reasoning": {"openai", "azure", "azure_ai", "huggingface"},  # They show no thoughts.
    "cached": {"ollama_chat"},  # It counts no cached tokens.
}
LITELLM_LOSES: dict[str, list[str]] = {
    **{f"{name}-cut-streamed": ["a word that it broke off"] for name in PROVIDERS},
    **{f"cohere_chat-{case}-streamed": ["the answer"] for case in CASES},
    **{f"cohere_chat-{case}-streamed": [] for case in STREAMED_ONLY},
    "azure_ai-overloaded-streamed": ["a word that it broke off"],
    "cohere_chat-tools-plain": ["finish_reason tool_calls"],
    "cohere_chat-parallel_tools-plain": ["finish_reason tool_calls"],
    "cohere_chat-reasoning-plain": ["reasoning"],
    "cohere_chat-cached-plain": ["cached token count"],
    "cohere_chat-length-plain": ["finish_reason length"],
    "mistral-length-plain": ["finish_reason length"],
    "mistral-length-streamed": ["finish_reason length"],
    "groq-reasoning-plain": ["reasoning"],
    "perplexity-reasoning-streamed": ["reasoning"],
    "huggingface-tools-streamed": ["finish_reason tool_calls"],
    "bedrock-json_schema-streamed": ["finish_reason stop"],
    "groq-json_schema-plain": ["finish_reason stop"],
    "groq-json_schema-streamed": ["finish_reason stop"],
    "openai-refusal-plain": ["the refusal"],
    "openai-refusal-streamed": ["the refusal"],
}
"""By question: what LiteLLM's own call does not tell, in the locked version.

Cohere's streams it does not read at all; a refusal it puts into `provider_specific_fields`, and
drops from streams; to a stream that ends too early it adds a finish reason and counts of its own.
"""


@dataclass(frozen=True, slots=True)
class _Answer:
    message: JSON
    finish_reason: str | None
    usage: JSON


def lost(question: Question, outcome: Outcome) -> list[str]:
    """The facts of a case that are not in what a client got; everything, if it got an error."""
    if question.case in STREAMED_ONLY:
        return [] if outcome.error else ["a word that it broke off"]
    if outcome.error:
        return ["the answer"]
    return list(_lost(question, _read(outcome)))


def _read(outcome: Outcome) -> _Answer:
    if outcome.chunks is not None:
        folded = fold(outcome.chunks)
        return _Answer(folded["message"], folded["finish_reason"], folded["usage"] or {})
    answer: dict[str, Any] = outcome.answer or {}
    choice = answer["choices"][0]
    return _Answer(choice["message"], choice["finish_reason"], answer.get("usage") or {})


def _lost(question: Question, answer: _Answer) -> Iterator[str]:
    case, provider = question.case, question.provider
    text = answer.message.get("content") or ""
    if _TEXTS.get(case, "") not in text:
        yield "text"
    if case in ("json_schema", "json_tool") and not _is_city(text):
        yield "JSON"
    wanted = _SPECIAL_CALLS.get((provider, case), _CALLS.get(case, []))
    if _calls(answer.message) != wanted:
        yield "tool calls"
    end = _ENDS.get(case, "stop")
    if case in ("refusal", "blocked"):
        if not _is_refused(text, answer):
            yield "the refusal"
    elif answer.finish_reason != end:
        yield f"finish_reason {end}"
    shows = provider not in _NO_SUCH_FACT.get(case, ())
    if case == "reasoning" and shows and "17 · 20" not in _thoughts(answer.message):
        yield "reasoning"
    details = answer.usage.get("prompt_tokens_details") or {}
    if case == "cached" and shows and question.with_usage and details.get("cached_tokens") != 1920:
        yield "cached token count"
    if question.with_usage and not answer.usage.get("total_tokens"):
        yield "token counts"


def _is_city(text: str) -> bool:
    try:
        return bool(json.loads(text) == {"name": "Zürich", "people": 443037})
    except json.JSONDecodeError:
        return False


def _calls(message: JSON) -> list[tuple[str, JSON]]:
    functions = [call.get("function", call) for call in message.get("tool_calls") or ()]
    return [(f["name"], json.loads(f["arguments"])) for f in functions]


def _is_refused(text: str, answer: _Answer) -> bool:
    filtered = answer.finish_reason == "content_filter"
    return filtered or bool(answer.message.get("refusal")) or "cannot help" in text


def _thoughts(message: JSON) -> str:
    return message.get("reasoning_content") or ""
