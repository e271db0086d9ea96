"""What does a part of a form say of itself? Its header lines, read strictly (RFC 7578, 4).

They go on as they came, because their grammar here leaves one way to read them. A quote that was
escaped with a backslash becomes `%22`, as browsers write it: readers differ about backslashes.
"""

import re
from urllib.parse import unquote_to_bytes

TOKEN = rb"[!#$%&'*+.^_`|~0-9A-Za-z-]+"
QUOTED = rb'"(?:[^"\\]|\\.)*"'
PARAMETER = re.compile(rb"[ \t]*+;[ \t]*+(" + TOKEN + rb")=(" + QUOTED + rb"|" + TOKEN + rb")")
DISPOSITION = re.compile(rb"form-data((?:" + PARAMETER.pattern + rb")*)[ \t]*+(?:;[ \t]*+)?", re.I)
CONTROL = re.compile(rb"[\x00-\x08\x0a-\x1f\x7f]")
ESCAPED = re.compile(rb"\\.")
LONGEST_NAME = 256


class Head:
    """The header lines of one part, as they arrive. `name` and `value` are the line under way."""

    def __init__(self) -> None:
        self.name = bytearray()
        self.value = bytearray()
        self.lines = bytearray()
        """Those so far as they may go on, `Content-Disposition` first."""
        self.field = ""
        """The name of the form's field."""
        self.filename: str | None = None
        self.content_type: str | None = None

    def end_line(self) -> None:
        """Take the line under way as complete.

        Raises:
            ValueError: it cannot be read, or in two ways; says which.
        """
        name, value = bytes(self.name), bytes(self.value)
        self.name.clear()
        self.value.clear()
        if CONTROL.search(value):
            raise ValueError("there is a control character")
        if name.lower() == b"content-disposition":
            if self.field:
                raise ValueError("there are two Content-Disposition lines")
            self.lines[:0] = b"%b: %b\r\n" % (name, self._read(value))
            return
        if name.lower() == b"content-type":
            self.content_type = value.decode("latin-1").strip()
        self.lines += b"%b: %b\r\n" % (name, value)

    def _read(self, disposition: bytes) -> bytes:
        """Take note of the names in a `Content-Disposition`; the line as it may go on."""
        found = DISPOSITION.fullmatch(disposition)
        if found is None:
            raise ValueError("there is an unreadable Content-Disposition")
        seen: dict[bytes, bytes] = {}
        for attribute, value in PARAMETER.findall(found[1]):
            key = attribute.lower()
            if key in seen or (key.startswith(b"name*")):
                raise ValueError("there is a name that could be read in two ways")
            seen[key] = _readable(value[1:-1]) if value[:1] == b'"' else value
        self.field = _field_name(seen.get(b"name", b""))
        self.filename = _filename(seen)
        return _readable(disposition)


def _readable(quoted: bytes) -> bytes:
    return ESCAPED.sub(lambda pair: b"%22" if pair[0] == b'\\"' else pair[0], quoted)


def _field_name(name: bytes) -> str:
    if not name or b"\\" in name or b"%" in name or len(name) > LONGEST_NAME:
        raise ValueError("there is no usable name")
    try:
        return name.decode()
    except UnicodeDecodeError:
        raise ValueError("there is a name that is not UTF-8") from None


def _filename(given: dict[bytes, bytes]) -> str | None:
    """`filename*` (RFC 8187) tells better than `filename`, for those who write both."""
    extended = given.get(b"filename*")
    if extended is not None:
        _, _, text = extended.rpartition(b"'")
        return unquote_to_bytes(text).decode("utf-8", "replace")
    plain = given.get(b"filename")
    return None if plain is None else plain.decode("utf-8", "replace")
