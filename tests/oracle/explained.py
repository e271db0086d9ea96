"""Which differences from LiteLLM's own call are meant? Each with its reason."""

import re
from collections.abc import Callable
from dataclasses import dataclass

from tests.oracle.difference import ABSENT, AN_ERROR, Difference


def _any(_: Difference) -> bool:
    return True


def _more(found: Difference) -> bool:
    """The proxy has a field that LiteLLM's own call lacks."""
    return bool(found.reference == ABSENT)


def _less(found: Difference) -> bool:
    """The proxy lacks a field of LiteLLM's own call."""
    return bool(found.ours == ABSENT)


def _stricter(found: Difference) -> bool:
    """The proxy fails where LiteLLM's own call answers."""
    return bool(found.ours == AN_ERROR)


@dataclass(frozen=True, slots=True)
class Explained:
    """A difference that is no mistake.

    Attributes:
        where: a regular expression for the whole path of the field.
        reason: what happens instead and why; it stands in the table of `docs/providers.md`.
        kind: which way it differs.
        lanes: the lanes that differ so.
        providers: the providers that differ so; `None` is every one.
        cases: the cases that differ so; `None` is every one.
    """

    where: str
    reason: str
    kind: Callable[[Difference], bool] = _any
    lanes: tuple[str, ...] = ("translate", "litellm")
    providers: tuple[str, ...] | None = None
    cases: tuple[str, ...] | None = None

    def covers(self, lane: str, provider: str, case: str, found: Difference) -> bool:
        """Whether this is the reason why a field differs."""
        return (
            lane in self.lanes
            and (self.providers is None or provider in self.providers)
            and (self.cases is None or case in self.cases)
            and re.fullmatch(self.where, found.where) is not None
            and self.kind(found)
        )


EXPLAINED = (
    Explained(
        r"answer\.usage\.cost",
        "no `usage.cost` in streams, which LiteLLM estimates",
        _less,
    ),
    Explained(
        r"answer\.usage\.(completion|prompt)_tokens_details(\.(reasoning|text)_tokens)?",
        "no counts of reasoning and text tokens but the provider's own; LiteLLM makes up some",
        _less,
    ),
    Explained(
        r"answer\.(top|usage|choice|message)\..+",
        "more of the provider's own fields in streams; LiteLLM leaves out some",
        _more,
    ),
    Explained(
        r"answer\.(message\.(reasoning_details|token_id)|choice\.content_filter_results).*",
        "in streams also the details of chunks without a text, which LiteLLM leaves out",
        providers=("openrouter", "together_ai", "azure"),
    ),
    Explained(
        r"answer\.usage\.cost",
        "`usage.cost` in streams is the provider's own table; LiteLLM makes a number of it",
        providers=("perplexity",),
    ),
    Explained(
        r"answer\.choices\[0\]\.message\.tool_calls\[\d\]\.index",
        "no `index` in the tool calls of plain answers, as at OpenAI",
        _less,
    ),
    Explained(
        r"request\[0\]\.body\.messages\[\d\]\.tool_call(s\[\d\]\.|_)id",
        "ids of calls that Mistral refuses become nine letters and digits, the same ones each time",
        providers=("mistral",),
        cases=("parallel_tools",),
    ),
    Explained(
        r"answer\.message\.tool_calls\[\d\]\.index",
        "each tool call of a stream has an index of its own; LiteLLM gives all the first one's",
        providers=("ollama_chat",),
        cases=("parallel_tools",),
    ),
    Explained(
        r"answer\.choices\[0\]\.message\.refusal",
        "a refusal stands in `message.refusal`; LiteLLM has it in `provider_specific_fields`",
        _more,
        cases=("refusal",),
    ),
    Explained(
        r"answer(\.choices\[0\])?\.finish_reason",
        "`finish_reason` is `tool_calls` when a tool is called",
        providers=("huggingface", "cohere_chat"),
        cases=("tools", "parallel_tools"),
    ),
    Explained(
        r"answer(\.choices\[0\])?\.finish_reason",
        "`finish_reason` is `stop` when no tool is called; LiteLLM leaves `tool_calls` of a tool "
        "that stood for the schema",
        providers=("bedrock", "groq"),
        cases=("json_schema",),
    ),
    Explained(
        r"answer(\.choices\[0\])?\.finish_reason",
        "`finish_reason` is `length` when an answer is cut short; LiteLLM makes it `stop`",
        providers=("cohere_chat", "mistral"),
        cases=("length",),
    ),
    Explained(
        r"answer",
        "a stream that ends too early is an error; LiteLLM makes up an end and token counts",
        _stricter,
        cases=("cut",),
    ),
    Explained(
        r"answer",
        "an error inside a stream arrives; LiteLLM leaves it out",
        _stricter,
        providers=("azure_ai",),
        cases=("overloaded",),
    ),
    Explained(
        r"request|answer",
        "a picture is refused with 400; LiteLLM leaves it out without a word",
        providers=("deepseek",),
        cases=("image",),
    ),
    Explained(
        r"request\[0\]\.body\.tools\[\d\]\.function_declarations\[\d\]\.parameters.*",
        "a tool's schema goes to Google as `parametersJsonSchema` where LiteLLM takes words out",
        lanes=("translate",),
        providers=("gemini",),
    ),
    Explained(
        r"request\[0\]\.headers\.content-type",
        "requests say `application/json`; LiteLLM's say `application/octet-stream`",
        providers=("ollama_chat",),
    ),
    Explained(
        r"request\[0\]\.headers\.(http-referer|x-title)",
        "OpenRouter is not told LiteLLM's name and address",
        _less,
        providers=("openrouter",),
    ),
    Explained(
        r"request\[0\]\.headers\.request-source",
        "Cohere is not told LiteLLM's name",
        _less,
        providers=("cohere_chat",),
    ),
    Explained(
        r"request\[0\]\.body\.stream|answer",
        "Cohere is asked for whole answers, as LiteLLM cannot read its streams",
        providers=("cohere_chat",),
    ),
    Explained(
        r"request\[0\]\.body\.max_retries",
        "LiteLLM's `max_retries` does not get into the request",
        _less,
        providers=("huggingface",),
    ),
    Explained(
        r"request\[0\]\.body\.tool_choice",
        "a tool that has to be called is the only one offered, and one has to be called; LiteLLM "
        "leaves its name out",
        _more,
        providers=("mistral",),
        cases=("tools",),
    ),
    Explained(
        r"request\[0\]\.body\.stream_options",
        "streams are always asked for their counts, for the record",
        _more,
    ),
)
"""The first that covers a difference explains it."""
