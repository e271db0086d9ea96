"""A known form with another text is not translated again; anything else is."""

import copy
from typing import Any

import pytest

from lmproxy.call import Json
from lmproxy.upstream.chat.repeats import Repeats


def openai(text: Any, **more: Any) -> Json:
    return {"id": "c1", "choices": [{"index": 0, "delta": {"content": text}}], **more}


def anthropic(text: Any, **more: Any) -> Json:
    delta = {"type": "text_delta", "text": text}
    return {"type": "content_block_delta", "index": 0, "delta": delta, **more}


def google(text: Any, **more: Any) -> Json:
    return {"candidates": [{"content": {"parts": [{"text": text}], "role": "model"}}], **more}


FORMATS = {"openai": openai, "anthropic": anthropic, "google": google}


class Translation:
    """Makes a chunk of an event's text, and remembers of which."""

    def __init__(self, **more: Any) -> None:
        self.asked: list[str] = []
        self._more = more

    def __call__(self, event: Json) -> Json:
        text = str(text_in(event))
        self.asked.append(text)
        choice = {"index": 0, "delta": {"content": text}, "finish_reason": None}
        return {"created": len(self.asked), "choices": [choice], **self._more}


def text_in(event: Json) -> Any:
    if "candidates" in event:
        return event["candidates"][0]["content"]["parts"][0]["text"]
    return event["choices"][0]["delta"]["content"] if "choices" in event else event["delta"]["text"]


def said(chunk: Json) -> Any:
    return chunk["choices"][0]["delta"]["content"]


@pytest.mark.parametrize("name", FORMATS)
def test_from_the_third_event_of_a_form_on_only_the_text_is_new(name: str) -> None:
    translation, texts = Translation(), ["a", "b", "c", "d", "c"]
    repeats = Repeats(translation)

    chunks = [repeats(FORMATS[name](text)) for text in texts]

    assert translation.asked == ["a", "b"]
    assert [said(chunk) for chunk in chunks] == texts
    assert chunks[4]["choices"] == [{"index": 0, "delta": {"content": "c"}, "finish_reason": None}]


@pytest.mark.parametrize("name", FORMATS)
def test_another_form_is_translated(name: str) -> None:
    translation, made = Translation(), FORMATS[name]
    repeats = Repeats(translation)
    for text in "abc":
        repeats(made(text))

    assert said(repeats(made("d", service_tier="flex"))) == "d"
    assert said(repeats(made("e"))) == "e"

    assert translation.asked == ["a", "b", "d"]


def test_two_forms_by_turns_are_always_translated() -> None:
    translation = Translation()
    repeats = Repeats(translation)

    for number in range(6):
        repeats(openai(f"text {number}", system_fingerprint=number % 2))

    assert len(translation.asked) == 6


@pytest.mark.parametrize("text", ["", None, 3, [{"type": "text"}], "data:audio/wav;base64,UklG"])
def test_what_is_no_usual_text_is_translated(text: Any) -> None:
    translation = Translation()
    repeats = Repeats(translation)
    for usual in "abc":
        repeats(google(usual))

    repeats(google(text))

    assert translation.asked == ["a", "b", str(text)]


def test_one_text_twice_shows_nothing_about_where_texts_go() -> None:
    translation = Translation(echo="the same")
    repeats = Repeats(translation)

    chunks = [repeats(openai(text)) for text in ("the same", "the same", "other")]

    assert translation.asked == ["the same", "the same", "other"]
    assert said(chunks[2]) == "other"


def test_an_event_whose_text_stands_in_two_places_is_always_translated() -> None:
    repeats = Repeats(lambda event: openai(said(event), thoughts=[said(event)]))

    chunks = [repeats(openai(text)) for text in "abcd"]

    assert [chunk["thoughts"] for chunk in chunks] == [["a"], ["b"], ["c"], ["d"]]


@pytest.mark.parametrize("more", [{"usage": {"total_tokens": 3}}, {"choices": []}])
def test_counts_and_chunks_without_the_text_are_always_translated(more: Json) -> None:
    translation = Translation(**more)
    repeats = Repeats(translation)

    for text in "abcd":
        repeats(openai(text))

    assert translation.asked == ["a", "b", "c", "d"]


def test_an_event_is_left_as_it_was() -> None:
    repeats = Repeats(Translation())

    for text in "abcd":
        event = google(text)
        before = copy.deepcopy(event)
        repeats(event)
        assert event == before
