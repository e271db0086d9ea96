"""How does OpenAI say that something went wrong? The error object of its API reference.

`{"error": {"message", "type", "param", "code"}}`, plain or as the data of a last event. What else a
provider put into its error object stands beside these four.
"""

from collections.abc import Mapping

import orjson

from lmproxy.api.dialect import Dialect
from lmproxy.call import Json
from lmproxy.errors import ProxyError


def _status(error: ProxyError) -> int:
    return error.status


def _error(error: ProxyError, request_id: str) -> bytes:  # noqa: ARG001 - it is in a header.
    fields = {
        **error.details,
        "message": error.message,
        "type": error.kind,
        "param": error.param,
        "code": error.code,
    }
    return orjson.dumps({"error": fields})


def _error_event(error: ProxyError, request_id: str, after: bytes) -> bytes:  # noqa: ARG001
    return b"data: " + _error(error, request_id) + b"\n\n"


def _ends(block: bytes) -> bool:
    return block.rstrip().endswith(b"[DONE]")


def _model(entry: Json) -> Json:
    return entry


def _models(entries: list[Json], query: Mapping[str, str]) -> Json:  # noqa: ARG001 - it has no pages.
    return {"object": "list", "data": entries}


OPENAI = Dialect(
    name="openai",
    header=None,
    status=_status,
    error=_error,
    error_event=_error_event,
    ping=b": ping\n\n",
    ends=_ends,
    model=_model,
    models=_models,
)
"""A comment is skipped by clients (WHATWG HTML, 9.2.6), and OpenAI has no event for it."""
