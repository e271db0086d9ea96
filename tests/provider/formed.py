"""How does an answer break, whoever gives it? Faults in the form that the path belongs to.

What breaks below the form, such as a connection before its first byte, is in `faults`.
"""

import itertools
import json

from tests.provider.exchange import Behaviour, Exchange, Headers, makes_behaviour
from tests.provider.forms import form_of
from tests.provider.refusals import KEY_FORMS, presented_key

_PIECE = b"a" * 65_536


async def begin(exchange: Exchange, words: int = 1) -> None:
    """Send the head, what comes before the text, and some text."""
    form = form_of(exchange.request)
    await exchange.start_stream()
    for event in (*form.begin, *[form.word("word ")] * words):
        await exchange.send_chunk(event)


async def end(exchange: Exchange) -> None:
    """Send what a good stream ends with."""
    for event in form_of(exchange.request).end:
        await exchange.send_chunk(event)
    await exchange.end_stream(done=False)


def after_words(fault: Behaviour, words: int = 1) -> Behaviour:
    """A stream that begins well and goes on with `fault`."""

    async def behave(exchange: Exchange) -> None:
        await begin(exchange, words)
        await fault(exchange)

    behave.__name__ = fault.__name__
    return behave


async def half_an_event(exchange: Exchange) -> None:
    """Send an event up to its middle."""
    event = form_of(exchange.request).word("cut")
    await exchange.send_chunk(event[: len(event) // 2])


async def reset_mid_event(exchange: Exchange) -> None:
    """U009: RST in the middle of an event."""
    await half_an_event(exchange)
    await exchange.reset()


async def eof_mid_event(exchange: Exchange) -> None:
    """U009: FIN in the middle of an event, and of the chunked coding."""
    await half_an_event(exchange)
    await exchange.close()


async def clean_end_mid_event(exchange: Exchange) -> None:
    """U009: HTTP ends as it should, in the middle of an event."""
    await half_an_event(exchange)
    await exchange.end_stream(done=False)


async def clean_end(exchange: Exchange) -> None:
    """U009: HTTP ends as it should, before the answer does."""
    await exchange.end_stream(done=False)


async def silence(exchange: Exchange) -> None:
    """U007: nothing more, until the peer leaves."""
    await exchange.client_gone()


async def not_json(exchange: Exchange) -> None:
    """U010: an event that is not JSON; then the stream goes on to a good end."""
    await exchange.send_event("{not json}")
    await end(exchange)


async def not_an_object(exchange: Exchange) -> None:
    """U010: an event that is a number; then the stream goes on to a good end."""
    await exchange.send_event("42")
    await end(exchange)


@makes_behaviour
def drip(interval_s: float) -> Behaviour:
    """U008: one word after another, until the peer leaves."""

    async def behave(exchange: Exchange) -> None:
        await begin(exchange, 0)
        for number in itertools.count():
            await exchange.send_chunk(form_of(exchange.request).word(f"{number} "))
            await exchange.pause(interval_s)

    return behave


@makes_behaviour
def slowly(pause_s: float) -> Behaviour:
    """A good stream of two words with a pause between them."""

    async def behave(exchange: Exchange) -> None:
        await begin(exchange)
        await exchange.pause(pause_s)
        await exchange.send_chunk(form_of(exchange.request).word("word "))
        await end(exchange)

    return behave


@makes_behaviour
def enormous_event(size_bytes: int) -> Behaviour:
    """U012: one word of this size, in pieces; then a good end, should anybody still be there."""

    async def behave(exchange: Exchange) -> None:
        await begin(exchange)
        head, tail = form_of(exchange.request).word("@").split(b"@")
        await exchange.send_chunk(head)
        for _ in range(size_bytes // len(_PIECE)):
            await exchange.send_chunk(_PIECE)
        await exchange.send_chunk(tail)
        await end(exchange)

    return behave


@makes_behaviour
def words(count: int, word: str = "same") -> Behaviour:
    """U030: a good stream of the same word so many times."""

    async def behave(exchange: Exchange) -> None:
        await begin(exchange, 0)
        for _ in range(count):
            await exchange.send_chunk(form_of(exchange.request).word(word))
        await end(exchange)

    return behave


@makes_behaviour
def refusal(
    status: int, message: str = "Refused", kind: str = "refused", headers: Headers = ()
) -> Behaviour:
    """U020 to U026: any status with an error in the provider's own form."""
    kept = list(headers)

    async def behave(exchange: Exchange) -> None:
        document = form_of(exchange.request).error(status, message, kind)
        await exchange.send_json(status, document, kept)

    return behave


@makes_behaviour
def key_echo(form: str, status: int) -> Behaviour:
    """U022: a refusal that repeats the key of the request in one of KEY_FORMS."""

    async def behave(exchange: Exchange) -> None:
        await exchange.send_json(status, _leak(exchange, form, status))

    return behave


@makes_behaviour
def error_event(form: str, status: int, words: int = 1) -> Behaviour:
    """U027: an error with our key in it, as an event after so many words; 0 for the first one."""

    async def behave(exchange: Exchange) -> None:
        await (begin(exchange, words) if words else exchange.start_stream())
        await exchange.send_event(_leak(exchange, form, status))
        await exchange.end_stream(done=False)

    return behave


def _leak(exchange: Exchange, key_form: str, status: int) -> dict[str, object]:
    shown = KEY_FORMS[key_form](presented_key(exchange.request))
    form = form_of(exchange.request)
    return form.error(status, f"The key {shown} is refused", "rate_limit_error")


@makes_behaviour
def plain_after(interval_s: float) -> Behaviour:
    """A good plain answer after a while."""

    async def behave(exchange: Exchange) -> None:
        await exchange.pause(interval_s)
        await exchange.send_json(200, form_of(exchange.request).plain("Hello there"))

    return behave


async def cut_plain(exchange: Exchange) -> None:
    """U014: FIN before the body is as long as was announced."""
    json_type = ("Content-Type", "application/json")
    await exchange.send_head(headers=[json_type, ("Content-Length", "1000")])
    await exchange.send_raw(b'{"id": "1", "content"')
    await exchange.close()


def as_json(document: object) -> bytes:
    """A document as a provider sends it."""
    return json.dumps(document).encode()
