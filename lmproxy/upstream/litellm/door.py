"""The one door to LiteLLM: opened in the background, once, by those who need it.

Its import takes seconds and 150 MB, so the socket answers and relayed traffic flows without it.
Behind the door imports are ordinary; in front of it nobody imports what imports LiteLLM.
"""

import asyncio
import gc
import importlib
import time
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from lmproxy import logs
from lmproxy.config.environment import prepare_for_litellm
from lmproxy.errors import Unavailable, UpstreamTimeout

if TYPE_CHECKING:
    from lmproxy.upstream.litellm.functions import Functions
    from lmproxy.upstream.litellm.internals import Translator
    from lmproxy.upstream.litellm.messages import MessagesAdapter
    from lmproxy.upstream.litellm.public import Public

log = logs.get(__name__)


@dataclass(frozen=True, slots=True)
class Litellm:
    """What stands behind the door.

    Attributes:
        public: LiteLLM's public call.
        functions: its functions for what is not chat.
        translator: its transformations; `None` if the installed LiteLLM has them not as we know
            them, and then the public call does their work.
        messages: its translation of Anthropic's requests; `None` likewise, and then nothing does.
    """

    public: "Public"
    functions: "Functions"
    translator: "Translator | None"
    messages: "MessagesAdapter | None"


class Door:
    """One per config. The import itself happens once per process."""

    def __init__(self) -> None:
        """Nothing is loaded yet."""
        self._loading: asyncio.Future[Litellm | None] | None = None

    async def open(self) -> Litellm:
        """LiteLLM, loaded. Whoever comes while it loads waits for the same load.

        Raises:
            Unavailable: it cannot be loaded. That does not change while this process lives.
        """
        if self._loading is None:
            self._loading = asyncio.ensure_future(asyncio.to_thread(_load))
        loaded = await asyncio.shield(self._loading)
        if loaded is None:
            raise Unavailable(
                "The way to this model's provider cannot be used. The operator's log says why.",
                code="litellm_unavailable",
            )
        return loaded

    async def open_within(self, wait_s: float) -> Litellm:
        """As `open`, waited for as long as a provider's first byte would be.

        Raises:
            UpstreamTimeout: it is still loading.
        """
        try:
            async with asyncio.timeout(wait_s):
                return await self.open()
        except TimeoutError:
            raise UpstreamTimeout("The way to this model's provider is still being made.") from None


def _load() -> Litellm | None:
    started_at = time.monotonic()
    prepare_for_litellm()
    with suppress(ImportError, AttributeError):  # Another tiktoken: then it is read at once.
        importlib.import_module("lmproxy.upstream.litellm.tokenizer").put_off()
    try:
        public = importlib.import_module("lmproxy.upstream.litellm.public").Public()
        functions = importlib.import_module("lmproxy.upstream.litellm.functions").Functions()
    except Exception:
        log.exception("LiteLLM cannot be loaded: connections that need it answer 503")
        return None
    translator, messages = _translator(), _messages()
    seconds = round(time.monotonic() - started_at, 1)
    log.info("LiteLLM is loaded", seconds=seconds, translates=translator is not None)
    return Litellm(public, functions, translator, messages)


def _translator() -> "Translator | None":
    made: Translator | None = _made(
        "internals.Translator",
        "the installed LiteLLM cannot be used for the translate lane; its connections take the "
        "litellm lane",
    )
    return made


def _messages() -> "MessagesAdapter | None":
    without = "the installed LiteLLM cannot translate Anthropic's API"
    made: MessagesAdapter | None = _made("messages.MessagesAdapter", without)
    return made


def _made(place: str, without: str) -> Any:
    """That of `place`, or `None`: `without` then tells the operator what is lost."""
    home, name = place.split(".")
    try:
        return getattr(importlib.import_module(f"lmproxy.upstream.litellm.{home}"), name)()
    except Exception as error:  # noqa: BLE001 - LiteLLM's code, which only this part needs.
        log.error(without, reason=repr(error))
        return None


def freeze() -> None:
    """Take what was loaded out of the garbage collector's rounds: it lives as long as we do."""
    gc.collect()
    gc.freeze()
