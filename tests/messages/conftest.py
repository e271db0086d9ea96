"""A proxy before the same provider as an Anthropic and as a server of the team's own."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import anthropic
import pytest

from tests.conftest import TEAM_KEY, UPSTREAM_KEY, base_config
from tests.harness.proxy import Proxy
from tests.provider.server import Provider

AWS = {
    "aws_access_key_id": "AKIDOFNOBODY",
    "aws_secret_access_key": "secret-of-nobody-0123456789",
    "aws_region_name": "eu-central-1",
}


@pytest.fixture(scope="session")
def claude(provider: Provider, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Proxy]:
    """Models `vllm/*` are at a server that speaks both APIs, those of `claude*` at Anthropic.

    `chat/*`, `gemini/*` and `bedrock/*` are where nobody speaks Anthropic's API; `round/*` is
    Anthropic, asked for chat only; `mistral/*` is Mistral, and `strict/*` too, which
    has refused what it does not take; `echo` is a function.
    """
    folder: Path = tmp_path_factory.mktemp("claude")
    config = base_config(provider)
    base = provider.base_url.removesuffix("/v1")
    mistral = {"api_type": "mistral", "api_base": provider.base_url, "api_key": UPSTREAM_KEY}
    config["connections"] |= {
        "claude": {"api_type": "anthropic", "api_base": base, "api_key": UPSTREAM_KEY},
        "vllm": {"api_type": "vllm", "api_base": provider.base_url},
        "google": {"api_type": "google", "api_base": base, "api_key": UPSTREAM_KEY},
        "round": {
            "api_type": "anthropic",
            "api_base": base,
            "api_key": UPSTREAM_KEY,
            "speaks": ["models"],
        },
        "mistral": mistral,
        "strict": {**mistral, "unsupported_params": "reject"},
        "bedrock": {"api_type": "bedrock", "api_base": base, "litellm": AWS},
        "python": {"api_type": "function", "inference_func": "echoing.echo"},
    }
    config["routing"] = {
        "vllm/*": "vllm.{1}",
        "chat/*": "up.{1}",
        "gemini/*": "google.{1}",
        "bedrock/*": "bedrock.{1}",
        "mistral/*": "mistral.{1}",
        "strict/*": "strict.{1}",
        "round/*": "round.{1}",
        "echo": "python.*",
        "*": "claude.*",
    }
    (folder / "echoing.py").write_text("def echo(prompt):\n    return f'You said: {prompt}'\n")
    config["groups"]["guests"] |= {"allowed_connections": ["other"]}
    with Proxy(config, folder) as running:
        yield running


@pytest.fixture
def sdk(claude: Proxy) -> Iterator[anthropic.Anthropic]:
    """Anthropic's own client, as its users make it."""
    with sdk_of(claude) as client:
        yield client


def sdk_of(proxy: Proxy, **more: Any) -> anthropic.Anthropic:
    """The client of a team member; it does not try again unless told to."""
    given: dict[str, Any] = {"api_key": TEAM_KEY, "max_retries": 0, **more}
    return anthropic.Anthropic(base_url=proxy.url, **given)


def ask(model: str, text: str = "Say hello.", **more: Any) -> dict[str, Any]:
    """A small request for a message."""
    question = [{"role": "user", "content": text}]
    return {"model": model, "max_tokens": 64, "messages": question, **more}
