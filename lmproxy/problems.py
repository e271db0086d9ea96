"""What is wrong in a config. It is told to the operator; nothing of it reaches a client."""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing wrong in a config.

    Attributes:
        where: dotted key path, `""` for the file as a whole.
        line: 1-based, `None` where it is not known. `hint`: what to write instead, or `None`.
    """

    where: str
    message: str
    line: int | None = None
    hint: str | None = None

    def __str__(self) -> str:
        """`line 4: connections.openai.api_kee: unknown key; did you mean 'api_key'?`."""
        place = f"line {self.line}: " if self.line else ""
        key = f"{self.where}: " if self.where else ""
        hint = f"; {self.hint}" if self.hint else ""
        return f"{place}{key}{self.message}{hint}"


class ConfigError(Exception):
    """The config cannot be used. Holds every problem, in file order; they name keys, not values."""

    def __init__(self, source: str, problems: Sequence[Problem]) -> None:
        self.source = source
        self.problems = tuple(sorted(problems, key=lambda problem: problem.line or 0))
        super().__init__("\n".join(f"{source}: {problem}" for problem in self.problems))
