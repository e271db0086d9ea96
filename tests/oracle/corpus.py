"""Which bytes answer this request? The files of `answers/`, written by hand.

`answers/FORMAT/CASE.json` is a plain answer, `CASE.sse`, `CASE.ndjson` or `CASE.events` a streamed
one; a file in `answers/PROVIDER/` goes before that of the provider's format. `.events` is Amazon's
binary event stream as text, a line per event: its type, with `!` in front if it is an exception, a
space, its JSON.
"""

from pathlib import Path

from tests.oracle.event_stream import frame
from tests.oracle.providers import PROVIDERS

ANSWERS = Path(__file__).with_name("answers")
_STREAMS = {
    ".sse": "text/event-stream",
    ".ndjson": "application/x-ndjson",
    ".events": "application/vnd.amazon.eventstream",
}


def find_answer(provider: str, case: str, *, is_streamed: bool) -> tuple[str, bytes]:
    """Content type and bytes. Raises LookupError for a case that nobody wrote."""
    for folder in (provider, PROVIDERS[provider].answers):
        for suffix, content_type in (
            _STREAMS.items() if is_streamed else [(".json", "application/json")]
        ):
            file = ANSWERS / folder / f"{case}{suffix}"
            if file.exists():
                return content_type, _content(file)
    raise LookupError(f"no answer of {provider} for {case}, streamed: {is_streamed}")


def _content(file: Path) -> bytes:
    if file.suffix != ".events":
        return file.read_bytes()
    lines = [line.partition(" ") for line in file.read_text().splitlines()]
    return b"".join(frame(kind, payload.encode()) for kind, _, payload in lines)
