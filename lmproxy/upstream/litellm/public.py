"""LiteLLM's public call, and what its errors mean. Loaded through `door`."""

import logging
import warnings
from collections.abc import AsyncGenerator, Callable, Iterable
from contextlib import aclosing
from functools import lru_cache
from typing import Any

import litellm
import orjson
from litellm.litellm_core_utils.litellm_logging import Logging
from litellm.utils import validate_and_fix_openai_tools, validate_chat_completion_tool_choice

from lmproxy.call import Json
from lmproxy.errors import (
    InvalidRequest,
    NotFound,
    ProxyError,
    UpstreamAuthError,
    UpstreamInvalidResponse,
    UpstreamTimeout,
)
from lmproxy.upstream.arguments import Account, Arguments, untranslatable
from lmproxy.upstream.litellm import transport
from lmproxy.upstream.litellm.chunks import as_json, inside
from lmproxy.upstream.translated import EventReader, read
from lmproxy.upstream.way_out import WayOut

LITELLM_LOGGERS = ("LiteLLM", "LiteLLM Router", "LiteLLM Proxy")
TALKATIVE = ("openai", "httpx", "httpcore", "botocore", "boto3", "urllib3", "google", "azure")
"""Libraries of LiteLLM's that write whole requests, prompts included, to a debug log."""
SIGNERS = ("botocore.", "google.auth.")
MOST_KEPT = 4096
LONGEST_KEPT = 2048
PLAIN = (str, int, float, bool)
FREE = {"user", "stop", "prompt_cache_key", "safety_identifier", "seed"}
"""Parameters whose values are anything the client likes: only that they are there decides."""


class Public:
    """LiteLLM as anybody may call it, kept from doing more than it is asked."""

    def __init__(self) -> None:
        """Set what LiteLLM keeps in its module: no logging of its own, no callbacks, no retries."""
        for switched_on in ("suppress_debug_info", "disable_streaming_logging"):
            setattr(litellm, switched_on, True)
        litellm.turn_off_message_logging = litellm.user_url_validation = True
        litellm.disable_stop_sequence_limit = True  # It would leave out all but four.
        litellm.telemetry = litellm.drop_params = False
        litellm.num_retries = litellm.cache = litellm.model_fallbacks = None
        litellm.callbacks, litellm.success_callback, litellm.failure_callback = [], [], []
        for name in LITELLM_LOGGERS:
            logger = logging.getLogger(name)
            logger.handlers.clear()  # Its own write to stderr, in a form of their own.
            logger.setLevel(logging.CRITICAL)
        # It would quote whatever is odd in an answer: ours to read, nobody's to log.
        warnings.filterwarnings("ignore", message="Pydantic serializer warnings")
        for name in TALKATIVE:
            logging.getLogger(name).setLevel(logging.WARNING)
        transport.take_over()
        _forget_what_was_answered()
        self.supported = lru_cache(MOST_KEPT)(_supported)
        """Of a provider and model: the parameters that LiteLLM passes on."""
        self._refused: dict[tuple[str, str, bytes], tuple[str, ...]] = {}

    def refused(self, provider: str, model: str, known: Json) -> tuple[str, ...]:
        """Which of `known` this model takes no such value of; usually none.

        Asking LiteLLM costs as much as translating, so answers are kept; by plain values, because
        what a table holds decides nothing here.
        """
        plain = {
            name: value if isinstance(value, PLAIN) and name not in FREE else None
            for name, value in known.items()
        }
        key = (provider, model, orjson.dumps(plain))
        if len(key[2]) > LONGEST_KEPT:
            return self._ask_refused(provider, model, known)
        if key not in self._refused:
            if len(self._refused) >= MOST_KEPT:
                self._refused.clear()
            self._refused[key] = self._ask_refused(provider, model, known)
        return self._refused[key]

    def _ask_refused(self, provider: str, model: str, known: Json) -> tuple[str, ...]:
        if not _is_refused(provider, model, known):
            return ()
        return tuple(name for name in known if _is_refused(provider, model, {name: known[name]}))

    async def ask(self, account: Account, model: str, arguments: Arguments, way: WayOut) -> Json:
        """LiteLLM's plain answer over `way`. Its own errors pass."""
        transport.go_out_over(way)
        answer = await _complete(account, model, arguments, stream=False)
        made: Json = answer.model_dump(exclude_none=True)
        return made

    async def stream(
        self,
        account: Account,
        model: str,
        arguments: Arguments,
        way: WayOut,
        reader_of: Callable[[Any], EventReader | None],
    ) -> AsyncGenerator[Iterable[Json], None]:
        """The chunks of LiteLLM's streamed answer over `way`. Its own errors pass.

        `reader_of` says who reads the events in the place of LiteLLM's iterator, if anybody can.
        """
        transport.go_out_over(way)
        wrapper = await _complete(account, model, arguments, stream=True)
        try:
            inner = await inside(wrapper)
            reader, passing = reader_of(inner), way.unread()
            if reader and passing:
                async with aclosing(read(way, passing, reader)) as batches:
                    async for batch in batches:
                        yield batch
                return
            async for chunk in inner:
                if chunk is not None:  # Gemini's iterator, for a line that is no event.
                    yield (as_json(chunk),)
        finally:
            await wrapper.aclose()

    def map_parameters(self, provider: str, model: str, known: Json) -> None:
        """Go as far as its call would before the messages. LiteLLM's own errors pass."""
        if "tools" in known:
            known["tools"] = validate_and_fix_openai_tools(tools=known["tools"])
        validate_chat_completion_tool_choice(known.get("tool_choice"))
        litellm.get_optional_params(
            model=model, custom_llm_provider=provider, drop_params=True, **known
        )

    def meaning(self, error: Exception) -> ProxyError:
        """What an error of LiteLLM's own means, by its class and status; never by its text.

        Only for errors that did not come from the way out, which knows better.
        """
        if isinstance(error, litellm.Timeout):
            return UpstreamTimeout("The provider did not answer in time.")
        if isinstance(error, litellm.AuthenticationError) or _is_of_credentials(error):
            words = "The proxy's own credentials for this model's provider cannot be used."
            return UpstreamAuthError(words)
        if isinstance(error, litellm.NotFoundError):
            words = "LiteLLM knows no model of this name at the provider."
            return NotFound(words, code="model_not_found")
        if isinstance(error, litellm.ImageFetchError):
            return InvalidRequest(
                "This model's provider takes no media by URL. Send the data, as a data: URL.",
                code="unsupported_content",
                param="messages",
            )
        if isinstance(error, litellm.BadRequestError | litellm.UnsupportedParamsError):
            return untranslatable()
        return UpstreamInvalidResponse("The provider's answer cannot be read.")


def _is_of_credentials(error: BaseException | None) -> bool:
    """Whether it came of a library that signs requests or fetches tokens for them."""
    while error is not None:
        if type(error).__module__.startswith(SIGNERS):
            return True
        error = error.__cause__ or error.__context__
    return False


def _forget_what_was_answered() -> None:
    """Have LiteLLM do nothing with an answer once it is given: nobody listens to its log.

    It would price it, copy it to strike its texts out, and put it into the form of its log, in our
    loop: a third of a plain request, and for the log probabilities of 40,000 tokens a second.
    """
    Logging.async_success_handler = _nothing
    Logging._response_cost_calculator = lambda *_, **__: None  # noqa: SLF001 - no switch for it.


async def _nothing(*_: object, **__: object) -> None:
    """Log nothing."""


def _supported(provider: str, model: str) -> frozenset[str]:
    names = litellm.get_supported_openai_params(model=model, custom_llm_provider=provider)
    return frozenset(names or ())


def _is_refused(provider: str, model: str, parameters: Json) -> bool:
    # A copy, because some of LiteLLM's mappings change what they get.
    fresh = orjson.loads(orjson.dumps(parameters))
    try:
        litellm.get_optional_params(model=model, custom_llm_provider=provider, **fresh)
    except litellm.UnsupportedParamsError:
        return True
    return False


async def _complete(account: Account, model: str, arguments: Arguments, *, stream: bool) -> Any:
    """Every argument is named here, is the operator's, or comes from a list."""
    known = dict(arguments.known)
    if stream:
        known["stream_options"] = {"include_usage": True}
    return await litellm.acompletion(
        model=f"{account.provider}/{account.switch}{model}",
        messages=arguments.messages,
        stream=stream or None,
        api_key=account.api_key,
        api_base=account.api_base,
        max_retries=0,
        num_retries=0,
        drop_params=True,
        allowed_openai_params=list(arguments.insisted),
        **account.settings,
        **arguments.extra,
        **known,
    )
