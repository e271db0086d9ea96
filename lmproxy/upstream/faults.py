"""What does a provider's failure mean to our caller?

Statuses that clients act on are kept, with the provider's type, code, param and message. A refused
credential is the operator's, not the caller's, so 401 and 403 become 502. What is no answer is 502.
Words come through the scrubber; headers and hosts never.
"""

import math
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

from lmproxy.call import Json
from lmproxy.errors import (
    UpstreamAuthError,
    UpstreamFault,
    UpstreamInvalidResponse,
    UpstreamOverloaded,
    UpstreamRejected,
)
from lmproxy.scrub import Scrubber
from lmproxy.upstream.provider_json import read

KEPT = {400, 402, 404, 408, 409, 413, 422, 429, 503, 504}
OVERLOADED = 529
"""Anthropic's status for overload; clients of other APIs know 503."""
LONGEST_RETRY_S = 3600
STATUS = re.compile("[45][0-9][0-9]")
STATUS_OF_WORD = {
    "invalid_request_error": 400,
    "context_length_exceeded": 400,
    "content_filter": 400,
    "authentication_error": 401,
    "invalid_api_key": 401,
    "permission_error": 403,
    "insufficient_quota": 429,
    "not_found_error": 404,
    "model_not_found": 404,
    "request_too_large": 413,
    "rate_limit_error": 429,
    "rate_limit_exceeded": 429,
    "overloaded_error": OVERLOADED,
    "billing_error": 402,
    "timeout_error": 504,
}
"""Status for an error that came inside a 200, by its `code` or `type`."""


def rejected(
    status: int, body: bytes, headers: Mapping[str, str], scrubber: Scrubber
) -> UpstreamFault:
    """The fault for an answer whose status is not 200. `body` may be cut or not JSON."""
    fault = _by_status(status, _error_object(body), scrubber)
    fault.retry_after_s = retry_after_s(headers)
    return fault


def error_of(document: Json) -> Any:
    """The error that an answer or event is in any provider's form; `None` if it is none.

    OpenAI's Responses API has events that are errors themselves, by their reference.
    """
    return document.get("error") or (document if document.get("type") == "error" else None)


def error_inside(error: Any, scrubber: Scrubber) -> UpstreamFault:
    """The fault for an error object inside a 200, plain or as a stream's event."""
    fields = error if isinstance(error, dict) else {"message": str(error)}
    return _by_status(_status_of(fields), fields, scrubber)


def _by_status(status: int, error: Json | None, scrubber: Scrubber) -> UpstreamFault:
    if status in (401, 403) or (status == 400 and _is_bad_key_at_google(error)):
        return UpstreamAuthError(
            "The provider refused the proxy's own credential. The operator has to mend it; "
            "your key is fine."
        )
    if status == OVERLOADED:
        return _kept(UpstreamOverloaded, 503, error or {}, scrubber)
    if status in KEPT:
        return _kept(UpstreamRejected, status, error or {}, scrubber)
    if 500 <= status <= 599:
        return UpstreamFault("The provider failed to answer.")
    return UpstreamInvalidResponse("The provider answered with an unexpected status.")


def _is_bad_key_at_google(error: Json | None) -> bool:
    """Google says 400 of a key it does not know, and the reason among the details."""
    details = (error or {}).get("details")
    given = details if isinstance(details, list) else []
    return any(isinstance(d, dict) and d.get("reason") == "API_KEY_INVALID" for d in given)


def _kept(
    fault_type: type[UpstreamRejected], status: int, error: Json, scrubber: Scrubber
) -> UpstreamRejected:
    """The provider's own error object, every string of it scrubbed. Google's `status` is a type."""
    clean = scrubber.value(error)
    message = clean.pop("message", None)
    kind = _text(clean.pop("type", None)) or _text(clean.pop("status", None))
    fault = fault_type(
        status,
        message if isinstance(message, str) and message else _wordless(status),
        code=_text(clean.pop("code", None)),
        kind=kind or "upstream_error",
        param=_text(clean.pop("param", None)),
    )
    fault.details = clean
    return fault


def _wordless(status: int) -> str:
    return f"The provider refused the request with status {status} and gave no reason."


def _error_object(body: bytes) -> Json | None:
    """`{"error": {…}}`, `{"error": "…"}`, or a bare object with a message: providers differ."""
    parsed = read(body)
    if isinstance(parsed, list) and parsed:
        parsed = parsed[0]
    if not isinstance(parsed, dict):
        return None
    error = parsed.get("error", parsed)
    if isinstance(error, str):
        return {"message": error}
    return error if isinstance(error, dict) else None


def _status_of(error: Json) -> int:
    for name in ("status", "code"):
        value = error.get(name)
        if isinstance(value, int) and 400 <= value <= 599:
            return value
    for name in ("code", "type"):
        value = error.get(name)
        if isinstance(value, str) and STATUS.fullmatch(value):
            return int(value)
        if isinstance(value, str) and value in STATUS_OF_WORD:
            return STATUS_OF_WORD[value]
    return 502


def _text(value: Any) -> str | None:
    return None if value is None else str(value)


def retry_after_s(headers: Mapping[str, str]) -> int | None:
    """Whole seconds from `retry-after-ms` or `Retry-After` (RFC 9110 10.2.3), within 1..3600.

    A moment that has passed is 1. `None` where neither is there or neither can be read: a made-up
    wait would be acted upon.
    """
    seconds = _number(headers.get("retry-after-ms"), 1000)
    text = headers.get("retry-after")
    if seconds is None:
        seconds = _number(text, 1)
    if seconds is None and text:
        seconds = _until(text)
    if seconds is None:
        return None
    return min(max(math.ceil(seconds), 1), LONGEST_RETRY_S)


def _number(text: str | None, divisor: int) -> float | None:
    try:
        value = float(text or "") / divisor
    except ValueError:
        return None
    return value if math.isfinite(value) else None


def _until(text: str) -> float | None:
    try:
        moment = parsedate_to_datetime(text)
    except (ValueError, OverflowError):
        return None
    if moment.tzinfo is None:  # `-0000` is UTC, and says nothing of the sender's own zone.
        moment = moment.replace(tzinfo=UTC)
    return (moment - datetime.now(UTC)).total_seconds()
