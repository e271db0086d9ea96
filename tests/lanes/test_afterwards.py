"""The loop is free when an answer is given, however long that was."""

from pathlib import Path

import httpx

from scripts.benchmark.measuring import usage_of
from tests.conftest import TEAM_KEY, bearer, chat
from tests.harness.proxy import Proxy
from tests.provider import oddities
from tests.provider.server import Provider

MODEL = "long-log-probabilities"
MOST_CPU_S = 0.4
"""A third of what LiteLLM takes to copy this answer for its log."""


def test_litellm_does_nothing_with_an_answer_that_is_given(
    provider: Provider, http: httpx.Client, tmp_path: Path
) -> None:
    provider.on(MODEL, oddities.huge_logprobs(40_000))
    far = {"api_type": "vllm", "api_base": provider.base_url, "lane": "litellm"}
    config = {
        "host": "127.0.0.1",
        "port": 0,
        "connections": {"far": far},
        "routing": {"*": "far.*"},
        "groups": {"team": {"api_keys": [TEAM_KEY]}},
    }
    with Proxy(config, tmp_path) as proxy:
        url, body = f"{proxy.api}/chat/completions", chat(MODEL, logprobs=True)
        answer = http.post(url, json=body, headers=bearer(TEAM_KEY), timeout=60)
        given_s = usage_of(proxy.pid).cpu_s
        for _ in range(3):  # What is still to be done in the loop is done before the last.
            http.get(f"{proxy.url}/health", timeout=60)

        assert len(answer.json()["choices"][0]["logprobs"]["content"]) == 40_000
        assert usage_of(proxy.pid).cpu_s - given_s < MOST_CPU_S
