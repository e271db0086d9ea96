"""Both sides are asked the same: LiteLLM's public call and the proxy, in front of one replay."""

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import httpx

from tests.harness.proxy import REPOSITORY, Proxy, process_environment
from tests.oracle.cases import ask
from tests.oracle.providers import PROVIDERS, Provider
from tests.oracle.replay import Replay, Seen
from tests.oracle.service_account import service_account

LANES = ("translate", "litellm")
REFERENCE = "reference"
KEY = "team-key-0123456789abcdef0123"
PROVIDER_KEY = "sk-oracle-0123456789abcdef"
ENVIRONMENT = {
    "LITELLM_LOCAL_MODEL_COST_MAP": "True",
    "LITELLM_LOCAL_ANTHROPIC_BETA_HEADERS": "true",
    "LITELLM_MODE": "PRODUCTION",
    "LITELLM_OFFLINE_MODE": "true",
    "HF_HUB_OFFLINE": "1",
}
"""What LiteLLM reads while it is imported: no network, no `.env`."""


@dataclass(frozen=True, slots=True)
class Question:
    """One cell of the matrix."""

    provider: str
    case: str
    is_streamed: bool
    with_usage: bool = True

    def __str__(self) -> str:
        how = "streamed" if self.is_streamed else "plain"
        return f"{self.provider}-{self.case}-{how}" + ("" if self.with_usage else "-uncounted")

    def body(self, model: str) -> dict[str, Any]:
        """The chat request, for a model called so."""
        return ask(self.case, model, is_streamed=self.is_streamed, with_usage=self.with_usage)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one side sent to the provider, and what it made of the answer.

    Attributes:
        requests: normally one.
        answer: a whole chat completion; `None` for a streamed answer or an error.
        chunks: the JSON of a stream's events; `None` for a plain answer or an error.
        error: the status and what was said.
        is_done: whether the stream ended in `[DONE]`; LiteLLM's own call has no such thing.
        dropped: the parameters that the proxy says it left out.
        route: the rule, connection and lane that the proxy says it took.
    """

    requests: list[Seen]
    answer: dict[str, Any] | None = None
    chunks: list[dict[str, Any]] | None = None
    error: tuple[int | None, str] | None = None
    is_done: bool = True
    dropped: tuple[str, ...] = ()
    route: str = ""


class Oracle:
    """Asks either side; for `with oracle(folder)`."""

    def __init__(self, replay: Replay, program: IO[str], results: IO[str], proxy: Proxy) -> None:
        self._replay = replay
        self._program = program
        self._results = results
        self._api = proxy.api
        headers = {"authorization": f"Bearer {KEY}"}
        self._client = httpx.Client(headers=headers, timeout=60)
        self._known: dict[tuple[str, Question], Outcome] = {}

    def reference(self, question: Question) -> Outcome:
        """What LiteLLM's public call does. Asked once, like the proxy."""
        key = (REFERENCE, question)
        if key not in self._known:
            self._known[key] = self._ask_litellm(question)
        return self._known[key]

    def proxy(self, lane: str, question: Question) -> Outcome:
        """What the proxy does on a lane."""
        key = (lane, question)
        if key not in self._known:
            self._known[key] = self._ask_proxy(lane, question)
        return self._known[key]

    def close(self) -> None:
        self._client.close()

    def _ask_proxy(self, lane: str, question: Question) -> Outcome:
        body = question.body(asked_model(lane, question))
        response = self._client.post(f"{self._api}/chat/completions", json=body)
        requests = self._replay.taken(lane, question.provider)
        if response.status_code != httpx.codes.OK:
            return Outcome(requests, error=(response.status_code, response.text))
        return _answer(question, requests, response)

    def _ask_litellm(self, question: Question) -> Outcome:
        name = question.provider
        provider = PROVIDERS[name]
        job = {
            **question.body(f"{name}/{provider.model_for(question.case)}"),
            **provider.arguments,
            **_credentials(self._replay, REFERENCE, name, provider),
            **_address(self._replay, REFERENCE, name, provider, provider.litellm_path),
            "drop_params": True,
            "max_retries": 0,
            "num_retries": 0,
        }
        self._program.write(json.dumps(job) + "\n")
        self._program.flush()
        line = self._results.readline()
        assert line, "the reference ended; reference.log beside the proxy's config says why"
        result = json.loads(line)
        requests = self._replay.taken(REFERENCE, name)
        error = result.get("error")
        return Outcome(
            requests,
            answer=result.get("answer"),
            chunks=result.get("chunks"),
            error=(error["status"], error["message"]) if error else None,
        )


@contextmanager
def oracle(folder: Path) -> Iterator[Oracle]:
    """The replay, LiteLLM in a process of its own and a proxy that runs in `folder`."""
    with (
        Replay() as replay,
        (folder / "reference.log").open("w") as log,
        subprocess.Popen(
            [sys.executable, "-m", "tests.oracle.reference"],
            cwd=REPOSITORY,
            env=process_environment(ENVIRONMENT),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
        ) as reference,
        Proxy(config(replay), folder) as proxy,
    ):
        assert reference.stdin is not None
        assert reference.stdout is not None
        running = Oracle(replay, reference.stdin, reference.stdout, proxy)
        try:
            yield running
        finally:
            running.close()
            reference.stdin.close()  # Ends it.


def config(replay: Replay) -> dict[str, Any]:
    """A proxy's config with each provider on each lane."""
    connections = {
        f"{lane}-{name}": connection_of(replay, lane, name) for lane in LANES for name in PROVIDERS
    }
    return {
        "host": "127.0.0.1",
        "port": 0,
        "connections": connections,
        "routing": {f"{name}/*": f"{name}.{{1}}" for name in connections},
        "groups": {"team": {"api_keys": [KEY]}},
    }


def asked_model(lane: str, question: Question) -> str:
    """The model's name as a client of the proxy says it."""
    name = question.provider
    return f"{lane}-{name}/{PROVIDERS[name].model_for(question.case)}"


def _answer(question: Question, requests: list[Seen], response: httpx.Response) -> Outcome:
    names = response.headers.get("x-oai-proxy-dropped-params", "").split(",")
    said: dict[str, Any] = {
        "dropped": tuple(stripped for name in names if (stripped := name.strip())),
        "route": response.headers.get("x-oai-proxy-route", ""),
    }
    if not question.is_streamed:
        return Outcome(requests, answer=response.json(), **said)
    events = [e.removeprefix("data: ") for e in response.text.split("\n\n") if e[:1] != ":"]
    data = [event for event in events if event]
    chunks = [json.loads(event) for event in data if event != "[DONE]"]
    if chunks and "error" in chunks[-1] and data[-1] != "[DONE]":
        return Outcome(requests, error=(None, json.dumps(chunks[-1])), **said)
    return Outcome(requests, chunks=chunks, is_done=data[-1:] == ["[DONE]"], **said)


def connection_of(replay: Replay, lane: str, name: str) -> dict[str, Any]:
    """The connection to a provider, which the replay knows by its lane and name."""
    provider = PROVIDERS[name]
    settings = dict(provider.settings)
    if more := _credentials(replay, lane, name, provider):
        settings["litellm"] = {**settings.get("litellm", {}), **more}
    address = _address(replay, lane, name, provider)
    return {"api_type": provider.api_type, "lane": lane, **settings, **address}


def _credentials(replay: Replay, who: str, name: str, provider: Provider) -> dict[str, str]:
    if not provider.is_google_cloud:
        return {}
    return {"vertex_credentials": service_account(f"{replay.url}/{who}/{name}/token")}


def _address(
    replay: Replay, who: str, name: str, provider: Provider, more: str = ""
) -> dict[str, str]:
    key = {"api_key": PROVIDER_KEY} if provider.has_key else {}
    return {"api_base": f"{replay.url}/{who}/{name}{provider.path}{more}", **key}
