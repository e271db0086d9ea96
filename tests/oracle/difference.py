"""One field that is not the same on both sides."""

import json
from dataclasses import dataclass
from typing import Any

ABSENT = "absent"
AN_ERROR = "an error"
_SHOWN = 160


@dataclass(frozen=True, slots=True)
class Difference:
    """One field: where, what LiteLLM's own call has there, what the proxy has."""

    where: str
    reference: Any
    ours: Any

    def __str__(self) -> str:
        shown = (json.dumps(v, ensure_ascii=False)[:_SHOWN] for v in (self.reference, self.ours))
        return "{}: {} became {}".format(self.where, *shown)
