"""What does a good answer look like? Bodies and chunks of chat completions, embeddings, errors.

The two RICH fixtures are for tests of byte-equality: they hold what no schema names, in spellings
that no serialiser would choose.
"""

from collections.abc import Iterable
from typing import Any

SERVED_MODEL = "served-model"
CREATED = 1_760_000_000
USAGE = {"prompt_tokens": 9, "completion_tokens": 3, "total_tokens": 12}


def chat_answer(
    text: str | None = "Hello there", usage: object = USAGE, **extra: object
) -> dict[str, Any]:
    """A whole chat completion; the usage None leaves it out, `extra` goes to the top level."""
    message = {"role": "assistant", "content": text}
    choice = {"index": 0, "message": message, "finish_reason": "stop"}
    answer = {
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "created": CREATED,
        "model": SERVED_MODEL,
        "choices": [choice],
    }
    return answer | _usage(usage) | extra


def chat_chunk(
    delta: dict[str, Any], finish_reason: str | None = None, **extra: object
) -> dict[str, Any]:
    """One chunk with one choice; `extra` goes to the top level."""
    choice = {"index": 0, "delta": delta, "finish_reason": finish_reason}
    return _chunk([choice]) | extra


def chat_chunks(
    text_pieces: Iterable[str] = ("Hello", " there"), usage: object = None, **extra: object
) -> list[dict[str, Any]]:
    """A whole stream: the role, the pieces, finish_reason `stop`, then the usage unless it is None.

    The chunk of the usage has no choices. `extra` goes to the top level of every chunk.
    """
    chunks = [
        chat_chunk({"role": "assistant", "content": ""}),
        *(chat_chunk({"content": piece}) for piece in text_pieces),
        chat_chunk({}, "stop"),
        *([] if usage is None else [usage_chunk(usage)]),
    ]
    return [chunk | extra for chunk in chunks]


def usage_chunk(usage: object) -> dict[str, Any]:
    """The chunk that ends a stream with `include_usage`."""
    return _chunk([]) | _usage(usage)


def embeddings_answer(vectors: Iterable[object]) -> dict[str, Any]:
    """An answer to /v1/embeddings; a vector is a list of floats or base64 text."""
    data = [{"object": "embedding", "index": i, "embedding": v} for i, v in enumerate(vectors)]
    usage = {"prompt_tokens": 9, "total_tokens": 9}
    return {"object": "list", "data": data, "model": SERVED_MODEL, "usage": usage}


def error_answer(
    message: str, kind: str | None = None, code: str | None = None, param: str | None = None
) -> dict[str, Any]:
    """An error as OpenAI shapes it; `kind` is its `type`."""
    return {"error": {"message": message, "type": kind, "param": param, "code": code}}


def _chunk(choices: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "id": "chatcmpl-1",
        "object": "chat.completion.chunk",
        "created": CREATED,
        "model": SERVED_MODEL,
        "choices": choices,
    }


def _usage(usage: object) -> dict[str, object]:
    return {} if usage is None else {"usage": usage}


RICH_PLAIN: bytes = r"""
{"model" : "served-model-2031-02-30",  "object":"chat.completion","id":"chatcmpl-rich",
	"x_vendor": {"a": [1, 2.50, 1e3], "b": {"": null}, "c": -0.0, "d": 12345678901234567890,
    "e": 1E-7},
  "choices":[ {"finish_reason":"stop", "index":0,
    "message":{ "content":"\u00e9t\u00e9 été \ud83d\ude00 😀 \/ \u2028\t<b>", "role":"assistant",
      "refusal":null,
      "annotations":[{"type":"url_citation","url_citation":{"url":"https:\/\/example.com\/?q=1&r=2",
        "start_index":0,"end_index":4,"title":"é"}}],
      "reasoning_content":"because", "tool_calls":[], "audio":null },
    "logprobs":{"content":[{"token":"ca","logprob":-0.10,"bytes":[99,97],
      "top_logprobs":[{"token":"Ca","logprob":-2.500000000000000001,"bytes":null}]}],"refusal":null},
    "content_filter_results":{"hate":{"filtered":false,"severity":"safe"}} }],
  "created":1760000000, "service_tier":"default", "system_fingerprint":"fp_44709d6fcb",
  "usage":{"total_tokens":12,"completion_tokens":3,"prompt_tokens":9,"queue_time":0.010,
    "prompt_tokens_details":{"cached_tokens":4,"audio_tokens":0},
    "completion_tokens_details":{"reasoning_tokens":1,"accepted_prediction_tokens":0},
    "cost":0.000210}
}

""".encode()

_RICH_EVENTS = (
    ": hi\n\n",
    r'data: {"id":"chatcmpl-rich","object":"chat.completion.chunk","created":1760000000,'
    r'"model":"served-model","service_tier":"default","system_fingerprint":"fp_44709d6fcb",'
    r'"choices":[{"index":0,"delta":{"role":"assistant","content":"","refusal":null},"logprobs":null,'
    r'"finish_reason":null}],"usage":null,"obfuscation":"x7Jq"}'
    "\n\n",
    "event: message\nid: 7\n"
    r'data:{ "choices" : [ {"delta":{"content":"\u00e9t\u00e9 été","x_vendor":{"a":[1, 2.50,1e3]}},'
    r'"logprobs":{"content":[{"token":"ca","logprob":-0.10,"bytes":[99,97],"top_logprobs":[]}],'
    r'"refusal":null},  "index":0, "finish_reason":null} ], "object":"chat.completion.chunk",'
    r'"model":"served-model","id":"chatcmpl-rich","created":1760000000 }'
    "\n\n",
    ": between\n"
    r'data: {"id":"chatcmpl-rich","object":"chat.completion.chunk","created":1760000000,'
    r'"model":"served-model","choices":[{"index":0,"delta":{"content":" \ud83d\ude00 😀\/",'
    r'"reasoning_content":"because","annotations":[]},"finish_reason":null}]}'
    "\r\n\r\n",
    "retry: 3000\n"
    r'data: {"id":"chatcmpl-rich","object":"chat.completion.chunk","created":1760000000,'
    r'"model":"served-model","choices":[{"index":0,"delta":{},"finish_reason":"stop",'
    r'"content_filter_results":{"hate":{"filtered":false}}}],"d":12345678901234567890}'
    "\n\n",
    r'data: {"id":"chatcmpl-rich","object":"chat.completion.chunk","created":1760000000,'
    r'"model":"served-model","choices":[],"usage":{"total_tokens":12,"completion_tokens":3,'
    r'"prompt_tokens":9,"prompt_tokens_details":{"cached_tokens":4},"queue_time":0.010}}'
    "\n\n",
    "data: [DONE]\n\n",
)
RICH_STREAM: bytes = "".join(_RICH_EVENTS).encode()
