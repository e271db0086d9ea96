"""What does a record say? The fields of `requests.jsonl`, version 1; `docs/records.md` lists them.

A record has no prompt and no answer. Texts that a client chose are cut, and the caller's own
credential is taken out of them. Times are UTC; durations seconds.
"""

import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

from lmproxy.call import Call, Caller, Json, Reply, Usage
from lmproxy.recording.answer_text import MOST_KEPT, KeptAnswer
from lmproxy.recording.draft import Attempt, Draft
from lmproxy.recording.journal import Journal
from lmproxy.recording.outputs import LogEntry, Output
from lmproxy.recording.words import Words

VERSION = 1
LONGEST_NAME, MOST_NAMES = 128, 100
"""Of parameters that were left out, which a client may invent."""
LONGEST_EFFORT = 32
FIELDS = {
    "v", "id", "client_request_id", "time", "method", "path", "dialect", "operation", "key_id",
    "owner", "group", "user", "session", "model_asked", "model_used", "connection", "lane",
    "rule", "rule_line", "config", "generation", "attempts", "status", "outcome", "error_code",
    "stream", "tools", "image", "reasoning_effort", "usage", "finish_reason", "duration_s",
    "first_token_s", "upstream_s", "dropped_params", "upstream_request_id", "address", "user_agent",
}  # fmt: skip
"""Every field of a record."""
IMAGE_PARTS = {"image_url", "image", "input_image"}


class Recorder:
    """Turns drafts into records and sends them to every output."""

    def __init__(
        self, journal: Journal, loggers: Output, config_hash: str, scrub: Callable[[str], str]
    ) -> None:
        """`config_hash` and the generation tell which config decided."""
        self._journal = journal
        self._loggers = loggers
        self._config_hash = config_hash
        self._words = Words(scrub)
        self.generation = 1

    def close(self, draft: Draft, status: int, outcome: str, error_code: str | None) -> None:
        """Write the record of a request that has ended."""
        record = self._record(draft, status, outcome, error_code)
        self._journal.write(record)
        if self._loggers.wanted:
            wants_request = self._loggers.wants_request
            asked = draft.asked_body if wants_request else None
            handled = draft.handled if wants_request else None
            answer = None if draft.answer is None else bytes(draft.answer)
            user = draft.caller.user_info if draft.caller else None
            self._loggers.put(LogEntry(record, asked, answer, user, handled))

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
        arrival, observed = draft.arrival, draft.observed
        last = draft.attempts[-1] if draft.attempts else None
        (
            client_request_id, path, user, session, asked, used, error_code, effort, finish_reason,
            upstream_request_id, user_agent, *others,
        ) = self._words.clean(_chosen_by_others(draft, error_code), draft.secrets)  # fmt: skip
        dropped = others[2 * len(draft.attempts) :]
        return {
            "v": VERSION,
            "id": draft.id,
            "client_request_id": client_request_id,
            "time": _moment(draft.time),
            "method": arrival.method,
            "path": path,
            "dialect": arrival.dialect,
            "operation": arrival.operation,
            **_caller(draft.caller),
            "user": user,
            "session": session,
            "model_asked": asked,
            "model_used": used,
            "connection": last.connection if last else None,
            "lane": last.lane if last else None,
            **self._decided_by(draft),
            "attempts": _attempts(draft.attempts, others),
            "status": status,
            "outcome": outcome,
            "error_code": error_code,
            **features(draft.call),
            "reasoning_effort": effort[:LONGEST_EFFORT] if effort else None,
            "usage": _usage(observed.usage),
            "dropped_params": [(name or "")[:LONGEST_NAME] for name in dropped],
            "finish_reason": finish_reason,
            **_durations(draft),
            "upstream_request_id": upstream_request_id,
            "address": arrival.address,
            "user_agent": user_agent,
        }

    def _decided_by(self, draft: Draft) -> Json:
        return {
            "rule": draft.rule,
            "rule_line": draft.rule_line,
            "config": self._config_hash,
            "generation": self.generation,
        }


def _caller(caller: Caller | None) -> Json:
    if caller is None:
        return {"key_id": None, "owner": None, "group": None}
    return {"key_id": caller.key_id, "owner": caller.owner, "group": caller.group}


def _chosen_by_others(draft: Draft, error_code: str | None) -> list[Any]:
    """What others chose: of the request, then of each attempt, then the names left out."""
    arrival, observed = draft.arrival, draft.observed
    body = draft.call.body if draft.call else {}
    found = [
        arrival.client_request_id,
        arrival.path,
        body.get("user") or _text_in(body.get("metadata"), "user_id"),
        draft.session,
        draft.asked,
        draft.attempts[-1].model if draft.attempts else None,
        error_code,
        body.get("reasoning_effort")
        or _text_in(body.get("output_config"), "effort")
        or _text_in(body.get("reasoning"), "effort"),
        observed.finish_reason,
        observed.upstream_request_id,
        arrival.user_agent,
    ]
    for attempt in draft.attempts:
        found += (attempt.model, attempt.error_code)
    return [*found, *observed.dropped_params[:MOST_NAMES]]


def _attempts(attempts: list[Attempt], texts: list[str | None]) -> list[Json]:
    """The attempts; `texts` begins with the model and the error code of each."""
    return [
        {
            "connection": attempt.connection,
            "model": model,
            "lane": attempt.lane,
            "error_code": error_code,
            "duration_s": _rounded(attempt.seconds),
        }
        for attempt, model, error_code in zip(attempts, texts[::2], texts[1::2], strict=False)
    ]


def features(call: Call | None) -> Json:
    """What the request made use of, `None` where there was no readable request."""
    if call is None:
        return {"stream": None, "tools": None, "image": None}
    body = call.body
    return {
        "stream": call.stream,
        "tools": bool(body.get("tools") or body.get("functions")),
        "image": _has_image(body.get("messages")) or _has_image(body.get("input")),
    }


def _text_in(table: Any, name: str) -> Any:
    return table.get(name) if isinstance(table, dict) else None


def _has_image(messages: Any) -> bool:
    if not isinstance(messages, list):
        return False
    for message in messages:
        content = message.get("content") if isinstance(message, dict) else None
        for part in content if isinstance(content, list) else ():
            if isinstance(part, dict) and str(part.get("type")) in IMAGE_PARTS:
                return True
    return False


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


def _moment(unix: float) -> str:
    """In UTC, as `datetime.isoformat` writes it to the millisecond."""
    whole = int(unix)
    return f"{_second(whole)}.{int((unix - whole) * 1000):03}+00:00"


@lru_cache(maxsize=8)
def _second(unix: int) -> str:
    return datetime.fromtimestamp(unix, UTC).strftime("%Y-%m-%dT%H:%M:%S")


def _rounded(seconds: float | None) -> float | None:
    return None if seconds is None else round(seconds, 6)
