"""What is asked? One OpenAI chat body per case, the same for every provider but for the model.

The word `case:NAME` in the first message tells the replaying server which answer to give.
"""

from typing import Any

PIXEL = (
    "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGA"
    "WjR9awAAAABJRU5ErkJggg=="
)
WEATHER = {
    "type": "function",
    "function": {
        "name": "get_weather",
        "description": "The weather of a city.",
        "parameters": {
            "type": "object",
            "properties": {
                "city": {"type": "string", "description": "Its name."},
                "unit": {"type": "string", "enum": ["celsius", "fahrenheit"]},
            },
            "required": ["city"],
            "additionalProperties": False,
        },
    },
}
CLOCK = {
    "type": "function",
    "function": {
        "name": "get_time",
        "description": "The time in a zone.",
        "parameters": {"type": "object", "properties": {"zone": {"type": "string"}}},
    },
}
SCHEMA = {
    "type": "json_schema",
    "json_schema": {
        "name": "city",
        "strict": True,
        "schema": {
            "type": "object",
            "properties": {"name": {"type": "string"}, "people": {"type": "integer"}},
            "required": ["name", "people"],
            "additionalProperties": False,
        },
    },
}


def _system(text: str = "You answer in one sentence.") -> dict[str, Any]:
    return {"role": "system", "content": text}


def _user(case: str, text: str) -> dict[str, Any]:
    return {"role": "user", "content": f"case:{case} {text}"}


def _call(id_: str, name: str, arguments: str) -> dict[str, Any]:
    return {"id": id_, "type": "function", "function": {"name": name, "arguments": arguments}}


def _marked(text: str) -> list[dict[str, Any]]:
    return [{"type": "text", "text": text, "cache_control": {"type": "ephemeral"}}]


_THOUGHT: dict[str, Any] = {
    "role": "assistant",
    "content": "17.",
    "reasoning_content": "Ten and seven.",
    "thinking_blocks": [
        {"type": "thinking", "thinking": "Ten and seven.", "signature": "RWFybGllciBzaWduYXR1cmU="}
    ],
}
_CALLS: dict[str, Any] = {
    "role": "assistant",
    "content": None,
    "tool_calls": [
        _call("call_paris", "get_weather", '{"city": "Paris"}'),
        _call("call_cet", "get_time", '{"zone": "CET"}'),
    ],
}

CASES: dict[str, dict[str, Any]] = {
    "plain": {"messages": [_system(), _user("plain", "Say hello to Zoë. 你好")]},
    "parameters": {
        "messages": [_system(), _user("parameters", "Count to five.")],
        "temperature": 0.2,
        "top_p": 0.9,
        "max_completion_tokens": 64,
        "stop": ["six"],
        "seed": 7,
        "frequency_penalty": 0.1,
        "presence_penalty": 0.2,
        "logprobs": True,
        "top_logprobs": 1,
        "user": "zoe",
    },
    "tools": {
        "messages": [_user("tools", "What is the weather in Zürich?")],
        "tools": [WEATHER],
        "tool_choice": {"type": "function", "function": {"name": "get_weather"}},
    },
    "parallel_tools": {
        "messages": [
            _user("parallel_tools", "Weather and time in Paris, then in Oslo."),
            _CALLS,
            {"role": "tool", "tool_call_id": "call_paris", "content": '{"celsius": 21}'},
            {"role": "tool", "tool_call_id": "call_cet", "content": "12:00"},
        ],
        "tools": [WEATHER, CLOCK],
        "tool_choice": "auto",
        "parallel_tool_calls": True,
    },
    "image": {
        "messages": [
            {
                "role": "user",
                "content": [
                    {"type": "text", "text": "case:image Which colour is this?"},
                    {"type": "image_url", "image_url": {"url": PIXEL, "detail": "low"}},
                ],
            }
        ]
    },
    "json_schema": {
        "messages": [_user("json_schema", "Name a city.")],
        "response_format": SCHEMA,
    },
    "json_tool": {
        "messages": [_user("json_tool", "Name a city.")],
        "response_format": SCHEMA,
    },
    "reasoning": {
        "messages": [
            _user("reasoning", "What is 10 + 7?"),
            _THOUGHT,
            {"role": "user", "content": "And 17 times 23?"},
        ],
        "reasoning_effort": "low",
    },
    "cached": {
        "messages": [
            {"role": "system", "content": _marked("A long manual. " * 20)},
            {"role": "user", "content": _marked("case:cached Which page is about tea?")},
        ]
    },
    "refusal": {"messages": [_user("refusal", "Something that no model should answer.")]},
    "length": {"messages": [_user("length", "Tell a long story.")], "max_tokens": 16},
    "overloaded": {"messages": [_user("overloaded", "Something at a busy hour.")]},
    "cut": {"messages": [_user("cut", "Something through a bad network.")]},
    "blocked": {"messages": [_user("blocked", "Something that is not even read.")]},
}
ONLY = {"blocked": ("gemini", "vertex_ai"), "json_tool": ("anthropic",)}
"""Cases of some providers: a prompt that is not let in, a schema that becomes a tool."""
STREAMED_ONLY = {"overloaded", "cut"}
"""A stream that breaks off, with an error in it or without; no client may take it for whole."""


def ask(case: str, model: str, *, is_streamed: bool, with_usage: bool = True) -> dict[str, Any]:
    """The body of a case; a streamed one asks for counts, or does not."""
    body = {"model": model, **CASES[case]}
    if is_streamed:
        body["stream"] = True
        if with_usage:
            body["stream_options"] = {"include_usage": True}
    return body
