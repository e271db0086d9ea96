"""Everything of LiteLLM's that `lmproxy/upstream` calls, and how it calls it.

The keys of `CALLS` are `module:name.name`; of `CONFIG_CALLS`, methods of a provider's
configuration. `None` is a name that is only read.
"""

from dataclasses import dataclass
from typing import TypeAlias


@dataclass(frozen=True, slots=True)
class Called:
    """A call: how many arguments by place, which by name.

    Attributes:
        may_be_more: names that the function has no parameter for are meant for its `**kwargs`.
    """

    positional: int = 0
    named: tuple[str, ...] = ()
    may_be_more: bool = False


Call: TypeAlias = Called | None


def by_name(names: str, *, may_be_more: bool = False) -> Called:
    return Called(0, tuple(names.split()), may_be_more)


GEMINI = "litellm.llms.vertex_ai.gemini.vertex_and_google_ai_studio_gemini"
AMAZON = "litellm.llms.bedrock.chat.invoke_handler"
BY_LINE = "litellm.llms.base_llm.base_model_iterator:BaseModelResponseIterator"
LOGGING = "litellm.litellm_core_utils.litellm_logging"
HTTP = "litellm.llms.custom_httpx.http_handler"

CALLS: dict[str, Call] = {
    # litellm/public
    "litellm:acompletion": by_name(
        "model messages stream api_key base_url num_retries drop_params allowed_openai_params "
        "api_version stream_options temperature top_p n stop max_tokens max_completion_tokens "
        "modalities prediction audio presence_penalty frequency_penalty logit_bias user "
        "response_format seed tools tool_choice logprobs top_logprobs parallel_tool_calls "
        "reasoning_effort verbosity safety_identifier service_tier web_search_options thinking",
        may_be_more=True,
    ),
    "litellm:get_supported_openai_params": by_name("model custom_llm_provider"),
    "litellm:get_optional_params": by_name("model custom_llm_provider"),
    "litellm:Timeout": None,
    # litellm/functions
    "litellm:aembedding": by_name("model", may_be_more=True),
    "litellm:embedding": by_name(
        "model input api_key api_base dimensions encoding_format user", may_be_more=True
    ),
    "litellm:amoderation": by_name(
        "model input api_key api_base max_retries num_retries drop_params", may_be_more=True
    ),
    "litellm:arerank": by_name(
        "model query documents top_n rank_fields return_documents max_chunks_per_doc api_key "
        "api_base max_tokens_per_doc instruction",
        may_be_more=True,
    ),
    "litellm.utils:ProviderConfigManager.get_provider_rerank_config": by_name(
        "model provider api_base present_version_params"
    ),
    "litellm:aimage_generation": by_name("model", may_be_more=True),
    "litellm:image_generation": by_name(
        "model prompt n quality response_format size style user api_key api_base",
        may_be_more=True,
    ),
    "litellm:aimage_edit": by_name("model image prompt", may_be_more=True),
    "litellm:image_edit": by_name(
        "model image mask prompt n quality response_format size user", may_be_more=True
    ),
    "litellm.main:azure_audio_transcriptions.audio_transcriptions": None,
    "litellm.llms.azure.audio_transcriptions:"
    "AzureAudioTranscription.async_audio_transcriptions": None,
    "litellm:atranscription": by_name("model", may_be_more=True),
    "litellm:transcription": by_name(
        "model file language prompt response_format timestamp_granularities temperature api_key "
        "api_base max_retries",
        may_be_more=True,
    ),
    "litellm:aspeech": by_name("model", may_be_more=True),
    "litellm:speech": by_name(
        "model input voice response_format speed instructions api_key api_base max_retries",
        may_be_more=True,
    ),
    "litellm.utils:ProviderConfigManager.get_provider_image_generation_config": by_name(
        "model provider"
    ),
    "litellm.utils:ProviderConfigManager.get_provider_image_edit_config": by_name("model provider"),
    "litellm.utils:get_optional_params_transcription": by_name(
        "model custom_llm_provider language prompt response_format temperature "
        "timestamp_granularities"
    ),
    "litellm.utils:get_optional_params_embeddings": by_name(
        "model custom_llm_provider user dimensions"
    ),
    "litellm:BadRequestError": None,
    "litellm:NotFoundError": None,
    "litellm:UnsupportedParamsError": None,
    f"{LOGGING}:Logging.async_success_handler": Called(
        1, ("result", "start_time", "end_time", "cache_hit")
    ),
    f"{LOGGING}:Logging._response_cost_calculator": Called(1, ("result",)),
    # litellm/chunks, litellm/readers
    "litellm:CustomStreamWrapper.aclose": Called(1),
    "litellm:CustomStreamWrapper.fetch_stream": Called(1),
    "litellm.litellm_core_utils.core_helpers:map_finish_reason": Called(1),
    **{f"{BY_LINE}.{name}": None for name in ("__aiter__", "__anext__", "_handle_string_chunk")},
    f"{BY_LINE}.chunk_parser": Called(2),
    f"{GEMINI}:ModelResponseIterator.chunk_parser": Called(2),
    "litellm.llms.anthropic.chat.handler:ModelResponseIterator.chunk_parser": Called(2),
    "openai:AsyncStream": None,
    f"{AMAZON}:AmazonAnthropicClaudeStreamDecoder._chunk_parser": Called(2),
    f"{AMAZON}:AWSEventStreamDecoder._chunk_parser": Called(2),
    f"{AMAZON}:AWSEventStreamDecoder._parse_message_from_event": Called(2),
    f"{AMAZON}:AWSEventStreamDecoder.aiter_bytes": Called(2),
    # litellm/transport
    f"{HTTP}:AsyncHTTPHandler._create_async_transport": None,
    f"{HTTP}:AsyncHTTPHandler.client": None,
    # litellm/internals
    "litellm.llms.anthropic.chat.handler:ModelResponseIterator": by_name(
        "streaming_response sync_stream json_mode speed tool_name_reverse_map"
    ),
    "litellm.llms.anthropic.chat.transformation:ANTHROPIC_TOOL_NAME_REVERSE_MAP_KEY": None,
    f"{GEMINI}:ModelResponseIterator": by_name(
        "streaming_response sync_stream logging_obj response_headers"
    ),
    "litellm.llms.anthropic.common_utils:AnthropicModelInfo._supports_model_capability": by_name(
        "model key custom_llm_provider"
    ),
    "litellm.llms.vertex_ai.common_utils:supports_response_json_schema": Called(1),
    "litellm.llms.vertex_ai.gemini.transformation:check_if_part_exists_in_parts": Called(
        2, ("excluded_keys",)
    ),
    "litellm.main:responses_api_bridge_check": by_name(
        "model custom_llm_provider web_search_options tools reasoning_effort"
    ),
    "litellm.types.utils:LlmProviders": None,
    "litellm.types.utils:ModelResponse": Called(),
    "litellm.utils:ProviderConfigManager.get_provider_chat_config": by_name("model provider"),
    "litellm.utils:get_litellm_params": by_name(
        "acompletion api_key api_base custom_llm_provider drop_params"
    ),
    "litellm.utils:get_optional_params": by_name(
        "model custom_llm_provider stream messages drop_params allowed_openai_params"
    ),
    "litellm.utils:validate_and_fix_openai_messages": by_name("messages"),
    "litellm.utils:validate_and_fix_openai_tools": by_name("tools"),
    "litellm.utils:validate_chat_completion_tool_choice": Called(1),
    "litellm:OpenAIGPTConfig": Called(),
    "litellm:Usage": Called(),
    # litellm/shapes
    "litellm.anthropic_beta_headers_manager:update_request_with_filtered_beta": by_name(
        "headers request_data provider"
    ),
    "litellm.llms.vertex_ai.gemini.transformation:_transform_request_body": by_name(
        "messages custom_llm_provider cached_content model optional_params litellm_params"
    ),
    f"{GEMINI}:VertexLLM._get_token_and_url": Called(
        1,
        (
            *("model", "auth_header", "gemini_api_key", "vertex_project", "vertex_location"),
            *("vertex_credentials", "stream", "custom_llm_provider", "api_base"),
        ),
    ),
}

SHARED = "model optional_params litellm_params"
CONFIG_CALLS: dict[str, Call] = {
    "translate_developer_role_to_system_role": by_name("messages"),
    "should_fake_stream": by_name("model stream custom_llm_provider"),
    "validate_environment": by_name(f"headers messages api_key api_base {SHARED}"),
    "transform_request": by_name(f"messages headers {SHARED}"),
    "transform_response": by_name(
        "raw_response model_response logging_obj request_data messages encoding api_key json_mode "
        + SHARED
    ),
    "get_model_response_iterator": by_name("streaming_response sync_stream json_mode"),
    "supports_stream_param_in_request_body": None,
}
"""Methods of every translated provider's configuration."""
SWITCHES = (
    *("suppress_debug_info", "disable_streaming_logging", "turn_off_message_logging"),
    *("user_url_validation", "telemetry", "drop_params", "num_retries", "cache", "callbacks"),
    *("model_fallbacks", "success_callback", "failure_callback", "aclient_session"),
)
"""Variables of LiteLLM's that are set: one that it no longer reads would be set for nothing."""
