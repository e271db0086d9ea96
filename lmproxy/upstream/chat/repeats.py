"""Which events need no translation of their own? Those that say another text in a known form.

A stream is hundreds of events that differ in a few words. When LiteLLM has made the same of two of
them but for their texts, the next of that form gets its text put into what was made: 2 µs in place
of 20 (Anthropic) to 80 (Gemini), which are spent on models of each chunk.
"""

from collections.abc import Callable

import orjson

from lmproxy.call import Json
from lmproxy.upstream.chat.events import FRAME
from lmproxy.upstream.chat.form import first_choice

MADE_ANEW = FRAME - {"choices", "usage"}
"""Fields of chunks that `events` makes, whatever is in them."""
NEVER = "data:"
"""How texts begin that are no texts to LiteLLM."""


class Repeats:
    """The translation of one stream's events, with `translate` where it is needed."""

    def __init__(self, translate: Callable[[Json], Json]) -> None:
        self._translate = translate
        self._form = b""
        self._made: Json = {}
        self._seen: tuple[bytes, Json, str] = (b"", {}, "")

    def __call__(self, event: Json) -> Json:
        """The chunk of an event."""
        holder, name = _place_of_text(event)
        text = holder.get(name)
        if not isinstance(text, str) or not text or text.startswith(NEVER):
            return self._translate(event)
        holder[name] = None
        form = orjson.dumps(event)
        holder[name] = text
        if form == self._form:
            return _with_text(self._made, text)
        chunk = self._translate(event)
        self._learn(form, chunk, text)
        return chunk

    def _learn(self, form: bytes, chunk: Json, text: str) -> None:
        """Two events of one form with different texts have to give the same."""
        made = {name: value for name, value in chunk.items() if value and name not in MADE_ANEW}
        if "usage" in made or first_choice(made).get("delta", {}).get("content") != text:
            return
        made = _with_text(made, None)
        seen_form, seen_made, seen_text = self._seen
        if (form, made) == (seen_form, seen_made) and text != seen_text:
            self._form, self._made = form, made
        self._seen = (form, made, text)


def _with_text(chunk: Json, text: str | None) -> Json:
    choice, *others = chunk["choices"]
    changed = {**choice, "delta": {**choice["delta"], "content": text}}
    return {**chunk, "choices": [changed, *others]}


def _place_of_text(event: Json) -> tuple[Json, str]:
    """The table of an event that has its text, by what name; an empty one if there is none.

    That of OpenAI's format, Anthropic's, Google's and Bedrock's.
    """
    match event:
        case {"choices": [{"delta": {"content": str()} as delta}]}:
            return delta, "content"
        case {"type": "content_block_delta", "delta": {"type": "text_delta"} as delta}:
            return delta, "text"
        case {"candidates": [{"content": {"parts": [{"text": str()} as part]}}]}:
            return part, "text"
        case {"contentBlockIndex": int(), "delta": {"text": str()} as delta}:
            return delta, "text"
    return {}, ""
