"""Where does a provider of this `api_type` live, how is it authenticated, what does it speak?

A table, readable without LiteLLM, so that a relayed connection never waits for its import. Names
and addresses are lm-proxy's. `tests/upstream/test_vendors.py` compares them with those of the
installed LiteLLM and holds the reason of every difference. The URL of an operation is `api_base`,
`path_prefix` and OpenAI's or Anthropic's path without its `/v1`: `/chat/completions`, `/messages`.

A config's own `api_base`, `speaks` and `stream_usage` go before what stands here.
"""

from collections.abc import Mapping
from types import MappingProxyType

from lmproxy.config.values import Operation
from lmproxy.upstream.litellm.names import ADDRESSES, PATHS, TRANSLATED
from lmproxy.upstream.vendor import Vendor


def vendor(api_type: str) -> Vendor | None:
    """The vendor of a name or alias; `None` for a name that is none."""
    return ALL.get(api_type)


def advice(api_type: str) -> str | None:
    """What `check` says to somebody who wrote this `api_type`; `None` if it is fine or unknown."""
    found = vendor(api_type)
    if found is None:
        return None
    if api_type in found.deprecated:
        return f"{api_type!r} is an old name; write {found.api_type!r}"
    return found.notice


def _and(*more: Operation) -> frozenset[Operation]:
    return _COMPATIBLE.union(more)


def _only(*operations: Operation) -> frozenset[Operation]:
    return frozenset(operations)


_COMPATIBLE: frozenset[Operation] = frozenset({"chat", "completions", "embeddings", "models"})

_HOSTED = (
    Vendor(
        "openai",
        "https://api.openai.com/v1",
        _and("responses", "images", "audio", "moderations"),
        aliases=("open_ai",),
    ),
    Vendor(
        "anyscale",
        "https://api.endpoints.anyscale.com/v1",
        _COMPATIBLE,
        notice="Anyscale closed its public address on 2024-08-01; give your own service's api_base",
    ),
    Vendor(
        "deepinfra",
        "https://api.deepinfra.com/v1/openai",
        _COMPATIBLE,
        aliases=("deep_infra",),
        deprecated=("deep_infra",),
        litellm="deepinfra",
    ),
    Vendor(
        "mistral",
        "https://api.mistral.ai/v1",
        _only("chat", "embeddings", "models", "transcription"),
        # 422 extra_forbidden for include_usage; the last chunk has the counts anyway.
        # https://github.com/openai/openai-agents-python/issues/442; not in mistralai 3.7.0.
        stream_usage="given",
        litellm="mistral",
    ),
    Vendor(
        "fireworks",
        "https://api.fireworks.ai/inference/v1",
        _and("responses", "messages"),
        aliases=("fireworks_ai",),
        litellm="fireworks_ai",
    ),
    # Text completions exist at /beta alone. https://api-docs.deepseek.com/api/create-completion
    Vendor(
        "deepseek",
        "https://api.deepseek.com/v1",
        _only("chat", "models"),
        litellm="deepseek",
    ),
    Vendor(
        "xai",
        "https://api.x.ai/v1",
        _only("chat", "models", "responses", "image_generation"),
        litellm="xai",
    ),
    Vendor(
        "cerebras",
        "https://api.cerebras.ai/v1",
        _only("chat", "completions", "models"),
        litellm="cerebras",
    ),
    Vendor(
        "groq",
        "https://api.groq.com/openai/v1",
        _only("chat", "embeddings", "models", "responses", "audio"),
        litellm="groq",
    ),
    # include_usage since 2025-08: https://github.com/cohere-ai/cohere-developer-experience/pull/606
    Vendor("cohere", "https://api.cohere.ai/compatibility/v1", _only("chat", "embeddings")),
    Vendor(
        "together_ai",
        "https://api.together.xyz/v1",
        # Its list of models is a bare array, which no OpenAI client reads.
        _only("chat", "completions", "embeddings", "image_generation", "audio", "rerank"),
        litellm="together_ai",
    ),
    Vendor(
        "openrouter",
        "https://openrouter.ai/api/v1",
        _and("responses", "messages"),
        # Always counted, the field has no effect. https://openrouter.ai/docs/use-cases/usage-accounting
        stream_usage="given",
        litellm="openrouter",
    ),
    Vendor(
        "perplexity",
        "https://api.perplexity.ai",
        _only("chat"),  # Everything else is under /v1, where chat is not.
        # Every chunk has the counts so far: https://github.com/agno-agi/agno/pull/6058; no such
        # request field in perplexityai 0.46.1.
        stream_usage="given",
        litellm="perplexity",
    ),
)

# Their own default addresses, where those cannot be mistaken: vLLM's port 8000 is this proxy's too.
_SELF_HOSTED = (
    Vendor(
        "vllm",
        None,
        _and("responses", "transcription", "translation", "messages", "count_tokens", "rerank"),
        key_required=False,
        aliases=("hosted_vllm",),
        litellm="hosted_vllm",
    ),
    Vendor(
        "llamacpp",
        "http://127.0.0.1:8080/v1",
        _and("responses", "messages", "count_tokens", "rerank"),
        key_required=False,
        aliases=("llama_cpp",),
    ),
    Vendor(
        "ollama",
        "http://127.0.0.1:11434/v1",
        _and("responses", "messages"),
        key_required=False,
    ),
    Vendor(
        "lm_studio",
        "http://127.0.0.1:1234/v1",
        _and("responses", "messages"),
        key_required=False,
        aliases=("lmstudio",),
    ),
    Vendor("tgi", None, _only("chat", "completions", "models"), key_required=False),
)

_TRANSLATED = (
    Vendor(
        "anthropic",
        "https://api.anthropic.com",
        _only("messages", "count_tokens", "models"),
        auth="x-api-key",
        stream_usage="given",  # message_start and message_delta carry it.
        chat_lane="translate",
        path_prefix="/v1",
        litellm="anthropic",
    ),
    Vendor(
        "google",
        "https://generativelanguage.googleapis.com",
        _only(),
        auth="x-goog-api-key",
        stream_usage="given",  # usageMetadata is in every chunk.
        chat_lane="translate",
        aliases=("google_ai_studio", "gemini"),
        deprecated=("google_ai_studio",),
        litellm="gemini",
        litellm_path="/v1beta",
    ),
    Vendor(
        "azure",
        None,
        # No moderations: Azure filters inside each answer.
        _and("responses", "image_generation", "image_edit", "audio"),
        auth="api-key",
        key_required=False,  # An Entra ID token can stand in its place.
        chat_lane="translate",  # Older addresses name deployment and api-version in the URL.
        # https://learn.microsoft.com/azure/foundry/openai/api-version-lifecycle
        relay_ending="/openai/v1",
        litellm="azure",
    ),
    Vendor(
        "google_vertex_ai",
        None,
        _only(),
        auth="none",
        key_required=False,
        chat_lane="litellm",
        aliases=("vertex_ai",),
        litellm="vertex_ai",
    ),
    Vendor(
        "bedrock",
        None,
        _only(),
        auth="none",
        key_required=False,
        chat_lane="litellm",
        litellm="bedrock",
    ),
)

# They embed and rerank, and have nothing to chat with.
_SEARCH = (
    Vendor(
        "jina_ai",
        "https://api.jina.ai/v1",
        _only("embeddings", "rerank"),
        chat_lane="litellm",
        aliases=("jina",),
        chats=False,
        litellm="jina_ai",
    ),
    Vendor(
        "voyage",
        "https://api.voyageai.com/v1",
        _only(),
        chat_lane="litellm",
        aliases=("voyageai",),
        chats=False,
        litellm="voyage",
    ),
)

VENDORS: Mapping[str, Vendor] = MappingProxyType(
    {
        name: provider
        for provider in (*_HOSTED, *_SELF_HOSTED, *_TRANSLATED, *_SEARCH)
        for name in (provider.api_type, *provider.aliases)
    }
)
"""Every name and alias of a provider that is known here."""

_FURTHER = {
    name: Vendor(
        name,
        address,
        _only(),
        key_required=False,
        chat_lane="translate" if name in TRANSLATED else "litellm",
        litellm=name,
        litellm_path=PATHS.get(name, ""),
    )
    for name, address in ADDRESSES.items()
}

ALL: Mapping[str, Vendor] = MappingProxyType({**_FURTHER, **VENDORS})
"""Those, and every further provider of chat that LiteLLM knows."""
