"""Is a plain answer an answer? Judged by its first 64 KiB, handed on untouched.

Up to 64 KiB it is parsed whole; of a longer one, the head must look like a JSON object and usage is
looked for at both ends.
"""

import re
from collections.abc import Callable

from lmproxy.call import Json, Observed, Pieces, Usage
from lmproxy.errors import UpstreamInvalidResponse
from lmproxy.scrub import Scrubber
from lmproxy.upstream.faults import error_inside
from lmproxy.upstream.provider_json import read
from lmproxy.upstream.usage import read_usage
from lmproxy.upstream.watch import finish_reason

PARSED_WHOLE_BYTES = 64 * 1024
PAGES = ("text/html", "application/xhtml+xml")
"""Media types of no answer at all."""
USAGE_OBJECT = re.compile(rb'"usage"\s*:\s*(\{(?:[^{}"]|"[^"]*"|\{[^{}]*\})*\})')
FINISH_REASON = re.compile(rb'"finish_reason"\s*:\s*"([\w-]{1,64})"')


async def read_whole(body: bytes | Pieces) -> bytes:
    """A reply's body, read to its end and closed if it comes in pieces."""
    if isinstance(body, bytes):
        return body
    try:
        return b"".join([piece async for piece in body])
    finally:
        await body.aclose()


def note_whole(answer: bytes, observed: Observed, scrubber: Scrubber) -> None:
    """Check a whole chat answer and take note of usage and finish reason.

    Raises:
        UpstreamFault: it is an error in disguise, or no chat answer.
    """
    document = parsed(answer, scrubber)
    choices = document.get("choices")
    if not isinstance(choices, list) or not choices:
        raise UpstreamInvalidResponse("The provider's answer has no choices.")
    observed.usage = read_usage(document.get("usage")) or observed.usage
    observed.finish_reason = finish_reason(document)


def check_head(head: bytes) -> None:
    """Raise `UpstreamInvalidResponse` unless a long answer begins like a JSON object."""
    if not head.lstrip()[:1] == b"{":
        raise UpstreamInvalidResponse("The provider's answer is not a JSON object.")


def note_ends(head: bytes, tail: bytes, observed: Observed) -> None:
    """Take note of usage and finish reason in the first and last 64 KiB of a long answer."""
    observed.usage = usage_at_ends(head, tail, read_usage) or observed.usage
    reason = FINISH_REASON.search(tail) or FINISH_REASON.search(head)
    observed.finish_reason = reason[1].decode() if reason else None


def usage_at_ends(
    head: bytes, tail: bytes, read: Callable[[Json | None], Usage | None]
) -> Usage | None:
    """The last usage that `read` understands, of the tail before the head; `None` if none is."""
    for end in (tail, head):
        for match in reversed(list(USAGE_OBJECT.finditer(end))):
            usage = read(json_object(match[1]))
            if usage is not None:
                return usage
    return None


def parsed(answer: bytes, scrubber: Scrubber) -> Json:
    """A whole answer as a JSON object that is no error.

    Raises:
        UpstreamFault: it is an error in disguise, or no JSON object.
    """
    document = json_of_any(answer)
    if document.get("error"):
        raise error_inside(document["error"], scrubber)
    return document


def json_of_any(answer: bytes) -> Json:
    """A whole answer as a JSON object, whatever it says.

    Raises:
        UpstreamInvalidResponse: it is none.
    """
    document = json_object(answer)
    if document is None:
        raise UpstreamInvalidResponse("The provider's answer is not a JSON object.")
    return document


def json_object(data: bytes) -> Json | None:
    """`data` parsed; `None` if it is no JSON object."""
    document = read(data)
    return document if isinstance(document, dict) else None
