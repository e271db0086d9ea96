"""How providers answer what is not chat, each in a form of its own, and where they are asked."""

from dataclasses import dataclass
from typing import Any

from tests.provider import answers

VECTORS = [[0.25, -0.5], [1.0, 2.0]]
TOKENS = 7
OPENAIS = {
    **answers.embeddings_answer(VECTORS),
    "usage": {"prompt_tokens": TOKENS, "total_tokens": TOKENS},
}
AWS = {
    "aws_access_key_id": "AKIDOFNOBODY",
    "aws_secret_access_key": "secret-of-nobody-0123456789",
    "aws_region_name": "eu-central-1",
}


@dataclass(frozen=True, slots=True)
class Asked:
    """One provider's way.

    Attributes:
        path: behind the connection's base, which is the default one but for its host; `{}` is the
            model.
        answer: two vectors, or the second document before the first.
        counts: whether the answer says how many tokens were read.
        settings: of the connection.
        model: a name that LiteLLM wants, in place of the test's.
    """

    path: str
    answer: Any
    counts: bool = True
    settings: tuple[tuple[str, Any], ...] = ()
    model: str | None = None


def _ranked(first: str, score: str, **more: Any) -> dict[str, Any]:
    return {first: [{"index": 1, score: 0.9}, {"index": 0, score: 0.1}], **more}


COHERE_META = {"billed_units": {"search_units": 1}, "tokens": {"input_tokens": TOKENS}}
USAGE = {"usage": {"prompt_tokens": TOKENS, "total_tokens": TOKENS}}

EMBEDDINGS = {
    **{
        kind: Asked("/embeddings", OPENAIS)
        for kind in (
            *("cometapi", "custom_openai", "dashscope", "databricks", "fireworks", "github"),
            *("llamafile", "mistral", "nebius", "nvidia_nim", "openai", "openrouter", "ovhcloud"),
            *("sambanova", "scaleway", "together_ai", "vercel_ai_gateway", "vllm", "voyage"),
            *("wandb", "azure_ai", "jina_ai"),
        )
    },
    "azure": Asked("/openai/deployments/{}/embeddings?api-version=2024-10-21", OPENAIS),
    "perplexity": Asked("/v1/embeddings", OPENAIS),
    "volcengine": Asked("/embeddings", OPENAIS),
    "snowflake": Asked(
        "/api/v2/cortex/inference:embed",
        {**OPENAIS, "data": [{"index": i, "embedding": [v]} for i, v in enumerate(VECTORS)]},
    ),
    "cohere_chat": Asked(
        "/v2/embed",
        {
            "id": "x",
            "embeddings": {"float": VECTORS},
            "texts": ["a", "b"],
            "meta": {"billed_units": {"input_tokens": TOKENS}},
        },
    ),
    "google": Asked(
        "/v1beta/models/{}:batchEmbedContents",
        {"embeddings": [{"values": vector} for vector in VECTORS]},
        counts=False,
    ),
    "ollama_chat": Asked(
        "/api/embed", {"model": "m", "embeddings": VECTORS, "prompt_eval_count": TOKENS}
    ),
    "bedrock": Asked(
        "/model/{}/invoke",
        {"embeddings": VECTORS, "id": "x", "response_type": "embeddings_floats"},
        counts=False,
        settings=(("litellm", AWS),),
        model="cohere.embed-multilingual-v3",
    ),
}
"""By `api_type`, on the litellm lane."""

RERANK = {
    **{
        kind: Asked("/rerank", _ranked("results", "relevance_score", **USAGE))
        for kind in ("vllm", "jina_ai", "together_ai")
    },
    "fireworks": Asked("/rerank", _ranked("data", "relevance_score", **USAGE)),
    "voyage": Asked("/rerank", _ranked("data", "relevance_score", usage={"total_tokens": TOKENS})),
    "azure_ai": Asked("/v1/rerank", _ranked("results", "relevance_score", meta=COHERE_META)),
    "cohere_chat": Asked("/v2/rerank", _ranked("results", "relevance_score", meta=COHERE_META)),
    "nvidia_nim": Asked("/retrieval/{}/reranking", _ranked("rankings", "logit", **USAGE)),
    "huggingface": Asked(
        "/rerank", [{"index": 1, "score": 0.9}, {"index": 0, "score": 0.1}], counts=False
    ),
}
