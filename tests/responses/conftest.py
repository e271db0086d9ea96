"""A client of the Responses API, before a provider that speaks it."""

from collections.abc import Iterator
from typing import Any

import httpx
import openai
import pytest

from tests.conftest import TEAM_KEY
from tests.harness.proxy import Proxy


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
