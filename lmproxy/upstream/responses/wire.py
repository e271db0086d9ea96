"""OpenAI's Responses API on the wire, where the provider speaks it.

A stream's last event has the whole response, with usage and status, and only it makes the stream
whole: `response.completed`, `response.incomplete` or `response.failed`. Some servers send OpenAI's
`[DONE]` after it.
https://platform.openai.com/docs/api-reference/responses-streaming
"""

import re
from dataclasses import replace
from typing import Any

from lmproxy.call import Call, Json, Observed, Usage
from lmproxy.config.values import StreamUsage
from lmproxy.errors import UpstreamFault, UpstreamInvalidResponse
from lmproxy.scrub import Scrubber
from lmproxy.upstream import answers, usage
from lmproxy.upstream.events import json_of, last_events
from lmproxy.upstream.faults import error_inside
from lmproxy.upstream.messages.wire import COUNT_TOKENS
from lmproxy.upstream.watch import LOOKED_AT_LAST, StreamWatch
from lmproxy.upstream.wire import Wire, renamed

LAST = ("response.completed", "response.incomplete", "response.failed")
"""The types of an event that ends a stream."""
KEPT_BACK = ("request_id",)
"""vLLM and SGLang make it the response's id. Whose a response is, is told by an id of theirs."""
LONGEST_WORDS = 10_000
MARKS = tuple(f'"{kind}"'.encode() for kind in LAST)
REASON = re.compile(rb'"incomplete_details"\s*:\s*\{\s*"reason"\s*:\s*"([\w-]{1,64})"')
FLAT = rb'\{\s*+(?:(?!"id")"\w++"\s*+:\s*+(?:"(?:[^"\\]|\\.)*+"|[\w.+-]++)\s*+,\s*+)*+'
"""The beginning of an object, up to its id or to what is no plain value."""
ID = re.compile(FLAT + rb'(?:"response"\s*+:\s*+' + FLAT + rb')?+"id"\s*+:\s*+"([\w.=:-]{1,256})"')
"""Of a response, or of the one in an event; never of what the client wrote and it repeats."""
RESPONSE_ID = re.compile(r"[\w-][\w.=:-]{0,255}", re.ASCII)
"""An id that can stand in a URL's path. Of a response with another nothing more can be asked."""
STATUS = re.compile(rb'"status"\s*:\s*"([\w-]{1,64})"')


def read_usage(given: Any) -> Usage | None:
    """The API's `usage` object; `None` if it is none or says nothing."""
    return usage.read_usage(given, "input", "output")


def finish_reason(response: Json) -> str | None:
    """Why a response is incomplete, else its status."""
    details = response.get("incomplete_details")
    reason = details.get("reason") if isinstance(details, dict) else None
    found = reason or response.get("status")
    return found if isinstance(found, str) else None


def _note(response: Json, observed: Observed) -> None:
    response_id = response.get("id")
    if isinstance(response_id, str) and RESPONSE_ID.fullmatch(response_id):
        observed.response_id = response_id
    observed.usage = read_usage(response.get("usage")) or observed.usage
    observed.finish_reason = finish_reason(response)


def _note_start(start: bytes, observed: Observed) -> None:
    """Take note of the response's id: others may ask for it while it is being made."""
    found = ID.match(start, max(start.find(b"{"), 0))
    if found and RESPONSE_ID.fullmatch(found[1].decode()):
        observed.response_id = found[1].decode()


def _note_whole(answer: bytes, observed: Observed, scrubber: Scrubber) -> None:
    response = answers.json_of_any(answer)
    if not isinstance(response.get("output"), list):
        if response.get("error"):
            raise error_inside(response["error"], scrubber)
        raise UpstreamInvalidResponse("The provider's answer has no output.")
    fault = failure(response, scrubber)
    if fault is not None:
        raise fault
    _note(response, observed)


def _note_compacted(answer: bytes, observed: Observed, scrubber: Scrubber) -> None:
    compacted = answers.parsed(answer, scrubber)
    if not isinstance(compacted.get("output"), list):
        raise UpstreamInvalidResponse("The provider's answer has no output.")
    observed.usage = read_usage(compacted.get("usage")) or observed.usage


def _note_stored(answer: bytes, observed: Observed, scrubber: Scrubber) -> None:
    """Take note of a whole response; a list of what it was asked, or that it is deleted, is none.

    One that is made in the background says here how many tokens it took.
    """
    if isinstance(answers.json_of_any(answer).get("output"), list):
        _note_whole(answer, observed, scrubber)
    else:
        answers.parsed(answer, scrubber)


def failure(response: Json, scrubber: Scrubber) -> UpstreamFault | None:
    """The fault in place of a failed response whose words must not be seen; else `None`.

    Any other is an answer: it says itself that it failed, and goes on as it is.
    """
    error = response.get("error")
    if not error or scrubber.value(error, LONGEST_WORDS) == error:
        return None
    return error_inside(error, scrubber)


def _note_ends(head: bytes, tail: bytes, observed: Observed) -> None:
    observed.usage = answers.usage_at_ends(head, tail, read_usage) or observed.usage
    reason = REASON.search(head) or REASON.search(tail) or STATUS.search(head)
    observed.finish_reason = reason[1].decode() if reason else None


class ResponsesWatch(StreamWatch):
    """Follows one stream of the API's events."""

    def _fault_in(self, event: Json) -> UpstreamFault | None:
        response = event.get("response")
        failed = failure(response, self._scrubber) if isinstance(response, dict) else None
        return failed or super()._fault_in(event)

    def _ends(self, block: bytes) -> bool:
        """Takes note of the last event as well, for it is large, and is parsed once."""
        if not any(mark in block for mark in MARKS):
            return False
        for event in last_events(block, LOOKED_AT_LAST):
            response = _last_response(event)
            if response is not None:
                _note(response, self._observed)
                return True
        return False

    def _read_last_events(self) -> bool:
        """Only its last event makes a stream whole, and `done` says whether it was there."""
        return False


def _last_response(event: bytes) -> Json | None:
    """The response in an event that ends a stream; `None` in any other."""
    parsed = json_of(event) if any(mark in event for mark in MARKS) else None
    if not isinstance(parsed, dict) or parsed.get("type") not in LAST:
        return None
    response = parsed.get("response")
    return response if isinstance(response, dict) else {}


def _body(call: Call, model: str, counting: StreamUsage) -> tuple[Json, bool]:
    document, withhold = renamed(call, model, counting)
    return {key: document[key] for key in document if key not in KEPT_BACK}, withhold


RESPONSES = Wire(
    path="/responses",
    body=_body,
    note_whole=_note_whole,
    note_ends=_note_ends,
    watch=ResponsesWatch,
    note_start=_note_start,
    kept_back=KEPT_BACK,
)
COMPACT = Wire(
    path="/responses/compact",
    body=renamed,
    note_whole=_note_compacted,
    note_ends=_note_ends,
    watch=ResponsesWatch,
    family="responses",
)
"""A conversation made shorter: its `output` is the next one's `input`. It is not kept."""
INPUT_TOKENS = replace(COUNT_TOKENS, path="/responses/input_tokens", family="responses")
STORED = Wire(
    path="/responses",
    body=renamed,
    note_whole=_note_stored,
    note_ends=_note_ends,
    watch=ResponsesWatch,
)
"""Questions about one that the provider keeps. They have no body."""
