"""Examples for every feature of TOML, then random documents against `tomllib` itself."""

import sys
import tomllib
from collections.abc import Iterator
from itertools import count
from typing import Any

import pytest
import tomli_w
from hypothesis import given, settings
from hypothesis import strategies as st

from lmproxy.config.places import KeyPath, line_of, locate

EXAMPLES: dict[str, tuple[str, dict[KeyPath, int]]] = {
    "bare": ("key-1_a = 1", {("key-1_a",): 1}),
    "only-digits": ("1234 = 1", {("1234",): 1}),
    "basic-quoted": ('"a.b = [c] # d" = 1', {("a.b = [c] # d",): 1}),
    "literal-quoted": (r"'a\"[b]' = 1", {('a\\"[b]',): 1}),
    "escapes": (r'"\"\\\t\u00e9\U0001F600" = 1', {('"\\\té😀',): 1}),
    "empty-name": ("''.\"\" = 1", {("",): 1, ("", ""): 1}),
    "no-space-round-equals": ("a=1", {("a",): 1}),
    "indented": ("\n \t a = 1", {("a",): 2}),
    "dotted": ("a.b = 1", {("a",): 1, ("a", "b"): 1}),
    "spaces-round-dots": ("a . \t b = 1", {("a",): 1, ("a", "b"): 1}),
    "quoted-parts": (
        "\"a.b\".'c.d'.e = 1",
        {("a.b",): 1, ("a.b", "c.d"): 1, ("a.b", "c.d", "e"): 1},
    ),
    "looks-like-a-number": ("3.14 = 1", {("3",): 1, ("3", "14"): 1}),
    "parent-keeps-its-first-line": (
        "a.b = 1\n\na.c = 2",
        {("a",): 1, ("a", "b"): 1, ("a", "c"): 3},
    ),
    "table": ("\n[a]\nb = 1", {("a",): 2, ("a", "b"): 3}),
    "empty-table": ("[a]", {("a",): 1}),
    "dotted-makes-parents": ("[a.b.c]", {("a",): 1, ("a", "b"): 1, ("a", "b", "c"): 1}),
    "quoted-and-spaced": (
        "[ \"a]b\" . 'c' ] # [d]",
        {("a]b",): 1, ("a]b", "c"): 1},
    ),
    "parent-declared-later-keeps-its-first-line": (
        "[a.b]\n[a]\nc = 1",
        {("a",): 1, ("a", "b"): 1, ("a", "c"): 3},
    ),
    "dotted-key-in-table": (
        "[a]\nb.c = 1",
        {("a",): 1, ("a", "b"): 2, ("a", "b", "c"): 2},
    ),
    "next-table-starts-from-the-root": (
        "[a]\nx = 1\n[b]\nx = 1",
        {("a",): 1, ("a", "x"): 2, ("b",): 3, ("b", "x"): 4},
    ),
    "elements-are-counted": (
        "[[a]]\nx = 1\n\n[[ a ]]\nx = 2",
        {("a",): 1, ("a", 0): 1, ("a", 0, "x"): 2, ("a", 1): 4, ("a", 1, "x"): 5},
    ),
    "empty-elements": ("[[a]]\n[[a]]", {("a",): 1, ("a", 0): 1, ("a", 1): 2}),
    "sub-tables-belong-to-the-latest-element": (
        "[[a]]\n[a.b]\n[[a]]\n[a.b]\nc = 1",
        {
            ("a",): 1,
            ("a", 0): 1,
            ("a", 0, "b"): 2,
            ("a", 1): 3,
            ("a", 1, "b"): 4,
            ("a", 1, "b", "c"): 5,
        },
    ),
    "inner-arrays-count-anew": (
        "[[a]]\n[[a.b]]\n[[a.b]]\n[[a]]\n[[a.b]]",
        {
            ("a",): 1,
            ("a", 0): 1,
            ("a", 0, "b"): 2,
            ("a", 0, "b", 0): 2,
            ("a", 0, "b", 1): 3,
            ("a", 1): 4,
            ("a", 1, "b"): 5,
            ("a", 1, "b", 0): 5,
        },
    ),
    "below-an-implicit-table": (
        "[[a.b]]\n[a]\nc = 1",
        {("a",): 1, ("a", "b"): 1, ("a", "b", 0): 1, ("a", "c"): 3},
    ),
    "inline": (
        "\na = {b = 1, c.d = 2}",
        {("a",): 2, ("a", "b"): 2, ("a", "c"): 2, ("a", "c", "d"): 2},
    ),
    "empty-inline": ("a = { }\nb = 1", {("a",): 1, ("b",): 2}),
    "nested-inline": (
        'a = {b = {"c}" = "}"}, d = 1}',
        {("a",): 1, ("a", "b"): 1, ("a", "b", "c}"): 1, ("a", "d"): 1},
    ),
    "inline-in-array": (
        "a = [\n {b = 1},\n {b = 2},\n]\nc = 1",
        {("a",): 1, ("a", 0): 2, ("a", 0, "b"): 2, ("a", 1): 3, ("a", 1, "b"): 3, ("c",): 5},
    ),
    "array-of-several-lines-in-inline": (
        "a = {b = [\n1,\n2], c = 3}",
        {("a",): 1, ("a", "b"): 1, ("a", "b", 0): 2, ("a", "b", 1): 3, ("a", "c"): 3},
    ),
    "on-one-line": ("a = [1, 2.5]", {("a",): 1, ("a", 0): 1, ("a", 1): 1}),
    "each-element-on-its-line": (
        'a = [\n  "x", # first, "y"\n  # not an element\n\n  "z",\n]\nb = 1',
        {("a",): 1, ("a", 0): 2, ("a", 1): 5, ("b",): 7},
    ),
    "comma-on-the-next-line": ("a = [1\n,2\n]", {("a",): 1, ("a", 0): 1, ("a", 1): 2}),
    "empty-array": ("a = [\n]\nb = 1", {("a",): 1, ("b",): 3}),
    "nested": (
        "a = [\n[1],\n[\n[]]]",
        {("a",): 1, ("a", 0): 2, ("a", 0, 0): 2, ("a", 1): 3, ("a", 1, 0): 4},
    ),
    "brackets-in-strings": (
        "a = [']', \"[,\"]\nb = 1",
        {("a",): 1, ("a", 0): 1, ("a", 1): 1, ("b",): 2},
    ),
    "element-starts-where-its-string-opens": (
        'a = ["""\nx""",\n"y"]',
        {("a",): 1, ("a", 0): 1, ("a", 1): 3},
    ),
    "marks": ("a = \"# [b] = {'\"\nc = '# \"'", {("a",): 1, ("c",): 2}),
    "escaped-quote": (r'a = "\"\\"' + "\nb = 1", {("a",): 1, ("b",): 2}),
    "backslash-in-literal": ("a = '\\'\nb = 1", {("a",): 1, ("b",): 2}),
    "basic-of-several-lines": (
        'a = """\n[b]\nc = 1\n[[d]]\n# ""\n\\""" \\\\"""\ne = 1',
        {("a",): 1, ("e",): 7},
    ),
    "literal-of-several-lines": (
        "a = '''\n[b]\nc = \"\"\"\n'' \\'''\nd = 1",
        {("a",): 1, ("d",): 5},
    ),
    "basic-ending-in-quotes": ('a = """\nx"""""\nb = 1', {("a",): 1, ("b",): 3}),
    "basic-ending-in-one-quote": ('a = """\nx""""\nb = ""', {("a",): 1, ("b",): 3}),
    "basic-with-one-quote": ('a = """\n"\n[b]\n"""', {("a",): 1}),
    "literal-ending-in-one-quote": ("a = '''\nx''''\nb = ''", {("a",): 1, ("b",): 3}),
    "literal-with-one-quote": ("a = '''\n'\n[b]\n'''", {("a",): 1}),
    "literal-ending-in-quotes": ("a = '''\nx'''''\nb = 1", {("a",): 1, ("b",): 3}),
    "only-quotes": ('a = """"""""\nb = 1', {("a",): 1, ("b",): 2}),
    "joined-lines": ('a = """x \\\n\n  y"""\nb = 1', {("a",): 1, ("b",): 4}),
    "odd-line-breaks-are-no-lines": ("a = '\u2028\x85'\nb = 1", {("a",): 1, ("b",): 2}),
    "empty": ("", {}),
    "only-comments": ("# a = 1\n\n  # [b]", {}),
    "comment-after-value": ("a = 1 # b = 2\nc = 3#", {("a",): 1, ("c",): 2}),
    "crlf": (
        "# x\r\na = 1\r\n\r\n[b]\r\nc = '''\r\nd = 1\r\n'''\r\ne = [\r\n1]\r\n",
        {("a",): 2, ("b",): 4, ("b", "c"): 5, ("b", "e"): 8, ("b", "e", 0): 9},
    ),
    "dates-numbers-and-words": (
        "a = 1979-05-27 07:32:00.5-07:00\nb = -1.5e+3\nc = [-inf, 07:32:00, true]\nd = 0xF",
        {("a",): 1, ("b",): 2, ("c",): 3, ("c", 0): 3, ("c", 1): 3, ("c", 2): 3, ("d",): 4},
    ),
}


@pytest.mark.parametrize(("text", "places"), EXAMPLES.values(), ids=EXAMPLES)
def test_every_key_stands_on_its_line(text: str, places: dict[KeyPath, int]) -> None:
    found = locate(text)

    assert found == places
    assert set(found) == set(paths_in(tomllib.loads(text)))


def test_a_byte_order_mark_hides_nothing() -> None:
    found = locate("\ufeffa = 1\n[b]")

    assert found == {("a",): 1, ("b",): 2}


def test_keys_come_in_the_order_of_the_document() -> None:
    found = locate("c = 1\nb.z = 2\nb.a = [3]\n[a]")

    assert list(found) == [("c",), ("b",), ("b", "z"), ("b", "a"), ("b", "a", 0), ("a",)]


@pytest.mark.timeout(20)  # Quadratic time would run into it.
@pytest.mark.parametrize(
    ("text", "paths"),
    [
        pytest.param('a = """' + '""x' * 300_000 + '"""', 1, id="quotes"),
        pytest.param(f"a = '{'[' * 1_000_000}' # {'=' * 1_000_000}", 1, id="marks"),
        pytest.param(f"a = [{'1,' * 50_000}]", 50_001, id="elements"),
        pytest.param("[[a]]\nb = 1\n" * 20_000, 40_001, id="tables"),
        pytest.param("\n" * 200_000, 0, id="empty-lines"),
    ],
)
def test_a_long_document_takes_no_long_time(text: str, paths: int) -> None:
    found = locate(text)

    assert len(found) == paths


def test_a_deep_document_needs_no_deep_stack() -> None:
    depth = 2 * sys.getrecursionlimit()

    found = locate(f"a = {'[' * depth}{']' * depth}\nb = 1")

    assert len(found) == depth + 1
    assert found["b",] == 2


@pytest.mark.parametrize(
    ("path", "line"),
    [
        pytest.param(("a", "list", 1), 4, id="the-key-itself"),
        pytest.param(("a", "list", 7), 2, id="an-element-that-is-not-there"),
        pytest.param(("a", "missing"), 1, id="a-key-that-is-not-there"),
        pytest.param(("a", "b", 0, "c"), 1, id="a-far-parent"),
        pytest.param(("missing", "a"), None, id="no-parent"),
        pytest.param((), None, id="the-document"),
    ],
)
def test_a_path_has_the_line_of_its_nearest_known_parent(path: KeyPath, line: int | None) -> None:
    places = locate("[a]\nlist = [\n1,\n2]")

    assert line_of(places, path) == line


def test_nothing_has_a_line_in_an_empty_document() -> None:
    assert line_of(locate(""), ("a", "b")) is None


ODD = st.text("ab0-_ .\"'\\[]{}#=,\t\né\u2028😀", max_size=6) | st.sampled_from(
    ["\n[x]\n", "\n[[x]]\ny = 1\n", '"""', "'''", "# x", "a = 1\n", "x = [\n", '\n""']
)
VALUES: st.SearchStrategy[Any] = st.recursive(
    ODD,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(ODD, inner, max_size=3)
        | st.lists(st.dictionaries(ODD, inner, max_size=3), min_size=1, max_size=3)
    ),
    max_leaves=12,
)
DOCUMENTS = st.dictionaries(ODD, VALUES, max_size=4)


@settings(deadline=None)  # A busy machine is no failure.
@given(document=DOCUMENTS, multiline_strings=st.booleans())
def test_any_document_that_tomli_w_writes_is_located(
    document: dict[str, Any], multiline_strings: bool
) -> None:
    numbered = with_numbered_leaves(document, count())
    text = tomli_w.dumps(numbered, multiline_strings=multiline_strings)
    lines = text.split("\n")

    found = locate(text)

    assert set(found) == set(paths_in(tomllib.loads(text)))
    for path, value in paths_in(numbered).items():
        if isinstance(value, str):
            assert found[path] == line_of_leaf(text, value)
        if isinstance(path[-1], str):
            assert written_key(path[-1]) in lines[found[path] - 1]
        assert found.get(path[:-1], 1) <= found[path]


def paths_in(value: Any, path: KeyPath = ()) -> dict[KeyPath, Any]:
    """Every path below `value` with what stands there."""
    found: dict[KeyPath, Any] = {}
    items = value.items() if isinstance(value, dict) else enumerate(value)
    for key, inner in items:
        found[*path, key] = inner
        if isinstance(inner, dict | list):
            found |= paths_in(inner, (*path, key))
    return found


def with_numbered_leaves(value: Any, numbers: Iterator[int]) -> Any:
    """A copy whose every string starts with a mark that no other place in the text has."""
    if isinstance(value, dict):
        return {key: with_numbered_leaves(inner, numbers) for key, inner in value.items()}
    if isinstance(value, list):
        return [with_numbered_leaves(inner, numbers) for inner in value]
    return f"<{next(numbers)}>{value}"


def line_of_leaf(text: str, value: str) -> int:
    """Where the string opens: a string of several lines has its quotes on the line above."""
    before = text[: text.index(value[: value.index(">") + 1])]
    return before.removesuffix('"""\n').count("\n") + 1


def written_key(key: str) -> str:
    """The key as tomli_w writes it."""
    return tomli_w.dumps({key: 0}).removesuffix(" = 0\n")
