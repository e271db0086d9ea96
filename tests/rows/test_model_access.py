"""Rows M, the access: which rule takes a name, and that none leads around what a group may use."""

import subprocess
import sys
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import httpx
import pytest

from tests.conftest import GUEST_KEY, TEAM_KEY, base_config, bearer, chat
from tests.harness.errors import assert_refused
from tests.harness.proxy import Proxy, process_environment
from tests.provider.server import Provider

NARROW_KEY = "narrow-key-0123456789abcdef01"


@pytest.fixture(scope="module")
def named(provider: Provider, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Proxy]:
    """Named rules only, in an order that matters."""
    config = base_config(provider)
    config["routing"] = {
        "m005": "up.m005",
        "m008-exact": "up.m008-first",
        "m008-*": "up.m008-general/{1}",
        "m008-late": "other.m008-never",
        "m008?b": "up.m008-question",
        "m008[a]b": "up.m008-never",
        "m012/*": "up.{1}",
        "m012-theirs": "other.*",
    }
    with Proxy(config, tmp_path_factory.mktemp("named")) as running:
        yield running


@pytest.fixture(scope="module")
def catching(provider: Provider, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Proxy]:
    """A catch-all, a default model, and a group that may use neither its connection nor it."""
    config = base_config(provider)
    config["default_model"] = "m011-default"
    config["routing"] = {"m007/both/*": ["up.{1}", "other.{1}"], "*": "up.*"}
    config["groups"]["guests"]["allowed_connections"] = ["other"]
    narrow = {"api_keys": [NARROW_KEY], "allowed_models": ["m007-mine", "m007/*"]}
    config["groups"]["narrow"] = narrow
    with Proxy(config, tmp_path_factory.mktemp("catching")) as running:
        yield running


def ask(http: httpx.Client, proxy: Proxy, key: str, **body: Any) -> httpx.Response:
    url = f"{proxy.api}/chat/completions"
    return http.post(url, headers=bearer(key), json={**chat("-"), **body})


@pytest.mark.parametrize("stream", [False, True], ids=["plain", "streamed"])
def test_M001_a_model_of_a_forbidden_connection_is_refused_untouched(
    guest: httpx.Client, proxy: Proxy, provider: Provider, stream: bool
) -> None:
    answer = guest.post("/chat/completions", json=chat("other/m001", stream=stream))

    assert_refused(answer, 403, "model_not_allowed", "model")
    assert provider.requests_for("m001") == []
    record = proxy.record(id=answer.headers["x-request-id"])
    assert (record["group"], record["rule"]) == ("guests", "other/*")
    assert (record["connection"], record["attempts"]) == (None, [])


@pytest.mark.parametrize("model", ["M005", "m005x", "xm005", "m00"])
def test_M005_a_name_is_taken_to_the_letter(
    http: httpx.Client, named: Proxy, provider: Provider, model: str
) -> None:
    answer = ask(http, named, TEAM_KEY, model=model)

    assert_refused(answer, 404, "model_not_found", "model")
    assert provider.requests_for(model) == []
    assert ask(http, named, TEAM_KEY, model="m005").status_code == 200


@pytest.mark.parametrize("model", ["m007", "other/m007", "other.m007"])
def test_M007_a_catch_all_leads_nobody_around_its_connections(
    http: httpx.Client, catching: Proxy, provider: Provider, model: str
) -> None:
    answer = ask(http, catching, GUEST_KEY, model=model)

    assert_refused(answer, 403, "model_not_allowed", "model")
    assert provider.requests_for(model) == []


def test_M007_the_first_target_that_is_permitted_is_taken(
    http: httpx.Client, catching: Proxy, provider: Provider
) -> None:
    asked = [ask(http, catching, key, model="m007/both/x007") for key in (GUEST_KEY, TEAM_KEY)]

    routes = [answer.headers["x-oai-proxy-route"] for answer in asked]
    assert [route.split("; ")[1] for route in routes] == ["connection=other", "connection=up"]
    assert len(provider.requests_for("x007")) == 2


def test_M007_allowed_models_looks_at_the_name_asked_not_at_the_provider_s(
    http: httpx.Client, catching: Proxy, provider: Provider
) -> None:
    mine = [ask(http, catching, NARROW_KEY, model=name) for name in ("m007-mine", "m007/both/y007")]
    theirs = ask(http, catching, NARROW_KEY, model="y007")

    assert [answer.status_code for answer in mine] == [200, 200]
    assert_refused(theirs, 403, "model_not_allowed", "model")
    assert len(provider.requests_for("y007")) == 1


@pytest.mark.parametrize(
    ("asked", "sent", "rule"),
    [
        ("m008-exact", "m008-first", "m008-exact"),
        ("m008-x/y", "m008-general/x/y", "m008-*"),
        ("m008-late", "m008-general/late", "m008-*"),
        ("m008ab", "m008-question", "m008?b"),
    ],
)
def test_M008_the_first_rule_that_matches_wins_whatever_its_length(
    http: httpx.Client, named: Proxy, provider: Provider, asked: str, sent: str, rule: str
) -> None:
    answer = ask(http, named, TEAM_KEY, model=asked)

    assert answer.status_code == 200
    assert provider.requests_for(sent)
    record = named.record(id=answer.headers["x-request-id"])
    assert (record["model_asked"], record["model_used"], record["rule"]) == (asked, sent, rule)


def test_M008_check_warns_of_a_rule_that_an_earlier_one_hides(named: Proxy) -> None:
    command = [sys.executable, "-m", "lmproxy", "check", "--config", str(named.config_file)]

    run = subprocess.run(
        command, capture_output=True, text=True, env=process_environment({}), check=False
    )

    hidden = [line for line in run.stderr.splitlines() if "is never used" in line]
    assert run.returncode == 0, run.stderr
    assert len(hidden) == 1, run.stderr
    assert "routing.m008-late: is never used: 'm008-*'" in hidden[0]


@pytest.mark.parametrize("model", [{}, {"model": None}, {"model": ""}], ids=str)
def test_M011_the_default_model_is_for_requests_that_name_none(
    http: httpx.Client, catching: Proxy, provider: Provider, model: dict[str, Any]
) -> None:
    before = len(provider.requests_for("m011-default"))
    body = {**chat("-"), "model": None} if model else {"messages": chat("-")["messages"]}

    answer = http.post(
        f"{catching.api}/chat/completions", headers=bearer(TEAM_KEY), json={**body, **model}
    )

    assert answer.status_code == 200
    assert len(provider.requests_for("m011-default")) == before + 1
    record = catching.record(id=answer.headers["x-request-id"])
    assert record["model_asked"] == "m011-default"


def test_M011_the_default_model_is_for_who_may_use_it(
    http: httpx.Client, catching: Proxy, provider: Provider
) -> None:
    before = len(provider.requests_for("m011-default"))

    answer = ask(http, catching, GUEST_KEY, model="")

    assert_refused(answer, 403, "model_not_allowed", "model")
    assert len(provider.requests_for("m011-default")) == before


def test_M012_every_plain_name_listed_is_answered_and_no_other(
    http: httpx.Client, named: Proxy
) -> None:
    listed = http.get(f"{named.api}/models", headers=bearer(GUEST_KEY)).json()["data"]
    names = [entry["id"] for entry in listed]
    plain = [name for name in names if not any(char in name for char in "*?[")]

    asked = {name: ask(http, named, GUEST_KEY, model=name).status_code for name in plain}

    assert names == ["m005", "m008-exact", "m008-*", "m008-late", "m008?b", "m008[a]b", "m012/*"]
    assert asked == dict.fromkeys(["m005", "m008-exact", "m008-late"], 200)


@pytest.mark.parametrize("safe", ["/", ""], ids=["slashes", "encoded slashes"])
@pytest.mark.parametrize(
    ("name", "status"),
    [("m012/a/b", 200), ("m005", 200), ("m012-theirs", 403), ("m012", 404), ("m012//x", 400)],
)
def test_M012_one_model_is_described_as_a_request_for_it_would_end(
    http: httpx.Client, named: Proxy, name: str, status: int, safe: str
) -> None:
    url = f"{named.api}/models/{quote(name, safe=safe)}"

    described = http.get(url, headers=bearer(GUEST_KEY))

    assert described.status_code == status
    assert ask(http, named, GUEST_KEY, model=name).status_code == status
    if status == 200:
        assert described.json()["id"] == name


def test_M013_a_model_named_outside_the_body_is_not_looked_at(
    proxy: Proxy, http: httpx.Client, provider: Provider
) -> None:
    answer = http.post(
        f"{proxy.api}/chat/completions?model=other/m013-query&deployment=other/m013-query",
        headers={**bearer(GUEST_KEY), "x-model": "other/m013-header", "model": "other/m013-header"},
        json=chat("m013", deployment_id="other/m013-body", metadata={"model": "other/m013-body"}),
    )

    assert answer.status_code == 200
    assert [seen.path for seen in provider.requests_for("m013")] == ["/v1/chat/completions"]
    assert proxy.record(id=answer.headers["x-request-id"])["model_asked"] == "m013"


@pytest.mark.parametrize(
    "path",
    ["/deployments/m013/chat/completions", "/engines/m013/completions", "/chat/completions/m013"],
)
def test_M013_a_model_in_the_path_is_no_path_of_ours(
    team: httpx.Client, provider: Provider, path: str
) -> None:
    answer = team.post(path, json=chat("m013-path"))

    assert_refused(answer, 404, "unknown_url")
    assert provider.requests_for("m013-path") == []
