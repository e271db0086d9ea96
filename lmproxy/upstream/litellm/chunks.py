"""What do LiteLLM's answers and chunks say? Its several forms of them as OpenAI's JSON.

Loaded through `door`.
"""

from typing import Any

from litellm import CustomStreamWrapper
from litellm.litellm_core_utils.core_helpers import map_finish_reason

from lmproxy.call import Json
from lmproxy.upstream.chat.events import FRAME


async def inside(wrapper: CustomStreamWrapper) -> Any:
    """LiteLLM's iterator below its wrapper of a stream, which costs ten times what that does.

    The wrapper puts chunks into OpenAI's form, as `chat/events` does, and builds the whole answer
    twice at the end to price it. Of another wrapper: that itself.
    """
    inner = wrapper.completion_stream
    if inner is None and wrapper.make_call is not None:
        await wrapper.fetch_stream()
        inner = wrapper.completion_stream
    is_plain = type(wrapper) is CustomStreamWrapper and hasattr(inner, "__aiter__")
    return inner if is_plain else wrapper


def beside_choices(event: Json) -> Json:
    """Top-level fields of a chunk in OpenAI's form. Some of LiteLLM's parsers leave them out."""
    if "choices" not in event:
        return {}
    return {name: value for name, value in event.items() if name not in FRAME}


def call_it_reasoning(chunk: Json) -> None:
    """Give Cerebras's reasoning, which comes through OpenAI's SDK, the name that others give it."""
    for choice in chunk.get("choices") or ():
        said = choice.get("delta") or {}
        if isinstance(said.get("reasoning"), str):
            said.setdefault("reasoning_content", said["reasoning"])


def as_json(answer: Any) -> Json:
    """LiteLLM's answer or chunk as JSON; its own form of a chunk as OpenAI's."""
    if not isinstance(answer, dict):
        made: Json = answer.model_dump(exclude_none=True)
        call_it_reasoning(made)
        return made
    delta: Json = {"content": answer.get("text")}
    if answer.get("tool_use"):
        delta["tool_calls"] = [answer["tool_use"]]
    if answer.get("provider_specific_fields"):
        delta["provider_specific_fields"] = answer["provider_specific_fields"]
    reason = answer.get("finish_reason") if answer.get("is_finished") else None
    choice = {
        "index": answer.get("index") or 0,
        "delta": delta,
        "finish_reason": map_finish_reason(reason) if reason else None,
    }
    usage = answer.get("usage")
    return {"choices": [choice], "usage": dict(usage) if usage else None}
