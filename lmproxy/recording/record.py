"""What does a record say? The fields of `requests.jsonl`, version 1; `docs/records.md` lists them.

A record has no prompt and no answer. Texts that a client chose are cut, and the caller's own
credential is taken out of them. Times are UTC; durations seconds.
"""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

from lmproxy.call import Arrival, Call, Caller, Json, Observed, Reply, Target, Usage
from lmproxy.errors import InternalError, ProxyError, Refused, ShuttingDown
from lmproxy.recording.answer_text import MOST_KEPT, KeptAnswer
from lmproxy.recording.journal import Journal
from lmproxy.recording.loggers import Loggers
from lmproxy.recording.makers import Maker
from lmproxy.scrub import mask

VERSION = 1
LONGEST_TEXT = 512
LONGEST_NAME, MOST_NAMES = 128, 100
"""Of parameters that were left out, which a client may invent."""
LONGEST_EFFORT = 32
LOOKED_AT = 4096
FIELDS = {
    "v", "id", "client_request_id", "time", "method", "path", "dialect", "operation", "key_id",
    "owner", "group", "user", "session", "model_asked", "model_used", "connection", "lane",
    "rule", "rule_line", "config", "generation", "attempts", "status", "outcome", "error_code",
    "stream", "tools", "image", "reasoning_effort", "usage", "finish_reason", "duration_s",
    "first_token_s", "upstream_s", "dropped_params", "upstream_request_id", "address", "user_agent",
}  # fmt: skip
"""Every field of a record."""
IMAGE_PARTS = {"image_url", "image", "input_image"}

ANSWERED = "answered"
REFUSED = "refused"
FAILED = "upstream_failed"
BROKEN = "broken"
GONE = "client_gone"
INTERRUPTED = "interrupted"
BUG = "internal_error"
HAS_TOKENS = {ANSWERED, BROKEN, GONE, INTERRUPTED}
"""Outcomes of requests that a provider worked for, so that tokens are estimated if not counted."""

USES_NO_TOKENS = {
    "count_tokens", "input_tokens", "image_generation", "image_edit", "image_variation", "speech",
    "transcription", "translation",
}  # fmt: skip
"""Operations that a provider does not work for in tokens, or whose tokens no length tells."""


@dataclass(slots=True)
class Attempt:
    """One try at one target."""

    connection: str
    model: str
    lane: str
    started_at: float
    error_code: str | None = None
    seconds: float | None = None


@dataclass(slots=True)
class Draft:
    """A record being written while its request walks through the rooms."""

    id: str
    arrival: Arrival
    started_at: float = field(default_factory=time.monotonic)
    time: datetime = field(default_factory=lambda: datetime.now(UTC))
    secrets: tuple[str, ...] = ()
    caller: Caller | None = None
    asked: str | None = None
    call: Call | None = None
    rule: str | None = None
    rule_line: int | None = None
    attempts: list[Attempt] = field(default_factory=list)
    observed: Observed = field(default_factory=Observed)
    session: str | None = None
    answer: bytearray | None = None
    """Of its body, as much as loggers get; `None` where none of them wants it."""
    maker: Maker | None = None
    """Of the response that was made or looked up, if its provider keeps it."""

    def begin_attempt(self, target: Target, lane: str) -> Attempt:
        """Note that `target` is asked now."""
        attempt = Attempt(target.connection, target.model, lane, time.monotonic())
        self.attempts.append(attempt)
        return attempt


class Recorder:
    """Turns drafts into records and sends them to every output."""

    def __init__(
        self, journal: Journal, loggers: Loggers, config_hash: str, scrub: Callable[[str], str]
    ) -> None:
        """`config_hash` and the generation tell which config decided."""
        self._journal = journal
        self._loggers = loggers
        self._config_hash = config_hash
        self._scrub = scrub
        self.generation = 1

    def close(self, draft: Draft, status: int, outcome: str, error_code: str | None) -> None:
        """Write the record of a request that has ended."""
        record = self._record(draft, status, outcome, error_code)
        self._journal.write(record)
        if self._loggers.wanted:
            asked = draft.call if self._loggers.wants_request else None
            answer = None if draft.answer is None else bytes(draft.answer)
            user = draft.caller.user_info if draft.caller else None
            self._loggers.put(record, asked.body if asked else None, answer, user)

    def keep(self, reply: Reply, draft: Draft) -> Reply:
        """`reply`, whose body leaves a copy in `draft` if somebody wants to read it."""
        if not self._loggers.wants_answer:
            return reply
        if isinstance(reply.body, bytes):
            draft.answer = bytearray(reply.body[:MOST_KEPT])
            return reply
        draft.answer = bytearray()
        return replace(reply, body=KeptAnswer(reply.body, draft.answer))

    def _record(self, draft: Draft, status: int, outcome: str, error_code: str | None) -> Json:
        arrival, caller, call, observed = draft.arrival, draft.caller, draft.call, draft.observed
        last = draft.attempts[-1] if draft.attempts else None
        texts = self._texts(draft, error_code)
        return {
            "v": VERSION,
            "id": draft.id,
            "client_request_id": texts.get("client_request_id"),
            "time": draft.time.isoformat(timespec="milliseconds"),
            "method": arrival.method,
            "path": texts.get("path"),
            "dialect": arrival.dialect,
            "operation": arrival.operation,
            "key_id": caller.key_id if caller else None,
            "owner": caller.owner if caller else None,
            "group": caller.group if caller else None,
            "user": texts.get("user"),
            "session": texts.get("session"),
            "model_asked": texts.get("model_asked"),
            "model_used": texts.get("model_used"),
            "connection": last.connection if last else None,
            "lane": last.lane if last else None,
            "rule": draft.rule,
            "rule_line": draft.rule_line,
            "config": self._config_hash,
            "generation": self.generation,
            "attempts": _attempts(draft.attempts, texts),
            "status": status,
            "outcome": outcome,
            "error_code": texts.get("error_code"),
            **features(call),
            "reasoning_effort": (texts.get("reasoning_effort") or "")[:LONGEST_EFFORT] or None,
            "usage": _usage(observed.usage),
            "dropped_params": _names(observed.dropped_params, texts),
            "finish_reason": texts.get("finish_reason"),
            **_durations(draft),
            "upstream_request_id": texts.get("upstream_request_id"),
            "address": arrival.address,
            "user_agent": texts.get("user_agent"),
        }

    def _texts(self, draft: Draft, error_code: str | None) -> dict[str, str]:
        """The fields whose text somebody else chose, and those of attempts and dropped names."""
        arrival, observed = draft.arrival, draft.observed
        body = draft.call.body if draft.call else {}
        values = {
            "client_request_id": arrival.client_request_id,
            "path": arrival.path,
            "user": body.get("user") or _text_in(body.get("metadata"), "user_id"),
            "session": draft.session,
            "model_asked": draft.asked,
            "model_used": draft.attempts[-1].model if draft.attempts else None,
            "error_code": error_code,
            "reasoning_effort": body.get("reasoning_effort")
            or _text_in(body.get("output_config"), "effort")
            or _text_in(body.get("reasoning"), "effort"),
            "finish_reason": observed.finish_reason,
            "upstream_request_id": observed.upstream_request_id,
            "user_agent": arrival.user_agent,
        }
        for number, attempt in enumerate(draft.attempts):
            values[f"model {number}"] = attempt.model
            values[f"error_code {number}"] = attempt.error_code
        for number, name in enumerate(observed.dropped_params[:MOST_NAMES]):
            values[f"dropped {number}"] = name
        return self._clean(draft, values)

    def _clean(self, draft: Draft, values: Mapping[str, Any]) -> dict[str, str]:
        """Those of `values` that are texts, without secrets, cut.

        What is looked at is longer than what is kept, so that no secret is cut in half unseen.
        One look at all of them together nearly always says that nothing is to be taken out, and
        costs a fifth of a look at each.
        """
        texts = {
            name: value[:LOOKED_AT] for name, value in values.items() if isinstance(value, str)
        }
        together = "\n".join(texts.values())
        if self._scrub(mask(together, draft.secrets)) != together:
            for name, text in texts.items():
                texts[name] = self._scrub(mask(text, draft.secrets))[:LONGEST_TEXT]
        elif len(together) > LONGEST_TEXT:
            for name, text in texts.items():
                texts[name] = text[:LONGEST_TEXT]
        return texts


def _attempts(attempts: list[Attempt], texts: Mapping[str, str]) -> list[Json]:
    return [
        {
            "connection": attempt.connection,
            "model": texts.get(f"model {number}"),
            "lane": attempt.lane,
            "error_code": texts.get(f"error_code {number}"),
            "duration_s": _rounded(attempt.seconds),
        }
        for number, attempt in enumerate(attempts)
    ]


def _names(names: tuple[str, ...], texts: Mapping[str, str]) -> list[str]:
    """Names of a client's fields: it may have put anything there."""
    return [texts[f"dropped {number}"][:LONGEST_NAME] for number in range(len(names[:MOST_NAMES]))]


def uses_tokens(call: Call) -> bool:
    """Whether an answer to it took tokens. One made in the background is not made yet."""
    in_background = call.operation == "responses" and call.body.get("background") is True
    return call.operation not in USES_NO_TOKENS and not in_background


def features(call: Call | None) -> Json:
    """What the request made use of, `None` where there was no readable request."""
    if call is None:
        return dict.fromkeys(("stream", "tools", "image"))
    return {
        "stream": call.stream,
        "tools": bool(call.body.get("tools") or call.body.get("functions")),
        "image": any(map(_has_image, map(call.body.get, ("messages", "input")))),
    }


def _text_in(table: Any, name: str) -> Any:
    return table.get(name) if isinstance(table, dict) else None


def _has_image(messages: Any) -> bool:
    for message in messages if isinstance(messages, list) else ():
        content = message.get("content") if isinstance(message, dict) else None
        for part in content if isinstance(content, list) else ():
            if isinstance(part, dict) and str(part.get("type")) in IMAGE_PARTS:
                return True
    return False


def outcome_of(error: ProxyError, *, begun: bool) -> str:
    """The word for how a request that met `error` ended; `begun`: part of the answer was out."""
    if isinstance(error, ShuttingDown):
        return INTERRUPTED
    if isinstance(error, InternalError):
        return BUG
    if begun:
        return BROKEN
    return REFUSED if isinstance(error, Refused) else FAILED


def _usage(usage: Usage) -> Json:
    """`dataclasses.asdict` copies deeply, which costs more than the rest of the record."""
    return {
        "prompt_tokens": usage.prompt_tokens,
        "completion_tokens": usage.completion_tokens,
        "total_tokens": usage.total_tokens,
        "cached_tokens": usage.cached_tokens,
        "reasoning_tokens": usage.reasoning_tokens,
        "seconds": usage.seconds,
        "source": usage.source,
    }


def _durations(draft: Draft) -> Json:
    first = draft.observed.first_byte_at
    asked_at = draft.attempts[0].started_at if draft.attempts else None
    ended = draft.observed.ended_at
    return {
        "duration_s": _rounded(time.monotonic() - draft.started_at),
        "first_token_s": _rounded(first - draft.started_at if first else None),
        "upstream_s": _rounded(ended - asked_at if ended and asked_at else None),
    }


def _rounded(seconds: float | None) -> float | None:
    return None if seconds is None else round(seconds, 6)
