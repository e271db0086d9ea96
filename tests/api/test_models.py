"""`/v1/models`: what the caller may use, in the order of the rules, and nothing else."""

from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import anthropic
import httpx
import pytest

from tests.api.conftest import rich_config
from tests.conftest import GUEST_KEY, TEAM_KEY, bearer, chat
from tests.harness.errors import assert_refused
from tests.harness.proxy import Proxy
from tests.provider.server import Provider


@pytest.fixture(scope="module")
def plain(provider: Provider, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Proxy]:
    """A proxy that lists no wildcards, for whom it does not know, too."""
    config = rich_config(provider)
    config["model_listing_mode"] = "ignore_wildcards"
    config["allow_anonymous"] = True
    config["groups"]["default"] = {"allowed_models": ["gpt-4", "anonymous-*", "off-or-up"]}
    with Proxy(config, tmp_path_factory.mktemp("plain")) as running:
        yield running


def listed(http: httpx.Client, proxy: Proxy, key: str) -> dict[str, dict[str, Any]]:
    answer = http.get(f"{proxy.api}/models", headers=bearer(key))
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/json"
    document = answer.json()
    assert document["object"] == "list"
    entries = {entry["id"]: entry for entry in document["data"]}
    assert len(entries) == len(document["data"])
    return entries


def test_models_are_listed_in_the_order_of_the_rules(http: httpx.Client, rich: Proxy) -> None:
    names = list(listed(http, rich, TEAM_KEY))

    assert names == [
        "gpt-4", "theirs", "gpt*", "gpt-late", "org/team/*", "single/*", "limit/*", "[xy]z",
        "off-or-up", "mapped-a", "mapped/*",
    ]  # fmt: skip


def test_an_entry_has_openai_s_fields_and_those_of_model_info(
    http: httpx.Client, rich: Proxy
) -> None:
    entries = listed(http, rich, TEAM_KEY)

    fixed = {"object": "model", "created": 0}
    assert entries["single/*"] == {"id": "single/*", "owned_by": "single", **fixed}
    assert entries["gpt-4"] == {
        "id": "gpt-4", "owned_by": "openai", "context_window": 8192, **fixed
    }  # fmt: skip
    assert entries["gpt*"] == {"id": "gpt*", "owned_by": "other", "family": "gpt", **fixed}


def test_a_plain_name_belongs_to_the_rule_that_takes_it(http: httpx.Client, rich: Proxy) -> None:
    entries = listed(http, rich, TEAM_KEY)

    assert entries["gpt-late"]["owned_by"] == "other"


def test_a_group_sees_what_leads_to_its_connections(http: httpx.Client, rich: Proxy) -> None:
    mine, theirs = listed(http, rich, TEAM_KEY), listed(http, rich, GUEST_KEY)

    assert set(mine) - set(theirs) == {"theirs"}
    assert theirs["gpt*"]["owned_by"] == "up"
    assert theirs["gpt-late"]["owned_by"] == "up"


def test_a_group_sees_the_names_it_was_given_even_behind_a_wildcard(narrow: httpx.Client) -> None:
    entries = {entry["id"]: entry for entry in narrow.get("/models").json()["data"]}

    assert list(entries) == ["gpt-4", "org/team/*", "gpt-4o"]
    assert entries["gpt-4o"]["owned_by"] == "other"
    assert entries["gpt-4o"]["context_window"] == 128_000


def test_what_is_switched_off_is_not_listed_and_says_so_when_asked(
    http: httpx.Client, rich: Proxy, provider: Provider
) -> None:
    entries = listed(http, rich, TEAM_KEY)
    url, headers = f"{rich.api}/chat/completions", bearer(TEAM_KEY)

    for name in ("off-model", "off/x"):
        answer = http.post(url, headers=headers, json=chat(name))

        assert name not in entries
        assert_refused(answer, 503, "connection_disabled")
        assert provider.requests_for(name) == []


def test_the_next_target_stands_in_for_one_that_is_switched_off(
    http: httpx.Client, rich: Proxy
) -> None:
    url, headers = f"{rich.api}/chat/completions", bearer(TEAM_KEY)

    answer = http.post(url, headers=headers, json=chat("off-or-up"))

    assert answer.status_code == 200
    assert "connection=up" in answer.headers["x-oai-proxy-route"]


def test_a_connection_with_a_table_of_models_has_only_those(
    http: httpx.Client, rich: Proxy, provider: Provider
) -> None:
    url, headers = f"{rich.api}/chat/completions", bearer(TEAM_KEY)

    known = http.post(url, headers=headers, json=chat("mapped-a"))
    unknown = http.post(url, headers=headers, json=chat("mapped-b"))

    assert known.status_code == 200
    assert len(provider.requests_for("deployment-a")) == 1
    assert_refused(unknown, 404, "model_not_found", "model")
    assert "mapped-b" not in listed(http, rich, TEAM_KEY)


@pytest.mark.parametrize("safe", ["/", ""], ids=["slashes", "encoded slashes"])
@pytest.mark.parametrize(
    ("name", "owner"),
    [("gpt-4", "openai"), ("gpt-4o", "up"), ("org/team/a/b", "up"), ("off-or-up", "up"),
     ("xz", "up"), ("org/team/models/x", "up")],
)  # fmt: skip
def test_one_model_is_found_as_a_request_for_it_would(
    http: httpx.Client, rich: Proxy, name: str, owner: str, safe: str
) -> None:
    answer = http.get(f"{rich.api}/models/{quote(name, safe=safe)}", headers=bearer(GUEST_KEY))

    assert answer.status_code == 200
    assert answer.json()["id"] == name
    assert answer.json()["owned_by"] == owner
    record = rich.record(id=answer.headers["x-request-id"])
    assert (record["operation"], record["model_asked"]) == ("models", name)


@pytest.mark.parametrize(
    ("name", "status", "code"),
    [
        ("theirs", 403, "model_not_allowed"),
        ("unrouted", 404, "model_not_found"),
        ("off-model", 503, "connection_disabled"),
        ("mapped-b", 404, "model_not_found"),
        ("a//b", 400, "invalid_model_name"),
        ("nothing*", 400, "invalid_model_name"),
        ("", 404, "unknown_url"),
    ],
)
def test_one_model_that_a_request_would_not_get_is_refused_alike(
    http: httpx.Client, rich: Proxy, name: str, status: int, code: str
) -> None:
    answer = http.get(f"{rich.api}/models/{quote(name)}", headers=bearer(GUEST_KEY))

    assert answer.status_code == status
    assert answer.json()["error"]["code"] == code


def test_a_listed_pattern_can_be_asked_for_by_its_name(narrow: httpx.Client) -> None:
    mine = narrow.get("/models/org%2Fteam%2F%2A")
    theirs = narrow.get("/models/gpt%2A")

    assert mine.json()["id"] == "org/team/*"
    assert_refused(theirs, 400, "invalid_model_name", "model")


@pytest.mark.parametrize("path", ["/models", "/models/gpt-4"])
def test_models_are_for_callers_with_a_key(http: httpx.Client, rich: Proxy, path: str) -> None:
    answer = http.get(rich.api + path)

    assert_refused(answer, 401, "invalid_api_key")


def test_plain_names_only_are_listed_where_wildcards_are_ignored(
    http: httpx.Client, plain: Proxy
) -> None:
    names = list(listed(http, plain, TEAM_KEY))
    hidden = http.get(f"{plain.api}/models/gpt%2A", headers=bearer(TEAM_KEY))
    taken = http.get(f"{plain.api}/models/gpt-4o", headers=bearer(TEAM_KEY))

    assert names == ["gpt-4", "theirs", "gpt-late", "[xy]z", "off-or-up", "mapped-a"]
    assert_refused(hidden, 400, "invalid_model_name", "model")
    assert taken.json()["id"] == "gpt-4o"


def test_anonymous_callers_see_and_use_what_their_group_may(
    http: httpx.Client, plain: Proxy
) -> None:
    entries = http.get(f"{plain.api}/models").json()["data"]
    mine = http.post(f"{plain.api}/chat/completions", json=chat("gpt-4"))
    theirs = http.post(f"{plain.api}/chat/completions", json=chat("gpt-4o"))

    assert [entry["id"] for entry in entries] == ["gpt-4", "off-or-up"]
    assert mine.status_code == 200
    assert_refused(theirs, 403, "model_not_allowed", "model")
    record = plain.record(id=mine.headers["x-request-id"])
    assert (record["group"], record["key_id"], record["owner"]) == ("default", None, None)


@pytest.mark.parametrize(("key", "status"), [(TEAM_KEY, 200), ("not-a-key", 401)])
def test_a_key_that_is_sent_is_judged_where_none_is_needed(
    http: httpx.Client, plain: Proxy, key: str, status: int
) -> None:
    answer = http.get(f"{plain.api}/models/theirs", headers=bearer(key))

    assert answer.status_code == status


ALL = ["gpt-4", "theirs", "gpt*", "gpt-late", "org/team/*", "single/*", "limit/*", "[xy]z",
       "off-or-up", "mapped-a", "mapped/*"]  # fmt: skip


@pytest.mark.parametrize(
    ("query", "ids", "has_more"),
    [
        ({}, ALL, False),
        ({"limit": "1"}, ALL[:1], True),
        ({"limit": "11"}, ALL, False),
        ({"limit": "2", "after_id": "gpt*"}, ALL[3:5], True),
        ({"limit": "2", "after_id": "off-or-up"}, ALL[9:], False),
        ({"after_id": "mapped/*"}, [], False),
        ({"limit": "2", "before_id": "gpt-late"}, ALL[1:3], True),
        ({"limit": "9", "before_id": "gpt-late"}, ALL[:3], False),
        ({"before_id": "gpt-4"}, [], False),
    ],
)
def test_anthropic_s_clients_get_the_page_they_ask_for(
    http: httpx.Client, rich: Proxy, query: dict[str, str], ids: list[str], *, has_more: bool
) -> None:
    headers = {**bearer(TEAM_KEY), "anthropic-version": "2023-06-01"}

    page = http.get(f"{rich.api}/models", params=query, headers=headers).json()

    assert [entry["id"] for entry in page["data"]] == ids
    assert page["has_more"] is has_more
    assert (page["first_id"], page["last_id"]) == (ids[0], ids[-1]) if ids else (None, None)


@pytest.mark.parametrize(
    ("query", "param"),
    [
        ({"limit": "0"}, "limit"),
        ({"limit": "1001"}, "limit"),
        ({"limit": "²"}, "limit"),
        ({"limit": "many"}, "limit"),
        ({"after_id": "nothing"}, "after_id"),
        ({"before_id": "nothing"}, "before_id"),
        ({"before_id": "gpt-4", "after_id": "gpt-4"}, "before_id"),
    ],
)
def test_a_page_that_cannot_be_is_refused(
    http: httpx.Client, rich: Proxy, query: dict[str, str], param: str
) -> None:
    headers = {**bearer(TEAM_KEY), "anthropic-version": "2023-06-01"}

    answer = http.get(f"{rich.api}/models", params=query, headers=headers)

    assert answer.status_code == 400
    assert answer.json()["error"]["type"] == "invalid_request_error"
    assert f"'{param}'" in answer.json()["error"]["message"]


def test_openai_s_clients_get_the_whole_list_whatever_they_ask(
    http: httpx.Client, rich: Proxy
) -> None:
    answer = http.get(f"{rich.api}/models", params={"limit": "1"}, headers=bearer(TEAM_KEY))

    assert [entry["id"] for entry in answer.json()["data"]] == ALL


def test_every_page_of_the_list_is_read_by_anthropics_own_client(rich: Proxy) -> None:
    with anthropic.Anthropic(base_url=rich.url, api_key=TEAM_KEY) as client:
        names = [model.id for model in client.models.list(limit=3)]

    assert names == ALL
