"""The installed LiteLLM has all that is used of it, as it is used; and if not, it is said."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.conftest import TEAM_KEY, bearer, chat
from tests.harness.errors import assert_refused
from tests.harness.proxy import REPOSITORY, Proxy
from tests.provider.server import Provider
from tests.upstream.conftest import Installed
from tests.upstream.litellm_uses import SWITCHES

BREAK = """
import importlib.abc, sys

class Breaker(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path, target=None):
        if name == "lmproxy.upstream.litellm.{module}":
            import litellm.utils
            {change}
        return None

sys.meta_path.insert(0, Breaker())
"""
CHANGES = {
    "a symbol is gone": "del litellm.utils.validate_and_fix_openai_tools",
    "a parameter is gone": (
        "litellm.utils.get_optional_params = lambda model, custom_llm_provider: {}"
    ),
    "it raises what nobody expects": (
        "litellm.utils.validate_and_fix_openai_messages = lambda messages: int('gone')"
    ),
}
REASONS = ("validate_and_fix_openai_tools", "argument", "ValueError")
WITHOUT_MESSAGES = """import litellm.llms.anthropic.experimental_pass_through.adapters as adapters
            from importlib import import_module
            made = import_module(f"{adapters.__name__}.transformation")
            made.LiteLLMAnthropicMessagesAdapter.__init__ = lambda self: {}['gone']"""
FALLBACK = (
    "the installed LiteLLM cannot be used for the translate lane; its connections take the litellm "
    "lane"
)


def test_every_call_fits_the_installed_litellm(installed: Installed) -> None:
    assert installed["misfits"] == []


@pytest.mark.parametrize("name", SWITCHES)
def test_every_variable_that_is_set_is_one_that_litellm_has(
    name: str, installed: Installed
) -> None:
    assert name in installed["attributes"]


def another_litellm(provider: Provider, folder: Path, module: str, change: str) -> Proxy:
    """A proxy whose LiteLLM is another than the one that `module` was written for."""
    (folder / "sitecustomize.py").write_text(BREAK.format(module=module, change=change))
    config: dict[str, Any] = {
        "host": "127.0.0.1",
        "port": 0,
        "connections": {
            "far": {
                "api_type": "vllm",
                "api_base": provider.base_url,
                "speaks": ["chat"],
                "lane": "translate",
            },
        },
        "routing": {"*": "far.*"},
        "groups": {"team": {"api_keys": [TEAM_KEY]}},
    }
    path = {"PYTHONPATH": f"{folder}:{REPOSITORY}"}
    return Proxy(config, folder, environment=path)


@pytest.fixture(scope="module", params=CHANGES)
def crippled(
    request: pytest.FixtureRequest, provider: Provider, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Proxy]:
    folder: Path = tmp_path_factory.mktemp("crippled")
    with another_litellm(provider, folder, "internals", CHANGES[request.param]) as proxy:
        yield proxy


@pytest.mark.parametrize("stream", [False, True], ids=["plain", "streamed"])
def test_without_the_transformations_requests_take_the_litellm_lane(
    crippled: Proxy, http: httpx.Client, *, stream: bool
) -> None:
    body = chat("m", stream=stream)
    answer = http.post(f"{crippled.api}/chat/completions", json=body, headers=bearer(TEAM_KEY))

    assert answer.status_code == 200
    assert "Hello" in answer.text
    assert crippled.record(id=answer.headers["x-request-id"])["lane"] == "litellm"


def test_the_log_says_why(crippled: Proxy, http: httpx.Client) -> None:
    http.post(f"{crippled.api}/chat/completions", json=chat("m"), headers=bearer(TEAM_KEY))

    (line,) = crippled.log(FALLBACK)

    assert line["level"] == "error"
    assert any(reason in line["reason"] for reason in REASONS), line["reason"]


def test_without_its_reading_of_messages_only_those_are_refused(
    provider: Provider, http: httpx.Client, tmp_path: Path
) -> None:
    body = {"model": "m", "max_tokens": 9, "messages": [{"role": "user", "content": "hello"}]}

    with another_litellm(provider, tmp_path, "messages", WITHOUT_MESSAGES) as proxy:
        message = http.post(f"{proxy.api}/messages", json=body, headers=bearer(TEAM_KEY))
        answer = http.post(
            f"{proxy.api}/chat/completions", json=chat("m"), headers=bearer(TEAM_KEY)
        )

        (line,) = proxy.log("the installed LiteLLM cannot translate Anthropic's API")
    assert (message.status_code, answer.status_code) == (501, 200)
    assert "'gone'" in line["reason"]


def test_a_litellm_that_cannot_be_loaded_is_told_and_costs_the_others_nothing(
    provider: Provider, http: httpx.Client, tmp_path: Path
) -> None:
    (tmp_path / "litellm").mkdir()
    (tmp_path / "litellm" / "__init__.py").write_text("raise OSError('a broken installation')")
    near = {"api_type": "vllm", "api_base": provider.base_url}
    config: dict[str, Any] = {
        "host": "127.0.0.1",
        "port": 0,
        "connections": {"near": near, "far": {**near, "lane": "litellm"}},
        "routing": {"far": "far.*", "*": "near.*"},
        "groups": {"team": {"api_keys": [TEAM_KEY]}},
    }
    path = {"PYTHONPATH": f"{tmp_path}:{REPOSITORY}"}

    with Proxy(config, tmp_path, environment=path) as proxy:
        url, headers = f"{proxy.api}/chat/completions", bearer(TEAM_KEY)
        far = http.post(url, json=chat("far"), headers=headers)
        near_answer = http.post(url, json=chat("m"), headers=headers)

        assert_refused(far, 503, "litellm_unavailable")
        assert near_answer.status_code == 200
        assert proxy.log("LiteLLM cannot be loaded: connections that need it answer 503")
