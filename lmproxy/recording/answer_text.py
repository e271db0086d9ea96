"""What did the model say? The text of an answer in any of the dialects, streamed or not.

Read after the answer has gone out, in the loggers' thread: a request waits for none of it.
"""

from collections.abc import Iterator
from typing import Any

import orjson

from lmproxy.call import Json, Pieces

MOST_KEPT = 1024 * 1024
"""Bytes of an answer; what comes after them is not in the text."""


class KeptAnswer:
    """An answer's pieces, which leave a copy behind on their way."""

    def __init__(self, pieces: Pieces, kept: bytearray) -> None:
        """The copy goes into `kept`."""
        self._pieces = pieces
        self._kept = kept

    def __aiter__(self) -> "KeptAnswer":
        return self

    async def __anext__(self) -> bytes:
        piece = await anext(aiter(self._pieces))
        self._kept += piece[: MOST_KEPT - len(self._kept)]
        return piece

    async def aclose(self) -> None:
        """Stop the provider if it is still answering. May be called twice."""
        await self._pieces.aclose()


def text_of(answer: bytes) -> str:
    """The text of the first choice; `""` where there is none, as when tools are called."""
    if answer.lstrip().startswith(b"{"):
        return "".join(_said(_json(answer)))
    lines = (line[5:] for line in answer.splitlines() if line.startswith(b"data:"))
    return "".join(text for line in lines for text in _streamed(_json(line)))


def whole_of(answer: bytes) -> Json:
    """The table that a plain answer is; an empty one of a streamed one, or one that is too long."""
    return _json(answer) if answer.lstrip().startswith(b"{") else {}


def _json(text: bytes) -> Json:
    """A table; an empty one for whatever is none, `[DONE]` among it."""
    try:
        found = orjson.loads(text)
    except orjson.JSONDecodeError:
        return {}
    return found if isinstance(found, dict) else {}


def _streamed(event: Json) -> Iterator[str]:
    """The text of one event: of OpenAI's chat or completions, Anthropic's or Responses'."""
    kind, delta = event.get("type"), event.get("delta")
    if kind == "response.output_text.delta":
        yield from _texts(delta)
    elif kind == "content_block_delta" and isinstance(delta, dict):
        yield from _texts(delta.get("text"))
    elif kind is None:
        yield from _choice(event, "delta")


def _said(answer: Json) -> Iterator[str]:
    """The text of a plain answer."""
    yield from _choice(answer, "message")
    yield from _parts(answer.get("content"))
    yield from _texts(answer.get("text"))  # A transcription.
    for item in _tables(answer.get("output")):
        yield from _parts(item.get("content"))


def _choice(answer: Json, place: str) -> Iterator[str]:
    for choice in _tables(answer.get("choices")):
        if choice.get("index", 0) == 0:
            message = choice.get(place)
            yield from _texts(message.get("content") if isinstance(message, dict) else None)
            yield from _texts(choice.get("text"))


def _parts(content: Any) -> Iterator[str]:
    for part in _tables(content):
        if part.get("type") in ("text", "output_text"):
            yield from _texts(part.get("text"))


def _tables(value: Any) -> Iterator[Json]:
    yield from (item for item in value if isinstance(item, dict)) if isinstance(value, list) else ()


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
