"""What is an operation on the wire, where a provider speaks the client's dialect? One object each.

The relay lane is the same for all of them: this is what it asks where they differ.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, TypeAlias

from lmproxy.call import Call, Json, Observed, Usage
from lmproxy.config.values import StreamUsage
from lmproxy.errors import UpstreamInvalidResponse
from lmproxy.scrub import Scrubber
from lmproxy.upstream import answers
from lmproxy.upstream.usage import read_usage
from lmproxy.upstream.watch import StreamWatch

Body = Callable[[Call, str, StreamUsage], tuple[Json, bool]]
NoteWhole = Callable[[bytes, Observed, Scrubber], None]
NoteEnds = Callable[[bytes, bytes, Observed], None]
Mending = Callable[[bytes], bytes]
NoteStart = Callable[[bytes, Observed], None]
AsEvents = Callable[[bytes, str], bytes | None]
Kind: TypeAlias = Literal["object", "text", "sound"]
"""What a plain answer is: a JSON object, a text to be read as a whole, or sound as it comes."""


def _an_object(_call: Call, _media_type: str) -> Kind:
    return "object"


def _note_nothing(start: bytes, observed: Observed) -> None:
    """Nothing there is needed before the end."""


@dataclass(frozen=True, slots=True)
class Wire:
    """An operation of a dialect.

    Attributes:
        path: below a provider's base URL.
        body: of a call, the provider's name of its model, and how the provider counts a stream's
            tokens: the body to send, and whether a usage chunk that it asks for is ours alone.
        note_whole: checks a whole plain answer and takes note of usage and finish reason. Raises
            `UpstreamFault` for an error in disguise, or for what is no answer.
        note_ends: takes note of both in the head and the tail of a long plain answer.
        watch: follows a stream.
        mend: of a call and the beginning of its plain answer, what makes the whole answer into one
            the client can read; `None` where it is one, as nearly always.
        family: what `speaks` calls it together with others; `None`: its own name.
        note_start: takes note of what a stream's first event, or a long plain answer's head, says.
        kind: of a call and the media type of its plain answer, what that has to be.
        as_events: of a plain answer where a stream was asked for, the stream; `None` where that is
            no answer. It is given the media type too.
        kept_back: the fields of a request that `body` leaves out.
    """

    path: str
    body: Body
    note_whole: NoteWhole
    note_ends: NoteEnds
    watch: type[StreamWatch]
    mend: Callable[[Call, bytes], Mending | None] | None = None
    family: str | None = None
    note_start: NoteStart = _note_nothing
    kind: Callable[[Call, str], Kind] = _an_object
    as_events: AsEvents | None = None
    kept_back: tuple[str, ...] = ()


def renamed(call: Call, model: str, _: StreamUsage) -> tuple[Json, bool]:
    """The client's body with the provider's name of the model, and nothing of ours."""
    return {**call.body, "model": model}, False


def usage_of(answer: Json) -> Usage | None:
    """OpenAI's tokens of an answer; `None` if it does not say."""
    return read_usage(answer.get("usage"))


def plain_wire(
    path: str,
    answer_field: str,
    counted: Callable[[Json], Usage | None] = usage_of,
    mend: Callable[[Call, bytes], Mending | None] | None = None,
) -> Wire:
    """That of an operation whose answer is plain, has a list in `answer_field`, and `counted`."""

    def note_whole(answer: bytes, observed: Observed, scrubber: Scrubber) -> None:
        document = answers.parsed(answer, scrubber)
        if not isinstance(document.get(answer_field), list):
            raise UpstreamInvalidResponse(f"The provider's answer has no {answer_field}.")
        observed.usage = counted(document) or observed.usage

    return Wire(path, renamed, note_whole, answers.note_ends, StreamWatch, mend)
