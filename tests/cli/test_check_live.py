"""`oai-proxy check --live`: one token of each connection, and what is said of it."""

import re
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import tomli_w

from tests.conftest import TEAM_KEY, UPSTREAM_KEY
from tests.harness.command import Ended, oai_proxy
from tests.provider import answers, behaviours, ports, refusals
from tests.provider.exchange import Exchange, Gate
from tests.provider.server import Provider

ODD = """
from lmproxy.upstream.connection import Connection

class Odd(Connection):
    def __init__(self, common):
        super().__init__(common)
    def lane(self, operation):
        return "odd"
    async def ask(self, call, model, observed):
        raise ValueError("canary")
    async def close(self):
        pass

def echo(prompt, max_tokens):
    return f"{prompt} {max_tokens}"

def broken(prompt):
    raise ValueError("canary")
"""
OK = "(.+): ok: (.+) answered in [0-9.]+ s; (.+)"


@pytest.fixture
def lister() -> Iterator[Provider]:
    """A provider with a list in which the first ones are not for chat."""
    with Provider() as running:
        names = ("text-embedding-3", "dall-e-3", "gpt-4o")
        document = {"data": [{"id": name} for name in names]}

        async def behave(exchange: Exchange) -> None:
            if exchange.request.method == "GET":
                await exchange.send_json(200, document)
            else:
                await behaviours.good_answer(exchange)

        running.on("", behave)
        yield running


def live(
    folder: Path, connections: dict[str, Any], *arguments: str, **more: Any
) -> tuple[Ended, list[str]]:
    """What the command did, and its lines after the ordinary check's."""
    config = {
        "host": "127.0.0.1",
        "connections": connections,
        "routing": {f"{name}/*": f"{name}.{{1}}" for name in connections},
        "groups": {"team": {"api_keys": [TEAM_KEY]}},
        **more,
    }
    (folder / "config.toml").write_text(tomli_w.dumps(config))
    (folder / "odd.py").write_text(ODD)
    ended = oai_proxy("check", "--live", *arguments, folder=folder)
    assert "canary" not in ended.stdout
    assert UPSTREAM_KEY not in ended.stdout + ended.stderr
    first, *lines = ended.stdout.splitlines()
    assert first.startswith("config.toml: ok")
    return ended, lines


def up(provider: Provider, **more: Any) -> dict[str, Any]:
    return {"api_base": provider.base_url, "api_key": UPSTREAM_KEY, **more}


def test_a_connection_that_answers_is_ok_with_its_latency_and_models(
    lister: Provider, tmp_path: Path
) -> None:
    ended, lines = live(tmp_path, {"one": up(lister)})

    found = re.fullmatch(OK, lines[0])
    assert found
    assert found.groups() == ("one", "gpt-4o", "models listed: 3")
    assert (ended.returncode, len(lines)) == (0, 1)
    asked = [request.json for request in lister.requests if request.method == "POST"]
    assert asked == [
        {"model": "gpt-4o", "messages": [{"role": "user", "content": "ping"}], "max_tokens": 1}
    ]


@pytest.mark.parametrize(
    ("settings", "more", "model"),
    [
        ({"models": {"gpt-4o": "deployed"}}, {}, "deployed"),
        ({}, {"routing": {"x/*": "one.{1}", "plain": "one.renamed"}}, "renamed"),
        ({}, {"routing": {"plain": "one.*"}}, "plain"),
        ({}, {"routing": {"*": "one.always"}}, "always"),
        ({}, {"default_model": "usual"}, "usual"),
        ({}, {}, "gpt-4o"),
    ],
    ids=["a table", "a plain rule", "a plain name", "a fixed target", "default_model", "the list"],
)
def test_the_model_to_ask_is_the_first_one_known(
    settings: dict[str, Any], more: dict[str, Any], model: str, lister: Provider, tmp_path: Path
) -> None:
    routing = {"routing": {"*": "one.*"}}
    ended, lines = live(tmp_path, {"one": up(lister, **settings)}, **{**routing, **more})

    assert f"one: ok: {model} answered" in lines[0]
    assert len(lister.requests_for(model)) == 1
    assert ended.returncode == 0


def test_each_trouble_is_a_line_with_code_words_and_mend(lister: Provider, tmp_path: Path) -> None:
    lister.on("refused", refusals.key_echo("raw", 401))
    lister.on(
        "limited", refusals.refusal(429, f"{UPSTREAM_KEY} is\n\x1b[31m\tpoor", code="insufficient")
    )
    lister.on("absent", refusals.model_not_found)
    lister.on("nonsense", behaviours.plain({"choices": []}))
    names = ("refused", "limited", "absent", "nonsense")
    with ports.closed_port() as port:
        dead = {"api_base": f"http://127.0.0.1:{port}/v1", "api_key": "any", "models": {"m": "m"}}
        connections = {name: up(lister, models={"m": name}) for name in names} | {"dead": dead}
        ended, lines = live(tmp_path, connections)

    assert ended.returncode == 1
    assert lines == [
        "refused: failed: 502 upstream_auth_error: The provider refused the proxy's own "
        "credential. The operator has to mend it; your key is fine. What to do: check its api_key.",
        "limited: failed: 429 insufficient: [secret] is [31m poor",
        "absent: failed: 404 model_not_found: The model 'absent' does not exist. What to do: name "
        "a model it has in [routing] or its models table; 'absent' was tried.",
        "nonsense: failed: 502 upstream_invalid_response: The provider's answer has no choices. "
        "What to do: check its api_base.",
        "dead: failed: 502 upstream_unreachable: The provider cannot be reached. What to do: check "
        "its api_base, the network and any proxy.",
    ]


def test_connections_are_asked_at_the_same_time_each_under_its_deadline(
    lister: Provider, tmp_path: Path
) -> None:
    gate = Gate()
    names = [f"slow-{number}" for number in range(5)]
    for name in names:
        lister.on(name, behaviours.held(gate))
    connections = {name: up(lister, models={"m": name}) for name in [*names, "quick"]}
    began = time.monotonic()

    ended, lines = live(tmp_path, connections, "--timeout", "5")

    assert time.monotonic() - began < 5 * len(names)
    assert ended.returncode == 1
    assert lines[:5] == [
        f"{name}: failed: No answer within 5 s. What to do: see whether it is up; "
        "--timeout waits longer."
        for name in names
    ]
    assert lines[5].startswith("quick: ok: ")


def test_every_kind_of_connection_is_asked_in_its_own_way(tmp_path: Path) -> None:
    connections = {
        "local": {"api_type": "local"},
        "echo": {"api_type": "function", "inference_func": "odd.echo"},
        "broken": {"api_type": "function", "inference_func": "odd.broken"},
        "odd": {"api_type": "odd.Odd"},
    }

    ended, lines = live(tmp_path, connections)

    assert ended.returncode == 1
    local, echo = (re.fullmatch(OK, line) for line in lines[:2])
    assert local
    assert local.groups() == ("local", "smollm2", "models listed: 1")
    assert echo
    assert echo.groups() == ("echo", "echo", "it lists no models")
    assert lines[2] == "broken: failed: 502 upstream_error: The function behind this model failed."
    assert lines[3].startswith("odd: failed: its code raised ValueError at ")


def test_a_model_that_takes_no_max_tokens_is_asked_in_the_newer_words(
    lister: Provider, tmp_path: Path
) -> None:
    refusal = refusals.refusal(400, "Use the other one", code="unsupported", param="max_tokens")
    lister.on("o3", behaviours.in_turn(refusal, behaviours.good_answer))
    lister.on("never", refusal)
    connections = {name: up(lister, models={"m": name}) for name in ("o3", "never")}

    _, lines = live(tmp_path, connections)

    assert lines[0].startswith("o3: ok: ")
    assert lines[1] == "never: failed: 400 unsupported: Use the other one"
    newer = [request.json or {} for request in lister.requests_for("o3")][1]
    assert "max_tokens" not in newer
    assert newer["max_completion_tokens"] == 16


def test_a_list_that_cannot_be_had_is_said_and_the_answer_counts(tmp_path: Path) -> None:
    with Provider() as provider:
        provider.on("", refusals.status_only(404))
        routing = {"routing": {"m": "one.m"}}
        ended, lines = live(tmp_path, {"one": up(provider)}, **routing)

    assert ended.returncode == 0
    assert lines[0].endswith(
        "; its models cannot be listed: 404 upstream_error: The provider refused the request with "
        "status 404 and gave no reason."
    )


def test_a_list_that_does_not_come_leaves_time_for_the_answer(tmp_path: Path) -> None:
    with Provider() as provider:
        provider.on("", behaviours.held(Gate()))
        routing = {"routing": {"m": "one.m"}}
        ended, lines = live(tmp_path, {"one": up(provider)}, "--timeout", "2", **routing)

    assert ended.returncode == 0
    assert lines[0].endswith("; it did not list its models within 1 s")


def test_without_a_known_model_the_advice_is_to_name_one(tmp_path: Path) -> None:
    with Provider() as provider:
        provider.on("one", refusals.model_not_found)
        ended, lines = live(tmp_path, {"one": up(provider, speaks=["chat"])})

    assert ended.returncode == 1
    assert "What to do: name a model of it in [routing]; none is known" in lines[0]


def test_a_very_long_answer_is_let_go(lister: Provider, tmp_path: Path) -> None:
    lister.on("m", behaviours.plain(answers.chat_answer("x" * 200_000)))

    ended, lines = live(tmp_path, {"one": up(lister, models={"m": "m"})})

    assert (ended.returncode, ended.stderr.count("Unclosed")) == (0, 0)
    assert lines[0].startswith("one: ok: ")


@pytest.mark.parametrize(
    ("arguments", "asked", "code"),
    [((), ["a"], 0), (("--connection", "a"), ["a"], 0), (("--connection", "off"), ["off"], 1)],
    ids=["all", "one", "one that is off"],
)
def test_those_that_are_switched_on_are_asked_or_the_one_that_is_named(
    arguments: tuple[str, ...], asked: list[str], code: int, lister: Provider, tmp_path: Path
) -> None:
    connections = {"a": up(lister), "off": up(lister, enabled=False)}

    ended, lines = live(tmp_path, connections, *arguments)

    assert [line.partition(":")[0] for line in lines] == asked
    assert ended.returncode == code


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--live", "--connection", "ona"), "there is no connection 'ona'; did you mean 'one'?"),
        (("--connection", "one"), "--connection needs --live"),
        (("--live", "--timeout", "0"), "Invalid value for '--timeout'"),
    ],
)
def test_a_wrong_command_line_asks_nobody(
    arguments: tuple[str, ...], words: str, lister: Provider, tmp_path: Path
) -> None:
    live(tmp_path, {"one": up(lister)})
    before = len(lister.requests)

    ended = oai_proxy("check", *arguments, folder=tmp_path)

    assert ended.returncode == 2
    assert words in ended.stderr
    assert len(lister.requests) == before


def test_nothing_switched_on_is_not_fine(lister: Provider, tmp_path: Path) -> None:
    ended, lines = live(tmp_path, {"one": up(lister, enabled=False)})

    assert (ended.returncode, lines) == (1, [])
    assert "no connection is switched on" in ended.stderr


def test_a_check_that_is_not_live_asks_nobody(lister: Provider, tmp_path: Path) -> None:
    live(tmp_path, {"one": up(lister)})
    before = len(lister.requests)

    ended = oai_proxy("check", folder=tmp_path)

    assert ended.returncode == 0
    assert len(lister.requests) == before
