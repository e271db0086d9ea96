"""Connections in lm-proxy's words, and what the provider sees of each."""

from typing import Any

KEY = "sk-lm-proxy-0123456789abcdef"
AZURE = {"api_type": "azure", "deployment_id": "dep", "api_version": "2024-06-01"}
ENTRA: dict[str, Any] = {**AZURE, "azure_use_entra_id": True}
SCOPE = "https://ai.azure.com/.default"
CHAT = "/v1/chat/completions"
BEARER: dict[str, str | None] = {"authorization": f"Bearer {KEY}"}
COMPATIBLE = (
    *("openai", "open_ai", "anyscale", "deep_infra", "deepinfra", "mistral", "fireworks"),
    *("deepseek", "xai", "cerebras", "groq", "cohere", "together_ai", "openrouter", "perplexity"),
)

Case = tuple[dict[str, Any], str, dict[str, str | None], dict[str, Any]]
"""A connection's keys; the path, headers and fields that the provider sees for model `m`."""

CASES: dict[str, Case] = {
    **{f"type-{kind}": ({"api_type": kind}, CHAT, BEARER, {}) for kind in COMPATIBLE},
    **{f"platform-{p}": ({"api_platform": p}, CHAT, BEARER, {}) for p in ("groq", "mistral")},
    "inferred": ({}, CHAT, BEARER, {"model": "m"}),
    "capitals": ({"LLM_API_TYPE": "openai", "HTTP_HEADERS": {"X-A": "1"}}, CHAT, {"x-a": "1"}, {}),
    "anthropic": ({"api_type": "anthropic"}, "/v1/messages", {"x-api-key": KEY}, {"model": "m"}),
    "anthropic-platform": (
        {"api_type": "anthropic", "api_platform": "anthropic"},
        "/v1/messages",
        {"x-api-key": KEY},
        {},
    ),
    "google": (
        {"api_type": "google"},
        "/v1beta/models/m:generateContent",
        {"x-goog-api-key": KEY},
        {},
    ),
    "google_ai_studio": (
        {"api_type": "google_ai_studio"},
        "/v1beta/models/m:generateContent",
        {"x-goog-api-key": KEY},
        {},
    ),
    "azure": (
        AZURE,
        "/openai/deployments/m/chat/completions?api-version=2024-06-01",
        {"api-key": KEY},
        {},
    ),
    "azure-platform": (
        {"api_type": "openai", "api_platform": "azure", "openai_api_version": "2024-05-01"},
        "/openai/deployments/m/chat/completions?api-version=2024-05-01",
        {"api-key": KEY},
        {},
    ),
    "entra-machine": (
        {**ENTRA, "azure_entra_credential": "default"},
        "/openai/deployments/m/chat/completions?api-version=2024-06-01",
        {"authorization": f"Bearer machine@{SCOPE}", "api-key": None},
        {},
    ),
    "entra-secret": (
        {
            **ENTRA,
            "azure_entra_credential": "client_secret",
            "azure_entra_scope": "https://scope.example",
            "azure_tenant_id": "tenant",
            "azure_client_id": "client",
            "azure_client_secret": "hidden-0123456789",
        },
        "/openai/deployments/m/chat/completions?api-version=2024-06-01",
        {"authorization": "Bearer tenant.client.hidden-0123456789@https://scope.example"},
        {},
    ),
    "headers": ({"http_headers": {"X-Source": "node-1"}}, CHAT, {"x-source": "node-1"}, {}),
    "init-headers": (
        {
            "http_headers": {"X-A": "ours"},
            "init_params": {
                "default_headers": {"x-a": "sdk", "x-b": "sdk"},
                "organization": "org-1",
                "project": "proj-1",
                "max_retries": 0,
            },
        },
        CHAT,
        {
            "x-a": "ours",
            "x-b": "sdk",
            "openai-organization": "org-1",
            "openai-project": "proj-1",
        },
        {},
    ),
    "init-key": (
        {"init_params": {"api_key": "sk-other"}},
        CHAT,
        {"authorization": "Bearer sk-other"},
        {},
    ),
    "call-headers": (
        {"default_args": {"extra_headers": {"X-C": "call"}, "extra_body": {"top_k": 5}}},
        CHAT,
        {"x-c": "call"},
        {"top_k": 5},
    ),
    "defaults": (
        {"default_args": {"temperature": 0.2, "max_tokens": 9}},
        CHAT,
        BEARER,
        {"temperature": 0.2, "max_tokens": 9},
    ),
    "defaults-translated": (
        {
            "api_type": "anthropic",
            "default_args": {"temperature": 0.2, "top_k": 4, "max_tokens": 9},
        },
        "/v1/messages",
        {},
        {"temperature": 0.2, "top_k": 4, "max_tokens": 9},
    ),
    "responses": (
        {"use_responses_api": True},
        "/v1/responses",
        BEARER,
        {
            "input": [
                {
                    "type": "message",
                    "role": "user",
                    "content": [{"type": "input_text", "text": "Say hello."}],
                }
            ]
        },
    ),
    "responses-azure": (
        {**AZURE, "use_responses_api": True},
        "/openai/v1/responses?api-version=preview",
        {"api-key": KEY},
        {"model": "m"},
    ),
}
VERTEX: dict[str, tuple[dict[str, Any], str]] = {
    "vertex-path": (
        {"api_type": "google", "google_cloud_service_account": "account.json"},
        "/projects/oracle/locations/global/",
    ),
    "vertex-table": (
        {
            "api_type": "google",
            "api_platform": "google_vertex_ai",
            "google_cloud_service_account": {},
            "google_cloud_project_id": "team",
            "google_cloud_location": "europe-west4",
        },
        "/projects/team/locations/europe-west4/",
    ),
    "vertex-text": (
        {
            "api_type": "google_vertex_ai",
            "google_cloud_service_account_json": "env:ACCOUNT",
            "google_genai_use_vertexai": True,
            "google_cloud_location": "europe-west1",
        },
        "/projects/oracle/locations/europe-west1/",
    ),
}
"""A connection's keys, and the place that the provider sees."""
