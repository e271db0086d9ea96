"""What of a chat request can go to a model that takes texts and few parameters?"""

from typing import Any

from lmproxy.call import Call, Json, Observed
from lmproxy.errors import InvalidRequest, UnsupportedFields
from lmproxy.upstream.arguments import HANDLED

TEXTS = {"text", "input_text", "output_text", "refusal"}


def plain_messages(messages: Any) -> list[Json]:
    """The messages, each content one text.

    Raises:
        InvalidRequest: something in them is no text.
    """
    if not isinstance(messages, list) or not messages:
        raise InvalidRequest("'messages' must be a list of messages.", param="messages")
    return [_plain(message) for message in messages]


def _plain(message: Any) -> Json:
    if not isinstance(message, dict):
        raise InvalidRequest("Each message must be an object.", param="messages")
    content = message.get("content")
    if isinstance(content, list):
        content = "\n".join(map(_text, content))
    elif not isinstance(content, str | None):
        raise _no_text()
    if not _are_calls(message.get("tool_calls")):
        raise InvalidRequest("'tool_calls' must be a list of calls.", param="messages")
    return {**message, "content": content}


def _are_calls(calls: Any) -> bool:
    return calls is None or (
        isinstance(calls, list)
        and all(isinstance(c, dict) and isinstance(c.get("function"), dict | None) for c in calls)
    )


def _text(part: Any) -> str:
    part = part if isinstance(part, dict) else {}
    kind = part.get("type")
    if isinstance(kind, str) and kind in TEXTS:
        text = part.get("text", part.get("refusal"))
        if isinstance(text, str):
            return text
    raise _no_text()


def _no_text() -> InvalidRequest:
    return InvalidRequest(
        "This model takes text only. Leave pictures, sound and files out of the messages, or name "
        "another model.",
        code="unsupported_content",
        param="messages",
    )


def leave_out(
    call: Call, observed: Observed, taken: frozenset[str] = frozenset(), *, strict: bool
) -> Json:
    """The fields of `call` that can go on; the names of the others are noted.

    Raises:
        InvalidRequest: there are others, and `strict`.
    """
    fields = {name: value for name, value in call.body.items() if value is not None}
    kept = {name: value for name, value in fields.items() if name in taken or name in HANDLED}
    dropped = tuple(name for name in fields if name not in kept)
    if dropped and strict:
        raise UnsupportedFields(dropped)
    observed.dropped_params = (*observed.dropped_params, *dropped)
    return kept
