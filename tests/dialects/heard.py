"""What came back, as bytes, and the reading of events in it."""

import json
from dataclasses import dataclass
from typing import Any

import httpx

Json = dict[str, Any]
DONE = "[DONE]"


@dataclass(frozen=True, slots=True)
class Cell:
    """One question put to one provider.

    Attributes:
        place: the provider, a row of `providers.PLACES`.
        lane: `auto` or `litellm`, as the connection's config says.
    """

    dialect: str
    place: str
    lane: str
    case: str
    is_streamed: bool

    def __str__(self) -> str:
        how = "streamed" if self.is_streamed else "plain"
        return f"{self.dialect}-{self.place}-{self.lane}-{self.case}-{how}"


@dataclass(frozen=True, slots=True)
class Heard:
    """The answer to a cell's question.

    Attributes:
        body: the request's, as the client sent it.
    """

    cell: Cell
    body: Json
    response: httpx.Response

    @property
    def is_ok(self) -> bool:
        """Whether an answer began."""
        return self.response.status_code == httpx.codes.OK

    def events(self) -> list[tuple[str, Json]]:
        """The names and documents of a stream's events, without comments and `[DONE]`."""
        found = []
        for block in self.response.text.split("\n\n"):
            lines = [line.partition(": ") for line in block.split("\n")]
            fields = {name: value for name, _, value in lines if name}
            if fields.get("data", DONE) != DONE:
                found.append((fields.get("event", ""), json.loads(fields["data"])))
        return found

    @property
    def says_done(self) -> bool:
        """Whether OpenAI's mark of a whole stream is its end."""
        return self.response.text.endswith(f"data: {DONE}\n\n")
