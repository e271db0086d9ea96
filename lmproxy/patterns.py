"""What does a wildcard match? `fnmatch`'s language: `*`, `?`, `[seq]`, `[!seq]`, the whole name.

Case-sensitive; `/` and `.` are ordinary characters. The text of the first star, the shortest that
fits, can be used in a target as `{1}`; stars side by side are one.
"""

import re
from fnmatch import translate

MOST_STARS = 8
"""More have no use in a model name and make matching slow on purpose-built names."""


class Pattern:
    """A compiled pattern."""

    def __init__(self, text: str) -> None:
        """Compile `text`. Every text is a pattern; `too_many_stars` says if it is unreasonable."""
        self.text = text
        star = first_star(text)
        self.has_star = star is not None
        self._regex = re.compile(_regex(text, star))

    @property
    def too_many_stars(self) -> bool:
        """More stars than any naming scheme needs."""
        return self.text.count("*") > MOST_STARS

    def matches(self, name: str) -> bool:
        """Whether the whole of `name` fits."""
        return self._regex.match(name) is not None

    def first_star_text(self, name: str) -> str:
        """What the first star stands for in `name`; `""` if there is no star or no match."""
        match = self._regex.match(name)
        return match[1] if match and self.has_star else ""

    @property
    def around_star(self) -> tuple[str, str] | None:
        """The plain texts before and after its star; `None` with another wildcard, or with none."""
        before, _, after = re.sub(r"\*+", "*", self.text).partition("*")
        plain = not any(char in before + after for char in "*?[")
        return (before, after) if self.has_star and plain else None


def first_star(text: str) -> int | None:
    """The position of the first star that is not inside brackets, or `None`."""
    position = 0
    while position < len(text):
        if text[position] == "*":
            return position
        position = _end_of_set(text, position) if text[position] == "[" else position + 1
    return None


def _end_of_set(text: str, opening: int) -> int:
    """The position after `[…]`, or after the `[` if nothing closes it, as fnmatch reads it."""
    position = opening + 1
    if text[position : position + 1] == "!":
        position += 1
    if text[position : position + 1] == "]":
        position += 1
    closing = text.find("]", position)
    return opening + 1 if closing < 0 else closing + 1


def _regex(text: str, star: int | None) -> str:
    if star is None:
        return translate(text)
    rest = text[star:].lstrip("*")
    return f"{_body(text[:star])}(?s:(.*?)){translate(rest)}"


def _body(text: str) -> str:
    """`translate`'s regex without its end anchor, which Python 3.14 spells differently."""
    return translate(text).removesuffix(r"\Z").removesuffix(r"\z")
