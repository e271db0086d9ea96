"""What a model said is found in the copy of its answer, whatever the dialect."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lmproxy.recording.answer_text import text_of


def as_stream(texts: list[str], event: Callable[[str], dict[str, Any]]) -> bytes:
    events = (f"data: {json.dumps(event(text))}\n\n" for text in texts)
    return "".join([*events, "data: [DONE]\n\n"]).encode()


STREAMS: dict[str, Callable[[str], dict[str, Any]]] = {
    "chat": lambda text: {"choices": [{"index": 0, "delta": {"content": text}}]},
    "completions": lambda text: {"choices": [{"text": text}]},
    "messages": lambda text: {"type": "content_block_delta", "delta": {"text": text}},
    "responses": lambda text: {"type": "response.output_text.delta", "delta": text},
}
PLAIN: dict[str, Callable[[list[str]], dict[str, Any]]] = {
    "chat": lambda texts: {"choices": [{"message": {"content": "".join(texts)}}, {"index": 1}]},
    "completions": lambda texts: {"choices": [{"text": "".join(texts)}]},
    "messages": lambda texts: {"content": [{"type": "text", "text": text} for text in texts]},
    "responses": lambda texts: {
        "output": [{"content": [{"type": "output_text", "text": text}]} for text in texts]
    },
}


@pytest.mark.parametrize("dialect", STREAMS)
@given(texts=st.lists(st.text()))
def test_the_text_of_any_dialect_is_found(dialect: str, texts: list[str]) -> None:
    assert text_of(as_stream(texts, STREAMS[dialect])) == "".join(texts)
    assert text_of(json.dumps(PLAIN[dialect](texts)).encode()) == "".join(texts)


def test_the_text_of_a_transcription_is_found() -> None:
    assert text_of(b'{"text": "Hello"}') == "Hello"


NAMES = st.sampled_from(["choices", "delta", "message", "content", "text", "type", "output", "a"])
ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(NAMES, inner),
)


@given(answer=st.binary() | ANYTHING.map(json.dumps).map(str.encode))
def test_no_answer_is_too_strange_to_log(answer: bytes) -> None:
    assert isinstance(text_of(answer), str)
    assert isinstance(text_of(b"data: " + answer), str)
