"""What was said so far? The `input` of a Responses request, as the messages of chat.

An assistant's thoughts, words and calls are items of their own there; in chat they are one message.
A custom tool's input is a text there; in chat it stands in a JSON object.
"""

from typing import Any

import orjson

from lmproxy.call import Json
from lmproxy.errors import InvalidRequest
from lmproxy.upstream.responses.parts import unsealed
from lmproxy.upstream.responses.tools import INPUT, Toolbox, kind_of

ROLES = {"user": "user", "assistant": "assistant", "system": "system", "developer": "system"}
"""Chat's roles. Servers that only have chat know no `developer`."""
TEXTS = {"input_text", "output_text", "text", "summary_text", "reasoning_text", "refusal"}
BETWEEN = "\n\n"
JOINED = {"system": ("content",), "assistant": ("content", "reasoning_content")}
"""By role, the texts of a message that several items may add to."""
CALLS = {"function_call", "custom_tool_call"}
OUTPUTS = {"function_call_output", "custom_tool_call_output"}
SEE_NEXT = "See the next message."


class Conversation:
    """Chat's messages, made of items one after another."""

    def __init__(
        self,
        tools: Toolbox,
        *,
        takes_thoughts: bool,
        takes_signed: bool,
        keeps_order: bool,
        dropped: list[str],
    ) -> None:
        """`dropped` gets the names of what chat has no place for.

        `keeps_order`: see `messages.thoughts`.
        """
        self.messages: list[Json] = []
        self._tools = tools
        self._takes_thoughts = takes_thoughts
        self._takes_signed = takes_signed
        self._keeps_order = keeps_order
        self._dropped = dropped
        self._thoughts: list[Json] = []
        self._reasoning: list[str] = []
        self._media: list[Json] = []
        """Of tools' outputs: chat has pictures nowhere but with a user."""

    def instruct(self, instructions: Any) -> None:
        """Begin with what the model is told to be.

        Raises:
            InvalidRequest: it is no text.
        """
        if instructions is not None and not isinstance(instructions, str):
            raise _wrong("instructions", "a string")
        if instructions:
            self._system(instructions)

    def hear(self, given: Any) -> None:
        """Take the whole `input`.

        Raises:
            InvalidRequest: it is neither a text nor a list of items, or has one that cannot go on.
        """
        if isinstance(given, str):
            self.messages.append({"role": "user", "content": given})
        elif isinstance(given, list):
            for number, item in enumerate(given):
                self._item(item, f"input[{number}]")
            self._flush()
            self._forget()
            self._join()
        else:
            raise _wrong("input", "a string or a list")
        if not self.messages:
            raise InvalidRequest("'input' has nothing in it that a model could answer.")

    def _item(self, item: Any, place: str) -> None:
        if not isinstance(item, dict):
            raise _wrong(place, "an object")
        kind = kind_of(item) or ("message" if "role" in item else None)
        if kind in OUTPUTS:
            self._output(item, place)
        elif kind == "reasoning":
            self._think(item)
        elif kind in CALLS:
            self._call(item, is_custom=kind == "custom_tool_call")
        elif kind == "message":
            self._message(item, place)
        elif kind == "item_reference" or (kind is None and "id" in item):
            raise InvalidRequest(
                "This model's provider keeps no items: send the item itself instead of a reference "
                "to it. Most clients do so with 'store' set to false.",
                code="unsupported_parameter",
                param=place,
            )
        else:
            self._dropped.append(f"input[].{kind or 'type'}")

    def _message(self, item: Json, place: str) -> None:
        role = ROLES.get(str(item.get("role")))
        if role is None:
            raise InvalidRequest(
                f"'{place}.role' must be user, assistant, system or developer.",
                param=f"{place}.role",
            )
        content = self._content(item.get("content"), f"{place}.content")
        self._dropped += ["input[].phase"] if item.get("phase") else []
        if role == "assistant":
            self._say(_texts(content, ""))
            return
        self._forget()
        if role == "user":
            self._user(content)
        else:
            self._flush()
            self._system(_texts(content, BETWEEN))

    def _content(self, content: Any, place: str) -> list[Json]:
        """A message's parts as chat has them."""
        if isinstance(content, str):
            return [{"type": "text", "text": content}]
        if content is not None and not isinstance(content, list):
            raise _wrong(place, "a string or a list")
        parts = []
        for number, part in enumerate(content or ()):
            if not isinstance(part, dict):
                raise _wrong(f"{place}[{number}]", "an object")
            told = self._part(part, f"{place}[{number}]")
            parts += [told] if told else []
        return parts

    def _part(self, part: Json, place: str) -> Json | None:
        kind = kind_of(part)
        if kind in TEXTS:
            self._dropped += ["input[].content[].annotations"] if part.get("annotations") else []
            return {"type": "text", "text": str(part.get("text") or part.get("refusal") or "")}
        if kind == "input_image":
            return _image(part, place)
        if kind == "input_file":
            return _file(part, place)
        if kind == "input_audio" and isinstance(part.get("input_audio"), dict):
            return {"type": "input_audio", "input_audio": part["input_audio"]}
        self._dropped.append(f"input[].content[].{kind or 'type'}")
        return None

    def _system(self, text: str) -> None:
        """Instructions at the beginning are one message: some models' templates take no second."""
        if len(self.messages) == 1 and self.messages[0]["role"] == "system":
            self._more(self.messages[0], "content", text)
        else:
            self.messages.append({"role": "system", "content": text})

    def _more(self, message: Json, field: str, *texts: str) -> None:
        """Add to a message's text. All of it is joined at the end, once."""
        said = message.get(field)
        if not isinstance(said, list):
            said = message[field] = [said] if said else []
        said += filter(None, texts)

    def _join(self) -> None:
        """Make one text of each that was added to."""
        for message in self.messages:
            for field in JOINED.get(message["role"], ()):
                if isinstance(said := message.get(field), list):
                    message[field] = BETWEEN.join(said)

    def _user(self, parts: list[Json]) -> None:
        parts, self._media = [*self._media, *parts], []
        is_text = len(parts) == 1 and parts[0]["type"] == "text"
        content = parts[0]["text"] if is_text else (parts or "")
        self.messages.append({"role": "user", "content": content})

    def _flush(self) -> None:
        if self._media:
            self._user([])

    def _assistant(self) -> Json:
        """The message in which the assistant speaks, calls and has thought."""
        last = self.messages[-1] if self.messages else {}
        has_spoken = last.get("content") is not None or "tool_calls" in last
        thinks_anew = self._keeps_order and bool(self._thoughts) and has_spoken
        if last.get("role") != "assistant" or self._media or thinks_anew:
            self._flush()
            self.messages.append({"role": "assistant", "content": None})
        message = self.messages[-1]
        if self._thoughts:
            message.setdefault("thinking_blocks", []).extend(self._thoughts)
        if self._reasoning:
            self._more(message, "reasoning_content", *self._reasoning)
        self._thoughts, self._reasoning = [], []
        return message

    def _say(self, text: str) -> None:
        self._more(self._assistant(), "content", text)

    def _call(self, item: Json, *, is_custom: bool) -> None:
        arguments = item.get("arguments") or "{}"
        if is_custom:
            arguments = orjson.dumps({INPUT: item.get("input") or ""}).decode()
        elif not isinstance(arguments, str):
            arguments = orjson.dumps(arguments).decode()
        name = self._tools.name(str(item.get("name")), item.get("namespace"))
        self._assistant().setdefault("tool_calls", []).append(
            {
                "id": str(item.get("call_id") or item.get("id") or ""),
                "type": "function",
                "function": {"name": name, "arguments": arguments},
            }
        )

    def _output(self, item: Json, place: str) -> None:
        self._forget()
        output = item.get("output")
        if output is not None and not isinstance(output, str | list):
            output = orjson.dumps(output).decode()
        parts = self._content(output, f"{place}.output")
        media = [part for part in parts if part["type"] != "text"]
        self._media += media
        content = _texts(parts, "\n") or (SEE_NEXT if media else "")
        call_id = str(item.get("call_id") or "")
        self.messages.append({"role": "tool", "tool_call_id": call_id, "content": content})

    def _think(self, item: Json) -> None:
        blocks = unsealed(item.get("encrypted_content"))
        said = item.get("content") or item.get("summary")
        parts = [part for part in said if isinstance(part, dict)] if isinstance(said, list) else []
        texts = [text for part in parts if isinstance(text := part.get("text"), str) and text]
        takes = self._takes_signed if blocks else self._takes_thoughts
        if not takes or not (blocks or texts):
            self._dropped.append("input[].reasoning")
            return
        self._thoughts += blocks
        self._reasoning += texts

    def _forget(self) -> None:
        """Thoughts after which the assistant neither spoke nor called have no place in chat."""
        if self._thoughts or self._reasoning:
            self._dropped.append("input[].reasoning")
        self._thoughts, self._reasoning = [], []


def _texts(parts: list[Json], between: str) -> str:
    return between.join(part["text"] for part in parts if part["type"] == "text")


def _image(part: Json, place: str) -> Json:
    url = part.get("image_url")
    url = url.get("url") if isinstance(url, dict) else url  # As chat has it.
    if not isinstance(url, str) or not url:
        raise _not_kept(place, "'image_url'")
    detail = part.get("detail")
    return {
        "type": "image_url",
        "image_url": {"url": url, **({"detail": detail} if detail not in (None, "auto") else {})},
    }


def _file(part: Json, place: str) -> Json:
    data = part.get("file_data")
    if not isinstance(data, str) or not data:
        raise _not_kept(place, "'file_data'")
    return {"type": "file", "file": {"filename": part.get("filename") or "file", "file_data": data}}


def _not_kept(place: str, wanted: str) -> InvalidRequest:
    return InvalidRequest(
        f"This model's provider has no files of yours: send the data itself in {wanted}.",
        code="unsupported_content",
        param=place,
    )


def _wrong(param: str, wanted: str) -> InvalidRequest:
    return InvalidRequest(f"'{param}' must be {wanted}.", code="invalid_type", param=param)
