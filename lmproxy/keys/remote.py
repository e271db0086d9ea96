"""What does a check have that asks a server? A way to ask, a longest time, and a memory."""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Protocol


class Fetch(Protocol):
    """Asks a server of the operator's that is no provider."""

    async def __call__(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str],
        timeout_s: float,
        ca_file: Path | None = None,
    ) -> tuple[int, bytes]:
        """Status and body. `ca_file`: who is believed, instead of the public authorities.

        Raises:
            UpstreamFault: there is no answer.
        """


class RemoteCheck(ABC):
    """A check whose constructor is also given `fetch`, and `groups`: by name, whether it is on.

    Attributes:
        longest_s: how long one call may take.
        most_remembered: of how many keys the verdicts are kept.
    """

    longest_s: float
    most_remembered: int

    @abstractmethod
    async def __call__(self, key: str) -> Any:
        """Whose key it is, as any check says it, or as a `Verdict` or `Refusal`."""

    @abstractmethod
    def keep_s(self, verdict: Any) -> float:
        """How long a `Verdict` or `Refusal` is good; 0 forgets it."""

    @abstractmethod
    async def start(self) -> None:
        """Get what the first call would wait for."""

    def unwise(self) -> Iterator[tuple[str, str]]:
        """Keys of the config that work and yet should not be so, each with why."""
        yield from ()
