"""What if the answer is whole but not the one asked for? Status 200 around the wrong thing.

A plain function is a behaviour; a function with parameters makes one.
"""

import gzip
import json
from collections.abc import Iterable
from typing import Any

from tests.provider import answers
from tests.provider.behaviours import chunks
from tests.provider.behaviours import plain as ok_with
from tests.provider.exchange import Behaviour, Exchange, makes_behaviour
from tests.provider.faults import begin_stream
from tests.provider.refusals import presented_key

_GZIP = ("Content-Encoding", "gzip")
_HTML = b"<!DOCTYPE html><html><head><title>Sign in</title></head><body>Welcome</body></html>\n"

WRONG_SUCCESSES: dict[str, Behaviour] = {
    "error object": ok_with(answers.error_answer("Overloaded", "server_error", "overloaded")),
    "null": ok_with(b"null"),
    "list": ok_with(b"[]"),
    "no choices": ok_with({"id": "chatcmpl-1", "object": "chat.completion"}),
    "empty choices": ok_with(answers.chat_answer(choices=[])),
    "not json": ok_with(b"{not json}"),
    "empty body": ok_with(b""),
}
"""U019: plain answers with status 200 that hold no answer; `ok_with` makes others."""

USAGES: dict[str, object] = {
    "zero": {"prompt_tokens": 0, "completion_tokens": 0, "total_tokens": 0},
    "negative": {"prompt_tokens": -5, "completion_tokens": -1, "total_tokens": -6},
    "text": {"prompt_tokens": "9", "completion_tokens": "many", "total_tokens": ""},
    "huge": {"prompt_tokens": 10**18, "completion_tokens": 10**18, "total_tokens": 2 * 10**18},
    "fraction": {"prompt_tokens": 9.5, "completion_tokens": 1e-3, "total_tokens": True},
    "not an object": "12 tokens",
    "empty": {},
}
"""U028: usages to give to `with_usage`."""


async def gzip_unasked(exchange: Exchange) -> None:
    """U013: a good answer, plain or streamed, in gzip, whatever the request accepts."""
    if not exchange.request.is_stream:
        body = gzip.compress(json.dumps(answers.chat_answer()).encode())
        await exchange.send_json(200, body, [_GZIP])
        return
    events = [json.dumps(chunk) for chunk in answers.chat_chunks()]
    await exchange.start_stream([_GZIP])
    whole = "".join(f"data: {event}\n\n" for event in [*events, "[DONE]"])
    await exchange.send_chunk(gzip.compress(whole.encode()))
    await exchange.end_stream(done=False)


@makes_behaviour
def gzip_bomb(size_bytes: int) -> Behaviour:
    """U013: a small plain answer in gzip that grows to this size."""
    body = gzip.compress(json.dumps(answers.chat_answer("a" * size_bytes)).encode())
    return ok_with(body, [_GZIP])


async def html_page(exchange: Exchange) -> None:
    """U016: 200 with the page of a captive portal."""
    headers = [("Content-Type", "text/html"), ("Content-Length", str(len(_HTML)))]
    await exchange.send_head(headers=headers)
    await exchange.send_raw(_HTML)


async def html_as_stream(exchange: Exchange) -> None:
    """U016: such a page that calls itself an event stream."""
    await exchange.start_stream()
    await exchange.send_chunk(_HTML)
    await exchange.end_stream(done=False)


json_for_stream: Behaviour = ok_with(answers.chat_answer())
"""U017: a plain answer, though a stream was asked."""

stream_for_json: Behaviour = chunks(answers.chat_chunks(usage=answers.USAGE))
"""U018: a stream, though a plain answer was asked."""


async def empty_stream(exchange: Exchange) -> None:
    """U019: a stream that is only `[DONE]`."""
    await exchange.start_stream()
    await exchange.end_stream()


@makes_behaviour
def error_event(content_chunks: int = 1) -> Behaviour:
    """U027: an error with our key in it, as an event of a stream that then ends cleanly."""

    async def behave(exchange: Exchange) -> None:
        await begin_stream(exchange, content_chunks)
        message = f"Quota of key {presented_key(exchange.request)} is used up"
        await exchange.send_event(answers.error_answer(message, "insufficient_quota", "quota"))
        await exchange.end_stream()

    return behave


@makes_behaviour
def with_usage(usage: object) -> Behaviour:
    """U028: a good answer, plain or streamed, with this usage; None leaves it out."""

    async def behave(exchange: Exchange) -> None:
        if exchange.request.is_stream:
            await chunks(answers.chat_chunks(usage=usage))(exchange)
        else:
            await exchange.send_json(200, answers.chat_answer(usage=usage))

    return behave


@makes_behaviour
def usage_in_chunks(usages: Iterable[dict[str, Any] | None]) -> Behaviour:
    """U028: a stream with one chunk of text for each usage; for usage twice, or decreasing."""
    parts = [answers.chat_chunk({"content": "word "}, usage=usage) for usage in usages]
    role, stop = answers.chat_chunks([])
    return chunks([role, *parts, stop])


@makes_behaviour
def same_chunk(count: int = 150) -> Behaviour:
    """U030: a good stream with the same chunk so many times."""
    return chunks(answers.chat_chunks(["same"] * count))


@makes_behaviour
def huge_reasoning(size_bytes: int) -> Behaviour:
    """U033: a good answer, plain or streamed, with reasoning of this size."""
    return _with_message_field({"reasoning_content": "a" * size_bytes})


@makes_behaviour
def huge_logprobs(count: int) -> Behaviour:
    """U033: a good answer, plain or streamed, with the log probabilities of so many tokens."""
    token = {"token": "a", "logprob": -0.1, "bytes": [97], "top_logprobs": []}
    return _with_choice_field({"logprobs": {"content": [token] * count, "refusal": None}})


def _with_message_field(field: dict[str, Any]) -> Behaviour:
    answer, role_and_rest = answers.chat_answer(), answers.chat_chunks()
    answer["choices"][0]["message"] |= field
    role_and_rest[0]["choices"][0]["delta"] |= field
    return _plain_or_stream(answer, role_and_rest)


def _with_choice_field(field: dict[str, Any]) -> Behaviour:
    answer, role_and_rest = answers.chat_answer(), answers.chat_chunks()
    answer["choices"][0] |= field
    role_and_rest[1]["choices"][0] |= field
    return _plain_or_stream(answer, role_and_rest)


def _plain_or_stream(answer: dict[str, Any], events: list[dict[str, Any]]) -> Behaviour:
    async def behave(exchange: Exchange) -> None:
        chosen = chunks(events) if exchange.request.is_stream else ok_with(answer)
        await chosen(exchange)

    return behave
