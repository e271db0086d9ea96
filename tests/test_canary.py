"""No secret leaves: secrets are planted wherever one may be, and looked for wherever one may go."""

import base64
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx
import pytest

from tests.conftest import bearer, chat
from tests.harness.command import oai_proxy
from tests.harness.proxy import Proxy
from tests.harness.waiting import until
from tests.provider import refusals
from tests.provider.leaks import echo, echo_mid_stream
from tests.provider.refusals import KEY_FORMS
from tests.provider.server import Provider

PLANTED = {
    name: f"{name}/5ecret+{number:x}0123456789abcdef"
    for number, name in enumerate(
        [
            *("upstream", "header", "proxy", "team", "other", "referred", "unrelated"),
            *("cookie", "wrong", "foreign"),
        ],
        start=10,
    )
}
SHAPED = "sk-proj-4bc5ecret0123456789"
"""A secret of somebody else's, which only its shape gives away."""
STATUSES = (400, 401, 403, 429, 500, 503)
BROKEN_LOGGER = """
import logging
class Broken:
    def __init__(self, token: str):
        self.token = token
    def write(self, record, request):
        logging.getLogger("plugin").error("my token is %s", self.token)
        raise RuntimeError(f"{self.token} {record} {request}")
    def close(self): ...
"""
LOCAL_MODEL_S = 30


def config(provider: Provider) -> dict[str, Any]:
    """Secrets in every place of a config; the proxy behind `proxied` is the provider itself."""
    up = {"api_base": provider.base_url, "api_key": PLANTED["upstream"]}
    proxy = f"http://agent:{quote(PLANTED['proxy'], safe='')}@127.0.0.1"
    return {
        "host": "127.0.0.1",
        "connections": {
            "up": {**up, "http_headers": {"x-tenant": PLANTED["header"]}},
            "referring": {**up, "api_key": "env:REFERRED"},
            "proxied": {**up, "proxy": f"{proxy}:{provider.port}"},
            "nowhere": {**up, "proxy": f"{proxy}:9"},
            "local": {"api_type": "local"},
        },
        "routing": {
            "referring/*": "referring.*",
            "proxied/*": "proxied.*",
            "nowhere/*": "nowhere.*",
            "local": "local.*",
            "*": "up.*",
        },
        "groups": {
            "team": {"api_keys": [PLANTED["team"]]},
            "other": {"api_keys": [PLANTED["other"]], "allowed_models": ["nothing"]},
        },
        "loggers": [{"class": "canary_logger.Broken", "token": "env:UNRELATED_SECRET"}],
    }


def forms(secret: str) -> Iterator[str]:
    """The secret in every form that somebody may repeat it in."""
    yield secret
    yield quote(secret)
    yield json.dumps(secret)[1:-1].replace("/", "\\/")
    yield base64.b64encode(b"agent:" + secret.encode()).decode()
    yield from (form(secret) for form in KEY_FORMS.values())


class Heard:
    """Everything that came out of the proxy while every fault was tried."""

    def __init__(self, proxy: Proxy, client: httpx.Client) -> None:
        self._proxy = proxy
        self._client = client
        self.statuses: dict[str, int] = {}
        self.responses: list[str] = []

    def ask(
        self,
        path: str,
        *,
        json: dict[str, Any] | None = None,
        headers: dict[str, str],
    ) -> httpx.Response:
        method = "POST" if json else "GET"
        answer = self._client.request(method, path, json=json, headers=headers)
        self.responses.append(f"{answer.status_code} {answer.headers} {answer.text}")
        return answer

    def everything(self) -> dict[str, str]:
        """What was heard, by where."""
        storage = (self._proxy.folder / "storage").iterdir()
        files = {path.name: path.read_text() for path in storage}
        return {
            **files,
            "responses": "\n".join(self.responses),
            "log": "".join(self._proxy.stderr),
            "command lines": "\n".join(self._of_processes("cmdline", self._proxy.pid)),
        }

    def environments(self) -> list[str]:
        """The environments that the children were given."""
        return self._of_processes("environ")

    def _of_processes(self, what: str, *more: int) -> list[str]:
        tasks = Path(f"/proc/{self._proxy.pid}/task").iterdir()
        children = [child for task in tasks for child in (task / "children").read_text().split()]
        return [Path(f"/proc/{pid}/{what}").read_text() for pid in (*more, *children)]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    found: Path = tmp_path_factory.mktemp("canary")
    (found / "canary_logger.py").write_text(BROKEN_LOGGER)
    return found


@pytest.fixture(scope="module")
def variables() -> dict[str, str]:
    return {"REFERRED": PLANTED["referred"], "UNRELATED_SECRET": PLANTED["unrelated"]}


@pytest.fixture(scope="module")
def provider() -> Iterator[Provider]:
    """One of its own: every test here looks at what it was sent before the first."""
    with Provider() as running:
        yield running


@pytest.fixture(scope="module")
def heard(provider: Provider, folder: Path, variables: dict[str, str]) -> Iterator[Heard]:
    arguments = ("--port", "0", "--debug")
    with (
        Proxy(config(provider), folder, arguments=arguments, environment=variables) as proxy,
        httpx.Client(base_url=proxy.url, timeout=60) as client,
    ):
        found = Heard(proxy, client)
        provoke_the_provider(found, provider)
        plant_in_requests(found)
        until(lambda: proxy.log("local model is ready"), "the local model", LOCAL_MODEL_S)
        found.ask("/ready", headers={})
        found.ask("/docs", headers={})
        until(lambda: proxy.log("a logger dropped a record"), "the broken logger")
        yield found


def provoke_the_provider(heard: Heard, provider: Provider) -> None:
    """Every status and form, plain, streamed and in the middle of a stream, on every connection."""
    key = bearer(PLANTED["team"])
    for form in KEY_FORMS:
        for status in STATUSES:
            for prefix in ("", "referring/", "proxied/"):
                model = f"{prefix}{form}-{status}"
                provider.on(model, echo(form, status))
                answer = heard.ask("/v1/chat/completions", json=chat(model), headers=key)
                heard.statuses[model] = answer.status_code
        model = f"{form}-stream"
        provider.on(model, echo_mid_stream(form))
        heard.ask("/v1/chat/completions", json=chat(model, stream=True), headers=key)
        provider.on(f"{form}-own", refusals.key_echo(form, 400))
        heard.ask("/v1/chat/completions", json=chat(f"{form}-own"), headers=key)
    heard.ask("/v1/chat/completions", json=chat("nowhere/m"), headers=key)


def plant_in_requests(heard: Heard) -> None:
    """Secrets in the places of a request where they have no business."""
    key, path = PLANTED["team"], "/v1/chat/completions"
    cookie = {"cookie": f"session={PLANTED['cookie']}"}
    for extra in (
        {"user-agent": f"agent {key} {SHAPED}"},
        {"session-id": key},
        {"x-api-key": PLANTED["foreign"]},
        {"x-request-id": SHAPED},
    ):
        heard.ask(path, json=chat("m", user=key), headers={**bearer(key), **cookie, **extra})
    heard.ask(path, json=chat("m", user=SHAPED, reasoning_effort=key), headers=bearer(key))
    heard.ask(path, json=chat("m", user=PLANTED["upstream"]), headers=bearer(key))
    heard.ask(path, json=chat("m"), headers={**bearer(PLANTED["wrong"]), **cookie})
    heard.ask(path, json=chat("m"), headers={"x-api-key": PLANTED["wrong"]})
    heard.ask(path, json=chat("m"), headers=bearer(PLANTED["other"]))
    heard.ask(path, json=chat(key), headers=bearer(key))
    heard.ask("/v1/models", headers=bearer(key))


def test_child_processes_do_not_inherit_secrets(heard: Heard) -> None:
    inherited = "".join(heard.environments())

    assert "PATH=" in inherited
    assert [name for name, secret in PLANTED.items() if secret in inherited] == []


@pytest.mark.parametrize("name", PLANTED)
def test_a_planted_secret_comes_out_nowhere_in_any_form(name: str, heard: Heard) -> None:
    found = [
        f"{place}: {text[max(text.index(form) - 80, 0) :][:200]}"
        for place, text in heard.everything().items()
        for form in dict.fromkeys(forms(PLANTED[name]))
        if form in text
    ]

    assert found == []


def test_what_only_looks_like_a_secret_is_in_no_record_and_no_log(heard: Heard) -> None:
    places = {name: text for name, text in heard.everything().items() if name != "responses"}

    assert [place for place, text in places.items() if SHAPED in text] == []


def test_nothing_of_a_providers_traceback_reaches_a_client(heard: Heard) -> None:
    assert "secret_module" not in heard.everything()["responses"]


def test_the_faults_did_happen_and_were_answered_in_their_own_way(heard: Heard) -> None:
    kept = {status: status for status in STATUSES} | {401: 502, 403: 502, 500: 502}
    expected = {model: kept[int(model.rpartition("-")[2])] for model in heard.statuses}

    assert heard.statuses == expected
    assert len(expected) == len(KEY_FORMS) * len(STATUSES) * 3


def test_the_provider_did_get_the_secrets(heard: Heard, provider: Provider) -> None:
    sent = "\n".join(str(request.headers) for request in provider.requests)

    assert PLANTED["upstream"] in sent
    assert PLANTED["header"] in sent
    assert PLANTED["referred"] in sent
    assert base64.b64encode(f"agent:{PLANTED['proxy']}".encode()).decode() in sent
    assert not [
        name for name in ("team", "cookie", "foreign", "unrelated") if PLANTED[name] in sent
    ]


def test_the_places_looked_at_have_something_in_them(heard: Heard) -> None:
    places = heard.everything()

    assert all(places.values())
    assert len(heard.environments()) == 1
    assert "requests.jsonl" in places
    assert "my token is [secret]" in places["log"]


def test_check_says_no_secret(folder: Path, variables: dict[str, str], heard: Heard) -> None:
    ended = oai_proxy("check", "--config", "proxy.toml", folder=folder, environment=variables)

    assert ended.returncode == 0
    said = ended.stdout + ended.stderr
    assert "plain text" in said
    assert [name for name, secret in PLANTED.items() if secret in said] == []
