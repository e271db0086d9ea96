"""How is a provider's request put together? One function for each way LiteLLM has of doing it.

Loaded through `door`; see `internals`.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import orjson
from litellm.anthropic_beta_headers_manager import update_request_with_filtered_beta
from litellm.llms.vertex_ai.common_utils import supports_response_json_schema
from litellm.llms.vertex_ai.gemini.transformation import _transform_request_body
from litellm.llms.vertex_ai.gemini.vertex_and_google_ai_studio_gemini import VertexGeminiConfig
from litellm.llms.vertex_ai.gemini.vertex_and_google_ai_studio_gemini import VertexLLM as GeminiUrls

from lmproxy.call import Json
from lmproxy.upstream.arguments import Account
from lmproxy.upstream.way_out import Outgoing


@dataclass(frozen=True, slots=True)
class Prepared:
    """A request made, and what is needed to read its answer."""

    outgoing: Outgoing
    data: Json
    messages: list[Any]
    params: Json
    json_mode: bool
    litellm_params: Json


@dataclass(frozen=True, slots=True)
class Draft:
    """What LiteLLM made of a request's messages and parameters, before it has a provider's form.

    Attributes:
        schemas: what Gemini's functions take by their names, as the client wrote it.
    """

    account: Account
    model: str
    config: Any
    messages: list[Any]
    params: Json
    litellm_params: Json
    stream: bool
    schemas: Json

    def shared(self) -> Json:
        """Arguments that every step of a transformation takes."""
        return {
            "model": self.model,
            "optional_params": self.params,
            "litellm_params": self.litellm_params,
        }

    def prepared(self, url: str, headers: Json, data: Json, *, json_mode: bool = False) -> Prepared:
        """The request in its provider's form."""
        headers = {"content-type": "application/json", **headers}
        outgoing = Outgoing("POST", url, headers, orjson.dumps(data), self.stream)
        return Prepared(outgoing, data, self.messages, self.params, json_mode, self.litellm_params)


def generic(draft: Draft) -> Prepared:
    """As `BaseLLMHTTPHandler.completion` has it."""
    account, config, params = draft.account, draft.config, draft.params
    json_mode = bool(params.pop("json_mode", False))
    extra_body = params.pop("extra_body", None) or {}
    keys = {"api_key": account.api_key, "api_base": account.api_base}
    headers = config.validate_environment(
        headers={}, messages=draft.messages, **keys, **draft.shared()
    )
    url = config.get_complete_url(**keys, **draft.shared(), stream=draft.stream)
    data = config.transform_request(messages=draft.messages, headers=headers, **draft.shared())
    data = {**data, **extra_body}
    if draft.stream and config.supports_stream_param_in_request_body:
        data["stream"] = True
    elif data.get("stream") and not draft.stream:
        del data["stream"]  # An explicit `false` stays: Ollama streams without it.
    return draft.prepared(url, headers, data, json_mode=json_mode)


def _anthropic(draft: Draft) -> Prepared:
    """As `AnthropicChatCompletion.completion` has it."""
    account, config, params = draft.account, draft.config, draft.params
    params.pop("stream", None)
    json_mode = bool(params.pop("json_mode", False))
    params["is_vertex_request"] = False
    headers = config.validate_environment(
        api_key=account.api_key,
        api_base=account.api_base,
        headers={},
        messages=draft.messages,
        **draft.shared(),
    )
    data = config.transform_request(messages=draft.messages, headers=headers, **draft.shared())
    headers, data = update_request_with_filtered_beta(
        headers=headers, request_data=data, provider=account.provider
    )
    if draft.stream:
        data["stream"] = True
    return draft.prepared(f"{account.api_base}/v1/messages", headers, data, json_mode=json_mode)


def _gemini(draft: Draft) -> Prepared:
    """As `VertexLLM.completion` has it, without the caches it would make at Google."""
    account, params = draft.account, draft.params
    params.pop("stream", None)
    auth, url = GeminiUrls()._get_token_and_url(  # noqa: SLF001 - no public way to the URL.
        model=draft.model,
        auth_header=None,
        gemini_api_key=account.api_key,
        vertex_project=None,
        vertex_location=None,
        vertex_credentials=None,
        stream=draft.stream or None,
        custom_llm_provider="gemini",
        api_base=account.api_base,
    )
    headers = VertexGeminiConfig().validate_environment(
        api_key=auth, headers=None, messages=draft.messages, **draft.shared()
    )
    data = _transform_request_body(
        messages=draft.messages,
        custom_llm_provider="gemini",
        cached_content=params.pop("cached_content", None),
        **draft.shared(),
    )
    if supports_response_json_schema(draft.model):
        _keep_schemas(data.get("tools") or (), draft.schemas)
    return draft.prepared(url, headers, dict(data))


def _keep_schemas(tools: Iterable[Any], schemas: Json) -> None:
    """Give Google the schemas that LiteLLM takes words out of in its field for JSON Schema.

    https://ai.google.dev/api/caching#FunctionDeclaration
    """
    for tool in tools:
        for function in tool.get("function_declarations") or ():
            schema = schemas.get(function["name"])
            if schema and function.get("parameters") != schema:
                function.pop("parameters", None)
                function["parametersJsonSchema"] = schema


def _azure(draft: Draft) -> Prepared:
    """As `AzureChatCompletion.completion` has it, with the URL of the SDK below it."""
    account, params = draft.account, draft.params
    extra_body = params.pop("extra_body", None) or {}
    version = account.settings["api_version"]
    data = draft.config.transform_request(messages=draft.messages, headers={}, **draft.shared())
    data = {**data, **extra_body}
    if draft.stream:
        data["stream"] = True
    base = f"{account.api_base}/openai/deployments/{draft.model}/chat/completions"
    return draft.prepared(f"{base}?api-version={version}", {"api-key": account.api_key}, data)


SHAPES: dict[str, Callable[[Draft], Prepared]] = {
    "anthropic": _anthropic,
    "azure": _azure,
    "gemini": _gemini,
}
"""Providers whose request LiteLLM does not make in its generic handler."""
