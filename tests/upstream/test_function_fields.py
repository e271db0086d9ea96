"""Which parameters of an operator's function a client may fill, and what becomes of the others."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import anthropic
import httpx
import openai
import pytest

from tests.conftest import TEAM_KEY, bearer, chat
from tests.harness import configs, patient
from tests.harness.errors import assert_refused
from tests.harness.proxy import Proxy
from tests.upstream.parameters import DROPPED

MODULE = """
import json

def told(**fields):
    return json.dumps(fields, sort_keys=True)

def named(prompt, db_path="/srv/x.db", temperature=1.0, *, tenant="nobody"):
    return told(db_path=db_path, temperature=temperature, tenant=tenant)

def open_to_all(prompt, db_path="/srv/x.db", **fields):
    return told(db_path=db_path, fields=sorted(fields))

async def alone(messages, model, db_path="/srv/x.db", seed=None):
    return told(db_path=db_path, seed=seed)

class Own:
    async def __call__(self, messages, db_path="/srv/x.db", top_k=0):
        return told(db_path=db_path, top_k=top_k)

def needs(prompt, tenant):
    return told(tenant=tenant)

class Handler:
    def __call__(self, ctx):
        if ctx.model == "handled":
            ctx.llm_params["db_path"] = "/srv/handler.db"
"""
NAMED = {"api_type": "function", "inference_func": "answering.named"}
CONNECTIONS: dict[str, Any] = {
    "named": NAMED,
    "passing": {**NAMED, "pass_params": ["tenant"]},
    "rejecting": {**NAMED, "unsupported_params": "reject"},
    "saying": {**NAMED, "default_args": {"db_path": "/srv/default.db", "temperature": 0.1}},
    "handled": NAMED,
    "open": {"api_type": "function", "inference_func": "answering.open_to_all"},
    "open-passing": {
        "api_type": "function",
        "inference_func": "answering.open_to_all",
        "pass_params": ["db_path"],
    },
    "alone": "answering.alone",
    "own": {"class": "answering.Own"},
    "own-passing": {"class": "answering.Own", "pass_params": ["top_k"]},
    "needs": {"api_type": "function", "inference_func": "answering.needs"},
    "saved": {
        "class": "fallback",
        "connections": {"needs": {}, "named": {"db_path": "/srv/fallback.db"}},
    },
}
Asked = tuple[dict[str, Any], list[str]]
THEIRS = {"db_path": "/etc/passwd", "tenant": "me", "temperature": 0.5, "unheard_of": 1}


@pytest.fixture(scope="module")
def proxy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Proxy]:
    folder: Path = tmp_path_factory.mktemp("answering")
    (folder / "answering.py").write_text(MODULE)
    config = {
        "host": "127.0.0.1",
        "port": 0,
        "connections": CONNECTIONS,
        "routing": {name: f"{name}.*" for name in CONNECTIONS},
        "groups": {"team": {"api_keys": [TEAM_KEY]}},
        "before": [{"class": "answering.Handler"}],
    }
    with Proxy(config, folder) as running:
        yield running


def post(proxy: Proxy, model: str, **fields: Any) -> httpx.Response:
    return patient.post(
        f"{proxy.api}/chat/completions", json=chat(model, **fields), headers=bearer(TEAM_KEY)
    )


@pytest.fixture
def ask(proxy: Proxy) -> Callable[..., Asked]:
    """What the function of a model was given, and what of the request is named as dropped."""

    def asked(model: str, **fields: Any) -> Asked:
        answer = post(proxy, model, **fields)
        assert answer.status_code == 200, answer.text
        dropped = proxy.record(id=answer.headers["x-request-id"])["dropped_params"]
        assert answer.headers.get(DROPPED, "") == ", ".join(dropped)
        given = openai.types.chat.ChatCompletion.model_validate(answer.json())
        return json.loads(given.choices[0].message.content or ""), dropped

    return asked


@pytest.mark.parametrize(
    ("model", "given", "dropped"),
    [
        (
            "named",
            {"db_path": "/srv/x.db", "temperature": 0.5, "tenant": "nobody"},
            ["db_path", "tenant", "unheard_of"],
        ),
        (
            "passing",
            {"db_path": "/srv/x.db", "temperature": 0.5, "tenant": "me"},
            ["db_path", "unheard_of"],
        ),
        (
            "open",
            {"db_path": "/srv/x.db", "fields": ["temperature", "tenant", "unheard_of"]},
            ["db_path"],
        ),
        (
            "open-passing",
            {"db_path": "/etc/passwd", "fields": ["temperature", "tenant", "unheard_of"]},
            [],
        ),
        ("alone", {"db_path": "/srv/x.db", "seed": None}, [*THEIRS]),
        ("own", {"db_path": "/srv/x.db", "top_k": 0}, [*THEIRS]),
    ],
)
def test_a_parameter_that_is_no_field_of_chat_is_the_operators(
    model: str, given: dict[str, Any], dropped: list[str], ask: Callable[..., Asked]
) -> None:
    assert ask(model, **THEIRS) == (given, dropped)


def test_what_a_class_lets_pass_is_a_clients(ask: Callable[..., Asked]) -> None:
    assert ask("own", top_k=5) == ({"db_path": "/srv/x.db", "top_k": 0}, ["top_k"])
    assert ask("own-passing", top_k=5) == ({"db_path": "/srv/x.db", "top_k": 5}, [])


@pytest.mark.parametrize(
    ("model", "db_path"),
    [
        ("saying", "/srv/default.db"),
        ("handled", "/srv/handler.db"),
        ("saved", "/srv/fallback.db"),
    ],
    ids=["default_args", "a handler", "a fallback"],
)
def test_what_the_operator_says_arrives_whatever_the_client_says(
    model: str, db_path: str, ask: Callable[..., Asked]
) -> None:
    for theirs in ({}, {"db_path": "/etc/passwd"}):
        given, _ = ask(model, temperature=0.5, **theirs)

        assert (given["db_path"], given["temperature"]) == (db_path, 0.5)


def test_a_default_of_a_field_of_chat_gives_way_to_the_clients(ask: Callable[..., Asked]) -> None:
    assert ask("saying")[0]["temperature"] == 0.1


def test_anthropics_clients_and_responses_fill_no_more(proxy: Proxy) -> None:
    theirs = {"db_path": "/etc/passwd"}
    with anthropic.Anthropic(base_url=proxy.url, api_key=TEAM_KEY, max_retries=0) as claude:
        message = claude.messages.create(
            model="named",
            max_tokens=50,
            messages=[{"role": "user", "content": "Hi"}],
            extra_body=theirs,
        )
    with openai.OpenAI(base_url=proxy.api, api_key=TEAM_KEY, max_retries=0) as client:
        response = client.responses.create(model="named", input="Hi", extra_body=theirs)

    (text,) = [block.text for block in message.content if block.type == "text"]
    assert json.loads(text)["db_path"] == "/srv/x.db"
    assert json.loads(response.output_text)["db_path"] == "/srv/x.db"


def test_an_operator_may_have_such_requests_refused(proxy: Proxy) -> None:
    refused = post(proxy, "rejecting", db_path="/etc/passwd")

    assert_refused(refused, 400, "unsupported_parameter", "db_path")
    assert post(proxy, "rejecting", temperature=0.5).status_code == 200


def test_a_parameter_that_nobody_fills_fails_the_request_and_is_told_by_check(
    proxy: Proxy, tmp_path: Path
) -> None:
    answer = post(proxy, "needs", tenant="me")
    (tmp_path / "answering.py").write_text(MODULE)
    needs = "api_type = 'function'\ninference_func = 'answering.needs'\n"

    def warnings(connection: str) -> list[str]:
        found = configs.assembled(tmp_path, configs.of_connection(connection)).warnings
        return [str(warning) for warning in found if "tenant" in str(warning)]

    assert_refused(answer, 502, "upstream_error", None)
    (told,) = warnings(needs)
    assert "connections.up.inference_func: 'tenant' has no default" in told
    assert warnings(f"{needs}pass_params = ['tenant']") == []
    assert warnings(f"{needs}default_args = {{ tenant = 'us' }}") == []


@pytest.mark.parametrize(
    "connection",
    ["api_type = 'function'\ninference_func = 'answering.named'\n", "class = 'answering.Own'\n"],
    ids=["function", "class"],
)
def test_a_parameter_to_pass_that_there_is_not_is_told_by_check(
    connection: str, tmp_path: Path
) -> None:
    (tmp_path / "answering.py").write_text(MODULE)
    config = configs.of_connection(f"{connection}pass_params = ['db_pth']")

    (found,) = configs.problems(tmp_path, config)

    assert "connections.up.pass_params: the function has no parameter 'db_pth'" in found
    assert "did you mean 'db_path'?" in found
