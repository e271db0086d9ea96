"""Rows M, the names: what a client may ask for.

The rows about routes and groups stand in test_model_access.py, M016 in tests/routing. The prefixes
that M002 refuses are LiteLLM's; on the relay lane a name is a field of the body and nothing else.
"""

import time
import timeit
from pathlib import Path
from typing import Any

import httpx
import pytest
import tomli_w

from lmproxy.assembly import assemble
from lmproxy.config import load_config
from lmproxy.patterns import Pattern
from lmproxy.problems import ConfigError
from lmproxy.routing.names import LONGEST
from tests.conftest import base_config, chat
from tests.harness.errors import assert_refused
from tests.harness.proxy import Proxy
from tests.provider.server import Provider

KEY_LIKE_A_NAME = "another-key-of-a-client"
RESPONSES = pytest.param(
    "responses/",
    marks=pytest.mark.relay_only("LiteLLM would ask another API, so the lanes refuse the name"),
)


@pytest.mark.parametrize(
    "prefix", ["openai/", "openai.", "anthropic/", "azure/", "bedrock/", "litellm_proxy/",
               RESPONSES, "hasty.", "up.", "other."],
)  # fmt: skip
def test_M002_a_provider_s_name_before_the_model_means_nothing(
    guest: httpx.Client, provider: Provider, prefix: str
) -> None:
    model = f"{prefix}m002"

    answer = guest.post("/chat/completions", json=chat(model))

    assert answer.status_code == 200
    assert [seen.path for seen in provider.requests_for(model)] == ["/v1/chat/completions"]
    assert 'rule="*"; connection=up' in answer.headers["x-oai-proxy-route"]


@pytest.mark.parametrize(
    "model",
    ["../m003", "a/../m003", "%2e%2e/m003", "..%2fm003", "//m003", "m003//x", "m003?y=1", "m003#y",
     "m003;y", "\\m003", "m003\\x", "/m003", "m003/", "m003..", ".m003", "-m003", "m003 x", " m003",
     "m003 ", "https://evil.example/m003?x"],
)  # fmt: skip
def test_M003_a_name_that_could_climb_or_cut_a_path_is_refused(
    team: httpx.Client, provider: Provider, model: str
) -> None:
    answer = team.post("/chat/completions", json=chat(model))

    assert_refused(answer, 400, "invalid_model_name", "model")
    assert provider.requests_for(model) == []


@pytest.mark.parametrize(
    "model",
    ["m004\r\nx: y", "m004\n", "m004\0", "m\t004", "m\u200b004", "\ufeffm004", "m\u202e004",
     "\uff4d004", "m\u043e04", "m\u0660\u0660\u0664", "m004\u00aa", "m004\U0001f600", "m004\u0301",
     "\u2126m004", "m004\x7f", "m004\x1b[2J"],
    ids=ascii,
)  # fmt: skip
def test_M004_a_name_that_looks_like_another_is_refused(
    team: httpx.Client, provider: Provider, model: str
) -> None:
    answer = team.post("/chat/completions", json=chat(model))

    assert_refused(answer, 400, "invalid_model_name", "model")
    assert provider.requests_for(model) == []


@pytest.mark.parametrize("model", ["*", "m006-*", "[a-z]*", "?", "m006[!x]", "m006?", "{1}"])
def test_M006_a_client_s_name_is_never_a_pattern(
    team: httpx.Client, provider: Provider, model: str
) -> None:
    answer = team.post("/chat/completions", json=chat(model))

    assert_refused(answer, 400, "invalid_model_name", "model")
    assert provider.requests_for(model) == []


@pytest.mark.parametrize(
    ("model", "code"),
    [
        pytest.param(1, "invalid_type", id="number"),
        pytest.param(True, "invalid_type", id="bool"),
        pytest.param(["m011"], "invalid_type", id="list"),
        pytest.param({"m011": 1}, "invalid_type", id="object"),
        pytest.param("m" * 129, "invalid_model_name", id="129 characters"),
        pytest.param("m011" * 250_000, "invalid_model_name", id="1 MB"),
        pytest.param("", "missing_required_parameter", id="empty"),
        pytest.param(None, "missing_required_parameter", id="null"),
    ],
)
def test_M011_a_model_that_is_no_name_is_refused(
    team: httpx.Client, proxy: Proxy, model: object, code: str
) -> None:
    answer = team.post("/chat/completions", json={**chat("-"), "model": model})

    assert_refused(answer, 400, code, "model")
    assert len(answer.content) < 1000
    asked = proxy.record(id=answer.headers["x-request-id"])["model_asked"]
    assert asked is None or len(asked) <= 512


def test_M011_the_longest_name_is_a_name(team: httpx.Client, provider: Provider) -> None:
    longest = "m011-" + "x" * 123

    answer = team.post("/chat/completions", json=chat(longest))

    assert answer.status_code == 200
    assert len(provider.requests_for(longest)) == 1


@pytest.mark.parametrize("length", [128, 3000])
@pytest.mark.parametrize("end", ["a", "b"], ids=["not matching", "matching"])
def test_M017_a_pattern_of_many_stars_is_matched_at_once(length: int, end: str) -> None:
    pattern = Pattern("a*" * 8 + "b")
    name = "a" * (length - 1) + end

    took_s = min(
        timeit.repeat(lambda: pattern.matches(name), timer=time.thread_time, number=1, repeat=5)
    )

    assert pattern.matches(name) is (end == "b")
    # At worst the square of the length: 30 µs for the longest name, 5 ms for 3,000 characters.
    # What goes back at each of eight stars takes years.
    assert took_s < (0.005 if length == LONGEST else 0.1)


@pytest.mark.parametrize(("stars", "accepted"), [(8, True), (9, False), (20, False)])
def test_M017_a_pattern_has_at_most_eight_stars(
    provider: Provider, tmp_path: Path, stars: int, accepted: bool
) -> None:
    pattern = "a*" * stars
    config = {**base_config(provider), "routing": {pattern: "up.*"}}
    config["groups"]["guests"]["allowed_models"] = [pattern]

    problems = problems_of(config, tmp_path)

    wrong = [f"routing.{pattern}", "groups.guests.allowed_models.0"]
    assert problems == ({} if accepted else dict.fromkeys(wrong, "has more than 8 stars"))


def problems_of(config: dict[str, Any], folder: Path) -> dict[str, str]:
    """What is wrong with a config, by key path."""
    file = folder / "proxy.toml"
    file.write_text(tomli_w.dumps(config))
    try:
        assemble(load_config(file))
    except ConfigError as error:
        return {problem.where: problem.message for problem in error.problems}
    return {}


@pytest.mark.parametrize(
    ("default", "message"),
    [("m011 x", "is not a model name"), ("", "is not a model name"),
     ("m011-unrouted", "no rule of [routing] takes it")],
)  # fmt: skip
def test_M011_a_default_model_that_could_not_be_used_is_an_error_at_start(
    provider: Provider, tmp_path: Path, default: str, message: str
) -> None:
    config = {**base_config(provider), "default_model": default, "routing": {"m011": "up.*"}}

    assert problems_of(config, tmp_path) == {"default_model": message}


def test_M017_a_name_of_3000_characters_is_refused(team: httpx.Client, provider: Provider) -> None:
    answer = team.post("/chat/completions", json=chat("m017" * 750))

    assert_refused(answer, 400, "invalid_model_name", "model")
    assert provider.requests_for("m017" * 750) == []


def test_a_key_in_place_of_the_model_s_name_reaches_no_provider(
    team: httpx.Client, provider: Provider
) -> None:
    model = f"m-{KEY_LIKE_A_NAME}"

    answer = team.post(
        "/chat/completions", json=chat(model), headers={"x-api-key": KEY_LIKE_A_NAME}
    )

    assert answer.status_code == 404
    assert KEY_LIKE_A_NAME not in answer.text
    assert provider.requests_for(model) == []
