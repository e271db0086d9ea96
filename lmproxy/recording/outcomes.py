"""How did a request end? The words for it in records, and whether tokens were used."""

from lmproxy.call import Call
from lmproxy.errors import InternalError, ProxyError, Refused, ShuttingDown

ANSWERED = "answered"
REFUSED = "refused"
FAILED = "upstream_failed"
BROKEN = "broken"
GONE = "client_gone"
INTERRUPTED = "interrupted"
BUG = "internal_error"
HAS_TOKENS = {ANSWERED, BROKEN, GONE, INTERRUPTED}
"""Outcomes of requests that a provider worked for, so that tokens are estimated if not counted."""

USES_NO_TOKENS = {
    "count_tokens", "input_tokens", "image_generation", "image_edit", "image_variation", "speech",
    "transcription", "translation",
}  # fmt: skip
"""Operations that a provider does not work for in tokens, or whose tokens no length tells."""


def uses_tokens(call: Call) -> bool:
    """Whether an answer to it took tokens. One made in the background is not made yet."""
    in_background = call.operation == "responses" and call.body.get("background") is True
    return call.operation not in USES_NO_TOKENS and not in_background


def outcome_of(error: ProxyError, *, begun: bool) -> str:
    """The word for how a request that met `error` ended; `begun`: part of the answer was out."""
    if isinstance(error, ShuttingDown):
        return INTERRUPTED
    if isinstance(error, InternalError):
        return BUG
    if begun:
        return BROKEN
    return REFUSED if isinstance(error, Refused) else FAILED
