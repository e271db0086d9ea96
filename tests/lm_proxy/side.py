"""lm-proxy 3.3.2 and our proxy on the same config, each with a provider of its own.

A `Side` is one of the two, asked as any client asks; a `Pair` is both, and `Pair.both` is what a
test says of them: they did the same.
"""

import json
import re
import signal
import subprocess
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import httpx
from openai import OpenAI

from tests.conftest import bearer
from tests.harness import patient
from tests.harness.proxy import REPOSITORY, Proxy, StartError, process_environment
from tests.harness.waiting import until
from tests.lm_proxy.own_code import OWN_CODE
from tests.provider.exchange import Behaviour
from tests.provider.server import Provider

THEIR_PYTHON = str(REPOSITORY / ".venv-lm-proxy" / "bin" / "python")
"""Of the environment that scripts/install-clients makes."""
LISTENS = re.compile(r"Uvicorn running on (http://\S+)")
START_S = 90
ANSWER_S = 60
UPSTREAM_KEYS = {"sk-provider-up": "up", "sk-provider-other": "other", "sk-provider-third": "third"}
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Side:
    """One of the two.

    Attributes:
        folder: where its process runs and writes its logs.
        provider: whom its connections lead to.
    """

    name: str
    url: str
    folder: Path
    provider: Provider

    @property
    def api(self) -> str:
        return f"{self.url}/v1"

    @contextmanager
    def openai(self, key: str) -> Iterator[OpenAI]:
        """The official SDK, which tries once."""
        client = OpenAI(base_url=self.api, api_key=key, max_retries=0, timeout=ANSWER_S)
        with client:
            yield client

    def post(self, key: str, body: object, **headers: str) -> httpx.Response:
        """A chat request as it is; the header names have underscores for dashes."""
        more = {name.replace("_", "-"): value for name, value in headers.items()}
        url = f"{self.api}/chat/completions"
        return patient.post(url, headers={**bearer(key), **more}, json=body, timeout=ANSWER_S)

    def get(self, path: str, key: str) -> httpx.Response:
        """What is at a path below the server's root."""
        return patient.get(f"{self.url}{path}", headers=bearer(key), timeout=ANSWER_S)

    def sent(self) -> dict[str, Any]:
        """The body that its provider was sent last."""
        body = self.provider.requests[-1].json
        assert body is not None
        return body

    def led_to(self) -> tuple[str, str]:
        """The connection and the model of its provider's last request."""
        request = self.provider.requests[-1]
        key = (request.header("authorization") or "").removeprefix("Bearer ")
        return UPSTREAM_KEYS[key], str(request.model)

    def line(self, words: str, log: str = "logs/readme") -> dict[str, Any]:
        """The line of a log about the request in whose prompt these words are; waits for it."""
        found = until(lambda: self.lines(words, log), f"a line of {self.name} on {words!r}", 30)
        assert len(found) == 1, found
        return found[0]

    def lines(self, words: str, log: str = "logs/readme") -> list[dict[str, Any]]:
        """Every line so far with these words in it."""
        file = self.folder / f"{log}.jsonl"
        *whole, _ = file.read_text().split("\n") if file.exists() else [""]
        return [json.loads(line) for line in whole if words in line]


@dataclass(frozen=True, slots=True)
class Pair:
    """Both."""

    theirs: Side
    ours: Side

    def on(self, model: str, behaviour: Behaviour) -> None:
        """Have both providers answer this model so."""
        self.theirs.provider.on(model, behaviour)
        self.ours.provider.on(model, behaviour)

    def both(self, seen: Callable[[Side], T]) -> T:
        """What is seen on either side, and has to be the same on both."""
        theirs, ours = seen(self.theirs), seen(self.ours)
        assert ours == theirs, f"lm-proxy: {theirs!r}, here: {ours!r}"
        return ours


def environment_for(provider: Provider) -> dict[str, str]:
    """The variables that the configs refer to."""
    return {"PROVIDER_URL": provider.base_url, "UP_KEY": "sk-provider-up"}


@contextmanager
def pair_of(config: str, folder: Path) -> Iterator[Pair]:
    """Both, started on the same text."""
    with ExitStack() as stack:
        theirs, ours = (folder / name for name in ("theirs", "ours"))
        for side in (theirs, ours):
            side.mkdir()
            (side / "own.py").write_text(OWN_CODE)
        provider = stack.enter_context(Provider())
        url = stack.enter_context(lm_proxy(config, theirs, environment_for(provider)))
        own = stack.enter_context(Provider())
        proxy = stack.enter_context(Proxy(config, ours, environment=environment_for(own)))
        yield Pair(Side("lm-proxy", url, theirs, provider), Side("oai-proxy", proxy.url, ours, own))


@contextmanager
def lm_proxy(config: str, folder: Path, environment: dict[str, str]) -> Iterator[str]:
    """The address of lm-proxy itself, running in `folder`.

    Raises:
        StartError: it ended before it listened.
    """
    (folder / "config.toml").write_text(config)
    log = folder / "stderr.txt"
    with log.open("w") as stderr:
        process = subprocess.Popen(
            [THEIR_PYTHON, "-m", "lm_proxy"],
            cwd=folder,
            env={**process_environment(environment), "PYTHONPATH": str(folder)},
            stdout=subprocess.DEVNULL,
            stderr=stderr,
        )
    try:
        until(
            lambda: LISTENS.search(log.read_text()) or process.poll() is not None,
            "lm-proxy to listen",
            START_S,
        )
        address = LISTENS.search(log.read_text())
        if address is None:
            raise StartError(process.wait(START_S), log.read_text())
        yield address[1]
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGKILL)
        process.wait(START_S)
