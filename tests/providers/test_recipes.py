"""The recipes of the documentation, all in one proxy, answer as they say."""

import re
import tomllib
from collections.abc import Iterator
from typing import Any

import openai
import pytest

from tests.docs.blocks import ENVIRONMENT, blocks
from tests.harness.aimock import Aimock
from tests.harness.proxy import REPOSITORY, Proxy
from tests.providers import cases
from tests.providers.asking import ask, user

RECIPES = [tomllib.loads(b.text) for b in blocks("toml") if b.place.startswith("recipes.md")]
MODELS = re.findall(r"^Ask for `([^`]+)`", (REPOSITORY / "docs/recipes.md").read_text(), re.M)
PATHS = {"azure": "/openai/v1", "cohere": "/v1", "ollama": "/v1"}
"""What stands behind the host in the addresses of the connections."""
NAMES = [next(iter(recipe["connections"])) for recipe in RECIPES]
COOKED = list(zip(NAMES, MODELS, strict=True))


@pytest.fixture(scope="module")
def kitchen(aimock: Aimock, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Proxy]:
    """Every recipe in one config, with aimock for each provider."""
    whole: dict[str, Any] = {"connections": {}, "routing": {}}
    for recipe in RECIPES:
        for name, connection in recipe["connections"].items():
            moved = {**connection, "api_base": aimock.url + PATHS.get(name, "")}
            whole["connections"][name] = moved
        whole["routing"].update(recipe["routing"])
    config = {"host": "127.0.0.1", "port": 0, **whole, "groups": RECIPES[0]["groups"]}
    folder = tmp_path_factory.mktemp("recipes")
    with Proxy(config, folder, environment=ENVIRONMENT) as running:
        yield running


@pytest.mark.parametrize(("name", "model"), COOKED, ids=NAMES)
def test_the_model_of_a_recipe_answers(kitchen: Proxy, name: str, model: str, stream: bool) -> None:
    with openai.OpenAI(base_url=kitchen.api, api_key=ENVIRONMENT["TEAM_KEY"]) as sdk:
        heard = ask(sdk, model, user("text"), stream=stream)

    assert heard.text == cases.TEXT
    record = kitchen.record(id=heard.id)
    assert (record["connection"], record["model_asked"]) == (name, model)
