"""Where does a text end that is made piece by piece? At the first of some stop sequences."""

from collections.abc import Callable


class Stopping:
    """Hands texts on, up to the first stop sequence; what may begin one waits.

    Attributes:
        is_over: whether a stop sequence came.
    """

    def __init__(self, stops: tuple[str, ...], say: Callable[[str], None]) -> None:
        """`say` gets the texts, none of them empty."""
        self.is_over = False
        self._stops = stops
        self._say = say
        self._held = ""

    def add(self, text: str) -> None:
        """Take the next piece."""
        if self.is_over:
            return
        self._held += text
        found = [at for at in map(self._held.find, self._stops) if at >= 0]
        if found:
            self.is_over = True
            self._hand_on(min(found))
            self._held = ""
        else:
            self._hand_on(len(self._held) - self._may_begin_a_stop())

    def end(self) -> None:
        """Hand on what waits: it was no stop sequence."""
        self._hand_on(len(self._held))

    def _hand_on(self, length: int) -> None:
        text, self._held = self._held[:length], self._held[length:]
        if text:
            self._say(text)

    def _may_begin_a_stop(self) -> int:
        """The length of the longest end of what is held that a stop sequence begins with."""
        lengths = range(min(len(self._held), max(map(len, self._stops), default=0)), 0, -1)
        return next((n for n in lengths if self._begins(self._held[-n:])), 0)

    def _begins(self, text: str) -> bool:
        return any(stop.startswith(text) for stop in self._stops)
