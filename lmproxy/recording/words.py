"""Whose words are these? Texts that a client or a provider chose, made fit for a record."""

from collections.abc import Callable, Sequence
from typing import Any

from lmproxy.scrub import mask

LONGEST_TEXT = 512
LOOKED_AT = 4096
"""Longer than what is kept, so that no secret is cut in half unseen."""


class Words:
    """Takes secrets out of texts, and cuts them."""

    def __init__(self, scrub: Callable[[str], str]) -> None:
        """`scrub` takes out the operator's secrets and what looks like anybody's."""
        self._scrub = scrub

    def clean(self, values: Sequence[Any], secrets: Sequence[str]) -> list[str | None]:
        """Those of `values` that are texts, without `secrets`, cut; in place of others `None`.

        One look at all of them together nearly always says that nothing is to be taken out, and
        costs a fifth of a look at each.
        """
        texts = [value if isinstance(value, str) else None for value in values]
        together = "\n".join([text for text in texts if text])
        if len(together) <= LONGEST_TEXT and self._clean(together, secrets) == together:
            return texts
        return [text and self._clean(text, secrets) for text in texts]

    def _clean(self, text: str, secrets: Sequence[str]) -> str:
        return self._scrub(mask(_writable(text[:LOOKED_AT]), secrets))[:LONGEST_TEXT]


def _writable(text: str) -> str:
    """As UTF-8 can say it: half a surrogate pair, which some libraries read, becomes `?`."""
    return text if text.isascii() else text.encode("utf-8", "replace").decode()
