"""A chat answer whose text is changed as the operator wants it: parts cut out, or reasoning put in.

Works on OpenAI's form, on whichever lane an answer came, whole or event by event; a mark may be cut
anywhere between two events. What is open at the end stays hidden. The log probabilities of tokens
would tell what was cut, so they go with it.
"""

from dataclasses import dataclass, replace
from typing import Any

import orjson

from lmproxy.call import Call, Json, Observed, Pieces, Reply
from lmproxy.config import schema
from lmproxy.errors import UpstreamInvalidResponse
from lmproxy.upstream.answers import json_of_any, read_whole
from lmproxy.upstream.default_args import Ask
from lmproxy.upstream.events import has_done, json_of, split_events

OPEN, CLOSE = "<think>", "</think>"
REASONING = ("reasoning_content", "reasoning")
"""Fields that a model's reasoning comes in."""


@dataclass(frozen=True, slots=True)
class Changes:
    """What an operator wants changed.

    Attributes:
        begin: with `end`, the marks round what is cut out; `None`: nothing is.
        shows: put reasoning into the text.
    """

    begin: str | None
    end: str | None
    shows: bool


def changes_of(settings: schema.Connection) -> Changes | None:
    """Those of a connection; `None` if there are none."""
    begin, end = settings.hidden_output_begin, settings.hidden_output_end
    if not (begin and end) and not settings.show_thinking:
        return None
    return Changes(begin, end, settings.show_thinking)


def with_changes(ask: Ask, changes: Changes) -> Ask:
    """`ask`, with the texts of its answers changed."""

    async def ask_and_change(call: Call, model: str, observed: Observed) -> Reply:
        shows = changes.shows and call.dialect == "openai"  # Others have a place for reasoning.
        wanted = replace(changes, shows=shows)
        reply = await ask(call, model, observed)
        if call.operation not in ("chat", "completions") or not (wanted.begin or shows):
            return reply
        if call.stream and not isinstance(reply.body, bytes):
            return replace(reply, body=RewrittenStream(reply.body, Texts(wanted)))
        answer = json_of_any(await read_whole(reply.body))
        Texts(wanted).change(answer, whole=True)
        return replace(reply, body=_dumped(answer))

    return ask_and_change


class Cut:
    """One text without what stands between two marks, piece by piece."""

    def __init__(self, begin: str, end: str) -> None:
        self._marks = (begin, end)
        self._hides = False
        self._held = ""

    def add(self, text: str) -> str:
        """What can be said after the next piece."""
        text, said, start = self._held + text, [], 0
        while (at := text.find(mark := self._marks[self._hides], start)) >= 0:
            said.append("" if self._hides else text[start:at])
            start, self._hides = at + len(mark), not self._hides
        end = len(text) - _begun(mark, text[start:])
        said.append("" if self._hides else text[start:end])
        self._held = text[end:]
        return "".join(said)

    def end(self) -> str:
        """What was held back, as it might have been the beginning of a mark."""
        held, self._held = self._held, ""
        return "" if self._hides else held


def _begun(mark: str, text: str) -> int:
    """How many characters at the end of `text` may begin `mark`."""
    longest = min(len(mark) - 1, len(text))
    return next((n for n in range(longest, 0, -1) if mark.startswith(text[-n:])), 0)


class Text:
    """The text of one choice."""

    def __init__(self, changes: Changes) -> None:
        self._cut = Cut(changes.begin, changes.end) if changes.begin and changes.end else None
        self._shows = changes.shows
        self._is_open = False

    def add(self, content: str, reasoning: str) -> str:
        """What stands in the place of the next piece."""
        content = self._cut.add(content) if self._cut else content
        if self._shows and reasoning:
            shown = reasoning if self._is_open else OPEN + reasoning
            self._is_open = True
            return shown + (self._close() + content if content else "")
        return self._close() + content if content else content

    def end(self) -> str:
        """What is left of it."""
        held = self._cut.end() if self._cut else ""
        return self._close() + held

    def _close(self) -> str:
        was_open, self._is_open = self._is_open, False
        return CLOSE if was_open else ""


class Texts:
    """Those of all choices of an answer."""

    def __init__(self, changes: Changes) -> None:
        self._changes = changes
        self._of: dict[Any, Text] = {}

    def change(self, answer: Json, *, whole: bool) -> None:
        """Change an answer, or the next chunk of one, in place."""
        choices = answer.get("choices")
        for choice in choices if isinstance(choices, list) else ():
            if isinstance(choice, dict):
                self._change(choice, whole=whole)

    def _change(self, choice: Json, *, whole: bool) -> None:
        part, name = _part(choice)
        if part is None:
            return
        said = part.get(name)
        if not isinstance(said, str | None):
            return  # Content in parts: no provider of those writes marks.
        index = choice.get("index")
        index = index if isinstance(index, int) else 0
        text = self._of.setdefault(index, Text(self._changes))
        changed = text.add(said or "", self._reasoning(part))
        if whole or choice.get("finish_reason"):
            changed += text.end()
        if changed or said is not None:
            part[name] = changed
        if self._changes.begin and choice.get("logprobs"):
            choice["logprobs"] = None

    def _reasoning(self, part: Json) -> str:
        """The reasoning of a part, which is taken out of it if it is to be shown."""
        if not self._changes.shows:
            return ""
        found = [part.pop(name, None) for name in REASONING]
        return next((text for text in found if isinstance(text, str)), "")

    def rest(self) -> dict[Any, str]:
        """What is left of each choice that had no end."""
        return {index: left for index, text in self._of.items() if (left := text.end())}


def _part(choice: Json) -> tuple[Json | None, str]:
    """The table of a choice that has its text, and the text's name there."""
    for name in ("delta", "message"):
        if isinstance(choice.get(name), dict):
            return choice[name], "content"
    return (choice, "text") if isinstance(choice.get("text"), str) else (None, "")


class RewrittenStream:
    """The events of a streamed answer. Takes over `blocks`."""

    def __init__(self, blocks: Pieces, texts: Texts) -> None:
        self._blocks = blocks
        self._texts = texts
        self._last: Json = {}
        self._ended = False

    def __aiter__(self) -> "RewrittenStream":
        return self

    async def __anext__(self) -> bytes:
        while not self._ended:
            block = await anext(self._blocks, None)
            self._ended = block is None
            events = b"".join(map(self._event, split_events(block))) if block else self._rest()
            if events:
                return events
        raise StopAsyncIteration

    def _event(self, event: bytes) -> bytes:
        chunk = json_of(event)
        if isinstance(chunk, dict):
            self._texts.change(chunk, whole=False)
            choices = chunk.get("choices")
            if isinstance(choices, list) and choices and isinstance(choices[0], dict):
                self._last = chunk
            return _written(chunk)
        return self._rest() + event if has_done(event) else event

    def _rest(self) -> bytes:
        """An event with what was held back of choices that had no end."""
        is_text = any("text" in choice for choice in self._last.get("choices", ())[:1])
        choices = [
            {
                "index": index,
                **({"text": text} if is_text else {"delta": {"content": text}}),
                "finish_reason": None,
            }
            for index, text in self._texts.rest().items()
        ]
        return _written({**self._last, "choices": choices}) if choices else b""

    async def aclose(self) -> None:
        """Stop the provider if it is still answering. May be called twice."""
        await self._blocks.aclose()


def _written(chunk: Json) -> bytes:
    return b"data: " + _dumped(chunk) + b"\n\n"


def _dumped(answer: Json) -> bytes:
    try:
        return orjson.dumps(answer)
    except orjson.JSONEncodeError:
        raise UpstreamInvalidResponse("The provider's answer is nested too deeply.") from None
