"""Which further providers does LiteLLM know? Any of these names is an `api_type`.

Their chat takes the litellm lane, or translate where the oracle has proved it. The addresses are
those of the installed LiteLLM; `tests/upstream/test_litellm_names.py` compares them.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from lmproxy.config.values import BEDROCK_ADDRESS

ADDRESSES: Mapping[str, str | None] = MappingProxyType(
    {
        "ai21_chat": "https://api.ai21.com/studio/v1",
        "aiml": "https://api.aimlapi.com/v1",
        "azure_ai": None,
        "baseten": "https://inference.baseten.co/v1",
        "bedrock_mantle": None,
        "cloudflare": None,
        "codestral": "https://codestral.mistral.ai/v1",
        "cohere_chat": "https://api.cohere.com",
        "cometapi": "https://api.cometapi.com/v1",
        "compactifai": None,
        "custom_openai": None,
        "dashscope": "https://dashscope.aliyuncs.com/compatible-mode/v1",
        "databricks": None,
        "featherless_ai": "https://api.featherless.ai/v1",
        "friendliai": "https://api.friendli.ai/serverless/v1",
        "galadriel": "https://api.galadriel.com/v1",
        "github": "https://models.inference.ai.azure.com",
        "gradient_ai": "https://inference.do-ai.run",
        "heroku": None,
        "huggingface": "https://router.huggingface.co/v1",
        "hyperbolic": "https://api.hyperbolic.xyz/v1",
        "inception": "https://api.inceptionlabs.ai/v1",
        "lambda_ai": "https://api.lambda.ai/v1",
        "llamafile": "http://127.0.0.1:8080/v1",
        "meta_llama": "https://api.llama.com/compat/v1",
        "minimax": "https://api.minimax.io/v1",
        "modelscope": "https://api-inference.modelscope.cn/v1",
        "moonshot": "https://api.moonshot.ai/v1",
        "morph": "https://api.morphllm.com/v1",
        "nebius": "https://api.studio.nebius.ai/v1",
        "novita": "https://api.novita.ai/v3/openai",
        "nscale": "https://inference.api.nscale.com/v1",
        "nvidia_nim": "https://integrate.api.nvidia.com/v1",
        "ollama_chat": "http://127.0.0.1:11434",
        "ovhcloud": "https://oai.endpoints.kepler.ai.cloud.ovh.net/v1",
        "replicate": "https://api.replicate.com",
        "sagemaker_chat": None,
        "sambanova": "https://api.sambanova.ai/v1",
        "scaleway": "https://api.scaleway.ai/v1",
        "snowflake": None,
        "v0": "https://api.v0.dev/v1",
        "vercel_ai_gateway": "https://ai-gateway.vercel.sh/v1",
        "volcengine": "https://ark.cn-beijing.volces.com/api/v3",
        "wandb": "https://api.inference.wandb.ai/v1",
        "watsonx": None,
        "zai": "https://api.z.ai/api/paas/v4",
    }
)
"""LiteLLM's names of providers of chat, and their base URLs; `None`: the operator gives it."""

PATHS = {"cohere_chat": "/v2/chat"}
"""What LiteLLM's idea of a base URL has behind ours."""

TRANSLATED = frozenset(
    {
        "anthropic",
        "azure",
        "azure_ai",
        "cerebras",
        "cohere_chat",
        "databricks",
        "deepinfra",
        "deepseek",
        "fireworks_ai",
        "gemini",
        "groq",
        "hosted_vllm",
        "huggingface",
        "mistral",
        "ollama_chat",
        "openai",
        "openrouter",
        "perplexity",
        "together_ai",
        "xai",
    }
)
"""LiteLLM's names of providers that the oracle holds to the same result on the translate lane."""

STREAMS_UNREAD = frozenset({"cohere_chat"})
"""LiteLLM's names of providers whose streams LiteLLM cannot read: it looks for the fields of
Cohere's events one level below where they are. They are asked for whole answers."""

_AWS = (
    "aws_access_key_id", "aws_secret_access_key", "aws_session_token", "aws_region_name",
    "aws_profile_name", "aws_role_name", "aws_session_name", "aws_web_identity_token",
    "aws_sts_endpoint", "aws_external_id",
)  # fmt: skip
_VERTEX = ("vertex_project", "vertex_location", "vertex_credentials")
_ENTRA = ("azure_ad_token", "tenant_id", "client_id", "client_secret", "azure_scope",
          "azure_username", "azure_password", "azure_credential")  # fmt: skip

SETTINGS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "azure": _ENTRA,
        "bedrock": (*_AWS, BEDROCK_ADDRESS),
        "databricks": ("client_id", "client_secret"),
        "sagemaker_chat": _AWS,
        "vertex_ai": _VERTEX,
        "watsonx": ("project_id", "space_id", "token"),
    }
)
"""What `[connections.X.litellm]` may say, by provider: LiteLLM's own argument names."""

REGION_ADDRESSES = {
    "bedrock": ("aws_region_name", "https://bedrock-runtime.{}.amazonaws.com"),
    "sagemaker_chat": ("aws_region_name", "https://runtime.sagemaker.{}.amazonaws.com"),
    "vertex_ai": ("vertex_location", "https://{}-aiplatform.googleapis.com"),
}


def region_address(provider: str, settings: Mapping[str, Any]) -> str | None:
    """The base URL that follows from a region; `None` if none does."""
    name, template = REGION_ADDRESSES.get(provider, ("", ""))
    region = settings.get(name)
    if region == "global" and provider == "vertex_ai":
        return "https://aiplatform.googleapis.com"
    return template.format(region) if region else None
