"""The ways under test: each provider that aimock emulates, over each lane that leads to it."""

from dataclasses import dataclass, field
from typing import Any

from tests.conftest import TEAM_KEY
from tests.providers.cases import GEMINI

PROVIDER_KEY = "provider-key-0123456789abcdef"
WRONG_KEY = "wrong-key-0123456789abcdef"
AWS = {
    "aws_access_key_id": "AKIAIOSFODNN7EXAMPLE",
    "aws_secret_access_key": "secret-0123456789abcdef0123456789abcdef0",
    "aws_region_name": "eu-central-1",
}


@dataclass(frozen=True, slots=True)
class Kind:
    """A provider, and what it and aimock can do.

    Attributes:
        model: one that it knows.
        settings: of its connection.
        path: what its base URL has behind aimock's.
        has_key: whether it takes a key; else it takes the settings' credentials.
        streams: whether streams are read as such; LiteLLM cannot read Cohere's.
        counts: whether aimock counts tokens in its format.
        reasons: whether aimock knows where its reasoning stands.
        says_length: whether an answer that was too long is told; aimock does not know Ollama's
            word for it, and LiteLLM drops Cohere's.
        has_call_ids: Ollama's tool calls have none.
    """

    model: str
    lanes: tuple[str, ...]
    settings: dict[str, Any] = field(default_factory=dict)
    path: str = ""
    has_key: bool = True
    streams: bool = True
    counts: bool = True
    reasons: bool = True
    says_length: bool = True
    has_call_ids: bool = True


BOTH = ("translate", "litellm")
KINDS = {
    "openai": Kind("gpt-5-mini", ("relay", *BOTH), path="/v1"),
    "anthropic": Kind("claude-sonnet-4-5", BOTH, {"api_type": "anthropic"}),
    "google": Kind(GEMINI, BOTH, {"api_type": "google"}),
    "azure": Kind("team-deployment", BOTH, {"api_type": "azure", "api_version": "2024-10-21"}),
    "azure_v1": Kind("gpt-5-mini", ("relay",), {"api_type": "azure"}, path="/openai/v1"),
    "bedrock": Kind(
        "anthropic.claude-3-7-sonnet-20250219-v1:0",
        ("litellm",),
        {"api_type": "bedrock", "litellm": AWS},
        has_key=False,
    ),
    "bedrock_key": Kind(
        "amazon.nova-lite-v1:0",
        ("litellm",),
        {"api_type": "bedrock", "litellm": {"aws_region_name": "eu-central-1"}},
    ),
    "vertex": Kind(
        GEMINI,
        ("litellm",),
        {"api_type": "google_vertex_ai"},
        has_key=False,
    ),
    "cohere": Kind(
        "command-a-03-2025",
        BOTH,
        {"api_type": "cohere_chat"},
        streams=False,
        reasons=False,
        says_length=False,
    ),
    "ollama": Kind(
        "llama3.2",
        BOTH,
        {"api_type": "ollama_chat"},
        counts=False,
        reasons=False,
        says_length=False,
        has_call_ids=False,
    ),
}


@dataclass(frozen=True, slots=True)
class Way:
    """One provider over one lane."""

    provider: str
    lane: str

    def __str__(self) -> str:
        """The name of its connection."""
        return f"{self.provider}-{self.lane}"

    @property
    def kind(self) -> Kind:
        return KINDS[self.provider]

    @property
    def model(self) -> str:
        """What a client asks for."""
        return f"{self}/{self.kind.model}"


WAYS = [Way(provider, lane) for provider, kind in KINDS.items() for lane in kind.lanes]


def config(url: str, locked_url: str, google: dict[str, str]) -> dict[str, Any]:
    """A proxy before all of them; at `locked_url` the operator's key has to arrive.

    `locked-` stands before the names of connections with the right key, `wrong-` before others.
    `google` is who calls Vertex AI.
    """
    connections = {}
    for way in WAYS:
        connections[str(way)] = _connection(way, url, PROVIDER_KEY)
        if way.kind.has_key:
            connections[f"locked-{way}"] = _connection(way, locked_url, PROVIDER_KEY)
            connections[f"wrong-{way}"] = _connection(way, locked_url, WRONG_KEY)
        if way.provider == "vertex":
            connections[str(way)]["litellm"] = google
    return {
        "host": "127.0.0.1",
        "port": 0,
        "connections": connections,
        "routing": {f"{name}/*": f"{name}.{{1}}" for name in connections},
        "groups": {"team": {"api_keys": [{"key": TEAM_KEY, "id": "team"}]}},
    }


def _connection(way: Way, url: str, key: str) -> dict[str, Any]:
    credentials = {"api_key": key} if way.kind.has_key else {}
    return {
        "api_base": url + way.kind.path,
        "lane": way.lane,
        **credentials,
        **way.kind.settings,
    }
