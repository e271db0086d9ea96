"""What do pictures and sound look like on the wire, where the provider speaks OpenAI's API?

Usage counts `input_tokens` and `output_tokens`, or seconds of sound. A stream is a row of typed
events; one whose type ends in `.completed` or `.done` says that a picture, the sound or the text is
whole. There may be several, so the stream itself goes on until it ends or says `[DONE]`.
https://platform.openai.com/docs/api-reference/images-streaming
https://platform.openai.com/docs/api-reference/audio
"""

from typing import Any

from lmproxy.call import Json, Observed, Usage
from lmproxy.errors import UpstreamInvalidResponse
from lmproxy.scrub import Scrubber
from lmproxy.upstream import answers, usage
from lmproxy.upstream.usage import count
from lmproxy.upstream.watch import StreamWatch

WHOLE = (".completed", ".done")


def read_usage(given: Any) -> Usage | None:
    """The `usage` of an image or a transcription; `None` if it is none or says nothing."""
    if not isinstance(given, dict):
        return None
    prompt, completion = count(given.get("input_tokens")), count(given.get("output_tokens"))
    if prompt is None and completion is None:
        counted = usage.read_usage(given)
        seconds = _seconds(given)
        return counted or (Usage(seconds=seconds, source="provider") if seconds else None)
    return Usage(
        prompt_tokens=prompt,
        completion_tokens=completion,
        total_tokens=count(given.get("total_tokens")),
        source="provider",
    )


def _seconds(given: Json) -> float | None:
    """How much sound was paid for, where that is what is counted."""
    value: Any = given.get("seconds")
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return float(value) if 0 <= value < usage.MOST_TOKENS else None


def usage_of(answer: Json) -> Usage | None:
    """That of a whole answer."""
    return read_usage(answer.get("usage"))


def note_pictures(answer: bytes, observed: Observed, scrubber: Scrubber) -> None:
    """See `Wire.note_whole`: an answer with pictures."""
    document = answers.parsed(answer, scrubber)
    if not isinstance(document.get("data"), list):
        raise UpstreamInvalidResponse("The provider's answer has no images.")
    observed.usage = usage_of(document) or observed.usage


def note_text(answer: bytes, observed: Observed, scrubber: Scrubber) -> None:
    """See `Wire.note_whole`: a transcription in JSON."""
    document = answers.parsed(answer, scrubber)
    if not isinstance(document.get("text"), str):
        raise UpstreamInvalidResponse("The provider's answer has no text.")
    observed.usage = usage_of(document) or observed.usage


def note_ends(head: bytes, tail: bytes, observed: Observed) -> None:
    """See `Wire.note_ends`."""
    observed.usage = answers.usage_at_ends(head, tail, read_usage) or observed.usage


class MediaWatch(StreamWatch):
    """Follows one stream of pictures, sound or text."""

    def _take_note(self, chunk: Json) -> bool:
        counted = read_usage(chunk.get("usage"))
        if counted and self._observed.usage.source == "unknown":
            self._observed.usage = counted
        return str(chunk.get("type", "")).endswith(WHOLE) or super()._take_note(chunk)
