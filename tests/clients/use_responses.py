"""A user of the openai SDK's `responses`, run by the interpreter whose SDK is tried. Prints JSON.

Usage: use_responses.py BASE_URL KEY MODEL MODEL_WHOSE_STREAM_BREAKS
"""

import json
import sys
from typing import Any

import openai

QUESTION = "Say hello in one word."


def main(base_url: str, key: str, model: str, broken: str) -> dict[str, Any]:
    client = openai.OpenAI(base_url=base_url, api_key=key, max_retries=0)
    first = client.responses.create(model=model, input=QUESTION)
    after = client.responses.create(model=model, input="And?", previous_response_id=first.id)
    with client.responses.stream(model=model, input=QUESTION) as stream:
        kinds = [event.type for event in stream]
        final = stream.get_final_response()
    return {
        "sdk": openai.__version__,
        "plain": {"text": first.output_text, "tokens": first.usage and first.usage.total_tokens},
        "after": after.output_text,
        "stream": {"kinds": kinds, "text": final.output_text},
        "stored": stored(client, first.id),
        "broken": broken_stream(client, broken),
        "gone": refusal(client, first.id),
    }


def stored(client: Any, response: str) -> dict[str, Any]:
    """What is made of a response that is kept, which is deleted in the end."""
    read = client.responses.retrieve(response)
    streamed = [event.type for event in client.responses.retrieve(response, stream=True)]
    items = [item.type for item in client.responses.input_items.list(response, limit=1)]
    status = client.responses.cancel(response).status
    client.responses.delete(response)
    return {"id": read.id == response, "last": streamed[-1], "items": items, "status": status}


def broken_stream(client: Any, model: str) -> dict[str, Any]:
    kinds: list[str] = []
    try:
        for event in client.responses.create(model=model, input=QUESTION, stream=True):
            kinds.append(event.type)  # noqa: PERF401 - what came before the error.
    except openai.APIError as error:
        return {"kinds": kinds, "class": type(error).__name__, "code": error.code}
    return {"kinds": kinds}


def refusal(client: Any, response: str) -> dict[str, Any]:
    try:
        client.responses.retrieve(response)
    except openai.APIStatusError as error:
        return {"class": type(error).__name__, "status": error.status_code}
    return {}


if __name__ == "__main__":
    print(json.dumps(main(*sys.argv[1:])))  # noqa: T201 - its answer to the test.
