"""On which line does this config key stand? `tomllib` keeps no positions.

Reads only text that `tomllib.loads` has accepted, so nothing is validated: the text is cut into
tokens, and what opens, separates and closes keys and values is followed. Containers that are still
open are kept in a list, not on the call stack, so that depth costs no recursion. The time is linear
in the length of the text and of the paths found.
"""

import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import NamedTuple, TypeAlias

KeyPath: TypeAlias = tuple[str | int, ...]
"""Keys from the outside in; an integer numbers an element of an array or an array of tables."""


def locate(text: str) -> dict[KeyPath, int]:
    """The 1-based line of every key path, in the order of the document.

    A table stands where its name first appears, be it in the header of a table inside it. An
    element of an array stands where its value starts.

    Args:
        text: a document that `tomllib.loads` has accepted; a byte order mark may precede it.
    """
    return _Scanner(text).scan()


def line_of(places: Mapping[KeyPath, int], path: KeyPath) -> int | None:
    """The line of `path`, or of its nearest parent that has one.

    `None` if not even the top-level key is there, as in an empty document.
    """
    for length in range(len(path), 0, -1):
        if path[:length] in places:
            return places[path[:length]]
    return None


class _Token(NamedTuple):
    """A string, a mark, a newline, or the run of characters that a bare key or number is."""

    text: str
    line: int


@dataclass(slots=True)
class _Container:
    """A table or array whose end is not reached yet."""

    path: KeyPath
    is_array: bool = False
    length: int = 0


_END = _Token("", 0)
_AFTER_SCALAR = frozenset(["\n", ",", "]", "}", _END.text])
_TOKEN = re.compile(
    r'''
      """ (?: [^"\\] | \\. | "(?!"") )*+ "{3,5}   # the text may end in two quotes of its own
    | \'\'\' .*? \'{3,5}
    | " (?: [^"\\] | \\. )*+ "
    | ' [^']* '
    | \# [^\n]*
    | [][{}=.,\n]
    | [^][{}=.,\n"'\# \t\r]+
    ''',
    re.VERBOSE | re.DOTALL,
)


class _Scanner:
    """Walks the tokens once. The outermost container is the table of the latest header."""

    def __init__(self, text: str) -> None:
        self._places: dict[KeyPath, int] = {}
        self._tables_in_array: dict[KeyPath, int] = {}
        self._containers = [_Container(())]
        self._tokens = _tokens(text)
        self._token = next(self._tokens, _END)

    def scan(self) -> dict[KeyPath, int]:
        while self._token is not _END:
            self._step()
        return self._places

    def _step(self) -> None:
        """Pass a separator, the end of a container, a header, an element, or a key and value."""
        innermost = self._containers[-1]
        if self._token.text in ("\n", ","):
            self._advance()
        elif self._token.text in ("]", "}"):
            self._advance()
            self._containers.pop()
        elif innermost.is_array:
            self._element(innermost)
        elif self._token.text == "[":
            self._header()
        else:
            self._pair(innermost)

    def _header(self) -> None:
        self._advance()
        is_array = self._token.text == "["
        if is_array:
            self._advance()
        path = self._key(())
        if is_array:
            path = self._new_table(path)
        while self._token.text == "]":
            self._advance()
        self._containers = [_Container(path)]

    def _new_table(self, array: KeyPath) -> KeyPath:
        index = self._tables_in_array.get(array, 0)
        self._tables_in_array[array] = index + 1
        return self._place((*array, index))

    def _pair(self, table: _Container) -> None:
        path = self._key(table.path)
        self._advance()  # The equals sign.
        self._value(path)

    def _element(self, array: _Container) -> None:
        path = self._place((*array.path, array.length))
        array.length += 1
        self._value(path)

    def _value(self, path: KeyPath) -> None:
        if self._token.text in ("[", "{"):
            self._containers.append(_Container(path, is_array=self._token.text == "["))
            self._advance()
        else:
            self._skip_scalar()

    def _skip_scalar(self) -> None:
        """Numbers have dots and a date may have a space, so a scalar can be several tokens."""
        while self._token.text not in _AFTER_SCALAR:
            self._advance()

    def _key(self, path: KeyPath) -> KeyPath:
        """Place every part of the dotted key that starts here, below `path`."""
        while self._token.text not in ("=", "]", _END.text):
            if self._token.text != ".":
                path = self._place((*self._latest_table(path), _name(self._token.text)))
            self._advance()
        return path

    def _latest_table(self, path: KeyPath) -> KeyPath:
        """What a key below `path` belongs to: of an array of tables, its latest element."""
        length = self._tables_in_array.get(path)
        return path if length is None else (*path, length - 1)

    def _place(self, path: KeyPath) -> KeyPath:
        self._places.setdefault(path, self._token.line)
        return path

    def _advance(self) -> None:
        self._token = next(self._tokens, _END)


def _tokens(text: str) -> Iterator[_Token]:
    """Everything but comments and blanks."""
    line = 1
    for match in _TOKEN.finditer(text.removeprefix("\ufeff")):
        token = match[0]
        if not token.startswith("#"):
            yield _Token(token, line)
        line += token.count("\n")


def _name(token: str) -> str:
    """The key that a bare or quoted `token` writes."""
    if token[0] not in "\"'":
        return token
    name: str = tomllib.loads(f"name = {token}")["name"]
    return name
