"""`POST /embeddings`: texts or token numbers in, a vector for each out, as floats or in base64.

Both of OpenAI's SDKs ask for base64 and decode it; some of their versions take a list of floats for
a vector of another length. So whatever a provider answers, the client gets the form it asked for.
https://platform.openai.com/docs/api-reference/embeddings
"""

import base64
import re
import struct
from collections.abc import Sequence
from typing import Any

import orjson

from lmproxy.call import Call, Json
from lmproxy.errors import InvalidRequest, UpstreamInvalidResponse
from lmproxy.upstream.answers import json_object
from lmproxy.upstream.operations.operation import LitellmFunction, Operation, need
from lmproxy.upstream.wire import Mending, plain_wire

FIRST_VECTOR = re.compile(rb'"embedding"\s*:\s*(["\[])')
FLOAT_BYTES = 4


def _check(body: Json) -> None:
    given = need(body, "input", (str, list), "a string, or a list of strings or of token numbers")
    if not given:
        raise InvalidRequest("'input' is empty.", code="invalid_value", param="input")


def _token_numbers(body: Json) -> str | None:
    given = body["input"]
    first = given[0] if isinstance(given, list) else given
    return None if isinstance(first, str) else "input"


def _wants_base64(call: Call) -> bool:
    return call.body.get("encoding_format") == "base64"


def _mend(call: Call, head: bytes) -> Mending | None:
    first = FIRST_VECTOR.search(head)
    if first is None or (first[1] == b'"') == _wants_base64(call):
        return None
    return lambda answer: orjson.dumps(in_form(call, json_object(answer) or {}))


def in_form(call: Call, answer: Json) -> Json:
    """An answer whose vectors have the form that `call` asks for.

    Raises:
        UpstreamInvalidResponse: a vector is none.
    """
    change = _in_base64 if _wants_base64(call) else _in_floats
    try:
        data = [{**item, "embedding": change(item["embedding"])} for item in answer["data"]]
    except (KeyError, TypeError, ValueError, OverflowError, struct.error):
        raise UpstreamInvalidResponse("The provider's answer has a vector that is none.") from None
    return {**answer, "data": data}


def _in_base64(vector: str | Sequence[float]) -> Any:
    """Little-endian floats of 32 bits, as OpenAI's SDKs read them."""
    if isinstance(vector, str):
        return vector
    return base64.b64encode(struct.pack(f"<{len(vector)}f", *vector)).decode()


def _in_floats(vector: str | Sequence[float]) -> Any:
    if not isinstance(vector, str):
        return list(vector)
    data = base64.b64decode(vector, validate=True)
    return struct.unpack(f"<{len(data) // FLOAT_BYTES}f", data)


def _arguments(provider: str, chosen: Json) -> Json:
    """Floats are asked for, whatever the client wants: they are put into its form here.

    Voyage gives them to whoever does not ask, and refuses who does.
    """
    asked = {name: value for name, value in chosen.items() if name != "encoding_format"}
    return asked if provider == "voyage" else {**asked, "encoding_format": "float"}


def _answer(call: Call, made: Json) -> Json:
    return in_form(call, {"object": "list", **made, "model": call.model})


PROVIDERS = {
    **{name: (name, "") for name in (
        "azure", "azure_ai", "bedrock", "cometapi", "dashscope", "databricks", "fireworks_ai",
        "hosted_vllm", "jina_ai", "llamafile", "mistral", "nebius", "nvidia_nim", "openai",
        "openrouter", "ovhcloud", "perplexity", "sambanova", "snowflake", "together_ai",
        "vercel_ai_gateway", "vertex_ai", "volcengine", "voyage", "wandb",
    )},
    **dict.fromkeys(("custom_openai", "github", "scaleway"), ("openai", "")),
    "cohere_chat": ("cohere", "/v2/embed"),
    "gemini": ("gemini", "/v1beta"),
    "ollama_chat": ("ollama", ""),
}  # fmt: skip

EMBEDDINGS = Operation(
    name="embeddings",
    paths=("/embeddings",),
    summary="Create embeddings",
    check=_check,
    wire=plain_wire("/embeddings", "data", mend=_mend),
    litellm=LitellmFunction(
        name="aembedding",
        parameters=frozenset({"input", "dimensions", "encoding_format", "user"}),
        required=frozenset({"input", "encoding_format"}),
        providers=PROVIDERS,
        arguments=_arguments,
        answer=_answer,
        hard=_token_numbers,
        own={
            "cohere": frozenset({"input_type", "truncate"}),
            "nvidia_nim": frozenset({"input_type", "truncate"}),
            "voyage": frozenset({"input_type", "truncation"}),
        },
    ),
)
