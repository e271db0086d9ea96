"""Where names go, which are listed, and who may ask for them: the same on both."""

from typing import Any

import pytest
from openai import PermissionDeniedError

from tests.conftest import chat
from tests.lm_proxy.asking import asked
from tests.lm_proxy.conftest import Pairs
from tests.lm_proxy.setups import GUEST_KEY, SECOND_GUEST_KEY, TEAM_KEY
from tests.lm_proxy.side import Pair, Side


@pytest.mark.parametrize(
    ("model", "connection", "sent"),
    [
        ("gpt-4.1", "up", "gpt-4.1.mini"),
        ("local", "other", "openai/gpt-oss-20b"),
        ("gpt-late", "up", "gpt-late"),
        ("gpt", "up", "gpt"),
        ("gpt-4.1-x", "up", "gpt-4.1-x"),
        ("team/a/b.c", "other", "team/a/b.c"),
        ("ac", "other", "of.a-set"),
        ("bc", "other", "of.a-set"),
        ("dc", "up", "not-of-the-set"),
        ("v1.2", "up", "v1.2"),
        ("Claude-4", "other", "upper/claude"),
        ("claude-4", "up", "claude-4"),
        ("dot.in.the.end", "other", "dot.in.the.end"),
        ("third/x", "third", "third/x"),
    ],
)
def test_a_name_goes_the_same_way(pair: Pair, model: str, connection: str, sent: str) -> None:
    def seen(side: Side) -> tuple[str, str]:
        assert asked(side, model) == "Hello there"
        return side.led_to()

    assert pair.both(seen) == (connection, sent)


@pytest.mark.parametrize("model", ["zc", "xgpt", "Gpt-4", "v1.23", "third/xy", "TEAM/a", "dot.end"])
def test_a_name_that_no_rule_takes_reaches_no_provider(pair: Pair, model: str) -> None:
    def seen(side: Side) -> tuple[bool, int]:
        before = len(side.provider.requests)
        answer = side.post(TEAM_KEY, chat(model))
        return answer.is_success, len(side.provider.requests) - before

    assert pair.both(seen) == (False, 0)


@pytest.mark.parametrize("key", [TEAM_KEY, GUEST_KEY, SECOND_GUEST_KEY])
@pytest.mark.parametrize("mode", ["main", "ignore_wildcards"])
def test_the_list_of_models_is_the_same_for_every_group(pairs: Pairs, mode: str, key: str) -> None:
    def seen(side: Side) -> Any:
        answer = side.get("/v1/models", key)
        assert answer.status_code == 200
        document = answer.json()
        with side.openai(key) as client:
            assert [model.id for model in client.models.list()] == [
                entry["id"] for entry in document["data"]
            ]
        return {**document, "data": [entry for entry in document["data"] if not shadowed(entry)]}

    listed = [entry["id"] for entry in pairs(mode).both(seen)["data"]]

    assert ("gpt*" in listed) is (mode == "main")
    assert ("local" in listed) is (key == TEAM_KEY)
    assert "gpt-4.1" in listed


def shadowed(entry: dict[str, Any]) -> bool:
    """An earlier rule takes it; `DIFFERENCES` says what becomes of it."""
    return bool(entry["id"] == "gpt-late")


@pytest.mark.parametrize("key", [GUEST_KEY, SECOND_GUEST_KEY])
@pytest.mark.parametrize(("model", "may"), [("open-p", True), ("third/p", True), ("local", False)])
def test_a_group_uses_the_same_connections(pair: Pair, key: str, model: str, may: bool) -> None:
    def seen(side: Side) -> str | None:
        try:
            return asked(side, model, key=key)
        except PermissionDeniedError as error:
            return error.response.reason_phrase

    assert pair.both(seen) == ("Hello there" if may else "Forbidden")
