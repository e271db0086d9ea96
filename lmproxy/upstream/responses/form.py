"""How does an answer look as a Response, if a provider gave it as OpenAI's chat?

`events` makes the events of a stream. `tests/responses` holds both to each other.
https://platform.openai.com/docs/api-reference/responses/object
"""

import time
from collections.abc import Iterator
from typing import Any

import orjson

from lmproxy.call import Json, Usage
from lmproxy.upstream.chat.form import first_choice
from lmproxy.upstream.messages.form import reasoning_of, refusal_of, thoughts_of
from lmproxy.upstream.responses.parts import (
    call_item,
    image_item,
    is_sealed,
    message_item,
    new_id,
    reasoning_item,
    refusal_part,
    text_part,
)
from lmproxy.upstream.responses.tools import Toolbox

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
    said = _table(choice, "message")
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
        text = text_of(block.get("thinking"))
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
    for called in calls_of(said):
        function = called["function"]
        yield call_item(None, called["id"], function["name"], function["arguments"], tools)


def calls_of(said: Json) -> Iterator[Json]:
    """The tool calls of a message or delta, or fragments of them, each with every field.

    Some servers give the arguments as an object.
    """
    for one in tables(said, "tool_calls"):
        index, identifier, function = one.get("index"), one.get("id"), one.get("function")
        function = function if isinstance(function, dict) else {}
        name, arguments = function.get("name"), function.get("arguments")
        if arguments and not isinstance(arguments, str):
            arguments = orjson.dumps(arguments).decode()
        yield {
            "index": index if isinstance(index, int) else 0,
            "id": identifier if isinstance(identifier, str) else None,
            "function": {
                "name": name if isinstance(name, str) else "",
                "arguments": arguments or "",
            },
        }


def tables(thing: Any, name: str) -> list[Json]:
    """The objects in a list that stands in a field; none if nothing of the kind does."""
    given = thing.get(name) if isinstance(thing, dict) else None
    return [one for one in given if isinstance(one, dict)] if isinstance(given, list) else []


def _table(thing: Json, name: str) -> Json:
    given = thing.get(name)
    return given if isinstance(given, dict) else {}


def text_of(content: Any) -> str:
    """A message's text; some servers give it in parts."""
    if isinstance(content, list):
        texts = (part.get("text") for part in content if isinstance(part, dict))
        return "".join(text for text in texts if isinstance(text, str))
    return content if isinstance(content, str) else ""


def images_of(said: Json) -> list[str]:
    """The pictures of a message or delta, in base64; Gemini makes some."""
    urls = (_table(one, "image_url").get("url") for one in tables(said, "images"))
    data = (url for url in urls if isinstance(url, str) and url.startswith("data:"))
    return [url.partition(",")[2] for url in data]


def annotations_of(said: Json) -> list[Json]:
    """Where a message's or delta's words come from, as far as an answer can say it."""
    given = [one for one in tables(said, "annotations") if one.get("type") == "url_citation"]
    return [
        {
            "type": "url_citation",
            "url": str(one.get("url") or ""),
            "title": str(one.get("title") or ""),
            "start_index": one.get("start_index") or 0,
            "end_index": one.get("end_index") or 0,
        }
        for one in (_table(citation, "url_citation") for citation in given)
    ]


def logprobs_of(found: Any) -> list[Json]:
    """How likely each token of a text was, in the form of a response."""
    return [
        {**_likely(one), "top_logprobs": [_likely(other) for other in tables(one, "top_logprobs")]}
        for one in tables(found, "content")
    ]


def _likely(one: Json) -> Json:
    return {
        "token": str(one.get("token") or ""),
        "logprob": one.get("logprob") or 0.0,
        "bytes": one.get("bytes") or [],
    }
