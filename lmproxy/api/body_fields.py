"""Which fields of a request for a model are looked at? Those we act on; the rest is the provider's.

The names are the same in OpenAI's and Anthropic's APIs.
"""

from typing import Any

from lmproxy.call import Json
from lmproxy.errors import InvalidRequest


def model_of(body: Json) -> str:
    """The model asked for, `""` if the request names none.

    Raises:
        InvalidRequest: it is no text.
    """
    model = body.get("model")
    if model is not None and not isinstance(model, str):
        raise _wrong_type("model", "a string")
    return model or ""


def wants_stream(body: Json) -> bool:
    """Whether a stream is asked for.

    Raises:
        InvalidRequest: `stream` is neither true nor false.
    """
    stream = body.get("stream")
    if stream is not None and not isinstance(stream, bool):
        raise _wrong_type("stream", "true or false")
    return bool(stream)


def check_messages(body: Json) -> None:
    """Look for a list of messages.

    Raises:
        InvalidRequest: there is none.
    """
    messages: Any = body.get("messages")
    if isinstance(messages, list):
        return
    if messages is not None:
        raise _wrong_type("messages", "a list")
    raise InvalidRequest(
        "The request has no messages.", code="missing_required_parameter", param="messages"
    )


def _wrong_type(param: str, wanted: str) -> InvalidRequest:
    return InvalidRequest(f"'{param}' must be {wanted}.", code="invalid_type", param=param)
