"""`POST /rerank`: which of these documents fit the query best? In Cohere's form.

Jina, vLLM, llama.cpp and Together speak it themselves. Cohere's second version has the same fields
at `/v2/rerank`. https://docs.cohere.com/reference/rerank
"""

from typing import Any

from lmproxy.call import Call, Json, Usage
from lmproxy.errors import InvalidRequest, UpstreamInvalidResponse
from lmproxy.upstream.operations.operation import LitellmFunction, Operation, as_chosen, need
from lmproxy.upstream.usage import count
from lmproxy.upstream.wire import plain_wire


def _check(body: Json) -> None:
    need(body, "query", (str, dict), "a string")
    documents = need(body, "documents", list, "a list of strings or objects")
    if not documents:
        raise InvalidRequest("'documents' is empty.", code="invalid_value", param="documents")


def read_usage(answer: Json) -> Usage | None:
    """The tokens that were read: Jina's and vLLM's `usage`, or Cohere's `meta`."""
    meta = _table(answer.get("meta"))
    places = (
        (_table(answer.get("usage")), ("total_tokens", "prompt_tokens")),
        (_table(meta.get("tokens")), ("input_tokens",)),
        (_table(meta.get("billed_units")), ("total_tokens",)),
    )
    for table, names in places:
        for name in names:
            tokens = count(table.get(name))
            if tokens is not None:
                return Usage(tokens, 0, tokens, source="provider")
    return None


def _table(value: Any) -> Json:
    return value if isinstance(value, dict) else {}


def _answer(call: Call, made: Json) -> Json:
    results = made.get("results")
    if not results and call.body.get("top_n") != 0:
        raise UpstreamInvalidResponse("The provider's answer has no results.")
    return {**made, "model": call.model}


PROVIDERS = {
    **{name: (name, "") for name in (
        "azure_ai", "fireworks_ai", "hosted_vllm", "huggingface", "jina_ai",
        "nvidia_nim", "together_ai", "voyage",
    )},
    "cohere_chat": ("cohere", ""),
}  # fmt: skip

RERANK = Operation(
    name="rerank",
    paths=("/rerank",),
    paths_beside=("/v2/rerank",),
    summary="Sort documents by how well they fit a query",
    check=_check,
    wire=plain_wire("/rerank", "results", read_usage),
    litellm=LitellmFunction(
        name="arerank",
        parameters=frozenset(
            {
                "query",
                "documents",
                "top_n",
                "return_documents",
                "rank_fields",
                "instruction",
                "max_chunks_per_doc",
                "max_tokens_per_doc",
            }
        ),
        required=frozenset({"query", "documents"}),
        providers=PROVIDERS,
        arguments=as_chosen,
        answer=_answer,
    ),
    read_usage=read_usage,
)
