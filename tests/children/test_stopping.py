"""A text that is made piece by piece ends where the whole of it would."""

from hypothesis import given
from hypothesis import strategies as st

from lmproxy.child.stopping import Stopping

SMALL = st.text("ab", max_size=12)
STOPS = st.lists(st.text("ab", min_size=1, max_size=4), max_size=3)


@given(st.lists(SMALL, max_size=6), STOPS)
def test_what_is_said_ends_at_the_first_stop_sequence(pieces: list[str], stops: list[str]) -> None:
    said: list[str] = []
    stopping = Stopping(tuple(stops), said.append)

    for piece in pieces:
        stopping.add(piece)
    stopping.end()

    whole = "".join(pieces)
    told, kept = "".join(said), [stop for stop in stops if stop in whole]
    assert stopping.is_over == bool(kept)
    assert whole.startswith(told)
    assert "" not in said
    assert not any(stop in told for stop in stops)
    if not kept:
        assert told == whole
    else:
        assert any(whole[len(told) :].startswith(stop) for stop in stops)


@given(st.lists(SMALL, max_size=6), STOPS)
def test_nothing_waits_that_begins_no_stop_sequence(pieces: list[str], stops: list[str]) -> None:
    said: list[str] = []
    stopping = Stopping(tuple(stops), said.append)

    for piece in pieces:
        stopping.add(piece)

    waiting = "".join(pieces)[len("".join(said)) :]
    assert stopping.is_over or not waiting or any(stop.startswith(waiting) for stop in stops)
