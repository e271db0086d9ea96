"""Connections of many kinds, and one client that sees what got through."""

from typing import Any

import httpx

from tests.conftest import TEAM_KEY, bearer, chat
from tests.harness import patient
from tests.harness.proxy import Proxy
from tests.provider.server import Provider

DROPPED = "x-oai-proxy-dropped-params"
IMAGE = {
    "role": "user",
    "content": [
        {"type": "text", "text": "What is this?"},
        {"type": "image_url", "image_url": {"url": "data:image/png;base64,iVBORw0KGgo="}},
    ],
}
BY_URL = {
    "role": "user",
    "content": [{"type": "image_url", "image_url": {"url": "http://pictures.example/a.png"}}],
}
DETAILED = {
    "role": "user",
    "content": [
        {
            "type": "image_url",
            "image_url": {"url": "data:image/png;base64,iVBORw0KGgo=", "detail": "low"},
        },
    ],
}
MARKED = {
    "role": "user",
    "content": [
        {"type": "text", "text": "Hello.", "cache_control": {"type": "ephemeral"}},
    ],
}
STRICT = {
    "type": "function",
    "function": {
        "name": "weather",
        "parameters": {"type": "object", "properties": {}},
        "strict": True,
    },
}
CONNECTIONS: dict[str, dict[str, Any]] = {
    "claude": {"api_type": "anthropic", "pass_params": ["top_k"]},
    "claude-litellm": {"api_type": "anthropic", "pass_params": ["top_k"], "lane": "litellm"},
    "gemini": {"api_type": "google", "pass_params": ["top_k"]},
    "gemini-litellm": {"api_type": "google", "pass_params": ["top_k"], "lane": "litellm"},
    "ollama": {"api_type": "ollama_chat", "pass_params": ["num_ctx"]},
    "ollama-litellm": {"api_type": "ollama_chat", "pass_params": ["num_ctx"], "lane": "litellm"},
    "vllm": {"api_type": "vllm", "pass_params": ["guided_json"], "lane": "translate"},
    "vllm-litellm": {"api_type": "vllm", "pass_params": ["guided_json"], "lane": "litellm"},
    "rejecting": {"api_type": "anthropic", "unsupported_params": "reject"},
    "rejecting-litellm": {
        "api_type": "anthropic",
        "unsupported_params": "reject",
        "lane": "litellm",
    },
    "openai-rejecting": {"api_type": "openai", "unsupported_params": "reject"},
    "openai-dropping": {"api_type": "openai", "unsupported_params": "drop"},
    "openai-passing": {"api_type": "openai", "unsupported_params": "pass"},
    "deepseek": {"api_type": "deepseek", "lane": "translate"},
    "deepseek-litellm": {"api_type": "deepseek", "lane": "litellm"},
    "mistral": {"api_type": "mistral", "lane": "translate"},
    "mistral-litellm": {"api_type": "mistral", "lane": "litellm"},
    "bedrock": {
        "api_type": "bedrock",
        "litellm": {
            "aws_region_name": "eu-central-1",
            "aws_access_key_id": "an-id",
            "aws_secret_access_key": "a-secret",
        },
    },
}
BOTH = ["", "-litellm"]


class Asking:
    """One client of the proxy, and what the provider got of its last request."""

    def __init__(self, proxy: Proxy, target: Provider) -> None:
        self._proxy = proxy
        self._target = target
        self.sent: list[dict[str, Any]] = []

    def ask(self, model: str, **fields: Any) -> httpx.Response:
        return self.post("chat/completions", chat(model, **fields))

    def post(self, path: str, body: dict[str, Any]) -> httpx.Response:
        before = len(self._target.requests)
        answer = patient.post(
            f"{self._proxy.api}/{path}",
            json=body,
            headers=bearer(TEAM_KEY),
            timeout=60,
        )
        self.sent = [request.json or {} for request in self._target.requests[before:]]
        return answer

    def record(self, answer: httpx.Response) -> dict[str, Any]:
        return self._proxy.record(id=answer.headers["x-request-id"])
