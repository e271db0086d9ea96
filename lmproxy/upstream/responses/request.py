"""What of a Responses request can OpenAI's chat say? A reshaping of ours, without LiteLLM.

Both are OpenAI's own formats, so this is a matter of names and places. LiteLLM has such a reshaping
too (`LiteLLMCompletionResponsesConfig`), and it is not used: it keeps the tool calls of all callers
in one cache of the process and puts a call it finds there into a conversation that lacks it; it
leaves out references to items, refusals, `top_logprobs`, `prompt_cache_key` and
`safety_identifier` without a word; and a connection whose requests are relayed would have to load
LiteLLM for it. What providers make of the chat request remains LiteLLM's matter.
"""

import re
from dataclasses import dataclass

from lmproxy.call import Json
from lmproxy.errors import InvalidRequest
from lmproxy.upstream import call_ids
from lmproxy.upstream.messages.thoughts import TAKE_THOUGHTS, keeps_order, takes_signed
from lmproxy.upstream.responses.input_items import Conversation
from lmproxy.upstream.responses.tools import Toolbox, read_tools, settle_choice

NEED_THOUGHTS = {"deepseek", "moonshot"}
"""Providers whose models want to read what they thought before a tool's result."""
GO_ON = {"temperature", "top_p", "service_tier", "user", "safety_identifier", "prompt_cache_key"}
"""Fields that are the same in chat."""
HINTS = ("service_tier", "user", "safety_identifier", "prompt_cache_key", "verbosity")
"""Chat's fields that change nothing, or little, of an answer, and that some servers refuse."""
NO_MEANING = {"model", "input", "instructions", "stream", "stream_options", "store"}
NO_MEANING |= {"tools", "tool_choice", "parallel_tool_calls", "reasoning", "text", "include"}
NO_MEANING |= {"max_output_tokens", "top_logprobs"}
"""Fields that are read here, or that come true without a provider."""
GREATEST = ("xhigh", "max")
KNOW_GREATEST = {"anthropic", "azure", "azure_ai", "bedrock", "openai", "openrouter"}
"""Providers that are told these efforts; of others LiteLLM or the model refuses them."""
DEFAULTS = {"truncation": "disabled", "background": False, "service_tier": "auto"}
"""Values that ask for nothing."""
KEPT_ELSEWHERE = {
    "previous_response_id": "Send the whole conversation in 'input'.",
    "conversation": "Send the whole conversation in 'input'.",
    "prompt": "Send its text in 'instructions'.",
    "background": "Leave it out and wait for the answer.",
}
"""What needs a provider that keeps responses, and what to do instead."""
NAMES = {
    "logprobs": "top_logprobs",
    "max_completion_tokens": "max_output_tokens",
    "max_tokens": "max_output_tokens",
    "reasoning_effort": "reasoning.effort",
    "response_format": "text.format",
    "verbosity": "text.verbosity",
    "messages[].reasoning_content": "input[].reasoning",
    "messages[].thinking": "input[].reasoning",
}
"""What the client calls the fields that a translation may leave out."""
NEWER = re.compile(r"(?:^|/)(?:o[1-9]|gpt-[5-9])", re.IGNORECASE)
"""Models of OpenAI's that do not know chat's `max_tokens`."""
SCHEMA = ("name", "description", "schema", "strict")
MUST_HAVE_THOUGHT = re.compile(
    r"claude-(?:3-7|(?:opus|sonnet|haiku)-4(?:-[015])?(?:-?20\d{6}|@|$))", re.IGNORECASE
)
"""Claudes that think always or never; later ones may think when they like."""
LOGPROBS = "message.output_text.logprobs"
INCLUDED = {"reasoning.encrypted_content", LOGPROBS}
"""What of `include` an answer has."""


@dataclass(frozen=True, slots=True)
class ChatRequest:
    """A request for chat.

    Attributes:
        tools: whose names in the answer are the provider's.
        wants_logprobs: whether the answer has to have them.
        dropped: names of what of the request is not in it.
    """

    body: Json
    tools: Toolbox
    wants_logprobs: bool
    dropped: list[str]


def chat_request(body: Json, model: str, provider: str | None, *, is_relayed: bool) -> ChatRequest:
    """The request for chat.

    Args:
        body: the client's; not changed.
        model: the provider's name of it.
        provider: LiteLLM's name of it; `None` for one it does not know.
        is_relayed: whether it goes to a server as it is made here, without LiteLLM, which knows
            the fields that a provider takes.

    Raises:
        InvalidRequest: it cannot be said in chat, or a field is of the wrong type.
    """
    _refuse_kept(body)
    dropped: list[str] = []
    tools = read_tools(body.get("tools"), dropped)
    takes_thoughts = provider in TAKE_THOUGHTS or provider in NEED_THOUGHTS
    conversation = Conversation(
        tools,
        takes_thoughts=takes_thoughts,
        takes_signed=takes_signed(provider, model) or provider in NEED_THOUGHTS,
        keeps_order=keeps_order(provider, model),
        dropped=dropped,
    )
    conversation.instruct(body.get("instructions"))
    conversation.hear(body.get("input"))
    signed = call_ids.fit(conversation.messages, provider, model)
    dropped += ["input[].reasoning"] if signed else []
    chat: Json = {"model": model, "messages": conversation.messages}
    settle_choice(body.get("tool_choice"), tools, chat, dropped)
    if "tools" in chat and body.get("parallel_tool_calls") is not None:
        chat["parallel_tool_calls"] = body["parallel_tool_calls"]
    wants_logprobs = _include(body, chat, dropped)
    _settle(body, chat, dropped)
    _say_how(body, chat, provider, dropped)
    _think_as_before(chat, dropped)
    if is_relayed:
        dropped += [name for name in HINTS if chat.pop(name, None) is not None]
    if body.get("stream"):
        chat["stream"] = True
        if not is_relayed:  # The relay asks for the counts as its provider wants to be asked.
            chat["stream_options"] = {"include_usage": True}
    return ChatRequest(chat, tools, wants_logprobs, dropped)


def _refuse_kept(body: Json) -> None:
    for name, advice in KEPT_ELSEWHERE.items():
        if body.get(name):
            raise InvalidRequest(
                f"This model's provider keeps no responses, so '{name}' cannot be used. {advice}",
                code="unsupported_parameter",
                param=name,
            )


def _settle(body: Json, chat: Json, dropped: list[str]) -> None:
    """Fields that are a value."""
    for name, value in body.items():
        if value is None or name in NO_MEANING or DEFAULTS.get(name) == value:
            continue
        if name in GO_ON:
            chat[name] = value
        elif value != {} or name != "metadata":
            dropped.append(name)
    if body.get("store"):
        dropped.append("store")
    if body.get("max_output_tokens") is not None:
        is_newer = NEWER.search(chat["model"])
        name = "max_completion_tokens" if is_newer else "max_tokens"
        chat[name] = body["max_output_tokens"]


def _say_how(body: Json, chat: Json, provider: str | None, dropped: list[str]) -> None:
    """How to think, and in which form to answer. A summary is what a provider tells of it."""
    reasoning, text = _table(body, "reasoning"), _table(body, "text")
    effort = reasoning.get("effort")
    if effort is not None:
        is_known = effort not in GREATEST or provider in KNOW_GREATEST
        chat["reasoning_effort"] = effort if is_known else "high"
    if text.get("verbosity") is not None:
        chat["verbosity"] = text["verbosity"]
    known = {"effort", "summary", "generate_summary"}
    dropped += [f"reasoning.{k}" for k, v in reasoning.items() if k not in known and v is not None]
    known = {"format", "verbosity"}
    dropped += [f"text.{k}" for k, v in text.items() if k not in known and v is not None]
    form = _table(text, "format", "text.format")
    kind = form.get("type")
    if kind == "json_schema":
        schema = {name: form[name] for name in SCHEMA if form.get(name) is not None}
        chat["response_format"] = {"type": kind, kind: {"name": "answer", **schema}}
    elif kind == "json_object":
        chat["response_format"] = {"type": kind}
    elif kind not in (None, "text"):
        dropped.append("text.format")


def _think_as_before(chat: Json, dropped: list[str]) -> None:
    """A Claude that called a tool without thinking may not begin to think at its result.

    So it seems where a client did not send back what it thought.
    https://docs.anthropic.com/en/docs/build-with-claude/extended-thinking
    """
    if "reasoning_effort" not in chat or not MUST_HAVE_THOUGHT.search(chat["model"]):
        return
    spoken = [message for message in chat["messages"] if message["role"] == "assistant"]
    thought = any("thinking_blocks" in message for message in spoken)
    if spoken and "tool_calls" in spoken[-1] and not thought:
        del chat["reasoning_effort"]
        dropped.append("reasoning.effort")


def _include(body: Json, chat: Json, dropped: list[str]) -> bool:
    """Settle what else to answer. True if that is how likely each word was."""
    given = body.get("include")
    if given is not None and not isinstance(given, list):
        raise InvalidRequest("'include' must be a list.", code="invalid_type", param="include")
    wanted = [name for name in given or () if isinstance(name, str)]
    dropped += [f"include[].{name}" for name in wanted if name not in INCLUDED]
    most = body.get("top_logprobs")
    if not most and LOGPROBS not in wanted:
        return False
    chat["logprobs"] = True
    if most:
        chat["top_logprobs"] = most
    return True


def _table(body: Json, name: str, place: str | None = None) -> Json:
    value = body.get(name)
    if value is not None and not isinstance(value, dict):
        place = place or name
        raise InvalidRequest(f"'{place}' must be an object.", code="invalid_type", param=place)
    return value or {}
