"""How does a connection or a message break? Behaviours whose HTTP or event stream is not whole.

A plain function is a behaviour; a function with parameters makes one. `content_chunks` is how many
chunks with text come before the fault, after the chunk with the role.
"""

import itertools

from tests.provider import answers
from tests.provider.exchange import Behaviour, Exchange, makes_behaviour

_PIECE = b"a" * 65_536
_HALF_EVENT = (
    b'data: {"id":"chatcmpl-1","object":"chat.completion.chunk","choices":[{"index":0,"del'
)
_BODY = (
    b'{"id":"chatcmpl-1","object":"chat.completion","choices":[{"index":0,"message":{"role":"ass'
)
_JSON = ("Content-Type", "application/json")


async def begin_stream(exchange: Exchange, content_chunks: int = 1) -> None:
    """Send the head, the role and some text, as any good stream begins."""
    await exchange.start_stream()
    for chunk in answers.chat_chunks(["word "] * content_chunks)[:-1]:
        await exchange.send_event(chunk)


async def reset_after_request(exchange: Exchange) -> None:
    """U004: RST instead of an answer."""
    await exchange.reset()


async def eof_after_request(exchange: Exchange) -> None:
    """U004: FIN instead of an answer."""
    await exchange.close()


async def never_answers(exchange: Exchange) -> None:
    """U005: takes the request and is silent until the peer leaves."""
    await exchange.client_gone()


async def silence_after_head(exchange: Exchange) -> None:
    """U006: the head of a plain answer, then nothing."""
    await exchange.send_head(headers=[_JSON, ("Content-Length", "1000")])
    await exchange.client_gone()


async def silence_in_body(exchange: Exchange) -> None:
    """U006: half of a plain answer, then nothing."""
    await exchange.send_head(headers=[_JSON, ("Content-Length", "1000")])
    await exchange.send_raw(_BODY)
    await exchange.client_gone()


async def silence_after_stream_head(exchange: Exchange) -> None:
    """U007: the head of a stream, then nothing."""
    await exchange.start_stream()
    await exchange.client_gone()


@makes_behaviour
def silence_in_stream(content_chunks: int = 1) -> Behaviour:
    """U007: the beginning of a stream, then nothing."""

    async def behave(exchange: Exchange) -> None:
        await begin_stream(exchange, content_chunks)
        await exchange.client_gone()

    return behave


@makes_behaviour
def drip(interval_s: float = 0.05) -> Behaviour:
    """U008: one chunk after another, until the peer leaves."""

    async def behave(exchange: Exchange) -> None:
        await begin_stream(exchange, 0)
        for number in itertools.count():
            await exchange.send_event(answers.chat_chunk({"content": f"{number} "}))
            await exchange.pause(interval_s)

    return behave


@makes_behaviour
def drip_body(interval_s: float = 0.05) -> Behaviour:
    """U008: a plain answer, byte by byte until the peer leaves."""

    async def behave(exchange: Exchange) -> None:
        await exchange.send_head(headers=[_JSON, ("Content-Length", str(1 << 30))])
        while True:
            await exchange.send_raw(b" ")
            await exchange.pause(interval_s)

    return behave


@makes_behaviour
def reset_mid_event(content_chunks: int = 1) -> Behaviour:
    """U009: RST in the middle of an event."""

    async def behave(exchange: Exchange) -> None:
        await begin_stream(exchange, content_chunks)
        await exchange.send_chunk(_HALF_EVENT)
        await exchange.reset()

    return behave


@makes_behaviour
def eof_mid_event(content_chunks: int = 1) -> Behaviour:
    """U009: FIN in the middle of an event, and of the chunked coding."""

    async def behave(exchange: Exchange) -> None:
        await begin_stream(exchange, content_chunks)
        await exchange.send_chunk(_HALF_EVENT)
        await exchange.close()

    return behave


@makes_behaviour
def clean_end_mid_event(content_chunks: int = 1) -> Behaviour:
    """U009: HTTP ends as it should, in the middle of an event."""

    async def behave(exchange: Exchange) -> None:
        await begin_stream(exchange, content_chunks)
        await exchange.send_chunk(_HALF_EVENT)
        await exchange.end_stream(done=False)

    return behave


@makes_behaviour
def ends_unfinished(content_chunks: int = 1, *, done: bool = False) -> Behaviour:
    """U009: a clean end without finish_reason, with or without `[DONE]`."""

    async def behave(exchange: Exchange) -> None:
        await begin_stream(exchange, content_chunks)
        await exchange.end_stream(done=done)

    return behave


async def ends_without_done(exchange: Exchange) -> None:
    """U009: a clean end with finish_reason and without `[DONE]`."""
    await begin_stream(exchange)
    await exchange.send_event(answers.chat_chunk({}, "stop"))
    await exchange.end_stream(done=False)


@makes_behaviour
def garbage_line(content_chunks: int = 1) -> Behaviour:
    """U010: bytes that are no line of an event stream; then the stream goes on to a good end."""
    return _with_garbage(b"\x00\xfe<garbage>\n\n", content_chunks)


@makes_behaviour
def not_json_event(content_chunks: int = 1) -> Behaviour:
    """U010: an event that is not JSON; then the stream goes on to a good end."""
    return _with_garbage(b"data: {not json}\n\n", content_chunks)


@makes_behaviour
def enormous_event(size_bytes: int) -> Behaviour:
    """U012: one event of this size, in pieces; then a good end, should anybody still be there."""

    async def behave(exchange: Exchange) -> None:
        await begin_stream(exchange, 0)
        await exchange.send_chunk(b'data: {"choices":[{"index":0,"delta":{"content":"')
        await _send_filler(exchange, size_bytes)
        await exchange.send_chunk(b'"}}]}\n\n')
        await exchange.send_event(answers.chat_chunk({}, "stop"))
        await exchange.end_stream()

    return behave


async def endless_events(exchange: Exchange) -> None:
    """U012: small events as fast as they are taken, until the peer leaves."""
    await begin_stream(exchange, 0)
    while True:
        await exchange.send_event(answers.chat_chunk({"content": "x"}))


@makes_behaviour
def enormous_body(size_bytes: int) -> Behaviour:
    """U012: a whole plain answer with a text of this size, in chunked coding."""

    async def behave(exchange: Exchange) -> None:
        await exchange.send_head(headers=[_JSON, ("Transfer-Encoding", "chunked")])
        await exchange.send_chunk(
            b'{"choices":[{"index":0,"message":{"role":"assistant","content":"'
        )
        await _send_filler(exchange, size_bytes)
        await exchange.send_chunk(b'"},"finish_reason":"stop"}]}')
        await exchange.end_stream(done=False)

    return behave


async def content_length_too_long(exchange: Exchange) -> None:
    """U014: FIN before the body is as long as was announced."""
    await exchange.send_head(headers=[_JSON, ("Content-Length", "1000")])
    await exchange.send_raw(_BODY)
    await exchange.close()


async def content_length_too_short(exchange: Exchange) -> None:
    """U014: more bytes than were announced, on a connection that stays open."""
    await exchange.send_head(headers=[_JSON, ("Content-Length", str(len(_BODY) // 2))])
    await exchange.send_raw(_BODY)


async def chunked_without_terminator(exchange: Exchange) -> None:
    """U014: a whole JSON answer in chunked coding, and FIN instead of the last chunk."""
    await exchange.send_head(headers=[_JSON, ("Transfer-Encoding", "chunked")])
    await exchange.send_chunk(b'{"choices":[{"index":0,"message":{"content":"x"}}]}')
    await exchange.close()


@makes_behaviour
def many_headers(count: int = 300, size_bytes: int = 1024) -> Behaviour:
    """U015: a good answer under so many headers of this size; (1, 1 << 20) is one of 1 MB."""

    async def behave(exchange: Exchange) -> None:
        headers = [(f"X-Filler-{number}", "a" * size_bytes) for number in range(count)]
        await exchange.send_json(200, answers.chat_answer(), headers)

    return behave


async def unknown_version(exchange: Exchange) -> None:
    """U015: a good answer in HTTP/9.9."""
    await exchange.send_raw(b"HTTP/9.9 200 OK\r\nContent-Length: 2\r\n\r\n{}")


def _with_garbage(garbage: bytes, content_chunks: int) -> Behaviour:
    async def behave(exchange: Exchange) -> None:
        await begin_stream(exchange, content_chunks)
        await exchange.send_chunk(garbage)
        await exchange.send_event(answers.chat_chunk({"content": "after"}))
        await exchange.send_event(answers.chat_chunk({}, "stop"))
        await exchange.end_stream()

    return behave


async def _send_filler(exchange: Exchange, size_bytes: int) -> None:
    for start in range(0, size_bytes, len(_PIECE)):
        await exchange.send_chunk(_PIECE[: size_bytes - start])
