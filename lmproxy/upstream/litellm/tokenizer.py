"""How does LiteLLM count tokens? With an encoding that is read when it is first needed.

LiteLLM has tiktoken read `cl100k_base` while LiteLLM is imported. That is 36 MB, an eighth of the
whole process, which only answers need whose provider did not count all of their tokens. Reading it
takes 0.13 s of CPU, then and once.
"""

from typing import Any

from tiktoken import Encoding, registry
from tiktoken_ext.openai_public import ENCODING_CONSTRUCTORS

NAME = "cl100k_base"


class LaterEncoding(Encoding):
    """An encoding that becomes one when something of it is asked for."""

    def __init__(self) -> None:
        """Nothing is read yet."""
        self.name = NAME

    def __getattr__(self, name: str) -> Any:
        """Read it; whatever of an encoding is missing until then is there afterwards."""
        if "_core_bpe" in vars(self):
            raise AttributeError(name)
        super().__init__(**ENCODING_CONSTRUCTORS[NAME]())
        return getattr(self, name)


def put_off() -> None:
    """Before LiteLLM is imported: let it find an encoding that is not read yet."""
    registry.ENCODINGS.setdefault(NAME, LaterEncoding())
