"""OpenAI's chat: `POST /chat/completions`."""

import json
from collections.abc import Iterator
from typing import Any

import httpx
import openai

from tests.dialects import documents
from tests.dialects.asked import CASES, Tool, first_text
from tests.dialects.dialect import ANOTHER_MODEL, Dialect
from tests.dialects.heard import Heard, Json
from tests.oracle.asking import Outcome
from tests.oracle.form import broken_rules

VENDOR = "openai"


def _body(case: str, model: str, is_streamed: bool) -> Json:
    asked = CASES[case]
    body: Json = {"model": model, "messages": list(_messages(case))}
    body["max_completion_tokens"] = asked.max_tokens
    if asked.tools:
        body["tools"] = [_tool(tool) for tool in asked.tools]
    if asked.must_call:
        body["tool_choice"] = {"type": "function", "function": {"name": asked.must_call}}
    if asked.schema:
        named = {"name": "answer", "strict": True, "schema": asked.schema}
        body["response_format"] = {"type": "json_schema", "json_schema": named}
    if asked.effort:
        body["reasoning_effort"] = asked.effort
    if asked.stop:
        body["stop"] = [asked.stop]
    if is_streamed:
        body |= {"stream": True, "stream_options": {"include_usage": True}}
    return body


def _messages(case: str) -> Iterator[Json]:
    asked = CASES[case]
    if asked.system:
        yield {"role": "system", "content": asked.system}
    parts: list[Json] = [{"type": "text", "text": first_text(case)}]
    if asked.picture:
        parts.append({"type": "image_url", "image_url": {"url": asked.picture}})
    yield {"role": "user", "content": parts}
    if asked.used:
        calls = [
            {"id": u.id, "type": "function", "function": {"name": u.tool, "arguments": u.arguments}}
            for u in asked.used
        ]
        yield {"role": "assistant", "content": None, "tool_calls": calls}
    for used in asked.used:
        yield {"role": "tool", "tool_call_id": used.id, "content": used.result}
    if thought := asked.thought:
        block = {"type": "thinking", "thinking": thought.thinking, "signature": thought.signature}
        yield {"role": "assistant", "content": thought.answer, "thinking_blocks": [block]}
    if asked.after:
        yield {"role": "user", "content": asked.after}


def _tool(tool: Tool) -> Json:
    function = {"name": tool.name, "description": tool.description, "parameters": tool.schema}
    return {"type": "function", "function": function}


def _flaws(heard: Heard) -> Iterator[str]:
    if heard.cell.is_streamed:
        yield from _stream_flaws(heard)
        return
    answer = heard.response.json()
    yield from documents.flaws(VENDOR, "CreateChatCompletionResponse", answer)
    if answer.get("model") != heard.body["model"]:
        yield ANOTHER_MODEL
    try:
        with sdk_of(heard) as client:
            client.chat.completions.create(**heard.body)
    except openai.OpenAIError as error:
        yield f"the SDK: {error}"


def _stream_flaws(heard: Heard) -> Iterator[str]:
    chunks = [document for _, document in heard.events()]
    for chunk in chunks:
        yield from documents.flaws(VENDOR, "CreateChatCompletionStreamResponse", chunk)
    yield from broken_rules(
        chunks, model=heard.body["model"], with_usage=True, is_done=heard.says_done
    )
    try:
        read = _read_stream(heard)
    except openai.OpenAIError as error:
        yield f"the SDK: {error}"
    else:
        if read != len(chunks):
            yield f"the SDK reads {read} of {len(chunks)} chunks"


def _error_flaws(heard: Heard) -> Iterator[str]:
    yield from documents.flaws(VENDOR, "ErrorResponse", heard.response.json())
    try:
        with sdk_of(heard) as client:
            client.chat.completions.create(**heard.body)
    except openai.APIStatusError as error:
        if error.status_code != heard.response.status_code or not error.body:
            yield "the SDK does not see the error"
    else:
        yield "the SDK takes it for an answer"


def _break_flaws(heard: Heard) -> Iterator[str]:
    *chunks, (_, last) = heard.events()
    for _, chunk in chunks:
        yield from documents.flaws(VENDOR, "CreateChatCompletionStreamResponse", chunk)
    yield from documents.flaws(VENDOR, "ErrorResponse", last)
    if heard.says_done:
        yield "it says that it is whole"
    try:
        _read_stream(heard)
    except openai.APIError:
        return
    yield "the SDK takes it for whole"


def _outcome(heard: Heard) -> Outcome:
    if not heard.is_ok:
        return Outcome([], error=(heard.response.status_code, heard.response.text))
    if not heard.cell.is_streamed:
        return Outcome([], answer=heard.response.json())
    chunks = [document for _, document in heard.events()]
    if chunks and "error" in chunks[-1]:
        return Outcome([], error=(None, json.dumps(chunks[-1])))
    return Outcome([], chunks=chunks)


def _read_stream(heard: Heard) -> int:
    with sdk_of(heard) as client:
        stream: Any = client.chat.completions.create(**heard.body)
        return sum(1 for _ in stream)


def sdk_of(heard: Heard) -> openai.OpenAI:
    """OpenAI's client, which gets what was heard, and is told to find every fault in it."""
    got = heard.response
    answer = httpx.Response(got.status_code, headers=got.headers, content=got.content)
    transport = httpx.MockTransport(lambda _: answer)
    return openai.OpenAI(
        api_key="none",
        base_url="http://nowhere/v1",
        max_retries=0,
        http_client=httpx.Client(transport=transport),
        _strict_response_validation=True,
    )


CHAT = Dialect(
    name="chat",
    path="/chat/completions",
    headers={},
    body=_body,
    flaws=_flaws,
    error_flaws=_error_flaws,
    break_flaws=_break_flaws,
    outcome=_outcome,
    statuses={400: 400, 401: 502, 429: 429, 529: 503},
)
