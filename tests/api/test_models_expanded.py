"""`/v1/models` with `expand_wildcards`: what the providers list, as callers may ask for it."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.conftest import GUEST_KEY, TEAM_KEY, UPSTREAM_KEY, bearer, chat
from tests.harness.errors import assert_refused
from tests.harness.proxy import Proxy
from tests.harness.waiting import until
from tests.provider import behaviours, faults, ports, refusals
from tests.provider.exchange import Behaviour, Gate
from tests.provider.server import Provider

ROUTING: dict[str, Any] = {
    "fast": "openai.gpt-4o-mini",
    "gpt-5": "vllm.big",
    "gpt*": ["hidden.*", "openai.*"],
    "local/*": "vllm.{1}",
    "azure/*": "azure.{1}",
    "dead/*": "dead.{1}",
    "none/*": "none.{1}",
    "off/*": "off.{1}",
    "o3": "openai.*",
    "o?": "openai.*",
}
FOR_THE_TEAM = [
    *("fast", "gpt-5", "gpt-4o", "gpt-4o-mini", "local/qwen", "local/org/phi"),
    *("azure/gpt-4o", "o3", "o4"),
]


def listing(*names: str) -> Behaviour:
    return behaviours.plain({"object": "list", "data": [{"id": name} for name in names]})


class World:
    """Providers that list models, and a proxy in front of them."""

    def __init__(self, stack: ExitStack, folder: Path, **server: Any) -> None:
        self.openai, self.vllm = (stack.enter_context(Provider()) for _ in range(2))
        self.openai.on("", listing("o3", "gpt-4o", "gpt-5", "gpt-4o-mini", "whisper", "o4", "a b"))
        self.vllm.on("", listing("qwen", "org/phi"))
        dead = stack.enter_context(ports.closed_port())
        self.proxy = stack.enter_context(Proxy(self.config(dead, server), folder))
        self.http = stack.enter_context(httpx.Client(base_url=self.proxy.api, timeout=60))

    def config(self, dead: int, server: dict[str, Any]) -> dict[str, Any]:
        openai = {"api_base": self.openai.base_url, "api_key": UPSTREAM_KEY}
        return {
            "host": "127.0.0.1",
            "port": 0,
            "model_listing_mode": "expand_wildcards",
            "model_info": {"local/*": {"family": "ours"}, "local/qwen": {"context": 4096}},
            "connections": {
                "openai": openai,
                "hidden": openai,
                "vllm": {
                    "api_type": "vllm",
                    "api_base": self.vllm.base_url,
                    "timeouts": {"answer_s": 3},
                },
                "azure": {
                    "api_type": "azure",
                    "api_base": f"{self.openai.base_url}/openai/v1",
                    "models": {"gpt-4o": "deployment-1"},
                },
                "dead": {**openai, "api_base": f"http://127.0.0.1:{dead}/v1"},
                "none": {**openai, "speaks": ["chat"]},
                "off": {**openai, "enabled": False},
            },
            "routing": ROUTING,
            "groups": {
                "team": {
                    "api_keys": [TEAM_KEY],
                    "allowed_connections": ["openai", "vllm", "azure", "dead", "none", "off"],
                },
                "guests": {
                    "api_keys": [GUEST_KEY],
                    "allowed_connections": ["openai"],
                    "allowed_models": ["gpt-4*", "o*", "extra", "gpt-new"],
                },
            },
            "server": server,
        }

    def entries(self, key: str = TEAM_KEY, **headers: str) -> dict[str, dict[str, Any]]:
        answer = self.http.get("/models", headers={**bearer(key), **headers})
        assert answer.status_code == 200, answer.text
        found = {entry["id"]: entry for entry in answer.json()["data"]}
        assert len(found) == len(answer.json()["data"])
        return found


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with ExitStack() as stack:
        yield World(stack, tmp_path_factory.mktemp("expanded"))


@pytest.fixture
def forgetful(tmp_path: Path) -> Iterator[World]:
    """A proxy that asks for the lists each time."""
    with ExitStack() as stack:
        yield World(stack, tmp_path, model_list_keep_s=0.001)


def test_wildcards_are_replaced_in_the_order_of_the_rules_by_what_is_listed(world: World) -> None:
    assert list(world.entries()) == FOR_THE_TEAM


def test_an_entry_says_whose_it_is_and_what_the_operator_says_of_rule_and_name(
    world: World,
) -> None:
    entries = world.entries()

    fixed = {"object": "model", "created": 0}
    assert entries["gpt-4o"] == {"id": "gpt-4o", "owned_by": "openai", **fixed}
    assert entries["local/org/phi"]["family"] == "ours"
    assert entries["local/qwen"] == {
        "id": "local/qwen", "owned_by": "vllm", "family": "ours", "context": 4096, **fixed
    }  # fmt: skip


def test_a_caller_sees_only_what_it_may_ask_for(world: World) -> None:
    assert list(world.entries(GUEST_KEY)) == ["gpt-4o", "gpt-4o-mini", "o3", "o4", "gpt-new"]


@pytest.mark.parametrize("key", [TEAM_KEY, GUEST_KEY], ids=["team", "guests"])
def test_every_name_that_is_listed_can_be_described_alike_and_asked(world: World, key: str) -> None:
    for name, entry in world.entries(key).items():
        one = world.http.get(f"/models/{name}", headers=bearer(key))
        answer = world.http.post("/chat/completions", headers=bearer(key), json=chat(name))

        assert one.json() == entry
        assert answer.status_code == 200, answer.text
        assert f"connection={entry['owned_by']};" in answer.headers["x-oai-proxy-route"]


def test_a_pattern_is_no_longer_a_name(world: World) -> None:
    answer = world.http.get("/models/gpt%2A", headers=bearer(TEAM_KEY))

    assert_refused(answer, 400, "invalid_model_name", "model")


def test_a_connection_that_is_not_the_caller_s_or_has_no_list_is_not_asked(world: World) -> None:
    world.entries()

    asked = [request for request in world.openai.requests if request.method == "GET"]
    assert len(asked) == 1


def test_nothing_of_the_client_goes_to_the_provider(forgetful: World) -> None:
    forgetful.entries(cookie="mine=1", **{"user-agent": "mine/1", "session-id": "mine"})

    (asked,) = forgetful.openai.requests
    assert asked.header("authorization") == f"Bearer {UPSTREAM_KEY}"
    assert "mine" not in str(asked.headers)
    assert TEAM_KEY not in str(asked.headers)


def test_many_callers_at_once_cost_a_provider_one_question(tmp_path: Path) -> None:
    gate = Gate()
    with ExitStack() as stack:
        world = World(stack, tmp_path)
        world.openai.on("", behaviours.held(gate, listing("gpt-4o")))
        with ThreadPoolExecutor(8) as pool:
            answers = [pool.submit(world.entries) for _ in range(8)]
            until(lambda: world.proxy.log("a provider did not list its models"), "the dead one")
            until(lambda: world.openai.requests, "the question")
            gate.open()
            found = [list(answer.result()) for answer in answers]

        assert len(world.openai.requests) == 1
        assert all("gpt-4o" in names for names in found)


@pytest.mark.parametrize(
    "failure",
    [
        behaviours.held(Gate()),
        faults.reset_after_request,
        refusals.unauthorized,
        refusals.redirect("http://127.0.0.1:9/v1/models"),
        behaviours.plain(b"<html>"),
    ],
    ids=["slow", "broken", "refuses", "redirects", "nonsense"],
)
def test_a_provider_that_fails_keeps_the_list_it_gave_and_costs_nobody_else_s(
    failure: Behaviour, forgetful: World
) -> None:
    before = list(forgetful.entries())
    forgetful.vllm.on("", failure)
    forgetful.openai.on("", listing("gpt-new"))

    after = list(forgetful.entries())

    assert before == FOR_THE_TEAM
    assert after == [
        *("fast", "gpt-5", "gpt-new", "local/qwen", "local/org/phi", "azure/gpt-4o", "o3")
    ]
    said = until(
        lambda: [
            line
            for line in forgetful.proxy.log("a provider did not list its models")
            if line["connection"] == "vllm"
        ],
        "a word about it",
    )
    assert [line["still_listed"] for line in said] == [2]


@pytest.mark.parametrize("form", refusals.KEY_FORMS)
def test_a_key_that_a_provider_repeats_is_nowhere_to_be_read(form: str, forgetful: World) -> None:
    forgetful.openai.on("", refusals.key_echo(form, 400))

    answer = forgetful.http.get("/models", headers=bearer(TEAM_KEY))

    until(lambda: forgetful.proxy.log("a provider did not list its models"), "a word about it")
    shown = refusals.KEY_FORMS[form](UPSTREAM_KEY)
    assert answer.status_code == 200
    assert shown not in "".join([answer.text, *forgetful.proxy.stderr])
    assert UPSTREAM_KEY not in "".join(forgetful.proxy.stderr)


def test_a_provider_that_never_answered_is_left_out_and_told_once(world: World) -> None:
    found = [name for name in world.entries() if name.startswith("dead")]
    world.entries()

    (said,) = until(
        lambda: [
            line
            for line in world.proxy.log("a provider did not list its models")
            if line["connection"] == "dead"
        ],
        "a word about it",
    )
    assert found == []
    assert said["code"] == "upstream_unreachable"
