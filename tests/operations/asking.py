"""A small request and a good answer for each operation, and asking for it."""

from typing import Any

import httpx

from tests.harness.answer import Answer, send
from tests.provider import answers

USAGE = {"prompt_tokens": 9, "total_tokens": 9}
COMPLETION: dict[str, Any] = {
    "id": "cmpl-1",
    "object": "text_completion",
    "created": answers.CREATED,
    "model": answers.SERVED_MODEL,
    "choices": [{"index": 0, "text": " there", "logprobs": None, "finish_reason": "stop"}],
    "usage": answers.USAGE,
}
CATEGORIES = (
    *("harassment", "harassment/threatening", "hate", "hate/threatening", "illicit"),
    *("illicit/violent", "self-harm", "self-harm/intent", "self-harm/instructions", "sexual"),
    *("sexual/minors", "violence/graphic"),
)
"""Those of OpenAI's reference besides `violence`."""
MODERATION: dict[str, Any] = {
    "id": "modr-1",
    "model": answers.SERVED_MODEL,
    "results": [
        {
            "flagged": True,
            "categories": {"violence": True, **dict.fromkeys(CATEGORIES, False)},
            "category_scores": {"violence": 0.9, **dict.fromkeys(CATEGORIES, 0.1)},
            "category_applied_input_types": {"violence": ["text"], "self-harm/intent": []},
        }
    ],
}
RANKING: dict[str, Any] = {
    "id": "rank-1",
    "results": [{"index": 1, "relevance_score": 0.9}, {"index": 0, "relevance_score": 0.1}],
    "usage": USAGE,
}

REQUESTS: dict[str, dict[str, Any]] = {
    "embeddings": {"input": "hello"},
    "completions": {"prompt": "Say hello."},
    "moderations": {"input": "hello"},
    "rerank": {"query": "hello", "documents": ["bye", "hi"]},
}
ANSWERS: dict[str, dict[str, Any]] = {
    "embeddings": answers.embeddings_answer([[0.5, 0.25]]),
    "completions": COMPLETION,
    "moderations": MODERATION,
    "rerank": RANKING,
}


def ask(client: httpx.Client, operation: str, model: str, **fields: Any) -> Answer:
    """Send the small request, changed by `fields`, and read what comes."""
    return send(client, f"/{operation}", {"model": model, **REQUESTS[operation], **fields})
