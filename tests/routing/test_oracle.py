"""Routing and permission against a second, naive implementation: 100,000 cases, the same every run.

Each config is a file that `load_config` reads and `assemble` compiles; each case walks through the
gateway as a request does, up to a connection that says where it would have gone.
"""

import asyncio
import random
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
import tomli_w

from lmproxy.assembly import assemble
from lmproxy.call import Arrival, Call, Json
from lmproxy.config import load_config
from lmproxy.errors import ProxyError
from lmproxy.gateway import Gateway
from lmproxy.recording import Draft, Journal, Loggers, Makers, Recorder
from tests.routing.oracle import oracle

CONFIGS = 200
NAMES = 500
PARTS = ["gpt", "qwen", "a", "b", "4", "o", "-", "/", ".", ":", "a/b", "gpt-4"]
WILD = ["*", "*", "*", "?", "[ab]", "[!a]", "[0-9]", "[a-z/]"]
CONNECTIONS = ["up", "other", "third", "off"]
MODELS = ["*", "*", "fixed", "gpt-4.1.mini", "a/b", "gpt", "a"]
WITH_STAR = ["{1}", "x/{1}", "{1}-{1}", "v.{1}"]
ILL_FORMED = ["..", "//", "*", "?", " ", "é", "\n"]
ARRIVAL = Arrival("openai", "chat", "POST", "/v1/chat/completions", "127.0.0.1", None, None)


class Unrecorded(Recorder):
    """A recorder that only counts."""

    def __init__(self, folder: Path) -> None:
        super().__init__(Journal(folder), Loggers([]), "", str)
        self.closed = 0

    def close(self, draft: Draft, status: int, outcome: str, error_code: str | None) -> None:  # noqa: ARG002
        self.closed += 1


@pytest.mark.parametrize("seed", range(10))
def test_M016_a_request_goes_where_a_second_reading_of_the_documents_says(
    tmp_path: Path, seed: int
) -> None:
    chance = random.Random(1600 + seed)
    seen: Counter[str] = Counter()

    for _ in range(CONFIGS // 10):
        config = random_config(chance)
        names = [random_name(chance, config) for _ in range(NAMES)]
        asked = [(chance.choice(list(config["groups"])), name) for name in names]
        outcomes = asyncio.run(walk_all(config, asked, tmp_path))
        for (group, name), outcome in zip(asked, outcomes, strict=True):
            expected = oracle(config, config["groups"][group], name)
            assert outcome == expected, (name, group, config)
            seen["answered" if " " in outcome else outcome] += 1

    assert seen.total() == CONFIGS * NAMES // 10
    assert min(seen.values()) > seen.total() / 200, seen
    assert len(seen) == 5


async def walk_all(
    config: dict[str, Any], asked: list[tuple[str, str]], folder: Path
) -> list[str | None]:
    file = folder / "proxy.toml"
    file.write_text(tomli_w.dumps(config))
    recorder = Unrecorded(folder)
    gateway = Gateway(assemble(load_config(file)).snapshot, recorder, Makers(folder))
    outcomes = [await walk(gateway, f"key-of-{group}", name) for group, name in asked]
    assert recorder.closed == len(asked)
    return outcomes


async def walk(gateway: Gateway, key: str, name: str) -> str | None:
    with gateway.arrive(ARRIVAL, [key.encode()]) as passage:
        try:
            await passage.admit()
            reply = await passage.ask(Call("openai", "chat", name, {}, stream=False))
        except ProxyError as error:
            passage.close(error.status, error)
            return error.code
        passage.close(200)
        assert isinstance(reply.body, bytes)
        return reply.body.decode()


def random_config(chance: random.Random) -> Json:
    rules = [random_rule(chance) for _ in range(chance.randint(1, 12))]
    groups = {name: random_group(chance, name) for name in ("g1", "g2", "g3")}
    return {
        "host": "127.0.0.1",
        "default_model": "gpt-default",
        "connections": {name: random_connection(chance, name) for name in CONNECTIONS},
        "routing": dict(rules) | {"gpt-default": ["up.*"]},
        "groups": groups,
    }


def random_connection(chance: random.Random, name: str) -> Json:
    settings: Json = {"api_type": "tests.routing.echo.Echo", "enabled": name != "off"}
    if chance.random() < 0.4:
        known = [*MODELS[2:], *(random_text(chance, PARTS) for _ in range(20))]
        settings["models"] = {model: f"deployed-{model}" for model in known}
    return settings


def random_rule(chance: random.Random) -> tuple[str, list[str]]:
    pattern = random_text(chance, PARTS + WILD)
    if chance.random() < 0.3:
        pattern += "*"
    models = MODELS + WITH_STAR if "*" in pattern else MODELS
    count = chance.choice([1, 1, 2, 3])
    return pattern, [f"{chance.choice(CONNECTIONS)}.{chance.choice(models)}" for _ in range(count)]


def random_group(chance: random.Random, name: str) -> Json:
    patterns = [random_text(chance, PARTS + WILD) for _ in range(4)]
    return {
        "api_keys": [f"key-of-{name}"],
        "allowed_connections": chance.choice([["*"], chance.sample(CONNECTIONS, 2)]),
        "allowed_models": chance.choice([["*"], ["*"], ["a*", "gpt*", *patterns], patterns]),
    }


def random_name(chance: random.Random, config: Json) -> str:
    """Often one that a rule of the config takes, sometimes none at all."""
    kind = chance.random()
    if kind < 0.02:
        return ""
    if kind < 0.06:
        return random_text(chance, PARTS) + chance.choice(ILL_FORMED) + random_text(chance, PARTS)
    if kind < 0.4:
        return random_text(chance, PARTS)
    pattern: str = chance.choice(list(config["routing"]))
    for wild, texts in {"*": PARTS, "?": "ab", "[ab]": "ab", "[!a]": "bg", "[0-9]": "49"}.items():
        while wild in pattern:
            pattern = pattern.replace(wild, chance.choice(texts), 1)
    return pattern.replace("[a-z/]", "a")


def random_text(chance: random.Random, parts: list[str]) -> str:
    return "".join(chance.choice(parts) for _ in range(chance.randint(1, 4)))
