"""Who is asked? Every provider of the oracle: its names, its models, whose answers it gives."""

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Provider:
    """A provider.

    Attributes:
        api_type: the proxy's name for it.
        model: the provider's own name of a model.
        answers: the folder of `answers/` with what its format looks like.
        models: another model for a case, where `model` cannot do it.
        settings: more keys of its connection.
        arguments: the same, as LiteLLM's keyword arguments.
        path: what its `api_base` ends in.
        litellm_path: what LiteLLM's `api_base` has behind it.
        has_key: whether requests carry an `api_key`.
        is_google_cloud: whether a token is fetched with a service account's key first.
    """

    api_type: str
    model: str
    answers: str = "compatible"
    models: dict[str, str] = field(default_factory=dict)
    settings: dict[str, Any] = field(default_factory=dict)
    arguments: dict[str, Any] = field(default_factory=dict)
    path: str = "/v1"
    litellm_path: str = ""
    has_key: bool = True
    is_google_cloud: bool = False

    def model_for(self, case: str) -> str:
        """The model that a case is asked of."""
        return self.models.get(case, self.model)


_AWS = {
    "aws_access_key_id": "AKIDORACLE",
    "aws_secret_access_key": "oracle-secret",
    "aws_region_name": "eu-central-1",
}
_GOOGLE = {"vertex_project": "oracle", "vertex_location": "europe-west4"}

PROVIDERS: dict[str, Provider] = {
    "openai": Provider("openai", "gpt-4.1-mini", models={"reasoning": "gpt-5-mini"}),
    "azure": Provider(
        "azure",
        "gpt-4.1-mini",
        models={"reasoning": "gpt-5-mini"},
        settings={"api_version": "2024-10-21"},
        arguments={"api_version": "2024-10-21"},
        path="",
    ),
    "azure_ai": Provider("azure_ai", "Llama-3.3-70B-Instruct", path=""),
    "anthropic": Provider(
        "anthropic",
        "claude-sonnet-4-5",
        "anthropic",
        models={"json_tool": "claude-3-7-sonnet-20250219"},
        path="",
    ),
    "gemini": Provider("google", "gemini-2.5-flash", "gemini", path="", litellm_path="/v1beta"),
    "bedrock": Provider(
        "bedrock",
        "anthropic.claude-sonnet-4-20250514-v1:0",
        "bedrock",
        settings={"litellm": _AWS},
        arguments=_AWS,
        path="",
        has_key=False,
    ),
    "vertex_ai": Provider(
        "vertex_ai",
        "gemini-2.5-flash",
        "gemini",
        settings={"litellm": _GOOGLE},
        arguments=_GOOGLE,
        path="/v1/projects/oracle/locations/europe-west4/publishers/google/models/gemini-2.5-flash",
        has_key=False,
        is_google_cloud=True,
    ),
    "ollama_chat": Provider("ollama_chat", "qwen3", "ollama", path=""),
    "cohere_chat": Provider("cohere_chat", "command-a-03-2025", "cohere", path="/v2/chat"),
    "mistral": Provider(
        "mistral", "mistral-large-latest", models={"reasoning": "magistral-medium-latest"}
    ),
    "groq": Provider("groq", "llama-3.3-70b-versatile", models={"reasoning": "openai/gpt-oss-20b"}),
    "deepseek": Provider("deepseek", "deepseek-chat", models={"reasoning": "deepseek-reasoner"}),
    "xai": Provider("xai", "grok-4", models={"reasoning": "grok-3-mini"}),
    "openrouter": Provider(
        "openrouter", "openai/gpt-4.1-mini", models={"reasoning": "anthropic/claude-sonnet-4.5"}
    ),
    "together_ai": Provider("together_ai", "meta-llama/Llama-3.3-70B-Instruct-Turbo"),
    "fireworks_ai": Provider("fireworks", "accounts/fireworks/models/llama-v3p3-70b-instruct"),
    "hosted_vllm": Provider("vllm", "Qwen/Qwen3-8B"),
    "perplexity": Provider("perplexity", "sonar-pro", models={"reasoning": "sonar-reasoning-pro"}),
    "cerebras": Provider("cerebras", "llama-3.3-70b", models={"reasoning": "gpt-oss-120b"}),
    "deepinfra": Provider("deepinfra", "meta-llama/Llama-3.3-70B-Instruct"),
    "databricks": Provider("databricks", "databricks-meta-llama-3-3-70b-instruct"),
    "huggingface": Provider("huggingface", "meta-llama/Llama-3.3-70B-Instruct"),
}
"""By LiteLLM's name."""
