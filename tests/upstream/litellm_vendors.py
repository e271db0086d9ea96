"""Prints what the installed LiteLLM says about its providers; run by `test_vendors.py`.

A program of its own: LiteLLM reads its settings from the environment while it is imported. The
arguments are LiteLLM's names of providers; the output is one JSON object, name to facts.
"""

import json
import sys
from typing import Any

import litellm
from litellm.types.utils import LlmProviders
from litellm.utils import ProviderConfigManager

KEY = "sk-of-nobody"
MODEL = "some-model"
OWN_BASE = "https://proxy.example/v1"
UNKNOWN: dict[str, str | None] = {
    "api_base": None,
    "chat_url": None,
    "own_chat_url": None,
    "auth": None,
}


def main() -> None:
    litellm.suppress_debug_info = True
    sys.stdout.write(json.dumps({name: facts(name) for name in sys.argv[1:]}))


def facts(name: str) -> dict[str, str | None]:
    """Default base, chat URL there, chat URL under an operator's base, header with the key."""
    if name not in {provider.value for provider in LlmProviders}:
        return UNKNOWN
    config = ProviderConfigManager.get_provider_chat_config(MODEL, LlmProviders(name))
    api_base = litellm.get_llm_provider(model=f"{name}/{MODEL}", api_key=KEY)[3]
    return {
        "api_base": api_base,
        "chat_url": chat_url(config, api_base) if api_base else None,
        "own_chat_url": chat_url(config, OWN_BASE),
        "auth": auth(config),
    }


def chat_url(config: Any, api_base: str) -> str:
    url: str = config.get_complete_url(
        api_base=api_base,
        api_key=KEY,
        model=MODEL,
        optional_params={},
        litellm_params={},
        stream=False,
    )
    return url


def auth(config: Any) -> str | None:
    headers: dict[str, str] = config.validate_environment(
        headers={},
        model=MODEL,
        messages=[],
        optional_params={},
        litellm_params={},
        api_key=KEY,
        api_base=OWN_BASE,
    )
    for header, value in headers.items():
        if value == f"Bearer {KEY}" and header.lower() == "authorization":
            return "bearer"
        if value == KEY:
            return header.lower()
    return None


if __name__ == "__main__":
    main()
