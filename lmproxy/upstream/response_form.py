"""How does an answer look as a Response, if a provider gave it as OpenAI's chat?

`response_events` makes the events of a stream. `tests/responses` holds both to each other.
https://platform.openai.com/docs/api-reference/responses/object
"""

import time
from collections.abc import Iterator
from typing import Any

from lmproxy.call import Json, Usage
from lmproxy.upstream.chat_form import first_choice
from lmproxy.upstream.message_form import reasoning_of, refusal_of, thoughts_of
from lmproxy.upstream.response_parts import (
    call_item,
    image_item,
    is_sealed,
    message_item,
    new_id,
    reasoning_item,
    refusal_part,
    text_part,
)
from lmproxy.upstream.responses_tools import Toolbox

INCOMPLETE = {"length": "max_output_tokens", "content_filter": "content_filter"}
"""Why an answer is not complete, by chat's finish reason."""
ECHOED: Json = {
    "instructions": None,
    "max_output_tokens": None,
    "metadata": {},
    "parallel_tool_calls": True,
    "reasoning": {"effort": None, "summary": None},
    "temperature": 1.0,
    "text": {"format": {"type": "text"}},
    "tool_choice": "auto",
    "top_logprobs": 0,
    "top_p": 1.0,
}
"""What a response repeats of its request, and what it says where that says nothing."""
REPEATED = (*ECHOED, "prompt_cache_key", "safety_identifier", "user")


def frame(body: Json, model: str, tools: Toolbox) -> Json:
    """A response before its answer.

    Args:
        body: of the request.
        model: the name that the client asked for.
        tools: those that the provider was told of.
    """
    given = {name: body[name] for name in REPEATED if body.get(name) is not None}
    for name in ("reasoning", "text"):
        if name in given:
            given[name] = {**ECHOED[name], **given[name]}
    return {
        "id": new_id("resp"),
        "object": "response",
        "created_at": int(time.time()),
        "status": "in_progress",
        "background": False,
        "completed_at": None,
        "error": None,
        "incomplete_details": None,
        "max_tool_calls": None,
        "model": model,
        "output": [],
        "previous_response_id": None,
        "service_tier": "default",
        "store": False,
        "tools": tools.echoed,
        "truncation": "disabled",
        **ECHOED,
        **given,
    }


def ended(begun: Json, output: list[Json], finish_reason: Any, counted: Json | None) -> Json:
    """A response at its end.

    Args:
        begun: the `frame`.
        output: its items.
        finish_reason: chat's.
        counted: its usage; `None` if nobody counted.
    """
    why = incomplete(finish_reason)
    return {
        **begun,
        "status": "incomplete" if why else "completed",
        "completed_at": None if why else int(time.time()),
        "incomplete_details": {"reason": why} if why else None,
        "output": output,
        **({"usage": counted} if counted else {}),
    }


def incomplete(finish_reason: Any) -> str | None:
    """Why an answer is not complete; `None` if it is."""
    return INCOMPLETE.get(finish_reason) if isinstance(finish_reason, str) else None


def usage(counted: Any, observed: Usage) -> Json | None:
    """A response's counts: chat's if it has some, else what was observed; `None` if neither."""
    said = counted if isinstance(counted, dict) else {}
    details = said.get("prompt_tokens_details")
    details = details if isinstance(details, dict) else {}
    written = details.get("cache_creation_tokens") or said.get("cache_creation_input_tokens")
    if observed.source == "unknown":
        return None
    inputs, outputs = observed.prompt_tokens or 0, observed.completion_tokens or 0
    return {
        "input_tokens": inputs,
        "input_tokens_details": {
            "cached_tokens": observed.cached_tokens or 0,
            "cache_write_tokens": written if isinstance(written, int) else 0,
        },
        "output_tokens": outputs,
        "output_tokens_details": {"reasoning_tokens": observed.reasoning_tokens or 0},
        "total_tokens": observed.total_tokens or inputs + outputs,
    }


def output(answer: Json, tools: Toolbox, *, wants_logprobs: bool) -> list[Json]:
    """The items of a whole answer: a chat completion."""
    choice = first_choice(answer)
    said = choice.get("message") or {}
    found = choice.get("logprobs") if wants_logprobs else None
    images = [image_item(new_id("ig"), data) for data in images_of(said)]
    items = [*_thoughts(said), *_message(said, found), *images, *_calls(said, tools)]
    is_cut = incomplete(choice.get("finish_reason")) and items
    if is_cut and items[-1]["type"] not in ("reasoning", "image_generation_call"):
        items[-1]["status"] = "incomplete"
    return items


def _thoughts(said: Json) -> Iterator[Json]:
    blocks = thoughts_of(said)
    for block in blocks:
        text = block.get("thinking") or ""
        if text or is_sealed(block):
            yield reasoning_item(new_id("rs"), text, block)
    reasoning = reasoning_of(said)
    if reasoning and not blocks:
        yield reasoning_item(new_id("rs"), reasoning, None)


def _message(said: Json, found: Any) -> Iterator[Json]:
    parts = []
    if text := text_of(said.get("content")):
        parts.append(text_part(text, logprobs_of(found)))
        parts[-1]["annotations"] = annotations_of(said)
    if refusal := refusal_of(said):
        parts.append(refusal_part(refusal))
    if parts:
        yield message_item(new_id("msg"), parts)


def _calls(said: Json, tools: Toolbox) -> Iterator[Json]:
    for called in said.get("tool_calls") or ():
        function = called.get("function") or {}
        arguments = function.get("arguments") or ""
        yield call_item(None, called.get("id"), function.get("name") or "", arguments, tools)


def text_of(content: Any) -> str:
    """A message's text; some servers give it in parts."""
    if isinstance(content, list):
        texts = (part.get("text") for part in content if isinstance(part, dict))
        return "".join(text for text in texts if isinstance(text, str))
    return content if isinstance(content, str) else ""


def images_of(said: Json) -> list[str]:
    """The pictures of a message or delta, in base64; Gemini makes some."""
    given = said.get("images")
    found = []
    for one in given if isinstance(given, list) else ():
        address = one.get("image_url") if isinstance(one, dict) else None
        url = address.get("url") if isinstance(address, dict) else None
        if isinstance(url, str) and url.startswith("data:"):
            found.append(url.partition(",")[2])
    return found


def annotations_of(said: Json) -> list[Json]:
    """Where a message's or delta's words come from, as far as an answer can say it."""
    given = said.get("annotations")
    cited = (
        one.get("url_citation")
        for one in (given if isinstance(given, list) else ())
        if isinstance(one, dict) and one.get("type") == "url_citation"
    )
    return [
        {
            "type": "url_citation",
            "url": str(one.get("url") or ""),
            "title": str(one.get("title") or ""),
            "start_index": one.get("start_index") or 0,
            "end_index": one.get("end_index") or 0,
        }
        for one in cited
        if isinstance(one, dict)
    ]


def logprobs_of(found: Any) -> list[Json]:
    """How likely each token of a text was, in the form of a response."""
    given = found.get("content") if isinstance(found, dict) else None
    return [
        {
            **_likely(one),
            "top_logprobs": [_likely(other) for other in one.get("top_logprobs") or ()],
        }
        for one in given or ()
    ]


def _likely(one: Json) -> Json:
    return {
        "token": one.get("token"),
        "logprob": one.get("logprob"),
        "bytes": one.get("bytes") or [],
    }
