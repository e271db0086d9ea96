"""Anthropic's messages on the wire, where the provider speaks them.

A stream says its prompt's tokens at the start (`message_start`), its stop reason and the rest of
its tokens near the end (`message_delta`), and then that it is whole (`message_stop`).
https://docs.anthropic.com/en/api/messages-streaming
"""

import re

from lmproxy.call import Json, Observed, Usage
from lmproxy.errors import UpstreamInvalidResponse
from lmproxy.scrub import Scrubber
from lmproxy.upstream import answers
from lmproxy.upstream.events import json_of, last_events, split_events
from lmproxy.upstream.usage import count, total
from lmproxy.upstream.watch import LOOKED_AT_LAST, StreamWatch
from lmproxy.upstream.wire import Wire, renamed

STOP_REASON = re.compile(rb'"stop_reason"\s*:\s*"([\w-]{1,64})"')
START, DELTA, STOP = b"message_start", b"message_delta", b"message_stop"
LOOKED_AT_FIRST_BYTES = 64 * 1024
"""Of a stream, for its `message_start`."""


def read_usage(usage: Json | None) -> Usage | None:
    """Anthropic's `usage` object; `None` if it is none or says nothing.

    It counts what was read from and written to a cache beside the other input, not within it.
    """
    if not isinstance(usage, dict):
        return None
    inputs = [count(usage.get("input_tokens")), *map(count, map(usage.get, CACHES))]
    output = count(usage.get("output_tokens"))
    if inputs[0] is None and output is None:
        return None
    prompt = total(*inputs)
    return Usage(
        prompt_tokens=prompt,
        completion_tokens=output,
        total_tokens=total(prompt, output),
        cached_tokens=inputs[1],
        source="provider",
    )


CACHES = ("cache_read_input_tokens", "cache_creation_input_tokens")


def _note_whole(answer: bytes, observed: Observed, scrubber: Scrubber) -> None:
    parsed = answers.parsed(answer, scrubber)
    if not isinstance(parsed.get("content"), list):
        raise UpstreamInvalidResponse("The provider's answer has no content.")
    observed.usage = read_usage(parsed.get("usage")) or observed.usage
    reason = parsed.get("stop_reason")
    observed.finish_reason = reason if isinstance(reason, str) else None


def _note_ends(head: bytes, tail: bytes, observed: Observed) -> None:
    observed.usage = answers.usage_at_ends(head, tail, read_usage) or observed.usage
    reason = STOP_REASON.search(tail) or STOP_REASON.search(head)
    observed.finish_reason = reason[1].decode() if reason else None


def _note_count(answer: bytes, _: Observed, scrubber: Scrubber) -> None:
    if count(answers.parsed(answer, scrubber).get("input_tokens")) is None:
        raise UpstreamInvalidResponse("The provider's answer has no token count.")


def _note_nothing(head: bytes, tail: bytes, observed: Observed) -> None:
    """A count of tokens is short."""


class MessagesWatch(StreamWatch):
    """Follows one stream of Anthropic's events."""

    _start: Json | None = None
    _seen_bytes = 0

    def see(self, block: bytes) -> bytes:
        """See `StreamWatch.see`."""
        if self._start is None and self._seen_bytes < LOOKED_AT_FIRST_BYTES:
            self._seen_bytes += len(block)
            self._find_start(block)
        return super().see(block)

    def _find_start(self, block: bytes) -> None:
        for event in split_events(block) if START in block else ():
            parsed = json_of(event) if START in event else None
            message = parsed.get("message") if isinstance(parsed, dict) else None
            if isinstance(message, dict):
                usage = message.get("usage")
                self._start = usage if isinstance(usage, dict) else {}
                self._observed.usage_at_start = read_usage(self._start)
                return

    def _ends(self, block: bytes) -> bool:
        if STOP not in block:
            return False
        return any(_is(event, STOP) for event in last_events(block, LOOKED_AT_LAST))

    def _read_last_events(self) -> bool:
        """Only `message_stop` makes a stream whole, and `done` says whether it was there."""
        for event in last_events(b"".join(self._tail), LOOKED_AT_LAST):
            if _is(event, DELTA):
                self._take_note(json_of(event))
                break
        return False

    def _take_note(self, chunk: Json) -> bool:
        usage = chunk.get("usage")
        counted = read_usage({**(self._start or {}), **_said(usage)})
        if counted and isinstance(usage, dict):
            self._observed.usage = counted
        delta = chunk.get("delta")
        reason = delta.get("stop_reason") if isinstance(delta, dict) else None
        if isinstance(reason, str):
            self._observed.finish_reason = reason
        return False


def _said(usage: Json | None) -> Json:
    if not isinstance(usage, dict):
        return {}
    return {name: value for name, value in usage.items() if value is not None}


def _is(event: bytes, kind: bytes) -> bool:
    if kind not in event:
        return False
    parsed = json_of(event)
    return isinstance(parsed, dict) and parsed.get("type") == kind.decode()


MESSAGES = Wire(
    path="/messages",
    body=renamed,
    note_whole=_note_whole,
    note_ends=_note_ends,
    watch=MessagesWatch,
)
COUNT_TOKENS = Wire(
    path="/messages/count_tokens",
    body=renamed,
    note_whole=_note_count,
    note_ends=_note_nothing,
    watch=MessagesWatch,
)
