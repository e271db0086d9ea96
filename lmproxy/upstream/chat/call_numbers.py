"""Which tool call does a fragment of a stream belong to? Some providers give all one index."""

from lmproxy.call import Json


class CallNumbers:
    """Our numbers of the calls of one answer, from 0."""

    def __init__(self) -> None:
        self._known: dict[int, tuple[int, str | None]] = {}
        """By a call's index: our number of it, and its id."""

    def of(self, called: Json) -> tuple[int, bool]:
        """Our number of a fragment's call, and whether the call is a new one."""
        index, identifier = called.get("index") or 0, called.get("id")
        number, known = self._known.get(index, (-1, None))
        is_named = bool((called.get("function") or {}).get("name"))
        if number >= 0 and (not identifier or known in (None, identifier) or not is_named):
            return number, False
        number = max((number for number, _ in self._known.values()), default=-1) + 1
        self._known[index] = (number, identifier)
        return number, True
