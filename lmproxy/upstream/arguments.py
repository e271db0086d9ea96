"""Which fields of a client's request may reach LiteLLM? A list, and nothing that is not on it.

LiteLLM reads more than 900 names from its keyword arguments: keys, addresses, prices, mock answers.
So a client's body is never handed to it. The parameters of OpenAI's chat API that the provider
takes go on, and those provider parameters that the operator names in `pass_params`; everything else
is left out and named, or refused.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any, Literal, TypeAlias

import orjson

from lmproxy.call import Json
from lmproxy.errors import InvalidRequest
from lmproxy.upstream.request_body import dump

UnsupportedParams: TypeAlias = Literal["pass", "drop", "reject"]

PARAMETERS = frozenset({
    "audio", "frequency_penalty", "function_call", "functions", "logit_bias", "logprobs",
    "max_completion_tokens", "max_tokens", "modalities", "n", "parallel_tool_calls", "prediction",
    "presence_penalty", "prompt_cache_key", "reasoning_effort", "response_format",
    "safety_identifier", "seed", "service_tier", "stop", "store", "stream_options", "temperature",
    "thinking", "tool_choice", "tools", "top_logprobs", "top_p", "user", "verbosity",
    "web_search_options",
})  # fmt: skip
"""OpenAI's parameters, by the names of `litellm.acompletion`'s arguments, and `thinking`, which is
Anthropic's. `chat_fields` has the rest of chat's fields: naming one there lets nothing through."""
HANDLED = {"model", "messages", "stream", "stream_options"}
"""Fields with a meaning to the proxy itself; never named as left out."""
TOOL_FIELDS = {
    "type", "function", "custom", "cache_control", "defer_loading", "input_examples",
    "allowed_callers",
}  # fmt: skip
FUNCTION_FIELDS = {"name", "description", "parameters", "strict", "cache_control"}
OF_PROVIDERS = {
    "cache_control", "cached_content", "context_management", "description", "guided_json", "id",
    "include_server_side_tool_invocations", "output_config", "parameters", "safety_settings",
    "speed", "top_k", "type",
}  # fmt: skip
"""Names LiteLLM reads that are fields of providers' APIs as well: these the operator may pass."""


@dataclass(frozen=True, slots=True)
class Account:
    """The operator's side of every call of a connection.

    Attributes:
        provider: LiteLLM's name for it.
        api_base: as LiteLLM wants it, which may differ from the connection's by a path; `None`
            where LiteLLM makes it of a region.
        api_key: `None` where other credentials sign a request.
        settings: LiteLLM's own arguments for this provider: region, project, credentials.
        switch: stands before a model's name in LiteLLM's public call for chat, and has it ask
            another of the provider's APIs.
    """

    provider: str
    api_base: str | None
    api_key: str | None
    settings: Mapping[str, Any]
    switch: str = ""


@dataclass(frozen=True, slots=True)
class Arguments:
    """What of a client's body goes on.

    Attributes:
        messages: a copy, because transformations change them.
        known: OpenAI's parameters.
        extra: the provider's, that the operator let pass.
        insisted: those of `known` that go on though LiteLLM says the provider takes them not.
        dropped: names of what does not go on.
        source: the whole body as JSON.
        whole_tools: the tools as the client has them, where `known` has others in their place.
    """

    messages: list[Any]
    known: Json
    extra: Json
    insisted: tuple[str, ...]
    dropped: tuple[str, ...]
    source: bytes
    whole_tools: list[Any] | None = None


@cache
def reserved() -> frozenset[str]:
    """The names LiteLLM reads from its keyword arguments that a client must never set."""
    text = files("lmproxy.upstream.litellm").joinpath("reserved.txt").read_text()
    return frozenset(line for line in text.splitlines() if line and not line.startswith("#"))


def may_pass(name: str) -> bool:
    """Whether `pass_params` may name it."""
    is_free = name in OF_PROVIDERS or name not in reserved()
    return is_free and name not in HANDLED and not name.startswith("_")


def choose(body: Json, supported: frozenset[str], pass_params: frozenset[str]) -> Arguments:
    """The arguments for a provider that takes the parameters `supported`.

    Args:
        body: the client's; not changed.
        pass_params: the operator's list.

    Raises:
        InvalidRequest: it cannot be written as JSON again, or `tools` is no list of objects.
    """
    source = dump(body)
    fresh = orjson.loads(source)
    known: Json = {}
    extra: Json = {}
    dropped: list[str] = []
    for name, value in fresh.items():
        if name in HANDLED or value is None or (name == "n" and value == 1):
            continue
        if name in pass_params:
            (known if name in PARAMETERS else extra)[name] = value
        elif name in PARAMETERS and name in supported:
            known[name] = value
        else:
            dropped.append(name)
    if isinstance(known.get("tools"), list):
        known["tools"] = list(_tools(known["tools"], dropped))
    insisted = tuple(pass_params & known.keys())
    return Arguments(
        fresh["messages"], known, extra, insisted, tuple(dict.fromkeys(dropped)), source
    )


def _tools(tools: list[Any], dropped: list[str]) -> Iterator[Any]:
    """The tools without what LiteLLM would act on itself."""
    for tool in tools:
        if not isinstance(tool, dict):
            raise InvalidRequest("'tools' must be a list of objects.", param="tools")
        if tool.get("type") == "mcp":
            dropped.append("tools[].mcp")
            continue
        function = tool.get("function")
        if tool.get("type") == "function" and isinstance(function, dict):
            tool = _only(tool, TOOL_FIELDS, "tools[]", dropped)
            yield {
                **tool,
                "function": _only(function, FUNCTION_FIELDS, "tools[].function", dropped),
            }
        else:
            fields = {name for name in tool if may_pass(name)}
            yield _only(tool, fields, "tools[]", dropped)


def _only(table: Json, names: set[str], where: str, dropped: list[str]) -> Json:
    dropped += [f"{where}.{name}" for name in table if name not in names]
    return {name: value for name, value in table.items() if name in names}


UNTRANSLATABLE = "untranslatable_request"


def untranslatable(param: str | None = None) -> InvalidRequest:
    """The error of a request that LiteLLM cannot make sense of; `param`: of what in it."""
    what = f"'{param}', as this request has it," if param else "This request"
    return InvalidRequest(
        f"{what} cannot be put into the form that the model's provider takes.",
        code=UNTRANSLATABLE,
        param=param,
    )
