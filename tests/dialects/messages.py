"""Anthropic's messages: `POST /messages`."""

import json
from collections.abc import Iterator

import anthropic
import httpx2

from tests.dialects import documents
from tests.dialects.asked import CASES, Tool, first_text
from tests.dialects.dialect import ANOTHER_MODEL, Dialect
from tests.dialects.heard import Heard, Json
from tests.oracle.asking import Outcome

VENDOR = "anthropic"
REASONS = {
    "end_turn": "stop",
    "stop_sequence": "stop",
    "max_tokens": "length",
    "tool_use": "tool_calls",
    "refusal": "content_filter",
}
"""By Anthropic's word, OpenAI's."""


def _body(case: str, model: str, is_streamed: bool) -> Json:
    asked = CASES[case]
    body: Json = {"model": model, "max_tokens": asked.max_tokens, "stream": is_streamed}
    body["messages"] = list(_messages(case))
    if asked.system:
        body["system"] = asked.system
    if asked.tools:
        body["tools"] = [_tool(tool) for tool in asked.tools]
    if asked.must_call:
        body["tool_choice"] = {"type": "tool", "name": asked.must_call}
    if asked.schema:
        body["output_config"] = {"format": {"type": "json_schema", "schema": asked.schema}}
    if asked.effort:
        body["thinking"] = {"type": "enabled", "budget_tokens": 1024}
    if asked.stop:
        body["stop_sequences"] = [asked.stop]
    return body


def _messages(case: str) -> Iterator[Json]:
    asked = CASES[case]
    blocks: list[Json] = [{"type": "text", "text": first_text(case)}]
    if asked.picture:
        kind, _, data = asked.picture.removeprefix("data:").partition(";base64,")
        source = {"type": "base64", "media_type": kind, "data": data}
        blocks.append({"type": "image", "source": source})
    yield {"role": "user", "content": blocks}
    if asked.used:
        uses = [
            {"type": "tool_use", "id": u.id, "name": u.tool, "input": json.loads(u.arguments)}
            for u in asked.used
        ]
        results = [
            {"type": "tool_result", "tool_use_id": u.id, "content": u.result} for u in asked.used
        ]
        yield {"role": "assistant", "content": uses}
        yield {"role": "user", "content": results}
    if thought := asked.thought:
        block = {"type": "thinking", "thinking": thought.thinking, "signature": thought.signature}
        yield {"role": "assistant", "content": [block, {"type": "text", "text": thought.answer}]}
    if asked.after:
        yield {"role": "user", "content": asked.after}


def _tool(tool: Tool) -> Json:
    return {"name": tool.name, "description": tool.description, "input_schema": tool.schema}


def _flaws(heard: Heard) -> Iterator[str]:
    try:
        answer = _read(heard)
    except (anthropic.AnthropicError, AssertionError, RuntimeError, IndexError) as error:
        yield f"the SDK: {type(error).__name__}: {error}"
        return
    if heard.cell.is_streamed:
        yield from _stream_flaws(heard)
    else:
        yield from documents.flaws(VENDOR, "Message", heard.response.json())
    if answer.model != heard.body["model"]:
        yield ANOTHER_MODEL


def _stream_flaws(heard: Heard) -> Iterator[str]:
    events = [event for event in heard.events() if event[0] != "ping"]
    for name, event in events:
        yield from documents.flaws(VENDOR, "MessageStreamEvent", event)
        if name != event["type"]:
            yield f"an event {event['type']} is named {name}"
    yield from _order_flaws([event for _, event in events])


def _order_flaws(events: list[Json]) -> Iterator[str]:
    """https://docs.anthropic.com/en/api/messages-streaming says the order."""
    kinds = [event["type"] for event in events]
    if kinds[:1] != ["message_start"] or kinds[-2:] != ["message_delta", "message_stop"]:
        yield f"it begins with {kinds[:1]} and ends with {kinds[-2:]}"
    is_open, index = False, -1
    for event in events[1:-2]:
        if event["type"] == "content_block_start":
            if is_open or event["index"] != index + 1:
                yield f"block {event['index']} begins after {index}, open: {is_open}"
            is_open, index = True, event["index"]
        elif not is_open or event["index"] != index:
            yield f"{event['type']} of block {event['index']} while at {index}, open: {is_open}"
        is_open = is_open and event["type"] != "content_block_stop"
    if is_open:
        yield "its last block stays open"


def _error_flaws(heard: Heard) -> Iterator[str]:
    yield from documents.flaws(VENDOR, "ErrorResponse", heard.response.json())
    try:
        _read(heard)
    except anthropic.APIStatusError as error:
        if error.status_code != heard.response.status_code or not error.body:
            yield "the SDK does not see the error"
    else:
        yield "the SDK takes it for an answer"


def _break_flaws(heard: Heard) -> Iterator[str]:
    *events, (name, last) = heard.events()
    for _, event in events:
        if event["type"] != "ping":
            yield from documents.flaws(VENDOR, "MessageStreamEvent", event)
    yield from documents.flaws(VENDOR, "ErrorResponse", last)
    if name != "error":
        yield f"the error's event is named {name}"
    try:
        _read(heard)
    except anthropic.APIError:
        return
    yield "the SDK takes it for whole"


def _outcome(heard: Heard) -> Outcome:
    if not heard.is_ok:
        return Outcome([], error=(heard.response.status_code, heard.response.text))
    try:
        answer = _read(heard).model_dump()
    except anthropic.APIError as error:
        return Outcome([], error=(None, str(error)))
    return Outcome([], answer=_as_chat(answer))


def _as_chat(answer: Json) -> Json:
    """The message as a chat completion, as far as the facts of a case need it."""
    blocks, usage = answer["content"], answer["usage"]
    calls = [
        {"function": {"name": block["name"], "arguments": json.dumps(block["input"])}}
        for block in blocks
        if block["type"] == "tool_use"
    ]
    message = {
        "content": "".join(block["text"] for block in blocks if block["type"] == "text"),
        "reasoning_content": "".join(
            block["thinking"] for block in blocks if block["type"] == "thinking"
        ),
        "tool_calls": calls,
    }
    read = usage["cache_read_input_tokens"] or 0
    prompt = usage["input_tokens"] + read + (usage["cache_creation_input_tokens"] or 0)
    return {
        "choices": [{"message": message, **_end(answer)}],
        "usage": {
            "prompt_tokens": prompt,
            "completion_tokens": usage["output_tokens"],
            "total_tokens": prompt + usage["output_tokens"],
            "prompt_tokens_details": {"cached_tokens": read},
        },
    }


def _end(answer: Json) -> Json:
    reason = REASONS[answer["stop_reason"]]
    return {"finish_reason": reason, "stop_sequence": answer["stop_sequence"]}


def _read(heard: Heard) -> anthropic.types.Message:
    """The message, as Anthropic's client reads it when told to find every fault."""
    body = {name: value for name, value in heard.body.items() if name != "stream"}
    with _sdk(heard) as client:
        if not heard.cell.is_streamed or not heard.is_ok:
            answer: anthropic.types.Message = client.messages.create(**body)
            return answer
        with client.messages.stream(**body) as stream:
            return stream.get_final_message()


def _sdk(heard: Heard) -> anthropic.Anthropic:
    """Anthropic's client, which gets what was heard."""
    got = heard.response
    answer = httpx2.Response(
        got.status_code, headers=list(got.headers.items()), content=got.content
    )
    transport = httpx2.MockTransport(lambda _: answer)
    return anthropic.Anthropic(
        api_key="none",
        max_retries=0,
        http_client=httpx2.Client(transport=transport),
        _strict_response_validation=True,
    )


MESSAGES = Dialect(
    name="messages",
    path="/messages",
    headers={"anthropic-version": "2023-06-01"},
    body=_body,
    flaws=_flaws,
    error_flaws=_error_flaws,
    break_flaws=_break_flaws,
    outcome=_outcome,
    statuses={400: 400, 401: 502, 429: 429, 529: 529},
)
