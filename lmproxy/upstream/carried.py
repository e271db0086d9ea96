"""Which words and calls of a conversation are not in the provider's request?

Both are read as JSON. Every text of the client's must be a text of the provider's, as often as it
was said; one that is not may be joined with others there, or, if it is JSON itself, be put as a
table. Calls and their results are counted. All of it is linear in the two requests.
"""

from collections import Counter
from collections.abc import Iterator
from typing import Any

import orjson

CONTENT, CALLS = "messages[].content", "messages[].tool_calls"
RESULTS, NAME = "messages[].tool_call_id", "messages[].name"
THINKING, REASONING = "messages[].thinking", "messages[].reasoning_content"
REFUSAL = "messages[].refusal"
PARTS = {"text": CONTENT, "input_text": CONTENT, "refusal": REFUSAL, "thinking": THINKING}
"""Kinds of parts that are texts; each has its text in the field of its kind, or in `text`."""
CALL_KEYS = ("toolUse", "functionCall", "function_call")
RESULT_KEYS = ("toolResult", "functionResponse", "function_response")
RESULT_ROLES = ("tool", "function")
COUNTED = {"tool_calls", "role", *CALL_KEYS, *RESULT_KEYS}
"""Fields of which one is in every table that stands for calls or a result."""
MOST_OUT_OF_ORDER = 100
"""Joined texts that are looked for from the start: nearly all keep their order, and a search from
the start for each of many would stop the loop."""
LONG = 4096
JSON_FORMS = {"json_object", "json_schema", "application/json", "json", "json_tool_call"}
"""What says at providers that an answer must be JSON."""


def lost(messages: Any, sent: bytes, *, as_json: bool) -> tuple[str, ...]:
    """Names of what is in the client's messages and not in the provider's request.

    Args:
        messages: of whatever types they are.
        sent: the provider's request; nothing is said of one that is no JSON.
        as_json: whether the client wants any JSON for an answer, which is held against it as well.
    """
    try:
        request = Request(orjson.loads(sent))
    except orjson.JSONDecodeError:
        return ()
    asked = [m for m in messages if isinstance(m, dict)] if isinstance(messages, list) else []
    calls = [function for message in asked for function in _calls(message)]
    texts = [text for message in asked for text in _texts(message)]
    said = [(CALLS, call.get("arguments")) for call in calls if call.get("arguments") != "null"]
    names = request.lacks(texts + said)
    if len(calls) > request.calls:
        names.append(CALLS)
    if sum(message.get("role") in RESULT_ROLES for message in asked) > request.results:
        names.append(RESULTS)
    if as_json and not any(request.left[form] for form in JSON_FORMS):
        names.append("response_format")
    return tuple(dict.fromkeys(names))


class Request:
    """What a provider's request says, counted.

    Attributes:
        left: its texts, each as often as it was not yet asked for.
        calls: how many calls of tools are in it.
        results: how many results.
    """

    def __init__(self, document: Any) -> None:
        """Read it."""
        self.calls = self.results = 0
        self.left = Counter(text.strip() for text in self._read(document))

    def _read(self, document: Any) -> Iterator[str]:
        rest = [document]
        while rest:
            value = rest.pop()
            if isinstance(value, str):
                yield value
            elif isinstance(value, list):
                rest += reversed(value)
            elif isinstance(value, dict):
                self._count(value)
                rest += reversed(value.values())

    def _count(self, table: dict[str, Any]) -> None:
        kind = table.get("type")
        if isinstance(kind, str) and "tool_" in kind:
            self.calls += kind.endswith("tool_use")
            self.results += kind.endswith("tool_result")
        if COUNTED.isdisjoint(table):
            return
        calls = table.get("tool_calls")
        self.calls += len(calls) if isinstance(calls, list) else 0
        self.calls += any(table.get(key) for key in CALL_KEYS)
        self.results += any(table.get(key) for key in RESULT_KEYS)
        self.results += table.get("role") in RESULT_ROLES

    def lacks(self, asked: list[tuple[str, Any]]) -> list[str]:
        """Which of `asked`, names with what may be texts, are not in it; these leave `left`."""
        texts = [(name, text) for name, text in asked if isinstance(text, str)]
        missing = [(name, text) for name, text in texts if not self._takes(text)]
        lost = [name for name, _ in missing if name == NAME]
        missing = [(n, text) for n, text in missing if n != NAME and not self._takes_table(text)]
        return lost + self._joined_without(missing) if missing else lost

    def _takes(self, text: str) -> bool:
        text = text.strip()
        if not self.left[text]:
            return not text
        self.left[text] -= 1
        return True

    def _takes_table(self, text: str) -> bool:
        """Whether a text that is JSON is in it as a table, which has the same texts."""
        if text.strip()[:1] not in ("{", "["):
            return False
        try:
            inside = list(_strings(orjson.loads(text)))
        except orjson.JSONDecodeError:
            return False
        return all(self._takes(piece) for piece in inside)

    def _joined_without(self, missing: list[tuple[str, str]]) -> list[str]:
        """Which are not part of a longer text either."""
        joined = "\n".join(text for text, count in self.left.items() if count and _is_prose(text))
        lost, at, out_of_order = [], 0, 0
        for name, text in missing:
            needle = text.strip()
            found = joined.find(needle, at)
            if found < 0 and out_of_order < MOST_OUT_OF_ORDER:
                found, out_of_order = joined.find(needle), out_of_order + 1
            if found < 0:
                lost.append(name)
            else:
                at = found + len(needle)
        return lost


def _is_prose(text: str) -> bool:
    """Not the data of a picture, which nothing is joined to."""
    return len(text) < LONG or " " in text or "\n" in text or not text.isascii()


def _strings(document: Any) -> Iterator[str]:
    """Every text that is a value in a JSON document."""
    rest = [document]
    while rest:
        value = rest.pop()
        if isinstance(value, str):
            yield value
        elif isinstance(value, list | dict):
            rest += value if isinstance(value, list) else value.values()


def _texts(message: dict[str, Any]) -> list[tuple[str, Any]]:
    """What may be texts of a message, each with the name of its place."""
    content = message.get("content")
    found: list[tuple[str, Any]] = [(CONTENT, content), (REFUSAL, message.get("refusal"))]
    for part in _tables(content):
        kind = part.get("type")
        if isinstance(kind, str) and kind in PARTS:
            found.append((PARTS[kind], part.get(kind, part.get("text"))))
    if message.get("role") not in RESULT_ROLES:
        found.append((NAME, message.get("name")))
    thoughts = _tables(message.get("thinking_blocks"))
    found += [(THINKING, block.get("thinking") or block.get("data")) for block in thoughts]
    if not thoughts:
        found.append((REASONING, message.get("reasoning_content")))
    return found


def _calls(message: dict[str, Any]) -> list[dict[str, Any]]:
    """The functions that a message calls."""
    if "tool_calls" not in message and "function_call" not in message:
        return []
    calls = [call.get("function") or {} for call in _tables(message.get("tool_calls"))]
    return _tables([*calls, message.get("function_call")])


def _tables(values: Any) -> list[dict[str, Any]]:
    return [v for v in values if isinstance(v, dict)] if isinstance(values, list) else []
