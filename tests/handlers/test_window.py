"""A sliding window counts as a list of times would, whoever comes and however many."""

import hypothesis.strategies as st
from hypothesis import given

from lmproxy.handlers.window import Window

KEYS = st.sampled_from("abc")
STEPS = st.lists(
    st.tuples(st.sampled_from(["take", "give back"]), KEYS, st.integers(0, 40)), max_size=120
)


@given(most=st.integers(1, 5), window=st.integers(1, 60), steps=STEPS)
def test_it_counts_as_a_list_of_times_does(
    most: int, window: int, steps: list[tuple[str, str, int]]
) -> None:
    counted = Window(most, window, 3)
    model: dict[str, list[float]] = {}
    now = 0.0
    for act, key, later in steps:
        now += later / 4  # Quarters are exact, so both sides round alike.
        times = model[key] = [at for at in model.get(key, []) if now - at < window]
        if act == "give back":
            if times:
                counted.give_back(key, times.pop())
            continue
        wait = counted.take(key, now)
        if len(times) < most:
            assert wait == 0
            times.append(now)
        else:
            assert wait == times[0] + window - now


@given(most=st.integers(1, 3), steps=st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9))))
def test_whoever_is_limited_stays_limited_however_many_others_come(
    most: int, steps: list[tuple[int, int]]
) -> None:
    counted = Window(most, 10, 4)
    for _ in range(most):
        assert counted.take("limited", 0.0) == 0
    now = 0.0
    for key, later in steps:
        now += later / 10
        counted.take(f"other {key}", now)

        assert len(counted) <= 4
        if now < 10:
            assert counted.take("limited", now) > 0


def test_the_one_not_seen_for_longest_is_forgotten_first() -> None:
    counted = Window(2, 10, 2)
    counted.take("old", 0.0)
    counted.take("new", 1.0)
    counted.take("third", 2.0)

    assert counted.take("new", 3.0) == 0
    assert counted.take("new", 3.0) > 0  # It was remembered: this is its third.
    assert len(counted) == 2


def test_where_all_are_limited_new_ones_share_one_count() -> None:
    counted = Window(1, 10, 2)
    for key in ("a", "b", "c"):
        assert counted.take(key, 0.0) == 0

    assert counted.take("d", 1.0) == 9
    assert len(counted) == 2
    assert counted.take("d", 10.0) == 0


def test_what_is_not_counted_any_more_makes_room() -> None:
    counted = Window(1, 10, 2)
    counted.take("a", 0.0)
    counted.take("b", 5.0)

    assert counted.take("c", 11.0) == 0
    assert counted.take("c", 11.0) == 10
    assert counted.take("b", 11.0) == 4
