"""Events as bytes: however a stream is cut, it is handed on unchanged, and only between events."""

import re
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lmproxy.errors import UpstreamInvalidResponse
from lmproxy.upstream import events
from lmproxy.upstream.events import (
    EventBlocks,
    Lines,
    all_data,
    data_of,
    event_around,
    has_done,
    json_of,
    last_events,
    split_events,
)
from tests.provider.answers import RICH_STREAM

LINE_ENDS = [b"\n", b"\r\n", b"\r"]
BLANK_LINE_AT_END = re.compile(rb"(\r\n|\n|\r)(\r\n|\n|\r)\Z")

line_ends = st.sampled_from(LINE_ENDS)
lines = st.one_of(
    st.sampled_from([b"data: [DONE]", b"data:", b"data", b": ping", b"event: x", b"id: 7", b"x"]),
    st.text("ab é{}\"':\0\x0b\x85\u2028", max_size=12).map(lambda text: b"data: " + text.encode()),
)


@st.composite
def streams(draw: st.DrawFn) -> bytes:
    """A stream whose events use one line end each."""
    made = []
    for event in draw(st.lists(st.lists(lines, min_size=1, max_size=4), max_size=8)):
        end = draw(line_ends)
        made += [line + end for line in event] + [end]
    return b"".join(made)


@st.composite
def pieces(draw: st.DrawFn, of: st.SearchStrategy[bytes]) -> list[bytes]:
    """A stream cut anywhere, with empty pieces left out."""
    whole = draw(of)
    cuts = sorted(draw(st.lists(st.integers(0, len(whole)), max_size=12)))
    parts = [whole[a:b] for a, b in zip([0, *cuts], [*cuts, len(whole)], strict=True)]
    return [part for part in parts if part]


def fed(parts: list[bytes]) -> tuple[list[bytes], bytes]:
    """The blocks handed on, and the rest."""
    blocks = EventBlocks()
    return [block for part in parts if (block := blocks.feed(part))], blocks.rest()


@given(streams())
def test_the_data_of_a_block_is_that_of_its_events(block: bytes) -> None:
    assert all_data(block) == [data for event in split_events(block) if (data := data_of(event))]


@given(pieces(st.one_of(streams(), st.binary(max_size=80), st.just(RICH_STREAM))))
def test_a_stream_cut_anywhere_is_handed_on_unchanged(parts: list[bytes]) -> None:
    blocks, rest = fed(parts)

    assert b"".join([*blocks, rest]) == b"".join(parts)


@given(pieces(st.one_of(streams(), st.binary(max_size=80), st.just(RICH_STREAM))))
def test_what_is_handed_on_ends_after_a_blank_line(parts: list[bytes]) -> None:
    blocks, _ = fed(parts)

    assert all(BLANK_LINE_AT_END.search(block) for block in blocks)


@given(pieces(streams()))
def test_a_whole_stream_leaves_no_rest(parts: list[bytes]) -> None:
    blocks, rest = fed(parts)

    assert rest == b""
    assert bool(blocks) == bool(parts)


@pytest.mark.parametrize("line_end", LINE_ENDS)
@given(cuts=st.lists(st.integers(0, 60), max_size=3))
def test_an_event_is_handed_on_as_soon_as_its_blank_line_is_there(
    line_end: bytes, cuts: list[int]
) -> None:
    first, second = (b"data: %d" % n + line_end * 2 for n in (1, 2))
    blocks = EventBlocks()

    assert blocks.feed(first[:-1]) == b""
    assert blocks.feed(first[-1:]) == first
    assert blocks.feed(second + b"data: 3") == second
    assert blocks.feed(line_end * 2) == b"data: 3" + line_end * 2


@given(st.one_of(streams(), st.binary(max_size=80)))
def test_split_events_put_together_are_the_block(block: bytes) -> None:
    assert b"".join(split_events(block)) == block


@given(st.lists(st.lists(lines, min_size=1, max_size=3), max_size=6), line_ends)
def test_a_block_is_split_into_its_events(made: list[list[bytes]], end: bytes) -> None:
    wanted = [b"".join(line + end for line in event) + end for event in made]

    assert list(split_events(b"".join(wanted))) == wanted


@given(streams())
def test_every_event_split_off_has_one_blank_line_at_its_end(stream: bytes) -> None:
    for event in split_events(stream):
        assert BLANK_LINE_AT_END.search(event)
        assert len(list(_lines(event))) == len(event.splitlines())


def _lines(event: bytes) -> Iterator[bytes]:
    """The lines of an event, the blank one last."""
    body = BLANK_LINE_AT_END.sub(b"", event)
    yield from body.splitlines() or [b""]
    yield b""


@pytest.mark.parametrize(
    ("event", "data"),
    [
        pytest.param(b"data: x\n\n", b"x", id="plain"),
        pytest.param(b"data:x\n\n", b"x", id="no space"),
        pytest.param(b"data:  x\n\n", b" x", id="one space is ours"),
        pytest.param(b"data: x\r\n\r\n", b"x", id="CRLF"),
        pytest.param(b"data: x\r\r", b"x", id="CR"),
        pytest.param(b"data: x", b"x", id="no end"),
        pytest.param(b"data: a\ndata: b\n\n", b"a\nb", id="two lines"),
        pytest.param(b"event: m\nid: 7\ndata: x\nretry: 3\n\n", b"x", id="other fields"),
        pytest.param(b": c\ndata: x\n\n", b"x", id="comment before"),
        pytest.param(b"data\n\n", b"", id="no colon"),
        pytest.param(b"data:\n\n", b"", id="empty"),
        pytest.param("data: a\u2028b\x85\x0b\n\n".encode(), "a\u2028b\x85\x0b".encode(), id="odd"),
        pytest.param(b": ping\n\n", None, id="comment"),
        pytest.param(b"database: x\n\n", None, id="another name"),
        pytest.param(b"\n", None, id="nothing"),
    ],
)
def test_the_data_of_an_event(event: bytes, data: bytes | None) -> None:
    assert data_of(event) == data


@pytest.mark.parametrize("event", [b": c\n\n", b"data: [DONE]\n\n", b"data: {x\n\n", b"data:\n\n"])
def test_what_is_not_json_is_none(event: bytes) -> None:
    assert json_of(event) is None


def test_json_over_several_data_lines_is_read() -> None:
    assert json_of(b'data: {"a":\ndata: 1}\n\n') == {"a": 1}


def test_an_event_may_be_as_large_as_the_limit_and_no_larger(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(events, "MOST_EVENT_BYTES", 100)
    blocks = EventBlocks()

    assert blocks.feed(b"a" * 100) == b""
    with pytest.raises(UpstreamInvalidResponse):
        blocks.feed(b"a")


def test_all_events_may_be_as_large_as_the_limit_and_no_larger(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(events, "MOST_ANSWER_BYTES", 100)
    blocks = EventBlocks()

    for _ in range(10):
        assert blocks.feed(b"data: xx\n\n")
    with pytest.raises(UpstreamInvalidResponse):
        blocks.feed(b"a")


@given(pieces(st.binary(max_size=80).map(lambda data: data.replace(b"a", b"\n"))))
def test_lines_are_the_same_however_they_are_cut(cut: list[bytes]) -> None:
    found = Lines()

    whole = [line for piece in cut for line in found.feed(piece)]

    assert [*whole, found.rest()] == b"".join(cut).split(b"\n")


def test_a_line_without_an_end_is_refused_once_it_is_larger_than_any_event() -> None:
    found, piece = Lines(), b"a" * 65_536

    for _ in range(events.MOST_EVENT_BYTES // len(piece)):
        assert found.feed(piece) == []
    with pytest.raises(UpstreamInvalidResponse):
        found.feed(b"a")


@given(contents=st.lists(st.binary(min_size=1, max_size=9).filter(lambda e: b"\n" not in e)))
def test_the_last_events_are_the_end_of_all_events(contents: list[bytes]) -> None:
    block = b"".join(b"data: " + each.replace(b"\r", b".") + b"\n\n" for each in contents)

    newest_first = list(last_events(block, 3))

    assert newest_first == list(reversed(list(split_events(block))[-3:]))


@pytest.mark.parametrize("rest", [b"", b"data: half"], ids=["whole", "with a rest"])
def test_the_event_around_a_position_is_one_of_all_events(rest: bytes) -> None:
    block = b"data: one\n\ndata: two\n\ndata: three\n\n" + rest

    start, end = event_around(block, block.index(b"two"))

    assert block[start:end] == b"data: two\n\n"


@pytest.mark.parametrize(
    ("block", "done"),
    [
        (b"data: [DONE]\n\n", True),
        (b"data:[DONE]\r\n\r\n", True),
        (b"data: x\r\rdata: [DONE]\r\r", True),
        (b'data: {"a":1}\n\ndata: [DONE]\n\n', True),
        (b'data: {"content":"data: [DONE]"}\n\n', False),
        (b'data: "[DONE]"\n\n', False),
        (b": data: [DONE]\n\n", False),
    ],
)
def test_only_an_event_of_its_own_is_the_end_mark(block: bytes, done: bool) -> None:
    assert has_done(block) is done
