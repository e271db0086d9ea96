"""How does a stream of OpenAI's chat look as the events of a Response?

`response.created` and `in_progress`; the events of each item; `response.completed` or `incomplete`
with the whole response and its usage. Every event has its number.
https://platform.openai.com/docs/api-reference/responses-streaming
"""

from typing import Any, TypeVar

import orjson

from lmproxy.call import Json, Usage
from lmproxy.errors import UpstreamInvalidResponse
from lmproxy.upstream.chat.call_numbers import CallNumbers
from lmproxy.upstream.chat.form import first_choice
from lmproxy.upstream.messages.form import reasoning_of, refusal_of, thoughts_of
from lmproxy.upstream.responses.form import (
    annotations_of,
    calls_of,
    ended,
    images_of,
    incomplete,
    logprobs_of,
    text_of,
    usage,
)
from lmproxy.upstream.responses.item_events import OpenCall, OpenItem, OpenMessage, OpenThought
from lmproxy.upstream.responses.parts import image_item, is_sealed, new_id
from lmproxy.upstream.responses.tools import Toolbox

COMPLETED = "completed"
Speech = TypeVar("Speech", OpenMessage, OpenThought)


class ResponseEvents:
    """The events of one answer."""

    def __init__(self, begun: Json, tools: Toolbox, *, wants_logprobs: bool) -> None:
        """`begun`: see `form.frame`."""
        self._begun = begun
        self._tools = tools
        self._wants_logprobs = wants_logprobs
        self._number = 0
        self._items: list[Json] = []
        """The response's, by their index; empty while one is open."""
        self._speech: OpenMessage | OpenThought | None = None
        """The open one; calls may be open beside it."""
        self._calls: dict[int, OpenCall] = {}
        """The open ones, by our number of each."""
        self._closed_calls: dict[int, str] = {}
        """The arguments of those that were complete before the end."""
        self._numbers = CallNumbers()
        self._finish_reason: str | None = None
        self._usage: Any = None

    def add(self, chunk: Json) -> bytes:
        """The events of the next chunk; `b""` if it says nothing a client has to hear now."""
        begin = b"" if self._number else self._begin()
        self._usage = chunk.get("usage") or self._usage
        choice = first_choice(chunk)
        self._finish_reason = choice.get("finish_reason") or self._finish_reason
        delta = choice.get("delta")
        return begin + self._delta(delta, choice) if isinstance(delta, dict) else begin

    def end(self, observed: Usage) -> bytes:
        """The last events. Whether the provider had come to an end is the caller's to know.

        Args:
            observed: what was counted of the answer.
        """
        events = b"" if self._number else self._begin()
        still_open: list[OpenItem] = [*self._calls.values()]
        still_open += [self._speech] if self._speech else []
        last = len(self._items) - 1
        is_cut = incomplete(self._finish_reason) is not None
        for item in sorted(still_open, key=lambda item: item.index):
            was_cut = is_cut and item.index == last and not isinstance(item, OpenThought)
            events += self._close(item, "incomplete" if was_cut else COMPLETED)
        response = ended(
            self._begun, self._items, self._finish_reason, usage(self._usage, observed)
        )
        return events + self._emit(response["status"], response=response)

    def _emit(self, kind: str, **fields: Any) -> bytes:
        data = {"type": f"response.{kind}", **fields, "sequence_number": self._number}
        self._number += 1
        return b"event: response.%b\ndata: %b\n\n" % (kind.encode(), orjson.dumps(data))

    def _begin(self) -> bytes:
        events = self._emit("created", response=self._begun)
        return events + self._emit("in_progress", response=self._begun)

    def _delta(self, delta: Json, choice: Json) -> bytes:
        if len(delta) == 1 and isinstance(delta.get("content"), str):  # As nearly all are.
            return self._say(delta["content"], choice)
        events = b""
        blocks = thoughts_of(delta)
        for block in blocks:
            events += self._thought(block)
        reasoning = reasoning_of(delta)
        if reasoning and not blocks:
            events += self._think(reasoning)
        events += self._say(delta.get("content"), choice)
        if refusal := refusal_of(delta):
            begun, message = self._speaking(OpenMessage)
            events += begun + message.refuse(refusal)
        if "annotations" in delta and isinstance(self._speech, OpenMessage):
            events += self._speech.cite(annotations_of(delta))
        for data in images_of(delta) if "images" in delta else ():
            events += self._show(data)
        for called in calls_of(delta) if "tool_calls" in delta else ():
            events += self._called(called)
        return events

    def _say(self, content: Any, choice: Json) -> bytes:
        text = text_of(content)
        if not text:
            return b""
        found = logprobs_of(choice.get("logprobs")) if self._wants_logprobs else []
        begun, message = self._speaking(OpenMessage)
        return begun + message.say(text, found)

    def _thought(self, block: Json) -> bytes:
        """A thought, or a piece of one. What is signed is complete, and so is what is hidden."""
        thinking = text_of(block.get("thinking"))
        if not is_sealed(block):
            return self._think(thinking) if thinking else b""
        events = self._close_speech() if block.get("data") else b""  # A thought of its own.
        begun, thought = self._speaking(OpenThought)
        # With the signature some say the whole thought again.
        rest = thinking.removeprefix(thought.so_far)
        events += begun + (thought.think(rest) if rest else b"")
        thought.seal(block)
        return events + self._close_speech()

    def _think(self, more: str) -> bytes:
        begun, thought = self._speaking(OpenThought)
        return begun + thought.think(more)

    def _speaking(self, kind: type[Speech]) -> tuple[bytes, Speech]:
        """The open item of a kind, and the events that open it if it was not."""
        if isinstance(self._speech, kind):
            return b"", self._speech
        events = self._close_speech() + self._close_whole_calls()
        item = kind(self._emit, len(self._items))
        self._items.append({})
        self._speech = item
        return events + item.begin(), item

    def _show(self, data: str) -> bytes:
        """A picture, which comes whole."""
        events = self._close_speech() + self._close_whole_calls()
        index, identifier = len(self._items), new_id("ig")
        begun, item = image_item(identifier, None), image_item(identifier, data)
        self._items.append(item)
        events += self._emit("output_item.added", output_index=index, item=begun)
        return events + self._emit("output_item.done", output_index=index, item=item)

    def _called(self, called: Json) -> bytes:
        """A fragment of a call. Fragments of several may come by turns."""
        number, is_new = self._numbers.of(called)
        events = b""
        if is_new:
            events = self._close_speech() + self._close_whole_calls()
            call = OpenCall(self._emit, len(self._items), called, self._tools)
            self._items.append({})
            self._calls[number] = call
            events += call.begin()
        if number not in self._calls:
            more = called["function"]["arguments"]
            if more.strip() and more != self._closed_calls.get(number):
                raise UpstreamInvalidResponse("The provider added to a call that was complete.")
            return events  # Some say all of it again.
        return events + self._calls[number].add(called)

    def _close_speech(self) -> bytes:
        speech, self._speech = self._speech, None
        return self._close(speech) if speech else b""

    def _close_whole_calls(self) -> bytes:
        """End the calls that are complete, so that a client can make them meanwhile."""
        whole = [number for number, call in self._calls.items() if call.is_complete]
        self._closed_calls |= {number: self._calls[number].arguments for number in whole}
        return b"".join(self._close(self._calls.pop(number)) for number in whole)

    def _close(self, item: OpenItem, status: str = COMPLETED) -> bytes:
        events, self._items[item.index] = item.close(status)
        return events
