"""What is an operation on the wire, where a provider speaks the client's dialect? One object each.

The relay lane is the same for all of them: this is what it asks where they differ.
"""

from collections.abc import Callable
from dataclasses import dataclass

from lmproxy.call import Call, Json, Observed
from lmproxy.config.values import StreamUsage
from lmproxy.scrub import Scrubber
from lmproxy.upstream.watch import StreamWatch

Body = Callable[[Call, str, StreamUsage], tuple[Json, bool]]
NoteWhole = Callable[[bytes, Observed, Scrubber], None]
NoteEnds = Callable[[bytes, bytes, Observed], None]


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
    """

    path: str
    body: Body
    note_whole: NoteWhole
    note_ends: NoteEnds
    watch: type[StreamWatch]


def renamed(call: Call, model: str, _: StreamUsage) -> tuple[Json, bool]:
    """The client's body with the provider's name of the model, and nothing of ours."""
    return {**call.body, "model": model}, False
