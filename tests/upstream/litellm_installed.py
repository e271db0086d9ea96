"""Prints what the installed LiteLLM is; run by the tests that hold us to it.

A program of its own: LiteLLM reads its settings from the environment while it is imported. Output:
one JSON object.
"""

import ast
import inspect
import json
import sys
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import litellm
from litellm.types.router import GenericLiteLLMParams
from litellm.types.utils import LlmProviders, all_litellm_params
from litellm.utils import ProviderConfigManager, get_litellm_params, get_optional_params

from lmproxy.upstream.litellm.names import ADDRESSES, TRANSLATED
from tests.upstream.litellm_uses import CALLS, CONFIG_CALLS, Call

READERS = ("main.py", "utils.py")
METHODS = {"get", "pop", "setdefault"}


def main() -> None:
    litellm.suppress_debug_info = True
    facts = {
        "providers": [provider.value for provider in LlmProviders],
        "read_names": sorted(set(read_names())),
        "addresses": {name: address(name) for name in ADDRESSES},
        "misfits": list(misfits()),
        "attributes": sorted(vars(litellm)),
    }
    sys.stdout.write(json.dumps(facts))


def read_names() -> Iterator[str]:
    """Every name that LiteLLM takes from its keyword arguments on the way of a chat request."""
    for function in (litellm.acompletion, litellm.completion, get_litellm_params):
        yield from inspect.signature(function).parameters
    yield from inspect.signature(get_optional_params).parameters
    yield from all_litellm_params
    yield from GenericLiteLLMParams.model_fields
    for name in READERS:
        source = (Path(litellm.__file__).parent / name).read_text()
        yield from keys_of(ast.parse(source), "kwargs")


def keys_of(tree: ast.AST, table: str) -> Iterator[str]:
    """The constant keys that a program looks up in the variable `table`."""
    for node in ast.walk(tree):
        match node:
            case ast.Call(
                func=ast.Attribute(value=ast.Name(id=found), attr=method), args=[key, *_]
            ):
                is_lookup = found == table and method in METHODS
            case ast.Subscript(value=ast.Name(id=found), slice=key):
                is_lookup = found == table
            case ast.Compare(left=key, ops=[ast.cmpop()], comparators=[ast.Name(id=found)]):
                is_lookup = found == table
            case _:
                continue
        if is_lookup and isinstance(key, ast.Constant) and isinstance(key.value, str):
            yield key.value


def address(name: str) -> str | None:
    """LiteLLM's default base URL of a provider, without its trailing slash; `None` for none."""
    try:
        found = litellm.get_llm_provider(model=f"{name}/some-model", api_key="sk-of-nobody")[3]
    except litellm.BadRequestError:
        return None
    return found.rstrip("/") if found else None


def misfits() -> Iterator[str]:
    """Every call of ours that the installed LiteLLM would not take."""
    for path, call in CALLS.items():
        module, _, names = path.partition(":")
        found: Any = import_module(module)
        for name in names.split("."):
            found = getattr(found, name, None)
        yield from misfit(path, found, call)
    for provider in sorted(TRANSLATED):
        config: Any = ProviderConfigManager.get_provider_chat_config(
            model="some-model", provider=LlmProviders(provider)
        )
        for name, call in CONFIG_CALLS.items():
            yield from misfit(f"{provider}: {name}", getattr(config, name, None), call)


def misfit(path: str, function: Any, call: Call) -> Iterator[str]:
    if function is None:
        yield f"{path} is not there"
        return
    if call is None:
        return
    signature = inspect.signature(function)
    named = [name for name in call.named if name not in signature.parameters]
    if named and not call.may_be_more:
        yield f"{path} has no parameter {', '.join(named)}"
    try:
        signature.bind(*[None] * call.positional, **dict.fromkeys(call.named))
    except TypeError as error:
        yield f"{path}: {error}"


if __name__ == "__main__":
    main()
