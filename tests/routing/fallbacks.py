"""A config with fallbacks of every shape, and how their members fail."""

from typing import Any

import httpx
import openai

from tests.conftest import GUEST_KEY, TEAM_KEY, UPSTREAM_KEY
from tests.provider import faults, oddities, refusals
from tests.provider.exchange import Behaviour
from tests.provider.server import Provider

FALLBACK = "lm_proxy.strategies.Fallback"
MEMBER_KEY = "member-key-0123456789abcdef01"
BROKEN: dict[str, tuple[Behaviour, str]] = {
    "500": (refusals.server_error(500), "upstream_error"),
    "429": (refusals.rate_limited("7"), "rate_limit_exceeded"),
    "401": (refusals.refusal(401, "no such key"), "upstream_auth_error"),
    "400": (refusals.bad_request(), "unknown_parameter"),
    "reset": (faults.reset_after_request, "upstream_error"),
    "page": (oddities.html_page, "upstream_invalid_response"),
    "silence": (faults.never_answers, "upstream_timeout"),
}
"""How the first member fails, and the code of that."""

QUICK = {"model": "quick", "reasoning_effort": "low"}
FALLBACKS: dict[str, Any] = {
    "pair": {"class": FALLBACK, "connections": ["a", "b.second"]},
    "slow": {"class": FALLBACK, "connections": ["patient", "b.second"]},
    "refused": {"class": "fallback", "connections": ["dead.x", "b.org/some.model"]},
    "tuned": {"class": FALLBACK, "connections": {"dead": {}, "b": QUICK}},
    "twice": {"class": FALLBACK, "connections": ["b.again", "b.again"]},
    "nested": {
        "class": FALLBACK,
        "connections": {"dead": {}, "inner": {"temperature": 0.5, "seed": 1, "model": "deep"}},
    },
    "inner": {
        "class": FALLBACK,
        "connections": {"off": {}, "a": {"model": "inner-a"}, "b": {"seed": 2}},
    },
    "stored": {"class": FALLBACK, "connections": ["dead", "b.keeps"]},
    "mixed": {"class": FALLBACK, "connections": ["chats", "b"]},
    "out": {"class": FALLBACK, "connections": ["a", "b"], "enabled": False},
}


def config(provider: Provider, dead_port: int) -> dict[str, Any]:
    up = {"api_base": provider.base_url, "api_key": UPSTREAM_KEY, "lane": "relay"}
    hasty = {**up, "timeouts": {"first_byte_s": 0.5, "answer_s": 0.5, "silence_s": 5}}
    connections = {
        "a": hasty,
        "b": up,
        "patient": up,
        "chats": {**up, "speaks": ["chat"]},
        "dead": {**up, "api_base": f"http://127.0.0.1:{dead_port}/v1"},
        "off": {**up, "enabled": False},
        **FALLBACKS,
    }
    return {
        "host": "127.0.0.1",
        "port": 0,
        "model_listing_mode": "expand_wildcards",
        "connections": connections,
        "routing": {
            **{name: f"{name}.*" for name in connections},
            "short/*": "refused.{1}",
            "pair/*": "pair.*",
            "slow/*": "slow.*",
        },
        "groups": {
            "team": {"api_keys": [TEAM_KEY]},
            "guests": {"api_keys": [GUEST_KEY], "allowed_connections": "twice,pair,stored"},
            "members": {"api_keys": [MEMBER_KEY], "allowed_connections": "a,b"},
        },
    }


def text_of(client: openai.OpenAI, ask: Any, *, stream: bool) -> tuple[str, httpx.Headers]:
    """What was said, and the answer's headers."""
    raw: Any = client.chat.completions.with_raw_response.create(**ask, stream=stream)
    if not stream:
        return raw.parse().choices[0].message.content or "", raw.headers
    pieces = [chunk.choices[0].delta.content or "" for chunk in raw.parse()]
    return "".join(pieces), raw.headers


def attempts(record: dict[str, Any]) -> list[tuple[str, str | None]]:
    return [(made["connection"], made["error_code"]) for made in record["attempts"]]
