"""A user of the openai SDK who does not chat, run by the interpreter whose SDK is tried.

Usage: use_operations.py BASE_URL KEY MODEL ABSENT; MODEL does everything, ABSENT only chats. Prints
what it saw as JSON.
"""

import json
import sys
from typing import Any

import openai


def main(base_url: str, key: str, model: str, absent: str) -> dict[str, Any]:
    client = openai.OpenAI(base_url=base_url, api_key=key, max_retries=0)
    strict: Any = {"model": model}
    chunks = list(client.completions.create(**strict, prompt="Say hello.", stream=True))
    verdict = client.moderations.create(**strict, input="hello").results[0]
    return {
        "sdk": openai.__version__,
        "usual": vectors(client, input=["hello", "there"], **strict),
        "floats": vectors(client, input="hello", encoding_format="float", **strict),
        "tokens": vectors(client, input=[[1, 2], [3]], dimensions=2, **strict),
        "text": client.completions.create(**strict, prompt="Say hello.").choices[0].text,
        "streamed": "".join(choice.text for chunk in chunks for choice in chunk.choices),
        "reasons": [choice.finish_reason for chunk in chunks for choice in chunk.choices][-1],
        "flagged": verdict.flagged,
        "categories": [verdict.categories.violence, verdict.categories.harassment_threatening],
        "bridged": client.completions.create(model=absent, prompt="Say hello.").choices[0].text,
        "absent": refusal(client, absent),
    }


def vectors(client: Any, **fields: Any) -> list[list[float]]:
    return [item.embedding for item in client.embeddings.create(**fields).data]


def refusal(client: Any, model: str) -> list[Any]:
    try:
        client.embeddings.create(model=model, input="hello")
    except openai.APIStatusError as error:
        return [type(error).__name__, error.status_code, error.code]
    return []


if __name__ == "__main__":
    print(json.dumps(main(*sys.argv[1:])))  # noqa: T201 - its answer to the test.
