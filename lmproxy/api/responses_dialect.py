"""How does OpenAI's Responses API say that something went wrong? Plainly as all of OpenAI's do.

Within a stream there is an event of type `error`. The reference has `code`, `message` and `param`
in the event itself; OpenAI sends them inside an `error` object, at which its SDKs raise. Here they
stand in both places, so that nobody takes half an answer for a whole one.
https://platform.openai.com/docs/api-reference/responses-streaming/error
"""

import re
from dataclasses import replace

import orjson

from lmproxy.api.openai_dialect import OPENAI
from lmproxy.errors import ProxyError

NUMBER = re.compile(rb'"sequence_number"\s*:\s*(\d{1,15})')
ENDS = (b'"response.completed"', b'"response.incomplete"', b'"response.failed"')
"""Inside a text these quotes would have a backslash before them."""


def _error_event(error: ProxyError, request_id: str, after: bytes) -> bytes:
    fields = orjson.loads(OPENAI.error(error, request_id))["error"]
    event = {
        "type": "error",
        "sequence_number": _number_after(after),
        "code": error.code,
        "message": error.message,
        "param": error.param,
        "error": fields,
    }
    return b"event: error\ndata: " + orjson.dumps(event) + b"\n\n"


def _number_after(block: bytes) -> int:
    """The number of the event that follows those of `block`."""
    seen = NUMBER.findall(block)
    return int(seen[-1]) + 1 if seen else 0


def _ends(block: bytes) -> bool:
    return any(mark in block for mark in ENDS)


RESPONSES = replace(OPENAI, name="responses", error_event=_error_event, ends=_ends)
