"""Who reads a provider's stream? LiteLLM's parsers of an event, without what is round them.

Loaded through `door`; see `internals`. Both lanes read so: of the litellm lane's
iterators those that do no more than cut a stream into events leave that to us.
"""

from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterator
from contextlib import aclosing
from typing import Any

import orjson
from botocore.eventstream import EventStreamBuffer
from litellm.llms.anthropic.chat.handler import ModelResponseIterator as AnthropicChunks
from litellm.llms.base_llm.base_model_iterator import BaseModelResponseIterator as ByLine
from litellm.llms.bedrock.chat.invoke_handler import (
    AmazonAnthropicClaudeStreamDecoder,
    AWSEventStreamDecoder,
)
from litellm.llms.vertex_ai.gemini.vertex_and_google_ai_studio_gemini import (
    ModelResponseIterator as GeminiChunks,
)
from openai import AsyncStream

from lmproxy.call import Json
from lmproxy.upstream.chat.repeats import Repeats
from lmproxy.upstream.litellm.chunks import as_json, beside_choices, call_it_reasoning
from lmproxy.upstream.passing import Passing
from lmproxy.upstream.way_out import WayOut

READING = ("__aiter__", "__anext__", "_handle_string_chunk")
"""What stands between the lines of a stream and the parser of an event."""
AMAZONS = (AWSEventStreamDecoder, AmazonAnthropicClaudeStreamDecoder)
"""Decoders that make chunks of events one by one."""
OF_COUNTS = ("usage", "service_tier")
"""Fields of a chunk that LiteLLM makes of token counts."""


class Reader:
    """Makes chunks like OpenAI's of one stream's events."""

    def __init__(self, parse: Callable[[Json], Any]) -> None:
        """`parse`: LiteLLM's own, of one event."""
        self._parse = parse
        self._repeats = Repeats(self._translate)

    def __call__(self, event: Json) -> Json:
        """The chunk of an event."""
        return self._repeats(event)

    def events(self, way: WayOut, passing: Passing) -> AsyncGenerator[list[Json], None]:
        """The events of an answer, as they come."""
        return way.events(passing)

    def rest(self) -> Json | None:
        """A last chunk, if the events left something to be said."""
        return None

    def _translate(self, event: Json) -> Json:
        return {**beside_choices(event), **as_json(self._parse(event))}


class GeminiReader(Reader):
    """Reads the token counts once, at the end.

    Every event has the counts so far, and working each of them out costs 40 % of a stream.
    """

    _counted: Json | None = None

    def __call__(self, event: Json) -> Json:
        """The chunk of an event, without its token counts."""
        if "usageMetadata" in event:
            self._counted = event
            event = {name: value for name, value in event.items() if name != "usageMetadata"}
        return self._repeats(event)

    def rest(self) -> Json | None:
        """The token counts of the last event that had some."""
        if self._counted is None:
            return None
        chunk = self._translate(self._counted)
        counts = {name: chunk[name] for name in OF_COUNTS if name in chunk}
        return {**counts, "choices": [{"delta": {}}]}


class AmazonReader(Reader):
    """Takes events out of Amazon's frames, all of a block at once: a write each costs as much."""

    def __init__(self, decoder: AWSEventStreamDecoder) -> None:
        """`decoder`: LiteLLM's own, of one stream."""
        super().__init__(decoder._chunk_parser)  # noqa: SLF001 - what its iterator calls.
        self._decoder = decoder
        self._frames = EventStreamBuffer()

    def __call__(self, event: Json) -> Json:
        """The chunk of an event. `p` is padding of random length, which hides what is said."""
        event.pop("p", None)
        return self._repeats(event)

    async def events(self, way: WayOut, passing: Passing) -> AsyncGenerator[list[Json], None]:
        """The events of an answer, as they come."""
        async with aclosing(way.blocks(passing)) as blocks:
            async for block in blocks:
                self._frames.add_data(block)
                said: list[Json] = []
                try:
                    said.extend(self._said())
                finally:  # An exception of Amazon's, perhaps; what was said before it goes first.
                    if said:
                        yield said

    def _said(self) -> Iterator[Json]:
        for frame in self._frames:
            text = self._decoder._parse_message_from_event(frame)  # noqa: SLF001 - as above.
            if text:
                yield orjson.loads(text)


class OpenaiReader(Reader):
    """Takes events as they are, of which OpenAI's SDK would make models: 100 µs each."""

    def __init__(self) -> None:
        """There is nothing to parse."""
        super().__init__(_as_sdk_says)

    def __call__(self, event: Json) -> Json:
        """The chunk of an event."""
        return _as_sdk_says(event)


class Framed:
    """One of LiteLLM's streams out of Amazon's frames, which may be left to `AmazonReader`."""

    def __init__(self, decoder: AWSEventStreamDecoder, pieces: AsyncIterator[bytes]) -> None:
        """What LiteLLM's iterator is made of."""
        self.decoder = decoder
        self._pieces = pieces

    def __aiter__(self) -> AsyncIterator[Any]:
        """LiteLLM's own."""
        return OWN_ITERATOR(self.decoder, self._pieces)  # type: ignore[no-any-return]


OWN_ITERATOR = AWSEventStreamDecoder.aiter_bytes
AWSEventStreamDecoder.aiter_bytes = lambda decoder, iterator: Framed(decoder, iterator)
"""An iterator of LiteLLM's says not whose it is."""


def reader_of(inner: Any) -> Reader | None:
    """Who reads the events that `inner` would read; `None` if nobody but itself can."""
    if isinstance(inner, AsyncStream):
        return OpenaiReader()
    if isinstance(inner, Framed):
        return AmazonReader(inner.decoder) if type(inner.decoder) in AMAZONS else None
    if isinstance(inner, GeminiChunks):
        return GeminiReader(inner.chunk_parser)
    if isinstance(inner, AnthropicChunks):
        return Reader(inner.chunk_parser)
    is_usual = isinstance(inner, ByLine) and all(
        getattr(type(inner), name) is getattr(ByLine, name) for name in READING
    )
    return Reader(inner.chunk_parser) if is_usual else None


def _as_sdk_says(event: Json) -> Json:
    """An event as OpenAI's SDK has it: nothing said is nothing there."""
    chunk = {**event}
    for name in ("choices", "usage"):
        chunk[name] = _without_nulls(event.get(name))
    call_it_reasoning(chunk)
    return chunk


def _without_nulls(value: Any) -> Any:
    if isinstance(value, dict):
        return {
            name: _without_nulls(one) if isinstance(one, dict | list) else one
            for name, one in value.items()
            if one is not None
        }
    return [_without_nulls(one) for one in value] if isinstance(value, list) else value
