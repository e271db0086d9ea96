"""Is this a form? Read once, as it comes, by a parser of others; its data goes into a spool.

What two readers could take for two different things is refused: a model named twice, a field whose
name could be decoded in two ways. So what is permitted is what the provider gets to read.
"""

from collections.abc import AsyncGenerator
from contextlib import aclosing, asynccontextmanager
from typing import Any

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header

from lmproxy import logs
from lmproxy.api.exchange import Exchange
from lmproxy.api.form_part import Head
from lmproxy.call import Json
from lmproxy.errors import InvalidRequest, ProxyError, Unavailable, UnsupportedContent
from lmproxy.form import Form, Part, Spool

log = logs.get(__name__)

FORM_TYPE = b"multipart/form-data"
MOST_PARTS = 256
MOST_HEADERS = 8
LONGEST_HEADER = 4096
LONGEST_TEXT = 64 * 1024
"""Of a field that is looked at here; longer ones go on all the same."""


def is_form(exchange: Exchange) -> bool:
    """Whether the body is a form, by its content type."""
    return _content_type(exchange)[0] == FORM_TYPE


@asynccontextmanager
async def reading_form(exchange: Exchange) -> AsyncGenerator[tuple[Form, Json], None]:
    """The request's form, and what is in it by name: short texts, and of files what they are.

    Several of one name are a list.

    Raises:
        UnsupportedContent: the headers say that it is something else, or compressed.
        InvalidRequest: it is no form, or one that can be read in two ways.
        Unavailable: there is no room to keep it.
        TooLarge, RequestTimeout, ClientGone: see `Exchange.pieces`.
    """
    spool = Spool()
    try:
        reader = FormReader(_boundary(exchange), spool)
        limit = exchange.policy.max_upload_bytes
        async with aclosing(exchange.pieces(limit)) as pieces:
            async for piece in pieces:
                await reader.feed(piece)
        yield await reader.form(), reader.fields
    finally:
        spool.close()


def _content_type(exchange: Exchange) -> tuple[bytes, dict[bytes, bytes]]:
    return parse_options_header(exchange.headers.get(b"content-type"))


def _boundary(exchange: Exchange) -> bytes:
    if exchange.headers.get(b"content-encoding", b"identity").lower() != b"identity":
        raise UnsupportedContent(
            "Compressed request bodies are not accepted.", code="unsupported_content_encoding"
        )
    kind, options = _content_type(exchange)
    if kind != FORM_TYPE:
        raise UnsupportedContent("Send the request as 'Content-Type: multipart/form-data'.")
    if not options.get(b"boundary"):
        raise invalid("its Content-Type names no boundary")
    return options[b"boundary"]


def invalid(why: str, param: str | None = None) -> InvalidRequest:
    """The error of a form that cannot be read."""
    return InvalidRequest(
        f"The request body is not a valid form: {why}.", code="invalid_form", param=param
    )


class FormReader:
    """One form while it arrives."""

    def __init__(self, boundary: bytes, spool: Spool) -> None:
        """`spool` is closed by whoever made it.

        Raises:
            InvalidRequest: it can be no boundary.
        """
        self.fields: Json = {}
        self._spool = spool
        self._parts: list[Part] = []
        self._head = Head()
        self._text: bytearray | None = None
        self._start = 0
        self._is_whole = False
        try:
            self._parser = MultipartParser(
                boundary,
                {
                    "on_part_begin": self._begin_part,
                    "on_header_field": self._add_name,
                    "on_header_value": self._add_value,
                    "on_header_end": self._end_header,
                    "on_headers_finished": self._begin_data,
                    "on_part_data": self._add_data,
                    "on_part_end": self._end_part,
                    "on_end": self._end,
                },
                max_header_count=MOST_HEADERS,
                max_header_size=LONGEST_HEADER,
            )
        except FormParserError:
            raise invalid("its boundary is too long") from None

    async def feed(self, piece: bytes) -> None:
        """Read on."""
        try:
            self._parser.write(piece)
        except FormParserError:
            # Not the parser's words: they quote what was sent.
            raise invalid(f"it cannot be read after part {len(self._parts)}") from None
        await self._settle(whole=False)

    async def form(self) -> Form:
        """The form, once everything was fed."""
        if not self._is_whole:
            raise invalid("it ends before its last boundary")
        await self._settle(whole=True)
        return Form(tuple(self._parts), self._spool)

    async def _settle(self, *, whole: bool) -> None:
        try:
            await self._spool.settle(whole=whole)
        except OSError as error:
            log.error("an upload cannot be kept", reason=error.strerror or "unknown")
            raise no_room() from error

    def _begin_part(self) -> None:
        if len(self._parts) >= MOST_PARTS:
            raise invalid(f"it has more than {MOST_PARTS} parts")
        self._head = Head()

    def _add_name(self, data: bytes, start: int, end: int) -> None:
        self._head.name += data[start:end]

    def _add_value(self, data: bytes, start: int, end: int) -> None:
        self._head.value += data[start:end]

    def _end_header(self) -> None:
        try:
            self._head.end_line()
        except ValueError as error:
            raise invalid(f"{error} in part {len(self._parts) + 1}") from None

    def _begin_data(self) -> None:
        if not self._head.field:
            raise invalid(f"part {len(self._parts) + 1} has no name")
        self._start = self._spool.size
        self._text = bytearray() if self._head.filename is None else None

    def _add_data(self, data: bytes, start: int, end: int) -> None:
        self._spool.add(data[start:end])
        if self._text is not None:
            self._text += data[start:end]
            if len(self._text) > LONGEST_TEXT:
                self._text = None

    def _end_part(self) -> None:
        head, size = self._head, self._spool.size - self._start
        self._parts.append(
            Part(head.field, bytes(head.lines), head.filename, head.content_type, self._start, size)
        )
        if head.filename is None:
            self._keep_text(head.field)
        elif head.field in READ_HERE:
            raise invalid(f"'{head.field}' is a file", param=head.field)
        else:
            file = {"filename": head.filename, "content_type": head.content_type, "bytes": size}
            self._keep(head.field, file)

    def _keep_text(self, name: str) -> None:
        if name in READ_HERE and (name in self.fields or self._text is None):
            what = "is there twice" if name in self.fields else "is too long"
            raise invalid(f"'{name}' {what}", param=name)
        if self._text is None:
            return
        try:
            text = self._text.decode()
        except UnicodeDecodeError:
            if name in READ_HERE:
                raise invalid(f"'{name}' is not UTF-8", param=name) from None
            return
        self._keep(name, TRUTH.get(text.lower(), text) if name == "stream" else text)

    def _keep(self, name: str, value: Any) -> None:
        if name in self.fields:
            known = self.fields[name]
            self.fields[name] = [*known, value] if isinstance(known, list) else [known, value]
        else:
            self.fields[name] = value

    def _end(self) -> None:
        self._is_whole = True


READ_HERE = {"model", "stream"}
"""Fields that decide something: there once, as a text, or not at all."""
TRUTH = {"true": True, "1": True, "false": False, "0": False}


def no_room() -> ProxyError:
    """The error of an upload that no file can be made for."""
    return Unavailable(
        "The proxy has no room for this upload. Try again later, or with a smaller one.",
        code="no_room_for_upload",
    )
