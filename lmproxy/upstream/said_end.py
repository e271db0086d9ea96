"""What did the provider itself say of the end of its answer? LiteLLM hands on less of it.

It tells no stop sequence from a natural end, and makes a natural end of every word it does not
know. So the provider's words are looked for in its bytes, where a field's name cannot be part of a
text: quotes within one are escaped.
"""

import re
from collections.abc import Sequence

import orjson

SAID = re.compile(
    rb'"(?:finish_?reason|stop_?reason|stop_sequence)"\s*:\s*("(?:[^"\\]|\\.){1,256}")',
    re.IGNORECASE,
)
CUT_SHORT = {"MAX_TOKENS", "model_length", "model_context_window_exceeded", "pause_turn"}
"""Cohere's word and one of Mistral's for an answer that was not finished, and two of Anthropic's:
the context was full, or the provider stopped in the midst of its own searches."""
STOPPED = {"stop_sequence", "STOP_SEQUENCE"}
"""Anthropic's, Amazon's and Cohere's words for an end at a stop sequence."""

FAILURE = re.compile(r"[A-Z]+(?:_[A-Z]+){0,8}")
"""https://ai.google.dev/api/generate-content#FinishReason"""
USUAL = {"STOP", "MAX_TOKENS", "COMPLETE"}
"""Words like that for an end that explains nothing."""


class SaidEnd:
    """The words for the end in a provider's bytes: a whole answer, or the last of a stream."""

    def __init__(self, answer: bytes) -> None:
        found = SAID.findall(answer)
        self._words = {word for text in found if (word := _text(text)) is not None}

    @property
    def is_cut_short(self) -> bool:
        """Whether it says, in a word of its own, that the answer was not finished."""
        return not CUT_SHORT.isdisjoint(self._words)

    @property
    def failure(self) -> str | None:
        """Google's word for why there is no answer, `None` if it gave none. It is never a text."""
        return next(iter(sorted(filter(FAILURE.fullmatch, self._words - STOPPED - USUAL))), None)

    def stop_sequence(self, asked: Sequence[str]) -> str | None:
        """Which of the client's stop sequences it names; `None` if none, or nobody can tell.

        Anthropic and vLLM name it. Others say only that there was one, which is enough if the
        client has only one.
        """
        named = next((text for text in asked if text in self._words - STOPPED), None)
        if named is None and len(asked) == 1 and not STOPPED.isdisjoint(self._words):
            return asked[0]
        return named


def stop_sequences(given: object) -> list[str]:
    """The texts in a request's `stop`, which may be one or a list."""
    texts = given if isinstance(given, list) else [given]
    return [text for text in texts if text and isinstance(text, str)]


def _text(quoted: bytes) -> str | None:
    try:
        text = orjson.loads(quoted)
    except orjson.JSONDecodeError:
        return None
    return text if isinstance(text, str) else None
