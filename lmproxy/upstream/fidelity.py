"""Did everything the client sent get into the provider's request? What did not is named or refused.

LiteLLM leaves out some parts of messages without a word: pictures, for a provider that takes none,
and marks of other providers. So its request is compared with the client's, by looking for the bytes
that must be in both.
"""

import json
from collections.abc import Iterator
from typing import Any

import orjson

from lmproxy.call import Json
from lmproxy.errors import InvalidRequest
from lmproxy.upstream import recursive

MARKS = {
    b'"cache_control"': (b'"cache_control"', b'"cachePoint"', b'"cachedContent"'),
    b'"strict"': (b'"strict"',),
    b'"detail"': (b'"detail"', b'"mediaResolution"', b'"media_resolution"'),
    b'"signature"': (b'"signature"', b'"thoughtSignature"', b'"thought_signature"'),
}
"""Fields inside messages and tools, and what providers call them."""
CHOICES = (b'"tool_choice', b'"toolChoice', b'"functionCallingConfig', b'"function_calling_config')
PARALLEL = (b"arallel_tool", b"arallelTool")
SCHEMA_WORDS = (
    "additionalProperties", "allOf", "const", "exclusiveMaximum", "exclusiveMinimum", "format",
    "maxLength", "minLength", "multipleOf", "not", "oneOf", "pattern", "prefixItems", "uniqueItems",
)  # fmt: skip
"""Of JSON Schema; some providers' schemas of tools lack them, Google's most."""
LOOKED_FOR = 64
"""Characters of a picture's data that tell it from another."""
MOST_OUT_OF_ORDER = 100
"""Media that are looked for from the start of the request: nearly all keep their order, and a
search from the start for each of many would stop the loop."""
KINDS = {"image_url": "images", "input_audio": "audio", "file": "files", "video_url": "videos"}


def lost_marks(source: bytes, sent: bytes) -> tuple[str, ...]:
    """Names of marks that are in the client's request and in no form in the provider's."""
    return tuple(
        mark.strip(b'"').decode()
        for mark, forms in MARKS.items()
        if mark + b":" in source and not any(form in sent for form in forms)
    )


def lost_parameters(known: Json, sent: bytes) -> tuple[str, ...]:
    """Names of parameters that LiteLLM says a provider takes, and then leaves out.

    What says what the provider does anyway is not missed.
    """
    user = known.get("user")
    is_there = {
        "tool_choice": known.get("tool_choice", "auto") == "auto" or _has(sent, CHOICES),
        "parallel_tool_calls": known.get("parallel_tool_calls") is not False
        or _has(sent, PARALLEL),
        "user": not isinstance(user, str) or _has(sent, _spellings(user)),
    }
    return tuple(name for name, there in is_there.items() if not there)


def lost_format(response_format: Any, sent: bytes) -> tuple[str, ...]:
    """The name of the answer's schema if it refers to itself and the provider is not told so."""
    schema = recursive.schema_of(response_format)
    is_whole = b'"$ref"' in sent or not recursive.is_recursive(schema)
    return () if is_whole else ("response_format",)


def wants_any_json(response_format: Any) -> bool:
    """Whether an answer has to be JSON, whatever is in it: a schema is seen by itself."""
    if not isinstance(response_format, dict):
        return False
    kind, schema = response_format.get("type"), response_format.get("json_schema")
    has_schema = isinstance(schema, dict) and bool(schema.get("schema"))
    return kind == "json_object" or (kind == "json_schema" and not has_schema)


def _has(sent: bytes, forms: tuple[bytes, ...]) -> bool:
    return any(form in sent for form in forms)


def _spellings(text: str) -> tuple[bytes, ...]:
    """A text inside JSON, as LiteLLM's ways of writing it have it."""
    return tuple(
        json.dumps(text, ensure_ascii=escaped)[1:-1].encode("utf-8", "replace")
        for escaped in (True, False)
    )


def lost_schemas(tools: Any, sent: bytes) -> tuple[str, ...]:
    """The name of the tools' schemas if they say something that the provider is not told."""
    source = orjson.dumps(tools) if tools else b""
    words = (f'"{word}":'.encode() for word in SCHEMA_WORDS)
    found = [word for word in words if word in source]
    if b'"$ref"' in source and b'"$ref"' not in sent and recursive.has_recursive(tools):
        return ("tools[].function.parameters",)
    if not found or all(word[:-1] in sent for word in found):
        return ()
    return ("tools[].function.parameters",)


def check_media(messages: list[Any], sent: bytes) -> None:
    """Hold every picture, sound and file against the provider's request.

    Raises:
        InvalidRequest: one is not in it.
    """
    at, out_of_order = 0, 0
    for kind, data in media(messages):
        needle = data.encode("utf-8", "replace")
        found = sent.find(needle, at)
        if found < 0 and out_of_order < MOST_OUT_OF_ORDER:
            found, out_of_order = sent.find(needle), out_of_order + 1
        at = found
        if found < 0:
            raise InvalidRequest(
                f"This model's provider takes no {KINDS[kind]} in this form.",
                code="unsupported_content",
                param="messages",
            )


def has_remote_media(messages: list[Any]) -> bool:
    """Whether a message has media by URL."""
    return any(data.startswith(("http://", "https://")) for _, data in media(messages))


def media(messages: list[Any]) -> Iterator[tuple[str, str]]:
    """Kind and the first characters of every medium; of its URL, if that is what it is."""
    for message in messages:
        content = message.get("content") if isinstance(message, dict) else None
        for part in content if isinstance(content, list) else ():
            kind = part.get("type") if isinstance(part, dict) else None
            if isinstance(kind, str) and kind in KINDS:
                yield kind, _beginning(part.get(kind))


def _beginning(medium: Any) -> str:
    if isinstance(medium, dict):
        medium = next((medium[k] for k in ("url", "data", "file_data") if medium.get(k)), None)
    text = medium if isinstance(medium, str) else ""
    return (text.partition(",")[2] if text.startswith("data:") else text)[:LOOKED_FOR]
