"""What events does one item of a streamed Response have? A message, a thought, a tool's call.

Each begins with `output_item.added` and ends with `output_item.done`, which has the whole item.
Items of calls may be open beside one another; an event says by `output_index` which it means.
https://platform.openai.com/docs/api-reference/responses-streaming
"""

from abc import ABC, abstractmethod
from typing import Any, Protocol

import orjson

from lmproxy.call import Json
from lmproxy.upstream.responses.parts import (
    call_item,
    custom_input,
    message_item,
    new_id,
    reasoning_item,
    refusal_part,
    text_part,
)
from lmproxy.upstream.responses.tools import Toolbox

SUMMARY = "reasoning_summary_"
TEXT, REFUSAL = "output_text", "refusal"


class Emit(Protocol):
    """Makes an event: its type after `response.`, and its fields."""

    def __call__(self, kind: str, **fields: Any) -> bytes:
        """The event as bytes."""
        ...


class OpenItem(ABC):
    """An item that is not complete yet."""

    def __init__(self, emit: Emit, index: int, identifier: str) -> None:
        """`index`: among the items of the response."""
        self._emit = emit
        self.index = index
        self._id = identifier

    def _begin(self, item: Json) -> bytes:
        item = {**item, "status": "in_progress"}
        return self._emit("output_item.added", output_index=self.index, item=item)

    def close(self, status: str) -> tuple[bytes, Json]:
        """The last events, and the item."""
        events, item = self._end()
        item["status"] = status
        done = self._emit("output_item.done", output_index=self.index, item=item)
        return events + done, item

    @abstractmethod
    def _end(self) -> tuple[bytes, Json]:
        """The events that end its parts, and the item."""


class OpenMessage(OpenItem):
    """What the model says: a text, a refusal, or first the one and then the other."""

    def __init__(self, emit: Emit, index: int) -> None:
        super().__init__(emit, index, new_id("msg"))
        self._parts: list[Json] = []
        self._kind: str | None = None
        self._said: list[str] = []
        self._logprobs: list[Json] = []
        self._annotations: list[Json] = []
        self._where = {"item_id": self._id, "output_index": index, "content_index": 0}

    def begin(self) -> bytes:
        """Its first event."""
        return self._begin(message_item(self._id, []))

    def say(self, text: str, logprobs: list[Json]) -> bytes:
        """More of its text."""
        events = b"" if self._kind == TEXT else self._open(TEXT, text_part("", []))
        self._said.append(text)
        self._logprobs += logprobs
        return events + self._emit(f"{TEXT}.delta", **self._where, delta=text, logprobs=logprobs)

    def refuse(self, text: str) -> bytes:
        """More of its refusal."""
        events = b"" if self._kind == REFUSAL else self._open(REFUSAL, refusal_part(""))
        self._said.append(text)
        return events + self._emit(f"{REFUSAL}.delta", **self._where, delta=text)

    def cite(self, annotations: list[Json]) -> bytes:
        """Where the words of its text come from."""
        events = b""
        for annotation in annotations if self._kind == TEXT else ():
            number = len(self._annotations)
            self._annotations.append(annotation)
            events += self._emit(
                f"{TEXT}.annotation.added",
                **self._where,
                annotation_index=number,
                annotation=annotation,
            )
        return events

    def _open(self, kind: str, empty: Json) -> bytes:
        events = self._close()
        self._kind = kind
        return events + self._emit("content_part.added", **self._where, part=empty)

    def _close(self) -> bytes:
        """End the open part."""
        if self._kind is None:
            return b""
        whole = "".join(self._said)
        if self._kind == TEXT:
            part = {**text_part(whole, self._logprobs), "annotations": self._annotations}
            said = {"text": whole, "logprobs": self._logprobs}
        else:
            part, said = refusal_part(whole), {REFUSAL: whole}
        events = self._emit(f"{self._kind}.done", **self._where, **said)
        events += self._emit("content_part.done", **self._where, part=part)
        self._parts.append(part)
        self._where = {**self._where, "content_index": len(self._parts)}
        self._kind, self._said, self._logprobs, self._annotations = None, [], [], []
        return events

    def _end(self) -> tuple[bytes, Json]:
        return self._close(), message_item(self._id, self._parts)


class OpenThought(OpenItem):
    """What the model thinks."""

    def __init__(self, emit: Emit, index: int) -> None:
        super().__init__(emit, index, new_id("rs"))
        self._thought: list[str] = []
        self._block: Json | None = None

    def begin(self) -> bytes:
        """Its first event."""
        return self._begin(reasoning_item(self._id, "", None))

    @property
    def so_far(self) -> str:
        """All of it that was told."""
        return "".join(self._thought)

    def think(self, more: str) -> bytes:
        """More of it."""
        events = b""
        if not self._thought:
            part = {"type": "summary_text", "text": ""}
            events = self._emit(f"{SUMMARY}part.added", **self._where, part=part)
        self._thought.append(more)
        return events + self._emit(f"{SUMMARY}text.delta", **self._where, delta=more)

    def seal(self, block: Json) -> None:
        """Take what is to be sent back of it: `block` is signed or hidden."""
        self._block = block if block.get("data") else {**block, "thinking": self.so_far}

    @property
    def _where(self) -> Json:
        return {"item_id": self._id, "output_index": self.index, "summary_index": 0}

    def _end(self) -> tuple[bytes, Json]:
        text = self.so_far
        events = b""
        if text:
            part = {"type": "summary_text", "text": text}
            events = self._emit(f"{SUMMARY}text.done", **self._where, text=text)
            events += self._emit(f"{SUMMARY}part.done", **self._where, part=part)
        return events, reasoning_item(self._id, text, self._block)


class OpenCall(OpenItem):
    """A call of a tool. A custom tool's input is told once it is complete."""

    def __init__(self, emit: Emit, index: int, called: Json, tools: Toolbox) -> None:
        """`called`: its first fragment, see `form.calls_of`."""
        self._told = called["function"]["name"]
        self._tools = tools
        self._is_custom = tools.tool(self._told).is_custom
        super().__init__(emit, index, new_id("ctc" if self._is_custom else "fc"))
        self.arguments = ""
        first = call_item(self._id, called["id"], self._told, "", tools)
        self._call_id = first["call_id"]
        self._first = {**first, "input" if self._is_custom else "arguments": ""}

    def begin(self) -> bytes:
        """Its first event."""
        return self._begin(self._first)

    @property
    def is_complete(self) -> bool:
        """Whether its arguments are a whole object that says something.

        After `1` or `{}` more may come: some begin with an empty object and then say it all.
        """
        try:
            return bool(isinstance(said := orjson.loads(self.arguments), dict) and said)
        except orjson.JSONDecodeError:
            return False

    def add(self, called: Json) -> bytes:
        """A fragment of it."""
        more = called["function"]["arguments"]
        if not more:
            return b""
        self.arguments += more
        if self._is_custom:
            return b""
        return self._emit("function_call_arguments.delta", **self._where, delta=more)

    @property
    def _where(self) -> Json:
        return {"item_id": self._id, "output_index": self.index}

    def _end(self) -> tuple[bytes, Json]:
        item = call_item(self._id, self._call_id, self._told, self.arguments, self._tools)
        if self._is_custom:
            text = custom_input(self.arguments)
            kind = "custom_tool_call_input"
            events = self._emit(f"{kind}.delta", **self._where, delta=text)
            return events + self._emit(f"{kind}.done", **self._where, input=text), item
        events = b""
        if not self.arguments:
            events = self._emit("function_call_arguments.delta", **self._where, delta="{}")
        done = self._emit(
            "function_call_arguments.done",
            **self._where,
            name=item["name"],
            arguments=item["arguments"],
        )
        return events + done, item
