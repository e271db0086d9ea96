"""How does a stream of OpenAI's chat look as Anthropic's events?

One `message_start`; blocks one after another, each with its start, deltas and stop; then the stop
reason with the usage, and `message_stop`. https://docs.anthropic.com/en/api/messages-streaming
"""

from collections.abc import Mapping

import orjson

from lmproxy.call import Json
from lmproxy.upstream.chat.call_numbers import CallNumbers
from lmproxy.upstream.chat.form import first_choice
from lmproxy.upstream.chat.said import finish_reason, sound
from lmproxy.upstream.messages.form import (
    PICTURE,
    frame,
    reasoning_of,
    refusal_of,
    stop_reason,
    thoughts_of,
    tool_id,
    usage,
)

TEXT, THINKING = "text", "thinking"


class MessageEvents:
    """The events of one answer. `names`: see `form.message`."""

    def __init__(self, model: str, names: Mapping[str, str]) -> None:
        self._model = model
        self._names = names
        self._begun = False
        self._index = -1
        self._open: str | int | None = None
        """The open block: our number of a tool call, or another block's kind; `None`: none is."""
        self._arguments = ""
        self._thought_so_far: list[str] = []
        """Of the open block, if that is a thought."""
        self._late_text = ""
        """Said while a call was open that was not complete."""
        self._waiting: dict[int, Json] = {}
        """Further tool calls, while the open one is not complete."""
        self._numbers = CallNumbers()
        self._refuses = self._calls = False
        self._finish_reason: str | None = None
        self._usage: Json = {}

    def add(self, chunk: Json) -> bytes:
        """The events of the next chunk; `b""` if it says nothing a client has to hear now.

        Raises:
            UpstreamInvalidResponse: it cannot be read.
        """
        self._usage = chunk.get("usage") or self._usage
        choice = first_choice(chunk)
        self._finish_reason = finish_reason(choice) or self._finish_reason
        delta = sound(choice.get("delta"))
        return self._begin() + self._delta(delta)

    def end(self, stop_sequence: str | None = None) -> bytes:
        """The last events. Whether the provider had come to an end is the caller's to know.

        `stop_sequence`: see `form.message`.
        """
        events = self._begin() + self._close()
        for number in sorted(self._waiting):
            events += self._call(number, self._waiting[number]) + self._close()
        reason = stop_reason(
            self._finish_reason,
            calls=self._calls,
            refuses=self._refuses,
            stopped=stop_sequence is not None,
        )
        delta = {"stop_reason": reason, "stop_sequence": stop_sequence}
        events += _event("message_delta", delta=delta, usage=usage(self._usage))
        return events + _event("message_stop")

    def _begin(self) -> bytes:
        if self._begun:
            return b""
        self._begun = True
        started = {**frame(self._model), "content": [], "stop_reason": None, "stop_sequence": None}
        return _event("message_start", message={**started, "usage": usage(None)})

    def _delta(self, delta: Json) -> bytes:
        events = b""
        blocks = thoughts_of(delta)
        for block in blocks:
            events += self._thought(block)
        reasoning = reasoning_of(delta)
        if reasoning and not blocks:
            events += self._think(reasoning)
        refusal = refusal_of(delta)
        self._refuses = self._refuses or refusal is not None
        for text in (delta.get("content"), refusal):
            if isinstance(text, str) and text:
                events += self._text(text)
        for _ in delta.get("images") or ():
            events += self._picture()
        for called in delta.get("tool_calls") or ():
            events += self._called(called)
        return events

    def _text(self, more: str) -> bytes:
        """A block cannot be opened again: text between the fragments of a call comes after it."""
        if isinstance(self._open, int) and not self._is_complete:
            self._late_text += more
            return b""
        return self._say(TEXT, {"type": "text_delta", "text": more})

    def _picture(self) -> bytes:
        """A block of its own, unless a call that is not complete has to be closed first."""
        if isinstance(self._open, int) and not self._is_complete:
            return self._text(PICTURE)
        return self._close() + self._text(PICTURE) + self._close()

    @property
    def _is_complete(self) -> bool:
        """Whether the arguments of the open call are whole."""
        return bool(self._arguments) and _is_json(self._arguments)

    def _thought(self, block: Json) -> bytes:
        if block.get("type") == "redacted_thinking":
            hidden = {"type": "redacted_thinking", "data": block.get("data") or ""}
            return self._start("redacted", hidden) + self._close()
        thinking, signature = block.get("thinking") or "", block.get("signature")
        if not signature:
            return self._think(thinking) if thinking else b""
        # With the signature some say the whole thought again. What is signed is complete: the next
        # thought is a block of its own.
        so_far = "".join(self._thought_so_far) if self._open == THINKING else ""
        rest = thinking.removeprefix(so_far)
        events = self._think(rest) if rest else b""
        signed = {"type": "signature_delta", "signature": signature}
        return events + self._say(THINKING, signed) + self._close()

    def _think(self, more: str) -> bytes:
        events = self._say(THINKING, {"type": "thinking_delta", "thinking": more})
        self._thought_so_far.append(more)
        return events

    def _say(self, kind: str, delta: Json) -> bytes:
        events = b""
        if self._open != kind:
            empty = {"type": kind, kind: ""} | ({"signature": ""} if kind == THINKING else {})
            events = self._start(kind, empty)
        return events + _event("content_block_delta", index=self._index, delta=delta)

    def _called(self, called: Json) -> bytes:
        """A fragment of a call. Of calls that come by turns, the later ones wait."""
        number, is_new = self._numbers.of(called)
        if number == self._open:
            return self._call(number, called)
        if is_new and (not isinstance(self._open, int) or self._is_complete):
            return self._call(number, called)
        if is_new or number in self._waiting:
            _join(self._waiting.setdefault(number, {}), called)
        return b""

    def _call(self, number: int, called: Json) -> bytes:
        function = called.get("function") or {}
        events = b""
        if self._open != number:
            name = function.get("name") or ""
            block: Json = {
                "type": "tool_use",
                "id": tool_id(called.get("id")),
                "name": self._names.get(name, name),
                "input": {},
            }
            events = self._start(number, block)
            self._calls, self._arguments = True, ""
        arguments = function.get("arguments")
        if arguments:
            self._arguments += arguments
            delta = {"type": "input_json_delta", "partial_json": arguments}
            events += _event("content_block_delta", index=self._index, delta=delta)
        return events

    def _start(self, what: str | int, block: Json) -> bytes:
        events = self._close()
        self._open = what
        self._thought_so_far = []
        self._index += 1
        return events + _event("content_block_start", index=self._index, content_block=block)

    def _close(self) -> bytes:
        """Close the open block. What was said while it was, and could not be, comes at once."""
        if self._open is None:
            return b""
        self._open = None
        events = _event("content_block_stop", index=self._index)
        late, self._late_text = self._late_text, ""
        if late:
            events += self._say(TEXT, {"type": "text_delta", "text": late}) + self._close()
        return events


def _event(kind: str, **fields: object) -> bytes:
    return b"event: %b\ndata: %b\n\n" % (kind.encode(), orjson.dumps({"type": kind, **fields}))


def _is_json(text: str) -> bool:
    try:
        orjson.loads(text or "{}")
    except orjson.JSONDecodeError:
        return False
    return True


def _join(call: Json, fragment: Json) -> None:
    """Add a fragment of a tool call to what came of it before."""
    function, more = call.setdefault("function", {}), fragment.get("function") or {}
    call["id"] = call.get("id") or fragment.get("id")
    for name in ("name", "arguments"):
        function[name] = (function.get(name) or "") + (more.get(name) or "")
