"""How does Anthropic say that something went wrong? The error object of its API reference.

`{"type": "error", "error": {"type", "message"}, "request_id"}`, plain or as the data of an event
named `error`. What else a provider put into its error object stands beside these two.
https://docs.anthropic.com/en/api/errors
"""

from collections.abc import Mapping
from datetime import UTC, datetime

import orjson

from lmproxy.api.dialect import Dialect
from lmproxy.api.model_pages import page
from lmproxy.call import Json
from lmproxy.errors import ProxyError, UpstreamOverloaded, UpstreamRejected

OVERLOADED = 529
KINDS = {
    400: "invalid_request_error",
    401: "authentication_error",
    402: "billing_error",
    403: "permission_error",
    404: "not_found_error",
    408: "timeout_error",
    413: "request_too_large",
    429: "rate_limit_error",
    503: "overloaded_error",
    504: "timeout_error",
    OVERLOADED: "overloaded_error",
}
"""The `type` that goes with a status. Others of 4xx are invalid requests, of 5xx its own errors."""
OPENAIS_OWN = {"object", "created", "owned_by"}
"""Fields of an entry of OpenAI's list of models that Anthropic's has not."""


def _status(error: ProxyError) -> int:
    return OVERLOADED if isinstance(error, UpstreamOverloaded) else error.status


def _kind(error: ProxyError) -> str:
    """The provider's own word, if it is one of Anthropic's; else the one for the status.

    `invalid_request_error` is OpenAI's word as well, for whatever it refuses: a model it does not
    have, say.
    """
    is_theirs = isinstance(error, UpstreamRejected) and error.kind in KINDS.values()
    if is_theirs and error.kind != KINDS[400]:
        return error.kind
    status = _status(error)
    return KINDS.get(status) or ("invalid_request_error" if status < 500 else "api_error")


def _error(error: ProxyError, request_id: str) -> bytes:
    fields = {**error.details, "type": _kind(error), "message": error.message}
    return orjson.dumps({"type": "error", "error": fields, "request_id": request_id})


def _error_event(error: ProxyError, request_id: str, after: bytes) -> bytes:  # noqa: ARG001
    return b"event: error\ndata: " + _error(error, request_id) + b"\n\n"


def _ends(block: bytes) -> bool:
    mark = b"event: message_stop"  # At a line's beginning: inside a text, a line has no end.
    return block.startswith(mark) or b"\n" + mark in block


def _model(entry: Json) -> Json:
    """The operator's own fields stay; an unknown date is the epoch, as Anthropic has it."""
    others = {name: value for name, value in entry.items() if name not in OPENAIS_OWN}
    created = entry["created"] if isinstance(entry["created"], int) else 0
    return {
        "type": "model",
        "display_name": entry["id"],
        "created_at": datetime.fromtimestamp(created, UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        **others,
    }


def _models(entries: list[Json], query: Mapping[str, str]) -> Json:
    shown, has_more = page(entries, query)
    return {
        "data": [_model(entry) for entry in shown],
        "has_more": has_more,
        "first_id": shown[0]["id"] if shown else None,
        "last_id": shown[-1]["id"] if shown else None,
    }


ANTHROPIC = Dialect(
    name="anthropic",
    header=b"anthropic-version",
    status=_status,
    error=_error,
    error_event=_error_event,
    ping=b'event: ping\ndata: {"type": "ping"}\n\n',
    ends=_ends,
    model=_model,
    models=_models,
    id_headers=(b"x-request-id", b"request-id"),
)
"""Its streams may have a ping anywhere between two events."""
