"""An answer in OpenAI's form, made of what a provider's answer was translated to.

Both lanes that translate end here: whole answers, and streams of chunks.
"""

import time
from collections.abc import AsyncGenerator, Callable, Iterable, Iterator
from contextlib import aclosing, contextmanager
from dataclasses import replace
from typing import Protocol

import orjson

from lmproxy import logs
from lmproxy.call import Call, Json, Observed, Reply
from lmproxy.config.binding import where_raised
from lmproxy.errors import ProxyError, Refused, UpstreamBroken, UpstreamInvalidResponse
from lmproxy.upstream.arguments import UNTRANSLATABLE, untranslatable
from lmproxy.upstream.chat.client_calls import ClientCalls
from lmproxy.upstream.chat.events import StreamForm, as_openai_says, whole_logprobs
from lmproxy.upstream.chat.form import first_choice
from lmproxy.upstream.passing import Passing
from lmproxy.upstream.said_end import SaidEnd, stop_sequences
from lmproxy.upstream.sound_stream import BROKE_OFF
from lmproxy.upstream.usage import estimate, read_usage
from lmproxy.upstream.way_out import WayOut

log = logs.get(__name__)

SAID = ("content", "tool_calls", "function_call", "reasoning_content", "refusal", "audio", "images")
"""Any of these in a message makes it an answer."""
FILTERED = "content_filter"
"""The finish reason of an answer that may well be empty: Gemini refuses some prompts so."""

UNREADABLE = "The provider's answer cannot be read."
Meaning = Callable[[Exception], ProxyError]


def fault_of(error: Exception, way: WayOut, meaning: Meaning) -> ProxyError:
    """What went wrong: what was seen on the way, else what LiteLLM's own error means.

    If nothing was sent, LiteLLM tripped over the request.
    """
    if way.fault is not None:
        return way.fault
    if isinstance(error, ProxyError):
        return error
    fault: ProxyError
    fault = UpstreamInvalidResponse(UNREADABLE) if way.has_answer else meaning(error)
    if not way.has_sent and isinstance(fault, UpstreamInvalidResponse):
        fault = untranslatable()
    # Never its words or traceback: they quote prompts, and answers that cannot be read.
    raised = ", over ".join(map(where_raised, chain(error)))
    log.warning("LiteLLM failed", code=fault.name, raised=raised)
    return fault


@contextmanager
def making_a_request(meaning: Meaning) -> Iterator[None]:
    """Whatever LiteLLM trips over within is the client's: nothing is sent yet."""
    try:
        yield
    except ProxyError:
        raise
    except Exception as error:
        raise tripped(error, meaning) from error


def tripped(error: Exception, meaning: Meaning, param: str | None = None) -> Refused:
    """What it means that LiteLLM failed while nothing was sent: it is the request's fault.

    `param` is the field it tripped over, if that is known.
    """
    log.info("a request cannot be translated", raised=where_raised(error))
    meant = meaning(error)
    if isinstance(meant, Refused) and meant.code != UNTRANSLATABLE:
        return meant
    return untranslatable(param)


def chain(error: BaseException | None) -> Iterator[BaseException]:
    """An error and what it was raised over, which is where LiteLLM's own begin."""
    while error is not None:
        if error.__traceback__:  # Some are made and never raised.
            yield error
        error = error.__cause__ or error.__context__


def plain(call: Call, answer: Json, observed: Observed, way: WayOut) -> Reply:
    """A whole answer, which came over `way`.

    Raises:
        UpstreamInvalidResponse: there is nothing in it.
    """
    if not answer.get("choices"):
        raise UpstreamInvalidResponse("The provider's answer has no choices.")
    if isinstance(answer.get("usage"), dict):
        answer = {**answer, "usage": way.own_counts(answer["usage"])}
    end = way.said_end
    for choice in answer["choices"]:
        _put_right(choice, is_cut_short=end.is_cut_short)
    message = first_choice(answer).get("message") or {}
    observed.finish_reason = first_choice(answer).get("finish_reason")
    observed.stop_sequence = end.stop_sequence(stop_sequences(call.body.get("stop")))
    usage = read_usage(answer.get("usage"))
    is_meant = observed.finish_reason == FILTERED or (usage and usage.completion_tokens)
    if not is_meant and not any(message.get(name) for name in SAID):
        raise _empty(end)
    body = orjson.dumps({**answer, "model": call.model})
    observed.delivered_bytes = len(body)
    # Those of the provider count even if they are zero.
    counted = bool(usage and (way.has_counts or usage.total_tokens))
    observed.usage = usage if usage and counted else estimate(call, observed)
    return Reply(200, b"application/json", body, observed)


def _empty(end: SaidEnd) -> UpstreamInvalidResponse:
    why = f": it ended with {end.failure}" if end.failure else ""
    return UpstreamInvalidResponse(f"The provider's answer has nothing in it{why}.")


def _put_right(choice: Json, *, is_cut_short: bool) -> None:
    """Where LiteLLM's form of a choice is not OpenAI's."""
    message = choice.get("message") or {}
    calls = ClientCalls().among(message.pop("tool_calls", None) or [])
    if calls:
        message["tool_calls"] = calls
    reason = as_openai_says(choice.get("finish_reason") or "stop", bool(calls))
    choice["finish_reason"] = "length" if is_cut_short and reason == "stop" else reason
    for called in calls:
        called.pop("index", None)  # Of streams; LiteLLM counts other blocks in it.
    refusal = (message.get("provider_specific_fields") or {}).get("refusal")
    # In OpenAI's form these are always there.
    message.setdefault("refusal", refusal or None)
    message.setdefault("content", None)
    choice["logprobs"] = whole_logprobs(choice.get("logprobs"))


class EventReader(Protocol):
    """Makes chunks like OpenAI's of one stream's events."""

    def __call__(self, event: Json, /) -> Json:
        """The chunk of an event."""

    def events(self, way: WayOut, passing: Passing, /) -> AsyncGenerator[list[Json], None]:
        """The events of an answer, as they come."""

    def rest(self) -> Json | None:
        """A last chunk, if the events left something to be said."""


async def read(
    way: WayOut, passing: Passing, reader: EventReader
) -> AsyncGenerator[Iterable[Json], None]:
    """The chunks of events that came together, read one by one as they are taken."""
    async with aclosing(reader.events(way, passing)) as events:
        async for said in events:
            yield map(reader, said)
    rest = reader.rest()
    if rest:
        yield (rest,)


class TranslatedStream:
    """The events of a streamed answer."""

    def __init__(
        self,
        call: Call,
        batches: AsyncGenerator[Iterable[Json], None],
        way: WayOut,
        observed: Observed,
        meaning: Meaning,
    ) -> None:
        """Takes over `batches` and `way`. A batch has the chunks that came together."""
        self._call = call
        self._batches = batches
        self._way = way
        self._observed = observed
        self._meaning = meaning
        self._form = StreamForm(call)
        self._held = b""
        self._late: Exception | None = None
        self._ended = False

    async def first(self) -> None:
        """Wait for the first event, so that a failure still has a status of its own."""
        self._held = await self._next()

    def __aiter__(self) -> "TranslatedStream":
        return self

    async def __anext__(self) -> bytes:
        block, self._held = self._held, b""
        block = block or await self._next()
        if not block:
            raise StopAsyncIteration
        self._observed.delivered_events += block.count(b"\n\n")
        self._observed.delivered_bytes += len(block)
        return block

    async def _next(self) -> bytes:
        """The next events; at the end the last ones, then `b""`."""
        events = b""
        while not events and not self._ended:
            try:
                if self._late:
                    raise self._late
                batch = await anext(self._batches, None)
                events = self._end() if batch is None else self._add(batch)
            except Exception as error:
                self._note_part()
                raise fault_of(error, self._way, self._meaning) from error
        return events

    def _add(self, batch: Iterable[Json]) -> bytes:
        """The events of a batch. An error among them waits until those before it are out."""
        events: list[bytes] = []
        try:
            for chunk in batch:
                events.append(self._form.add(chunk))  # noqa: PERF401 - what came before an error.
        except Exception as error:
            if not any(events):
                raise
            self._late = error
        return b"".join(events)

    def _end(self) -> bytes:
        form, observed = self._form, self._observed
        if self._way.fault is not None:  # Whatever was made of it.
            raise self._way.fault
        if not form.is_finished and not self._way.said_done:
            raise UpstreamBroken(BROKE_OFF)
        self._ended = True
        if form.usage is not None:
            form.usage = self._way.own_counts(form.usage)
        end = self._way.said_end
        if end.is_cut_short:
            form.cut_short()
        observed.stop_sequence = end.stop_sequence(stop_sequences(self._call.body.get("stop")))
        observed.usage = read_usage(form.usage) or observed.usage
        observed.finish_reason = form.finish_reason
        is_meant = form.finish_reason == FILTERED or observed.usage.completion_tokens
        if form.is_empty and not is_meant:
            raise _empty(end)
        if observed.usage.source == "unknown":
            observed.usage = estimate(self._call, observed)
        return form.end(observed.usage)

    def _note_part(self) -> None:
        """Take note of what was counted of an answer that did not come to its end.

        Anthropic begins by counting one token of its answer: no count is believed that is less
        than what was handed on. If that is nothing, there was no answer.
        """
        observed, counted = self._observed, self._form.usage
        usage = read_usage(counted and self._way.own_counts(counted))
        handed_on = estimate(self._call, observed)
        if self._ended or usage is None or not handed_on.completion_tokens:
            return
        if (usage.completion_tokens or 0) < handed_on.completion_tokens:
            prompt = usage.prompt_tokens or handed_on.prompt_tokens or 0
            total = prompt + handed_on.completion_tokens
            usage = replace(handed_on, prompt_tokens=prompt, total_tokens=total)
        observed.usage = usage

    async def aclose(self) -> None:
        """Stop the provider if it is still answering. May be called twice."""
        if self._observed.ended_at is None:
            self._observed.ended_at = time.monotonic()
        self._note_part()
        self._way.close()
        await self._batches.aclose()
