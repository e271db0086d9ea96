"""One way through LiteLLM: a lane, and the form in which its provider speaks."""

from dataclasses import dataclass
from typing import Any

import httpx

from tests.harness.answer import Answer, ask
from tests.harness.proxy import Proxy
from tests.harness.verdict import Verdict
from tests.provider.exchange import Behaviour
from tests.provider.server import Provider

WAYS = [(lane, kind) for lane in ("translate", "litellm") for kind in ("anthropic", "google")]


@dataclass(frozen=True)
class Way:
    """Asks one provider on one lane; a test's names of models are made the way's own.

    Attributes:
        kind: the `api_type`, which is also the name of the provider's form.
    """

    lane: str
    kind: str
    proxy: Proxy
    provider: Provider
    client: httpx.Client

    @property
    def verdict(self) -> Verdict:
        return Verdict(self.proxy, self.provider)

    def model(self, name: str) -> str:
        """The name that the provider sees."""
        return f"{name}-{self.lane}-{self.kind}".replace(" ", "-").replace(",", "-")

    def asked(self, name: str, pace: str = "") -> str:
        """The name that a client asks for; `pace` is `hasty`, `narrow` or nothing."""
        return f"{f'{pace}-' if pace else ''}{self.lane}-{self.kind}/{self.model(name)}"

    def on(self, name: str, behaviour: Behaviour) -> None:
        """Have the provider answer so."""
        self.provider.on(self.model(name), behaviour)

    def ask(self, name: str, *, stream: bool, pace: str = "", **fields: Any) -> Answer:
        """Ask, and read the answer to its end. The record has to name this lane."""
        answer = ask(self.client, self.asked(name, pace), stream=stream, **fields)
        assert self.proxy.record(id=answer.id)["lane"] == self.lane
        return answer

    def left(self, name: str) -> float:
        """When the proxy let go of an answer that was not whole; waits for it."""
        return self.provider.wait_for_disconnect(self.model(name))
