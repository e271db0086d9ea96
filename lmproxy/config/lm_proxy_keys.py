"""Which keys and values may stand in an lm-proxy connection table? Those of ai-microcore 6.9.

Read by `lm_proxy_connection`, which puts each into our words.
"""

from collections.abc import Mapping
from types import MappingProxyType

LOCAL = ("function", "transformers", "cli", "none", "local")
"""Values of `api_type` that are no provider at a URL."""

GOOGLE = ("google", "google_ai_studio", "google_vertex_ai")
COMPATIBLE = (
    "openai", "azure", "anyscale", "deepinfra", "mistral", "fireworks", "deepseek", "xai",
    "cerebras", "groq", "cohere", "together_ai", "openrouter", "perplexity",
)  # fmt: skip
"""Platforms that are asked as OpenAI is."""

PLATFORMS: Mapping[str, str] = MappingProxyType(
    {
        **dict.fromkeys(COMPATIBLE, "openai"),
        **dict.fromkeys(GOOGLE[1:], "google"),
        "anthropic": "anthropic",
    }
)
"""Values of `api_platform`, and the `api_type` that each goes with."""

BASES: Mapping[str, str] = MappingProxyType(
    {
        "https://api.openai.com/v1": "openai",
        "https://api.endpoints.anyscale.com/v1": "anyscale",
        "https://api.deepinfra.com/v1/openai": "deepinfra",
        "https://api.mistral.ai/v1": "mistral",
        "https://api.fireworks.ai/inference/v1": "fireworks",
        "https://api.deepseek.com/v1": "deepseek",
        "https://api.x.ai/v1": "xai",
        "https://api.cerebras.ai/v1": "cerebras",
        "https://api.groq.com/openai/v1": "groq",
        "https://api.cohere.ai/compatibility/v1": "cohere",
        "https://api.together.xyz/v1": "together_ai",
        "https://openrouter.ai/api/v1": "openrouter",
        "https://api.perplexity.ai": "perplexity",
        "https://api.anthropic.com": "anthropic",
    }
)
"""Addresses that say whose they are, where no `api_type` does; without a trailing slash."""

KEY_OF: Mapping[str, str] = MappingProxyType(
    {"anthropic": "anthropic_api_key", **dict.fromkeys(GOOGLE, "google_api_key")}
)
"""Further names of `api_key`, by `api_type`; for all others it is `openai_api_key`."""

ENTRA = (
    "azure_entra_scope", "azure_entra_credential", "azure_tenant_id", "azure_client_id",
    "azure_client_secret",
)  # fmt: skip
ENTRA_SCOPE = "https://ai.azure.com/.default"
CLOUD = {
    "google_cloud_project_id": "vertex_project",
    "google_cloud_location": "vertex_location",
}
"""Of Vertex AI, and LiteLLM's name of each."""
SERVICE_ACCOUNTS = ("google_cloud_service_account", "google_cloud_service_account_json")
DEPLOYMENTS = ("deployment_id", "azure_deployment_id")
PRESETS = ("high-end", "low-end")
"""Values of `model` that stand for whatever model lm-proxy's release thought so."""

LIBRARY_ONLY = (
    "prompt_templates_path", "storage_path", "storage_default_file_ext", "embedding_db_folder",
    "embedding_db_function", "embedding_db_allow_duplicates", "embedding_db_host",
    "embedding_db_port", "embedding_db_timeout", "embedding_db_size", "default_encoding",
    "elevenlabs_api_key", "text_to_speech_path", "save_memory", "ai_syntax_function_name_field",
    "default_ai_function_syntax", "mcp_servers", "interactive_setup",
)  # fmt: skip
"""Of ai-microcore as a library: lm-proxy passed them on, and asked it for nothing of these."""

NO_EFFECT: Mapping[str, str] = MappingProxyType(
    {
        "callbacks": "[[loggers]] takes functions of yours",
        "tiktoken_encoding": "tokens are counted by the provider",
        "dot_env_file": "name it on the command line: oai-proxy --env FILE",
        "openai_api_type": "write api_type",
        "openai_api_base": "write api_base",
        "use_logging": "print_stream = true prints what was asked and said",
        "max_concurrent_tasks": "write concurrency",
        **dict.fromkeys(LIBRARY_ONLY, "lm-proxy had no use for it either"),
    }
)
"""Keys that are accepted and do nothing, and what to do instead."""

NO_EFFECT_UNLESS: Mapping[str, tuple[bool, str]] = MappingProxyType(
    {
        "use_dot_env": (True, 'to read no .env, start with oai-proxy --env=""'),
        "validate_config": (True, "every config is checked before it is served"),
    }
)
"""Those that are what happens anyway with one value, and do nothing with any other."""

KEYS = frozenset(
    {
        "api_platform", "model", "inference_func", "cli", "chat_mode", "init_params",
        "azure_use_entra_id", "openai_api_key", "openai_api_version", "anthropic_api_key",
        "google_api_key", "google_genai_use_vertexai", *ENTRA, *CLOUD, *SERVICE_ACCOUNTS,
        *DEPLOYMENTS, *NO_EFFECT, *NO_EFFECT_UNLESS,
    }
)  # fmt: skip
"""Every key that is lm-proxy's and not one of our own connection's."""

OF_KIND: Mapping[str, frozenset[str]] = MappingProxyType(
    {
        "function": frozenset({"inference_func", "chat_mode"}),
        "transformers": frozenset({"model", "init_params"}),
        "cli": frozenset({"cli", "model"}),
        "none": frozenset(),
    }
)
"""Which of these mean something for what is no provider."""
NOT_OF_PROVIDERS = {"inference_func": "function", "cli": "cli"}
"""Those that mean nothing for a provider, and the `api_type` that each belongs to."""

READ_BY_ITSELF = (
    "LLM_API_TYPE", "LLM_API_PLATFORM", "LLM_API_KEY", "LLM_API_BASE", "LLM_API_VERSION",
    "LLM_DEFAULT_ARGS", "LLM_USE_RESPONSES_API",
)  # fmt: skip
"""Variables that lm-proxy takes from the environment for what a connection does not say."""

TRUE = ("1", "TRUE", "YES", "ON", "ENABLED", "Y", "+")


def is_true(value: object) -> bool:
    """Whether it says yes: as a boolean, or as the text of a variable."""
    return value.upper() in TRUE if isinstance(value, str) else bool(value)
