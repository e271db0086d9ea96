"""A client of the Responses API, before a provider that speaks it."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import openai
import pytest

from tests.conftest import TEAM_KEY, UPSTREAM_KEY, base_config, bearer
from tests.harness import patient
from tests.harness.proxy import Proxy
from tests.messages.conftest import AWS
from tests.provider.server import Provider
from tests.provider.shelf import Shelf
from tests.responses.house import House, config


def ask(model: str, text: str = "Say hello.", **more: Any) -> dict[str, Any]:
    """A small request for a response."""
    return {"model": model, "input": text, **more}


@pytest.fixture
def sdk(proxy: Proxy) -> Iterator[openai.OpenAI]:
    """OpenAI's own client, which does not try again."""
    with openai.OpenAI(base_url=proxy.api, api_key=TEAM_KEY, max_retries=0) as client:
        yield client


def last_event(answer: httpx.Response) -> str:
    """The text of a stream's last event."""
    return answer.text.rstrip("\n").rpartition("\n\n")[2]


@pytest.fixture(scope="session")
def elsewhere(provider: Provider, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Proxy]:
    """A proxy whose providers do not speak the Responses API, each but the last at our provider.

    `chat/*` is a server that has OpenAI's chat alone, `claude/*` Anthropic, `gemini/*` Google,
    `bedrock/*` AWS; `echo` is a function.
    """
    folder: Path = tmp_path_factory.mktemp("elsewhere")
    settings = base_config(provider)
    base, key = provider.base_url.removesuffix("/v1"), UPSTREAM_KEY
    settings["connections"] = {
        "up": {**settings["connections"]["up"], "speaks": ["chat", "models"]},
        "claude": {"api_type": "anthropic", "api_base": base, "api_key": key},
        "google": {"api_type": "google", "api_base": base, "api_key": key},
        "bedrock": {"api_type": "bedrock", "api_base": base, "litellm": AWS},
        "python": {"api_type": "function", "inference_func": "echoing.echo"},
    }
    settings["routing"] = {
        "chat/*": "up.{1}",
        "claude/*": "claude.{1}",
        "gemini/*": "google.{1}",
        "bedrock/*": "bedrock.{1}",
        "echo": "python.*",
    }
    (folder / "echoing.py").write_text("def echo(prompt):\n    return f'You said: {prompt}'\n")
    settings["groups"]["guests"].pop("allowed_connections")
    with Proxy(settings, folder) as running:
        yield running


@pytest.fixture
def there(elsewhere: Proxy) -> Iterator[openai.OpenAI]:
    """OpenAI's own client before those providers. It holds answers against its models."""
    with openai.OpenAI(
        base_url=elsewhere.api,
        api_key=TEAM_KEY,
        max_retries=0,
        _strict_response_validation=True,
    ) as client:
        yield client


@pytest.fixture(scope="session")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    with Provider() as first, Provider() as second:
        shelf = Shelf("one")
        first.on_any(shelf)
        second.on_any(Shelf("two"))
        folder = tmp_path_factory.mktemp("house")
        with Proxy(config(first, second), folder) as running:
            yield House(running, first, second, shelf)


def post(proxy: Proxy, **request: Any) -> httpx.Response:
    """Ask for a response over plain HTTP."""
    return patient.post(
        f"{proxy.api}/responses", json=request, headers=bearer(TEAM_KEY), timeout=60
    )
