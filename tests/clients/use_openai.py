"""A user of the openai SDK, run by the interpreter whose SDK is tried. Prints what it saw as JSON.

Usage: use_openai.py BASE_URL KEY GUEST_KEY
"""

import json
import sys
from typing import Any

import openai

QUESTION: Any = [{"role": "user", "content": "Say hello in one word."}]


def main(base_url: str, key: str, guest_key: str) -> dict[str, Any]:
    client = openai.OpenAI(base_url=base_url, api_key=key, max_retries=0)
    guest = openai.OpenAI(base_url=base_url, api_key=guest_key, max_retries=0)
    stranger = openai.OpenAI(base_url=base_url, api_key="not-a-key", max_retries=0)
    return {
        "sdk": openai.__version__,
        "plain": plain(client),
        "stream": stream(client),
        "responses": responses(client),
        "models": [model.id for model in client.models.list()],
        "model": guest.models.retrieve("smollm2").id,
        "wrong_key": refusal(stranger, "smollm2"),
        "forbidden": refusal(guest, "gpt-4o"),
        "raw_id": client.chat.completions.with_raw_response.create(
            model="smollm2", messages=QUESTION, max_tokens=2
        ).headers["x-request-id"],
    }


def plain(client: Any) -> dict[str, Any]:
    answer = client.chat.completions.create(
        model="smollm2", messages=QUESTION, max_tokens=8, temperature=0
    )
    return {
        "text": answer.choices[0].message.content,
        "finish_reason": answer.choices[0].finish_reason,
        "usage": answer.usage.model_dump(),
    }


def stream(client: Any) -> dict[str, Any]:
    chunks = list(
        client.chat.completions.create(
            model="smollm2",
            messages=QUESTION,
            max_tokens=8,
            temperature=0,
            stream=True,
            stream_options={"include_usage": True},
        )
    )
    texts = [chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices]
    return {
        "text": "".join(texts),
        "chunks": len(chunks),
        "usage": chunks[-1].usage.model_dump(),
    }


def responses(client: Any) -> dict[str, Any]:
    ask = {"model": "smollm2", "input": QUESTION, "max_output_tokens": 8, "temperature": 0}
    answer = client.responses.create(**ask)
    events = list(client.responses.create(**ask, stream=True))
    return {
        "text": answer.output_text,
        "tokens": answer.usage.output_tokens,
        "streamed": "".join(e.delta for e in events if e.type == "response.output_text.delta"),
        "last": events[-1].type,
    }


def refusal(client: Any, model: str) -> dict[str, Any]:
    try:
        client.chat.completions.create(model=model, messages=QUESTION)
    except openai.APIStatusError as error:
        return {
            "class": type(error).__name__,
            "status": error.status_code,
            "code": error.code,
            "message": error.message,
            "request_id": error.request_id,
        }
    return {}


if __name__ == "__main__":
    print(json.dumps(main(*sys.argv[1:])))  # noqa: T201 - its answer to the test.
