"""`POST /audio/speech`, `/audio/transcriptions`, `/audio/translations`: text to sound, and back.

Sound goes on as it comes, or in events if the client asks for `stream_format: "sse"`. A
transcription is JSON or, if `response_format` says so, a bare text. A model that cannot stream
answers a request for a stream with the whole; the client gets that as a stream.
https://platform.openai.com/docs/api-reference/audio
"""

from typing import Any

import orjson

from lmproxy.call import Call, Json
from lmproxy.errors import InvalidRequest, UpstreamInvalidResponse
from lmproxy.upstream.answers import json_object
from lmproxy.upstream.operations.media_wire import MediaWatch, note_ends, note_text, usage_of
from lmproxy.upstream.operations.operation import (
    LitellmFunction,
    Operation,
    as_chosen,
    need,
    need_file,
)
from lmproxy.upstream.wire import Kind, Wire, renamed

TEXTS = ("text", "srt", "vtt")
"""Forms of a transcription that are no JSON."""
JSON = "application/json"


def _check_speech(body: Json) -> None:
    need(body, "input", str, "a string")


def _wants_events(body: Json) -> bool:
    form = body.get("stream_format")
    if form is not None and not isinstance(form, str):
        raise InvalidRequest(
            "'stream_format' must be a string.", code="invalid_type", param="stream_format"
        )
    return form == "sse"


def _check_file(body: Json) -> None:
    need_file(body, "file")


def _sound(_call: Call, _media_type: str) -> Kind:
    return "sound"


def _written(call: Call, media_type: str) -> Kind:
    """Some servers call a bare text JSON, and some JSON a text."""
    asked = call.body.get("response_format")
    return "object" if media_type == JSON and asked not in TEXTS else "text"


def _as_events(answer: bytes, media_type: str) -> bytes | None:
    """A whole transcription as the events that a stream of it would have had."""
    document = json_object(answer)
    if document is None and media_type != JSON:
        document = {"text": answer.decode("utf-8", "replace")}
    if document is None or not isinstance(document.get("text"), str):
        return None
    delta = {"type": "transcript.text.delta", "delta": document["text"]}
    done = {**document, "type": "transcript.text.done"}
    return _event(delta) + _event(done)


def _event(event: Json) -> bytes:
    return b"data: %b\n\n" % orjson.dumps(event)


def _wire(path: str) -> Wire:
    return Wire(
        path,
        renamed,
        note_text,
        note_ends,
        MediaWatch,
        family="audio",
        kind=_written,
        as_events=_as_events,
    )


def _listen(_provider: str, chosen: Json) -> Json:
    """Without a word LiteLLM would ask some models for the verbose form."""
    return {"response_format": "json", **chosen}


def _heard(_call: Call, made: Json) -> Json:
    if not isinstance(made.get("text"), str):
        raise UpstreamInvalidResponse("The provider's answer has no text.")
    return made


def _bare_text(call: Call, made: Any) -> tuple[bytes, bytes] | None:
    if call.body.get("response_format") not in TEXTS:
        return None
    return b"text/plain; charset=utf-8", str(made.text).encode()


def _said(_call: Call, made: Any) -> tuple[bytes, bytes]:
    kind = str(made.response.headers.get("content-type", "application/octet-stream"))
    if kind.startswith(JSON) or not made.content:
        raise UpstreamInvalidResponse("The provider's answer is no sound.")
    return kind.encode("latin-1", "replace"), made.content


SPEAKING = LitellmFunction(
    name="aspeech",
    parameters=frozenset({"input", "voice", "response_format", "speed", "instructions"}),
    required=frozenset({"input", "voice"}),
    providers={name: (name, "") for name in ("openai", "azure", "groq", "together_ai")},
    arguments=as_chosen,
    answer=_heard,
    content=_said,
)
LISTENING = LitellmFunction(
    name="atranscription",
    parameters=frozenset(
        {"language", "prompt", "response_format", "temperature", "timestamp_granularities"}
    ),
    required=frozenset({"response_format"}),
    providers={name: (name, "") for name in ("openai", "azure", "groq", "mistral", "hosted_vllm")},
    arguments=_listen,
    answer=_heard,
    files=("file",),
    content=_bare_text,
)

SPEECH = Operation(
    name="speech",
    paths=("/audio/speech",),
    summary="Say a text",
    check=_check_speech,
    wire=Wire(
        "/audio/speech", renamed, note_text, note_ends, MediaWatch, family="audio", kind=_sound
    ),
    litellm=SPEAKING,
    read_usage=usage_of,
    wants_stream=_wants_events,
)
TRANSCRIPTION = Operation(
    name="transcription",
    paths=("/audio/transcriptions",),
    summary="Write down what is said",
    check=_check_file,
    wire=_wire("/audio/transcriptions"),
    litellm=LISTENING,
    read_usage=usage_of,
    streams=True,
    takes="form",
)
TRANSLATION = Operation(
    name="translation",
    paths=("/audio/translations",),
    summary="Write down in English what is said",
    check=_check_file,
    wire=_wire("/audio/translations"),
    takes="form",
)
