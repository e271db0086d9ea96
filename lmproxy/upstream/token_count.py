"""How many tokens is a request? An estimate, for providers that do not count when asked.

By the length of what is text or becomes text: four bytes to a token, in every tokenizer's own
language. Claude Code asks so before it makes room in a long conversation; a guess that is a little
off is worth more to it than none, for then it sends the whole request instead.
"""

from typing import Any

import orjson

from lmproxy.call import Call, Observed, Reply
from lmproxy.upstream.usage import BYTES_PER_TOKEN, estimate_prompt

ESTIMATED = ((b"x-oai-proxy-token-count", b"estimate"),)
IMAGE_TOKENS = 1500
"""About what a picture of the usual size takes.
https://docs.anthropic.com/en/docs/build-with-claude/vision"""
IMAGE = {"image", "document"}


def estimated(call: Call, observed: Observed) -> Reply:
    """The answer to a `count_tokens` request, made here."""
    tools = len(orjson.dumps(call.body.get("tools") or "")) // BYTES_PER_TOKEN
    images = _images(call.body.get("messages")) * IMAGE_TOKENS
    body = orjson.dumps({"input_tokens": max(estimate_prompt(call.body) + tools + images, 1)})
    observed.delivered_bytes = len(body)
    return Reply(200, b"application/json", body, observed, ESTIMATED)


def _images(value: Any) -> int:
    if isinstance(value, list):
        return sum(map(_images, value))
    if not isinstance(value, dict):
        return 0
    return int(value.get("type") in IMAGE) + _images(value.get("content"))
