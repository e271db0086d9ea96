"""What is a dialect here? How its requests are written, and how its answers are read and judged."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from tests.dialects.heard import Heard, Json
from tests.oracle.asking import Outcome

ANOTHER_MODEL = "model is not the name that was asked"
Body = Callable[[str, str, bool], Json]


@dataclass(frozen=True, slots=True)
class Dialect:
    """One of the client's APIs.

    Attributes:
        path: below the proxy's API prefix.
        headers: its clients send.
        body: of a case, the name of a model, and whether a stream is asked for.
        flaws: what is wrong with the form of an answer, by the vendor's document, the vendor's SDK
            and the order of events; nothing about what it says.
        error_flaws: the same of an error that is a whole answer.
        break_flaws: the same of a stream that does not come to its end.
        outcome: what an answer says, as a chat completion; the facts of a case are looked for
            there. Only of answers without flaws.
        statuses: by a provider's status of a refusal, the one that clients hear.
    """

    name: str
    path: str
    headers: dict[str, str]
    body: Body
    flaws: Callable[[Heard], Iterator[str]]
    error_flaws: Callable[[Heard], Iterator[str]]
    break_flaws: Callable[[Heard], Iterator[str]]
    outcome: Callable[[Heard], Outcome]
    statuses: dict[int, int]
