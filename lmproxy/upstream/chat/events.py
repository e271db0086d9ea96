"""What do the events of a chat stream look like, whoever made its pieces?

Providers and LiteLLM's parsers differ in where they put the role, how often they say the finish
reason, and when they count tokens. A client of OpenAI's API is promised: one id and one creation
time, the role once and first, the finish reason once and last for each choice, the usage chunk only
if it asked, and the name of the model it asked for.
"""

from collections.abc import Iterator
from typing import Any

from lmproxy.call import Call, Json, Usage
from lmproxy.upstream.chat.call_numbers import CallNumbers
from lmproxy.upstream.chat.client_calls import ClientCalls
from lmproxy.upstream.chat.form import DONE, ChatForm, as_event, usage_json, wants_usage

FRAME = {"id", "object", "created", "model", "choices", "usage"}
"""Fields of a chunk that are made here. Others pass."""
CHOICE = {"index", "delta", "message", "finish_reason"}
"""Fields of a choice that are made here. Others pass."""


class StreamForm:
    """A streamed answer made of texts, chunks, or one whole answer."""

    def __init__(self, call: Call) -> None:
        """`call` says which model's name to use and whether usage was asked for."""
        self._frame = ChatForm(call.model).frame("chat.completion.chunk")
        self._wants_usage = wants_usage(call)
        self._reasons: dict[int, str | None] = {}
        self._begun: set[int] = set()
        self._called: set[int] = set()
        self._calls: dict[int, ClientCalls] = {}
        self._numbers: dict[int, CallNumbers] = {}
        self._held: Json = {}
        self.usage: Json | None = None
        """What the chunks said so far, put together; `None` if they said nothing."""

    @property
    def finish_reason(self) -> str | None:
        """Of the first choice; `None` before it has one."""
        first = min(self._reasons, default=0)
        return self._reason(first) if self._reasons.get(first) else None

    @property
    def is_finished(self) -> bool:
        """Whether every choice that began has its finish reason."""
        return bool(self._reasons) and all(self._reasons.values())

    @property
    def is_empty(self) -> bool:
        """Whether nothing was handed on so far."""
        return not self._begun

    def add(self, item: str | Json) -> bytes:
        """The events of the next piece; `b""` if it says nothing a client has to hear now."""
        if isinstance(item, str):
            return self._event(0, {"content": item}, {}, {})
        if isinstance(item.get("usage"), dict):
            self.usage = together(self.usage or {}, item["usage"])
        choices = item.get("choices")
        rest = {name: value for name, value in item.items() if name not in FRAME and value}
        return b"".join(
            self._add_choice(choice, rest)
            for choice in (choices if isinstance(choices, list) else ())
            if isinstance(choice, dict)
        )

    def _add_choice(self, choice: Json, rest: Json) -> bytes:
        index = choice.get("index") or 0
        delta = choice.get("delta") or choice.get("message") or {}
        said = {name: value for name, value in delta.items() if value and name != "role"}
        if said.get("tool_calls"):
            self._take_calls(index, said, is_whole="message" in choice)
        events = b""
        others = {name: value for name, value in choice.items() if name not in CHOICE and value}
        if said or others:
            events = self._event(index, said, rest, others)
        else:
            self._held |= rest
        reason = choice.get("finish_reason")
        if reason and (reason != "stop" or not self._reasons.get(index)):
            # Some say `stop` all the time; LiteLLM says it once more after `length`.
            self._reasons[index] = reason
        return events

    def _take_calls(self, index: int, said: Json, *, is_whole: bool) -> None:
        """Leave in `said` the calls that are the client's to make, numbered."""
        calls = self._calls.setdefault(index, ClientCalls()).among(said.pop("tool_calls"))
        if calls:
            self._called.add(index)
            numbers = self._numbers.setdefault(index, CallNumbers())
            pieces = _numbered(calls) if is_whole else calls
            said["tool_calls"] = [{**piece, "index": numbers.of(piece)[0]} for piece in pieces]

    def _event(self, index: int, said: Json, rest: Json, others: Json) -> bytes:
        self._reasons.setdefault(index, None)
        if "logprobs" in others:
            others["logprobs"] = whole_logprobs(others["logprobs"])
        choice = {"index": index, "delta": self._with_role(index, said), "finish_reason": None}
        choice |= others
        return as_event({**self._frame, **rest, "choices": [choice]})

    def cut_short(self) -> None:
        """The provider said in a word of its own that what looks complete is not."""
        reasons = self._reasons.items()
        self._reasons = {i: "length" if reason == "stop" else reason for i, reason in reasons}

    def end(self, usage: Usage) -> bytes:
        """The last events. Whether the provider had come to an end is the caller's to know."""
        self._reasons = {index: reason or "stop" for index, reason in self._reasons.items()}
        self._reasons = self._reasons or {0: "stop"}
        events = b"".join(map(self._last_event, sorted(self._reasons)))
        if self._wants_usage:
            counted = self.usage or usage_json(usage)
            events += as_event({**self._frame, "choices": [], "usage": counted})
        return events + DONE

    def _last_event(self, index: int) -> bytes:
        delta, reason = self._with_role(index, {}), self._reason(index)
        choice = {"index": index, "delta": delta, "finish_reason": reason}
        return as_event({**self._frame, **self._held, "choices": [choice]})

    def _with_role(self, index: int, said: Json) -> Json:
        if index in self._begun:
            return said
        self._begun.add(index)
        return {"role": "assistant", **said}

    def _reason(self, index: int) -> str | None:
        reason = self._reasons[index]
        return reason and as_openai_says(reason, index in self._called)


def _numbered(calls: list[Json]) -> Iterator[Json]:
    """Whole calls as pieces of a stream, which say where they belong."""
    for index, call in enumerate(calls):
        yield {"index": index, **call}


def as_openai_says(reason: str, calls_tools: bool) -> str:
    """A finish reason: some providers call it `stop` when the model calls a tool.

    Where a tool stands for a JSON schema, LiteLLM makes a text of its call and leaves the reason.
    """
    if reason in ("stop", "tool_calls"):
        return "tool_calls" if calls_tools else "stop"
    return reason


def whole_logprobs(given: Any) -> Any:
    """A choice's `logprobs` with both parts that OpenAI's have; LiteLLM leaves out empty ones."""
    if not isinstance(given, dict):
        return None
    return {"content": None, "refusal": None, **given}


def together(earlier: Json, later: Json) -> Json:
    """Token counts of one answer, said in parts: the newest of each, but no count gone to nothing.

    Anthropic says the prompt at the start and the completion at the end.
    """
    counted = dict(earlier)
    for name, value in later.items():
        known = counted.get(name)
        if isinstance(value, dict):
            counted[name] = together(known if isinstance(known, dict) else {}, value)
        elif value is not None and (value or not known):
            counted[name] = value
    prompt, completion = counted.get("prompt_tokens"), counted.get("completion_tokens")
    if isinstance(prompt, int) and isinstance(completion, int):
        # Not less than its parts; some count reasoning beside them.
        counted["total_tokens"] = max(counted.get("total_tokens") or 0, prompt + completion)
    return counted
