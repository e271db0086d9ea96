"""lm-proxy's loggers: any function of a `RequestContext`, and its own three classes.

`BaseLogger` turns a request into a table with its transformer and hands that to its writer. Each
may be a class of anybody's: a dotted path, or a table with `class` and the constructor's keys.
"""

import asyncio
import json
import sys
from collections.abc import Callable, Iterable, Iterator
from dataclasses import fields
from datetime import date, datetime, time
from functools import partial
from inspect import isawaitable
from pathlib import Path
from typing import Any

from lmproxy.call import Json, Usage
from lmproxy.config.binding import BindError, Misfit, make
from lmproxy.config.places import KeyPath
from lmproxy.config.problems import nearest
from lmproxy.recording.answer_text import text_of, whole_of
from lmproxy.recording.log_line import check_writable, look_up, open_for_line
from lmproxy.recording.outputs import LogEntry
from lmproxy.request_context import Fields, RequestContext, ResponseText, Tokens, fields_of

Sink = Callable[[RequestContext], Any]
Unwise = Iterator[tuple[KeyPath, str, str | None]]
"""Of each key that does nothing: where it is, what to say of it, and what may have been meant."""
KNOWN: dict[tuple[str, ...], Iterable[str]] = {
    (): [item.name for item in fields(RequestContext) if item.name != "http_request"],
    ("response",): ["usage", *ResponseText.NAMES],
    ("response", "usage"): [*Usage.__dataclass_fields__, "cache_read_input_tokens"],
}
"""What may stand below the beginning of a path, where that is always the same."""


class RequestLog:
    """A function of a `RequestContext` as one of our outputs."""

    wants_request = True

    def __init__(self, sink: Sink) -> None:
        """`sink` may be a coroutine function; it runs in the loggers' thread all the same."""
        self._sink = sink
        self._runner: asyncio.Runner | None = None

    def unwise(self) -> Unwise:
        """The keys of one of lm-proxy's that do nothing."""
        if isinstance(self._sink, BaseLogger):
            yield from self._sink.unwise()

    def write(self, entry: LogEntry) -> None:
        """Call the function."""
        given = self._sink(context_of(entry))
        if isawaitable(given):
            self._runner = self._runner or asyncio.Runner()
            self._runner.run(_awaited(given))

    def close(self) -> None:
        """End the loop that coroutines ran in."""
        if self._runner is not None:
            self._runner.close()


async def _awaited(given: Any) -> None:
    await given


def context_of(entry: LogEntry) -> RequestContext:
    """An entry in lm-proxy's words."""
    record, request, handled = entry.record, entry.request, entry.handled
    went_on = handled.body if handled else request or {}
    params = {name: value for name, value in went_on.items() if value is not None}
    params.pop("messages", None)
    if record["model_used"] is not None:
        params["model"] = record["model_used"]
    moment = datetime.fromisoformat(record["time"]).astimezone().replace(tzinfo=None)
    return RequestContext(
        id=record["id"],
        request=Fields(request) if request is not None else None,
        response=_response(record, entry.answer),
        error=record["error_code"],
        group=record["group"],
        connection=record["connection"],
        model=record["model_used"],
        llm_params=Fields(params),
        api_key_id=record["key_id"],
        remote_addr=record["address"],
        created_at=moment,
        duration=record["duration_s"],
        user_info=entry.user_info or {},
        extra=handled.extra if handled else {},
        dialect=record["dialect"],
        operation=record["operation"],
    )


def _response(record: Json, answer: bytes | None) -> ResponseText | None:
    if answer is None:
        return None
    said = ResponseText(text_of(answer))
    said.whole = partial(whole_of, answer)
    said.usage = Tokens.of(record["usage"] or {})
    return said


def print_request(request_context: RequestContext) -> None:
    """`print_stream = true`: what was asked and said, on standard output, once it is complete."""
    request, said = request_context.request, request_context.response
    if request is None:  # Nothing was asked: a list of models, or who was refused before.
        return
    given = request.get("messages")
    messages = given if isinstance(given, list) else []
    asked = [f"{m.get('role')}: {m.get('content')}" for m in messages if isinstance(m, dict)]
    answer = said if said is not None else f"[{request_context.error}]"
    lines = (f"--- {request_context.id} {request_context.model}", *asked, f"assistant: {answer}")
    sys.stdout.write("\n".join(lines) + "\n")
    sys.stdout.flush()


class BaseLogger:
    """`class = "lm_proxy.loggers.BaseLogger"`."""

    def __init__(
        self,
        log_writer: str | dict[str, Any] | Callable[..., Any],
        entry_transformer: str | dict[str, Any] | Callable[..., Any] | None = None,
    ) -> None:
        """Make the writer and the transformer.

        Args:
            log_writer: gets a table for each request.
            entry_transformer: makes the table of a `RequestContext`; by default all of it.

        Raises:
            Misfit: one of them cannot be made.
        """
        self._write = _made(log_writer, "log_writer")
        self._transform = (
            RequestContext.to_dict
            if entry_transformer is None
            else _made(entry_transformer, "entry_transformer")
        )

    def unwise(self) -> Unwise:
        """The keys that do nothing."""
        if isinstance(self._transform, LogEntryTransformer):
            for path, message, hint in self._transform.unwise():
                yield ("entry_transformer", *path), message, hint

    def __call__(self, request_context: RequestContext) -> Any:
        """Log one request."""
        return self._write(self._transform(request_context))


def _made(thing: Any, key: str) -> Callable[..., Any]:
    """The function or instance that a dotted path, a table or a class stands for."""
    try:
        made = make(thing, (key,))
    except BindError as error:
        path, message, hint = error.found[0]
        raise Misfit(".".join(map(str, path)), message, hint) from None
    if not callable(made):
        raise Misfit(key, "cannot be called", None)
    return made  # type: ignore[no-any-return]


class LogEntryTransformer:
    """`class = "lm_proxy.loggers.LogEntryTransformer"`: a name in the output for each path."""

    def __init__(self, **mapping: str) -> None:
        """`mapping` is output name to a path such as `response.usage.prompt_tokens`."""
        self._paths = {name: path.split(".") for name, path in mapping.items()}

    def unwise(self) -> Unwise:
        """The names whose path leads nowhere in any request."""
        for name, path in self._paths.items():
            for length, part in enumerate(path):
                known = KNOWN.get(tuple(path[:length]))
                if known is not None and part not in known:
                    message = f"is null in every line: no request has '{'.'.join(path)}'"
                    yield (name,), message, nearest(part, known) or f"there is {', '.join(known)}"

    def __call__(self, request_context: RequestContext) -> Json:
        """The table of one request; `None` where a path leads nowhere."""
        return {name: look_up(request_context, path) for name, path in self._paths.items()}


class JsonLogWriter:
    """`class = "lm_proxy.loggers.JsonLogWriter"`: one line of JSON per table, in a file."""

    def __init__(self, file_name: Path) -> None:
        """Nothing is opened yet.

        Raises:
            Misfit: the file cannot be written.
        """
        check_writable(file_name, "file_name")
        self._path = file_name

    def __call__(self, logged_data: Json) -> None:
        """Append one line, spaced and escaped as lm-proxy does."""
        line = json.dumps(logged_data, default=_written)
        with open_for_line(self._path) as file:
            file.write(line + "\n")


def _written(value: Any) -> Any:
    """What JSON has no word for: of an object its fields, as lm-proxy does."""
    if isinstance(value, date | time):
        return value.isoformat()
    return fields_of(value) or str(value)
