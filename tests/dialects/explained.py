"""What may be missing from an answer, or cannot be had, and why? All of it, in one place."""

import re
from dataclasses import dataclass

from tests.dialects.heard import Cell


@dataclass(frozen=True, slots=True)
class Explained:
    """A flaw that nobody here can mend.

    Attributes:
        flaw: a regular expression for the whole of it.
        reason: why; it stands below the table.
        places, cases, dialects, lanes: where; `None` is everywhere.
        how: `plain` or `streamed`; `None` is both.
    """

    flaw: str
    reason: str
    places: tuple[str, ...] | None = None
    cases: tuple[str, ...] | None = None
    dialects: tuple[str, ...] | None = None
    lanes: tuple[str, ...] | None = None
    how: str | None = None

    def covers(self, cell: Cell, flaw: str) -> bool:
        """Whether this is the reason for a flaw."""
        how = "streamed" if cell.is_streamed else "plain"
        return (
            (self.places is None or cell.place in self.places)
            and (self.cases is None or cell.case in self.cases)
            and (self.dialects is None or cell.dialect in self.dialects)
            and (self.lanes is None or cell.lane in self.lanes)
            and self.how in (None, how)
            and re.fullmatch(self.flaw, flaw) is not None
        )


EXPLAINED = (
    Explained(
        r"choices\.0: '\w+' is a required property|(model|created) is not .*",
        "the local model's chat is relayed, and llama.cpp has no `logprobs`, its own name of the "
        "model and the time of each chunk",
        places=("local",),
        dialects=("chat",),
    ),
    Explained(
        r"[\w.]+: None is not of type '\w+'",
        "vLLM's chat is relayed, and has `null` where OpenAI leaves a field out",
        places=("chat-only",),
        dialects=("chat",),
        lanes=("auto",),
        how="plain",
    ),
    Explained(
        "without the stop sequence",
        "OpenAI's, Azure's, Google's and Ollama's APIs do not tell an end at a stop sequence from "
        "a natural one, so the message ends with `end_turn`",
        places=("openai", "azure", "gemini", "ollama", "function"),
        cases=("parameters",),
        dialects=("messages",),
    ),
    Explained(
        "without reasoning",
        "LiteLLM does not read the thoughts in Cohere's answers",
        places=("cohere",),
        cases=("reasoning",),
    ),
)
"""The first that covers a flaw explains it."""
