"""OpenAI's Responses API: `POST /responses`."""

from collections.abc import Iterator
from typing import Any

import openai

from tests.dialects import documents
from tests.dialects.asked import CASES, Tool, first_text
from tests.dialects.chat import sdk_of
from tests.dialects.dialect import ANOTHER_MODEL, Dialect
from tests.dialects.heard import Heard, Json
from tests.oracle.asking import Outcome

VENDOR = "openai"
ENDS = ("response.completed", "response.incomplete")
INDEXES = ("output_index", "content_index", "summary_index")
TEXTS = ("text", "refusal", "arguments", "input")
"""What is said in pieces: the field that has it whole, and the end of its events' names."""


def _body(case: str, model: str, is_streamed: bool) -> Json:
    asked = CASES[case]
    body: Json = {"model": model, "input": list(_input(case)), "store": False}
    body["max_output_tokens"] = asked.max_tokens
    if asked.system:
        body["instructions"] = asked.system
    if asked.tools:
        body["tools"] = [_tool(tool) for tool in asked.tools]
    if asked.must_call:
        body["tool_choice"] = {"type": "function", "name": asked.must_call}
    if asked.schema:
        named = {"type": "json_schema", "name": "answer", "strict": True, "schema": asked.schema}
        body["text"] = {"format": named}
    if asked.effort:
        body["reasoning"] = {"effort": asked.effort}
    if is_streamed:
        body["stream"] = True
    return body


def _input(case: str) -> Iterator[Json]:
    asked = CASES[case]
    parts: list[Json] = [{"type": "input_text", "text": first_text(case)}]
    if asked.picture:
        parts.append({"type": "input_image", "detail": "auto", "image_url": asked.picture})
    yield {"type": "message", "role": "user", "content": parts}
    for used in asked.used:
        called = {"call_id": used.id, "name": used.tool, "arguments": used.arguments}
        yield {"type": "function_call", **called}
    for used in asked.used:
        yield {"type": "function_call_output", "call_id": used.id, "output": used.result}
    if thought := asked.thought:
        yield {"type": "message", "role": "assistant", "content": thought.answer}
    if asked.after:
        yield {"type": "message", "role": "user", "content": asked.after}


def _tool(tool: Tool) -> Json:
    described = {"description": tool.description, "parameters": tool.schema, "strict": False}
    return {"type": "function", "name": tool.name, **described}


def _flaws(heard: Heard) -> Iterator[str]:
    try:
        read = _read(heard)
    except openai.OpenAIError as error:
        yield f"the SDK: {error}"
        return
    if heard.cell.is_streamed:
        events = heard.events()
        if read != len(events):
            yield f"the SDK reads {read} of {len(events)} events"
        yield from _stream_flaws(events)
    answer = _whole(heard)
    yield from documents.flaws(VENDOR, "Response", answer)
    if answer.get("model") != heard.body["model"]:
        yield ANOTHER_MODEL


def _stream_flaws(events: list[tuple[str, Json]]) -> Iterator[str]:
    yield from _event_flaws(events)
    kinds = [name for name, _ in events]
    if kinds[:2] != ["response.created", "response.in_progress"] or kinds[-1] not in ENDS:
        yield f"it begins with {kinds[:2]} and ends with {kinds[-1:]}"
    whole = events[-1][1].get("response", {})
    if kinds[-1] != f"response.{whole.get('status')}":
        yield f"{kinds[-1]} has the status {whole.get('status')}"
    done = [event["item"] for name, event in events if name == "response.output_item.done"]
    if done != whole.get("output"):
        yield "its items are not those of the whole response"
    yield from _order_flaws(events)
    yield from _unended(events)


def _order_flaws(events: list[tuple[str, Json]]) -> Iterator[str]:
    """Items are numbered as they begin, and what is said of one is said while it is open."""
    still_open: dict[int, str] = {}
    begun = 0
    for name, event in events:
        if "output_index" not in event:
            continue
        index, of = event["output_index"], event.get("item_id") or event["item"].get("id")
        if name == "response.output_item.added":
            if index != begun:
                yield f"item {index} begins after {begun} others"
            still_open[index] = of
            begun += 1
        elif still_open.get(index) != of:
            yield f"{name} is of item {index}, {of}; open are {still_open}"
        if name == "response.output_item.done":
            still_open.pop(index, None)


def _unended(events: list[tuple[str, Json]]) -> Iterator[str]:
    """What begins and has no end, ends and has no beginning, or ends as something else."""
    begun: dict[tuple[str, ...], str] = {}
    ended: dict[tuple[str, ...], str] = {}
    for name, event in events:
        head, _, last = name.rpartition(".")
        place = (head, *(f"{index} {event[index]}" for index in INDEXES if index in event))
        if last in ("added", "delta"):
            begun[place] = begun.get(place, "") + event.get("delta", "")
        elif last == "done":
            ended[place] = next((event[field] for field in TEXTS if field in event), "")
    for place in dict.fromkeys((*begun, *ended)):
        if place not in ended:
            yield f"{' '.join(place)} has no end"
        elif ended[place] != begun.get(place, "" if place[0].endswith(TEXTS) else None):
            yield f"{' '.join(place)} ends otherwise than it began"


def _event_flaws(events: list[tuple[str, Json]]) -> Iterator[str]:
    schemas = documents.named_by_type(VENDOR, "ResponseStreamEvent")
    for number, (name, event) in enumerate(events):
        if name != event.get("type") or name not in schemas:
            yield f"an event {event.get('type')} is named {name}"
            continue
        yield from documents.flaws(VENDOR, schemas[name], event)
        if event.get("sequence_number") != number:
            yield f"{name} has number {event.get('sequence_number')}, not {number}"


def _error_flaws(heard: Heard) -> Iterator[str]:
    yield from documents.flaws(VENDOR, "ErrorResponse", heard.response.json())
    try:
        _read(heard)
    except openai.APIStatusError as error:
        if error.status_code != heard.response.status_code or not error.body:
            yield "the SDK does not see the error"
    else:
        yield "the SDK takes it for an answer"


def _break_flaws(heard: Heard) -> Iterator[str]:
    events = heard.events()
    yield from _event_flaws(events)
    if events[-1][0] != "error" or any(name in ENDS for name, _ in events):
        yield f"it ends with {events[-1][0]}"
    try:
        _read(heard)
    except openai.APIError:
        return
    yield "the SDK takes it for whole"


def _outcome(heard: Heard) -> Outcome:
    if not heard.is_ok:
        return Outcome([], error=(heard.response.status_code, heard.response.text))
    if heard.cell.is_streamed and heard.events()[-1][0] not in ENDS:
        return Outcome([], error=(None, heard.response.text))
    return Outcome([], answer=_as_chat(_whole(heard)))


def _whole(heard: Heard) -> Json:
    """The response as a whole; of a stream, the one in its last event."""
    document = heard.events()[-1][1] if heard.cell.is_streamed else heard.response.json()
    whole: Json = document.get("response", document)
    return whole


def _as_chat(answer: Json) -> Json:
    """The response as a chat completion, as far as the facts of a case need it."""
    items, usage = answer["output"], answer.get("usage") or {}
    parts = [part for item in items if item["type"] == "message" for part in item["content"]]
    thoughts = [item for item in items if item["type"] == "reasoning"]
    calls = [{"function": item} for item in items if item["type"] == "function_call"]
    message = {
        "content": "".join(part.get("text", "") for part in parts),
        "refusal": "".join(part.get("refusal", "") for part in parts),
        "reasoning_content": "".join(
            text["text"]
            for item in thoughts
            for text in (*(item.get("content") or ()), *item["summary"])
        ),
        "tool_calls": calls,
    }
    counts = {
        "prompt_tokens": usage.get("input_tokens"),
        "completion_tokens": usage.get("output_tokens"),
        "total_tokens": usage.get("total_tokens"),
        "prompt_tokens_details": usage.get("input_tokens_details"),
    }
    return {
        "choices": [{"message": message, "finish_reason": _end(answer, calls)}],
        "usage": counts,
    }


def _end(answer: Json, calls: list[Json]) -> str:
    if answer["status"] == "completed":
        return "tool_calls" if calls else "stop"
    reason = str((answer["incomplete_details"] or {}).get("reason"))
    return "length" if reason == "max_output_tokens" else reason


def _read(heard: Heard) -> int:
    """How many events OpenAI's client reads, told to find every fault; 1 for a plain answer."""
    with sdk_of(heard) as client:
        answer: Any = client.responses.create(**heard.body)
        return sum(1 for _ in answer) if heard.cell.is_streamed and heard.is_ok else 1


RESPONSES = Dialect(
    name="responses",
    path="/responses",
    headers={},
    body=_body,
    flaws=_flaws,
    error_flaws=_error_flaws,
    break_flaws=_break_flaws,
    outcome=_outcome,
    statuses={400: 400, 401: 502, 429: 429, 529: 503},
)
