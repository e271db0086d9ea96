"""How many tokens is a request? As its provider counts, else an estimate.

Google is asked with the request that it would get. What others are asked is estimated by the length
of what is text or becomes text: four bytes to a token, in every tokenizer's own language. Claude
Code asks so before it makes room in a long conversation; a guess that is a little off is worth more
to it than none, for then it sends the whole request instead.
"""

from dataclasses import replace
from typing import Any

import orjson

from lmproxy.call import Call, Json, Observed, Reply
from lmproxy.errors import UpstreamInvalidResponse
from lmproxy.upstream.answers import json_of_any
from lmproxy.upstream.usage import BYTES_PER_TOKEN, count, estimate_prompt
from lmproxy.upstream.way_out import Outgoing

COUNTERS = {"gemini"}
"""Providers, by LiteLLM's names, that count a request of their own form.
https://ai.google.dev/api/tokens#method:-models.counttokens"""
CANNOT = {404, 501}
"""Statuses of a provider that does not count, or not for this model."""

ESTIMATED = ((b"x-oai-proxy-token-count", b"estimate"),)
IMAGE_TOKENS = 1500
"""About what a picture of the usual size takes.
https://docs.anthropic.com/en/docs/build-with-claude/vision"""
IMAGE = {"image", "document"}


def estimated(call: Call, observed: Observed) -> Reply:
    """The answer to a `count_tokens` request, made here."""
    tools = len(orjson.dumps(call.body.get("tools") or "")) // BYTES_PER_TOKEN
    images = _images(call.body.get("messages")) * IMAGE_TOKENS
    observed.lane = "estimate"
    tokens = max(estimate_prompt(call.body) + tools + images, 1)
    return _reply(tokens, observed, ESTIMATED)


def counted(tokens: int, observed: Observed) -> Reply:
    """The answer to a `count_tokens` request that the provider counted."""
    return _reply(tokens, observed, ())


def _reply(tokens: int, observed: Observed, headers: tuple[tuple[bytes, bytes], ...]) -> Reply:
    body = orjson.dumps({"input_tokens": tokens})
    observed.delivered_bytes = len(body)
    return Reply(200, b"application/json", body, observed, headers)


def question(chat: Outgoing, model: str, data: Json) -> Outgoing:
    """What asks Google for the tokens of `chat`, whose body is `data`."""
    url = chat.url.replace(":generateContent", ":countTokens")
    whole = {"generateContentRequest": {**data, "model": f"models/{model}"}}
    return replace(chat, url=url, body=orjson.dumps(whole))


def said(answer: bytes) -> int:
    """The count in Google's answer.

    Raises:
        UpstreamInvalidResponse: there is none.
    """
    tokens = count(json_of_any(answer).get("totalTokens"))
    if tokens is None:
        raise UpstreamInvalidResponse("The provider's answer has no count of tokens.")
    return tokens


def _images(value: Any) -> int:
    if isinstance(value, list):
        return sum(map(_images, value))
    if not isinstance(value, dict):
        return 0
    kind = value.get("type")
    return int(isinstance(kind, str) and kind in IMAGE) + _images(value.get("content"))
