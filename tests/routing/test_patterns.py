"""Patterns: `fnmatch`'s language, the text of the first star, and why it is not `fnmatch2`'s."""

import glob
from fnmatch import fnmatchcase

import fnmatch2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lmproxy.patterns import Pattern

LETTERS = "ab-.!^"
WILD = "*?[]"


@pytest.mark.parametrize(
    ("pattern", "name", "matches"),
    [
        ("gpt-4", "gpt-4", True),
        ("gpt-4", "GPT-4", False),
        ("gpt-4", "gpt-4o", False),
        ("gpt-4", "xgpt-4", False),
        ("gpt.4", "gpt-4", False),
        ("*", "", True),
        ("*", "team/a/b.c", True),
        ("gpt-?", "gpt-4", True),
        ("gpt-?", "gpt-", False),
        ("gpt-?", "gpt-/", True),
        ("[ab]c", "bc", True),
        ("[ab]c", "cc", False),
        ("[a-c]", "b", True),
        ("[!ab]c", "cc", True),
        ("[!ab]c", "ac", False),
        ("[]]", "]", True),
        ("[!]]", "]", False),
        ("[*]", "*", True),
        ("[*]", "a", False),
        ("a[", "a[", True),
        ("[a*", "[ab", True),
        ("[b-a]", "a", False),
        ("a\nb", "a\nb", True),
        ("*", "a\nb", True),
        ("a", "a\n", False),
        ("(a|b)+", "a", False),
    ],
)
def test_a_pattern_matches_whole_names_as_fnmatch_does(
    pattern: str, name: str, matches: bool
) -> None:
    assert Pattern(pattern).matches(name) is matches
    assert fnmatchcase(name, pattern) is matches


@pytest.mark.parametrize(
    ("pattern", "name", "text"),
    [
        ("local/*", "local/qwen3", "qwen3"),
        ("local/*", "local/a/b", "a/b"),
        ("local/*", "local/", ""),
        ("*-mini", "gpt-4o-mini", "gpt-4o"),
        ("*-*", "a-b-c", "a"),
        ("*/*/x", "a/b/c/x", "a"),
        ("a**", "abc", "bc"),
        ("?*", "abc", "bc"),
        ("[ab]*", "bcd", "cd"),
        ("[*]*", "*cd", "cd"),
        ("[!*]*", "acd", "cd"),
        ("[]*]*", "]cd", "cd"),
        ("[a*", "[abc", "bc"),
        ("*[*]", "ab*", "ab"),
        ("*", "", ""),
        ("local/*", "other/x", ""),
        ("gpt-4", "gpt-4", ""),
        ("[*]", "*", ""),
    ],
)
def test_the_first_star_stands_for_the_shortest_text_that_fits(
    pattern: str, name: str, text: str
) -> None:
    assert Pattern(pattern).first_star_text(name) == text


@pytest.mark.parametrize(
    ("pattern", "has_star"),
    [("a*", True), ("**", True), ("[a*", True), ("[*]", False), ("[!]*]", False), ("a?", False)],
)
def test_a_star_inside_brackets_is_a_letter(pattern: str, has_star: bool) -> None:
    assert Pattern(pattern).has_star is has_star


@pytest.mark.parametrize(("stars", "too_many"), [(0, False), (8, False), (9, True)])
def test_more_than_eight_stars_are_too_many(stars: int, too_many: bool) -> None:
    assert Pattern("a*" * stars).too_many_stars is too_many


@given(
    st.text(LETTERS + WILD + "/\n&~|\\") | st.text(), st.text(LETTERS + WILD + "/\n") | st.text()
)
def test_a_pattern_agrees_with_fnmatch_on_whatever_text(pattern: str, name: str) -> None:
    assert Pattern(pattern).matches(name) == fnmatchcase(name, pattern)


PIECES = st.lists(
    st.sampled_from([("*", ""), ("*", "ab"), ("*", "b/"), ("?", "a"), ("a", "a"), ("b", "b")])
)
"""Pieces of a pattern, each with a text that it matches."""


@given(PIECES, PIECES)
def test_the_text_of_the_first_star_can_be_put_in_its_place(
    before: list[tuple[str, str]], after: list[tuple[str, str]]
) -> None:
    wild, texts = zip(*before, ("*", "ba"), *after, strict=True)
    pattern, name = Pattern("".join(wild)), "".join(texts)
    head, _, tail = pattern.text.partition("*")

    put = head + glob.escape(pattern.first_star_text(name)) + tail.lstrip("*")

    assert pattern.matches(name)
    assert fnmatchcase(name, put)


@given(st.text(LETTERS + WILD, max_size=12), st.text(LETTERS, max_size=12))
def test_fnmatch2_agrees_on_names_without_a_slash(pattern: str, name: str) -> None:
    assert Pattern(pattern).matches(name) == fnmatch2.fnmatchcase2(name, pattern)


def test_fnmatch2_would_open_everything_below_a_name_and_was_set_aside_for_it() -> None:
    assert fnmatch2.fnmatchcase2("gpt-4/anything", "gpt-4")
    assert not Pattern("gpt-4").matches("gpt-4/anything")
