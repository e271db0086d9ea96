"""A form: what it holds when it comes is what it holds when it goes on."""

import asyncio
import secrets
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lmproxy.api.form_body import LONGEST_HEADER, FormReader
from lmproxy.api.form_part import DISPOSITION
from lmproxy.errors import InvalidRequest
from lmproxy.form import IN_MEMORY_BYTES, Form, Spool
from lmproxy.upstream.upload import Upload

BOUNDARY = b"the-client-s"
Piece = tuple[bytes, bytes]


def body_of(*parts: Piece, boundary: bytes = BOUNDARY, end: bytes = b"--\r\n") -> bytes:
    """A form as clients write it, of header lines and data."""
    written = b"".join(b"--%b\r\n%b\r\n%b\r\n" % (boundary, head, data) for head, data in parts)
    return written + b"--" + boundary + end


def field(name: bytes, value: bytes = b"x") -> Piece:
    return b'Content-Disposition: form-data; name="%b"\r\n' % name, value


def file(name: bytes, filename: bytes, kind: bytes, data: bytes) -> Piece:
    head = b'Content-Disposition: form-data; name="%b"; filename="%b"\r\nContent-Type: %b\r\n'
    return head % (name, filename, kind), data


async def read(body: bytes, step: int, spool: Spool, boundary: bytes = BOUNDARY) -> Form:
    reader = FormReader(boundary, spool)
    for start in range(0, len(body), step):
        await reader.feed(body[start : start + step])
    return await reader.form()


async def _gone_on(body: bytes, step: int, model: str) -> list[Piece]:
    spool = Spool()
    try:
        upload = Upload(await read(body, step, spool), model)
        sent = b"".join([piece async for piece in upload.pieces()])
    finally:
        spool.close()
    boundary = upload.headers["content-type"].partition("boundary=")[2].encode()
    assert len(sent) == int(upload.headers["content-length"])
    first, *pieces, last = sent.split(b"--" + boundary)
    assert (first, last) == (b"", b"--\r\n")
    return [split(piece) for piece in pieces]


def split(piece: bytes) -> Piece:
    head, _, data = piece.removeprefix(b"\r\n").partition(b"\r\n\r\n")
    return head + b"\r\n", data.removesuffix(b"\r\n")


def gone_on(body: bytes, step: int = 1 << 16, model: str = "theirs") -> list[Piece]:
    """The parts that a provider gets."""
    return asyncio.run(_gone_on(body, step, model))


def refusal(body: bytes) -> InvalidRequest:
    async def attempt() -> None:
        spool = Spool()
        try:
            await read(body, 1 << 16, spool)
        finally:
            spool.close()

    with pytest.raises(InvalidRequest) as caught:
        asyncio.run(attempt())
    assert caught.value.code == "invalid_form"
    return caught.value


names = st.text(
    st.characters(exclude_characters='"\\%\r\n', exclude_categories=["C"]), min_size=1, max_size=50
)
quoted = st.text(
    st.characters(exclude_characters='"\\\r\n', exclude_categories=["C"]), max_size=200
)
data = st.one_of(
    st.binary(max_size=200),
    st.text(alphabet="\r\n-thecl", max_size=60).map(str.encode),
    st.just(b"\r\n--the-client-"),
)
fields = st.tuples(names.map(str.encode), data).map(lambda made: field(*made))
files = st.tuples(
    names.map(str.encode), quoted.map(str.encode), st.just(b"audio/wav; rate=16000"), data
).map(lambda made: file(*made))


def is_free(piece: Piece) -> bool:
    """Whether it decides nothing, and does not hold the boundary."""
    head, content = piece
    return not any(word in head for word in (b'"model"', b'"stream"')) and BOUNDARY not in content


@settings(deadline=None)
@given(st.lists(st.one_of(fields, files).filter(is_free), max_size=6), st.integers(1, 80))
def test_what_a_form_holds_arrives_in_its_order_however_it_was_cut(
    parts: list[Piece], step: int
) -> None:
    arrived = gone_on(body_of(*parts, field(b"model", b"asked")), step)

    assert arrived == [*parts, field(b"model", b"theirs")]


def test_the_model_is_renamed_where_it_stands() -> None:
    before, after = field(b"language", b"de"), file(b"file", b"a.wav", b"audio/wav", b"RIFF")

    arrived = gone_on(body_of(before, field(b"model", b"asked"), after))

    assert arrived == [before, field(b"model", b"theirs"), after]


def test_a_form_without_a_model_gets_one() -> None:
    assert gone_on(body_of(field(b"language"))) == [
        field(b"language"),
        field(b"model", b"theirs"),
    ]


def test_many_unreadable_lines_full_of_blanks_take_no_time() -> None:
    line = b"form-data; name=a" + b" " * (LONGEST_HEADER - 100) + b"!"
    before = time.process_time()

    for _ in range(200):
        assert DISPOSITION.fullmatch(line) is None

    assert time.process_time() - before < 5  # Some milliseconds; half a minute if it were squared.


def test_more_than_the_memory_holds_comes_back_from_the_disk() -> None:
    sound = secrets.token_bytes(3 * IN_MEMORY_BYTES + 17)
    parts = (field(b"language"), file(b"file", b"a.wav", b"audio/wav", sound), field(b"prompt"))

    arrived = gone_on(body_of(*parts, field(b"model")))

    assert arrived == [*parts, field(b"model", b"theirs")]


@pytest.mark.parametrize(
    "head",
    [
        pytest.param(b'Content-Disposition: form-data; name="f"; filename=a.wav\r\n', id="token"),
        pytest.param(
            b"Content-Disposition: form-data; name=\"f\"; filename*=utf-8''%c3%a9.wav\r\n",
            id="extended",
        ),
        pytest.param(
            b'Content-Disposition: form-data; name="f"; filename="C:\\dir\\a.wav"\r\n', id="Windows"
        ),
        pytest.param(
            'Content-Disposition: form-data; name="f"; filename="é.wav"\r\n'.encode(), id="UTF-8"
        ),
        pytest.param(
            b'content-disposition: FORM-DATA;name="f" ; filename="a;b=c.wav"\r\n', id="spaces"
        ),
        pytest.param(
            b'Content-Disposition: form-data; name="f"; filename="a"\r\nContent-Length: 3\r\n'
            b"Content-Transfer-Encoding: binary\r\n",
            id="OkHttp",
        ),
    ],
)
def test_headers_go_on_as_they_came(head: bytes) -> None:
    assert gone_on(body_of((head, b"abc")))[0] == (head, b"abc")


def test_an_escaped_quote_in_a_file_name_goes_on_as_browsers_write_it() -> None:
    (head, _), *_ = gone_on(body_of(file(b"f", rb"a\"; name=\"model", b"audio/wav", b"x")))

    assert b'filename="a%22; name=%22model"' in head


@pytest.mark.parametrize(
    ("body", "why"),
    [
        pytest.param(b"", "last boundary", id="empty"),
        pytest.param(b"{}", "after part 0", id="JSON"),
        pytest.param(body_of(field(b"a"), end=b"\r\n"), "last boundary", id="cut"),
        pytest.param(body_of(field(b"a"))[:-4], "last boundary", id="cut in the last boundary"),
        pytest.param(body_of((b"", b"x")), "has no name", id="no headers"),
        pytest.param(body_of((b"Content-Type: a/b\r\n", b"x")), "has no name", id="no disposition"),
        pytest.param(body_of(field(b"")), "no usable name", id="empty name"),
        pytest.param(body_of(field(b"mo\\del")), "no usable name", id="backslash"),
        pytest.param(body_of(field(b"mo%64el")), "no usable name", id="percent"),
        pytest.param(body_of(field(b"\xff")), "not UTF-8", id="bytes"),
        pytest.param(body_of(field(b'model"; name="a')), "in two ways", id="two names"),
        pytest.param(body_of(field(b"a\"; name*=utf-8''mod")), "unreadable", id="unfinished"),
        pytest.param(
            body_of((b"Content-Disposition: form-data; name=a; name*=utf-8''model\r\n", b"x")),
            "in two ways",
            id="extended name",
        ),
        pytest.param(
            body_of((b'Content-Disposition: form-data; name="a"; name*0="model"\r\n', b"x")),
            "in two ways",
            id="continued name",
        ),
        pytest.param(
            body_of((field(b"a")[0] + field(b"model")[0], b"x")),
            "two Content-Disposition",
            id="two dispositions",
        ),
        pytest.param(
            body_of((b'Content-Disposition: attachment; name="a"\r\n', b"x")),
            "unreadable",
            id="attachment",
        ),
        pytest.param(body_of(field(b"a\x00b")), "control character", id="NUL"),
        pytest.param(
            body_of((b'Content-Disposition: form-data;\r\n name="model"\r\n', b"x")),
            "no usable name",
            id="folded",
        ),
        pytest.param(body_of(field(b"a")).replace(b"\r\n", b"\n"), "after part 0", id="LF alone"),
        pytest.param(body_of(*[field(b"a")] * 257), "256 parts", id="parts"),
        pytest.param(body_of((field(b"a")[0] + b"X: y\r\n" * 9, b"")), "after part 0", id="lines"),
        pytest.param(body_of(field(b"a" * 5000)), "after part 0", id="long line"),
        pytest.param(body_of(field(b"a" * 300)), "no usable name", id="long name"),
        pytest.param(body_of(field(b"model"), field(b"model")), "twice", id="two models"),
        pytest.param(body_of(field(b"stream"), field(b"stream")), "twice", id="two streams"),
        pytest.param(body_of(field(b"model", b"m" * 70_000)), "too long", id="long model"),
        pytest.param(body_of(field(b"model", b"\xff")), "not UTF-8", id="model in bytes"),
        pytest.param(body_of(file(b"model", b"a", b"b/c", b"m")), "is a file", id="model a file"),
    ],
)
def test_a_form_that_could_be_read_in_two_ways_or_none_is_refused(body: bytes, why: str) -> None:
    assert why in refusal(body).message


def test_short_texts_are_there_by_name_and_files_as_what_they_are() -> None:
    async def fields() -> object:
        spool = Spool()
        reader = FormReader(BOUNDARY, spool)
        granularities = [field(b"timestamp_granularities[]", v) for v in (b"word", b"segment")]
        sound = file(b"file", b"a.wav", b"audio/wav", b"RIFF")
        long = field(b"long", b"x" * 70_000)
        await reader.feed(body_of(sound, field(b"model", b"m"), *granularities, long))
        await reader.form()
        spool.close()
        return reader.fields

    assert asyncio.run(fields()) == {
        "file": {"filename": "a.wav", "content_type": "audio/wav", "bytes": 4},
        "model": "m",
        "timestamp_granularities[]": ["word", "segment"],
    }
