"""LiteLLM's transformations, without what LiteLLM does around them.

Loaded through `door`. This file, `shapes` and `readers` have every symbol
of LiteLLM's that is no public call. A `Translation` makes a provider's request of an OpenAI chat
request and OpenAI's answer of a provider's, with LiteLLM's own transformations and in its own order
(`litellm.main.completion` and the handlers below it); what it leaves out is LiteLLM's logging,
pricing, retries and clients. `tests/oracle` holds both to the same result, and
`tests/upstream/test_litellm_contract.py` every symbol used here to its signature.
"""

from functools import lru_cache
from typing import Any

import httpx
import litellm
import orjson
from litellm.llms.anthropic.chat.handler import ModelResponseIterator as AnthropicChunks
from litellm.llms.anthropic.chat.transformation import ANTHROPIC_TOOL_NAME_REVERSE_MAP_KEY
from litellm.llms.anthropic.common_utils import AnthropicModelInfo
from litellm.llms.vertex_ai.gemini import transformation as gemini_requests
from litellm.llms.vertex_ai.gemini.vertex_and_google_ai_studio_gemini import (
    ModelResponseIterator as GeminiChunks,
)
from litellm.main import responses_api_bridge_check
from litellm.types.utils import LlmProviders, ModelResponse
from litellm.utils import (
    ProviderConfigManager,
    get_litellm_params,
    get_optional_params,
    validate_and_fix_openai_messages,
    validate_and_fix_openai_tools,
    validate_chat_completion_tool_choice,
)

from lmproxy.call import Json
from lmproxy.upstream.arguments import Account, Arguments
from lmproxy.upstream.litellm.chunks import as_json
from lmproxy.upstream.litellm.names import STREAMS_UNREAD
from lmproxy.upstream.litellm.readers import GeminiReader, Reader, reader_of
from lmproxy.upstream.litellm.shapes import SHAPES, Draft, Prepared, generic

MOST_KEPT = 4096
BRIDGING = frozenset({"web_search_options", "tools", "reasoning_effort"})
"""Parameters that may have LiteLLM ask another API than chat."""
READ_AS_OPENAI = {"azure", "perplexity"}
"""Providers whose answers LiteLLM's public call reads with OpenAI's SDK. Azure's own class cannot;
Perplexity's replaces the provider's count of citation tokens with an estimate."""


class NoLogging:
    """Stands where LiteLLM's transformations expect its logging object."""

    def __init__(self) -> None:
        self.model_call_details: Json = {}
        self.optional_params: Json = {}
        self.litellm_params: Json = {}
        self.stream_options: Json | None = None
        self.function_id = self.litellm_call_id = self.litellm_trace_id = ""

    def pre_call(self, *_: object, **__: object) -> None:
        """Log nothing."""

    post_call = update_environment_variables = pre_call


class Translator:
    """What the translate lane asks of LiteLLM."""

    def __init__(self) -> None:
        """Try the transformations once.

        Raises:
            Exception: the installed LiteLLM has them not as we know them. Of any kind.
        """
        account = Account("anthropic", "https://localhost", "key", {})
        arguments = Arguments([{"role": "user", "content": "hello"}], {}, {}, (), (), b"")
        _remember_capabilities()
        _keep_equal_calls()
        Translation(account, "claude-sonnet-4-5").request(arguments, stream=True)
        self._is_bridged = lru_cache(MOST_KEPT)(_is_bridged)

    def translation(self, account: Account, model: str) -> "Translation":
        """That of one model.

        Raises:
            ValueError: LiteLLM has none for this provider.
        """
        return Translation(account, model)

    def is_bridged(self, provider: str, model: str, arguments: Arguments) -> bool:
        """Whether LiteLLM would ask another API than chat for this model."""
        known = arguments.known
        if BRIDGING.isdisjoint(known):
            return self._is_bridged(provider, model)
        return _is_bridged(provider, model, **{name: known.get(name) for name in BRIDGING})

    def reader_of(self, iterator: Any) -> Reader | None:
        """Who reads the events that one of LiteLLM's iterators would; `None`: only itself can."""
        return reader_of(iterator)


class Translation:
    """One model of one provider, translated. Made once for each, kept."""

    def __init__(self, account: Account, model: str) -> None:
        """Find LiteLLM's transformations.

        Raises:
            ValueError: LiteLLM has none for this provider.
        """
        self._account = account
        self._model = model
        self._config: Any = ProviderConfigManager.get_provider_chat_config(
            model=model, provider=LlmProviders(account.provider)
        )
        if self._config is None:
            raise ValueError(f"no transformation for {account.provider}")
        self._reader: Any = (
            litellm.OpenAIGPTConfig() if account.provider in READ_AS_OPENAI else self._config
        )
        self._form = SHAPES.get(account.provider, generic)

    def request(self, arguments: Arguments, *, stream: bool) -> Prepared:
        """The provider's request. LiteLLM's own errors pass."""
        account, known = self._account, dict(arguments.known)
        if stream:
            known["stream_options"] = {"include_usage": True}
        tools = arguments.whole_tools or known.get("tools")
        schemas = _schemas(tools) if account.provider == "gemini" else {}
        messages = validate_and_fix_openai_messages(messages=arguments.messages)
        if "tools" in known:
            known["tools"] = validate_and_fix_openai_tools(tools=known["tools"])
        if "tool_choice" in known:
            known["tool_choice"] = validate_chat_completion_tool_choice(known["tool_choice"])
        messages = self._config.translate_developer_role_to_system_role(messages=messages)
        params = get_optional_params(
            model=self._model,
            custom_llm_provider=account.provider,
            stream=stream or None,
            messages=messages,
            drop_params=True,
            allowed_openai_params=list(arguments.insisted),
            **known,
            **arguments.extra,
        )
        litellm_params = get_litellm_params(
            acompletion=True,
            api_key=account.api_key,
            api_base=account.api_base,
            custom_llm_provider=account.provider,
            drop_params=True,
            **account.settings,
        )
        streams = not self._is_faked(params, stream=stream) and stream
        made = (messages, params, litellm_params)
        return self._form(Draft(account, self._model, self._config, *made, streams, schemas))

    def _is_faked(self, params: Json, *, stream: bool) -> bool:
        """Whether a stream has to be made of a plain answer for this model."""
        asked = bool(params.pop("fake_stream", False))
        return stream and bool(
            asked
            or self._account.provider in STREAMS_UNREAD
            or self._config.should_fake_stream(
                model=self._model, stream=stream, custom_llm_provider=self._account.provider
            )
        )

    def answer(self, prepared: Prepared, headers: dict[str, str], answer: bytes) -> Json:
        """A provider's plain answer as OpenAI's. LiteLLM's own errors pass."""
        response = self._reader.transform_response(
            model=self._model,
            raw_response=httpx.Response(200, headers=headers, content=answer),
            model_response=_empty_response(),
            logging_obj=NoLogging(),
            request_data=prepared.data,
            messages=prepared.messages,
            optional_params=prepared.params,
            litellm_params=prepared.litellm_params,
            encoding=None,
            api_key=self._account.api_key,
            json_mode=prepared.json_mode,
        )
        return as_json(response)

    def reader(self, prepared: Prepared, headers: dict[str, str]) -> Reader:
        """Who reads the events of one stream."""
        provider = self._account.provider
        if provider == "anthropic":
            names = prepared.litellm_params.get(ANTHROPIC_TOOL_NAME_REVERSE_MAP_KEY)
            anthropic = AnthropicChunks(
                streaming_response=None,
                sync_stream=False,
                json_mode=prepared.json_mode,
                speed=prepared.params.get("speed"),
                tool_name_reverse_map=names,
            )
            return Reader(anthropic.chunk_parser)
        if provider == "gemini":
            log = NoLogging()
            log.optional_params = prepared.params
            gemini = GeminiChunks(
                streaming_response=None,
                sync_stream=False,
                logging_obj=log,
                response_headers=headers,
            )
            return GeminiReader(gemini.chunk_parser)
        parser = self._reader.get_model_response_iterator(
            streaming_response=None, sync_stream=False, json_mode=prepared.json_mode
        )
        return Reader(parser.chunk_parser)


def _is_bridged(provider: str, model: str, **known: Any) -> bool:
    info, _ = responses_api_bridge_check(model=model, custom_llm_provider=provider, **known)
    return bool(info.get("mode") == "responses")


def _remember_capabilities() -> None:
    """Have LiteLLM look a Claude's capabilities up once.

    It asks its tables of models for the same answers several times in each request, which takes
    190 of the 325 µs of putting one together.
    """
    look_up = AnthropicModelInfo._supports_model_capability  # noqa: SLF001 - see above.
    if not hasattr(look_up, "cache_info"):
        remembered = staticmethod(lru_cache(MOST_KEPT)(look_up))
        AnthropicModelInfo._supports_model_capability = remembered  # noqa: SLF001


def _schemas(tools: Any) -> Json:
    """What functions take, by their names; a copy, because LiteLLM changes its own."""
    functions = [tool.get("function") for tool in tools or ()]
    schemas = {f.get("name"): f.get("parameters") for f in functions if isinstance(f, dict)}
    copies: Json = orjson.loads(orjson.dumps(schemas, option=orjson.OPT_NON_STR_KEYS))
    return {name: schema for name, schema in copies.items() if isinstance(schema, dict)}


def _keep_equal_calls() -> None:
    """Have LiteLLM send Gemini each of two equal calls: both have a result.

    It leaves out a call that is there already, for it may be among the thoughts. Those are as
    Google wrote them, `functionCall`; the calls it makes itself have another name.
    """
    is_there = gemini_requests.check_if_part_exists_in_parts
    if getattr(is_there, "keeps_equal_calls", False):
        return

    def is_thought(parts: list[Any], part: Any, excluded_keys: Any = ()) -> bool:
        thoughts = [said for said in parts if "function_call" not in said]
        return bool(is_there(thoughts, part, list(excluded_keys)))

    is_thought.keeps_equal_calls = True  # type: ignore[attr-defined]
    gemini_requests.check_if_part_exists_in_parts = is_thought


def _empty_response() -> ModelResponse:
    response = ModelResponse()
    response.usage = litellm.Usage()
    return response
