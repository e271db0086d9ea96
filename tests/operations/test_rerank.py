"""Rerank: in Cohere's form, at both of its paths."""

import json
from typing import Any

import httpx
import pytest

from tests.conftest import TEAM_KEY, bearer
from tests.harness.proxy import Proxy
from tests.operations.asking import RANKING, REQUESTS, ask
from tests.provider.behaviours import plain
from tests.provider.server import Provider

FIELDS: dict[str, Any] = {"top_n": 1, "return_documents": True, "max_tokens_per_doc": 64}


@pytest.mark.parametrize("path", ["/v1/rerank", "/v2/rerank"])
def test_both_of_coheres_paths_are_answered(
    operations: Proxy, provider: Provider, http: httpx.Client, path: str
) -> None:
    name = f"path-{path[1:3]}"
    provider.on(name, plain(RANKING))
    body = {"model": f"relay/{name}", **REQUESTS["rerank"]}

    answer = http.post(operations.url + path, json=body, headers=bearer(TEAM_KEY))

    assert answer.json() == RANKING
    record = operations.record(id=answer.headers["x-request-id"])
    assert (record["operation"], record["path"]) == ("rerank", path)
    (sent,) = provider.requests_for(name)
    assert sent.path == "/v1/rerank"


def test_the_fields_that_a_provider_takes_go_on_and_the_others_are_named(
    provider: Provider, client: httpx.Client
) -> None:
    provider.on("ranking-fields", plain(RANKING))

    answer = ask(client, "rerank", "ranking/ranking-fields", **FIELDS, priority=1)

    assert answer.status == 200, answer.body
    (sent,) = provider.requests_for("ranking-fields")
    assert sent.json is not None
    assert {name: sent.json.get(name) for name in FIELDS} == FIELDS
    assert answer.headers["x-oai-proxy-dropped-params"] == "priority"


@pytest.mark.parametrize(
    ("usage", "tokens"),
    [
        ({"usage": {"total_tokens": 5}}, 5),
        ({"usage": {"prompt_tokens": 5, "total_tokens": 6}}, 6),
        ({"meta": {"tokens": {"input_tokens": 7}}}, 7),
        ({"meta": {"billed_units": {"search_units": 1}}}, None),
        ({"usage": 7, "meta": []}, None),
    ],
    ids=str,
)
def test_the_tokens_that_were_read_are_recorded_wherever_they_stand(
    operations: Proxy, provider: Provider, client: httpx.Client, usage: Any, tokens: int | None
) -> None:
    name = f"read-{len(str(usage))}"
    provider.on(name, plain({"results": RANKING["results"], **usage}))

    answer = ask(client, "rerank", f"relay/{name}")

    record = operations.record(id=answer.id)
    counted = (record["usage"]["prompt_tokens"], record["usage"]["source"])
    assert counted == ((tokens, "provider") if tokens else (3, "estimated"))


def test_an_answer_without_results_is_none(provider: Provider, client: httpx.Client) -> None:
    provider.on("no-results", plain({"id": "x", "results": []}))

    answer = ask(client, "rerank", "ranking/no-results")
    wanted = ask(client, "rerank", "ranking/no-results", top_n=0)

    assert (answer.status, answer.error["code"]) == (502, "upstream_invalid_response")
    assert json.loads(wanted.body)["results"] == []
