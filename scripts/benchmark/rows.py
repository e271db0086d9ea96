"""What is measured: one row each, with the gateways it makes sense for."""

from dataclasses import dataclass

from scripts.benchmark.answers import EVENTS
from scripts.benchmark.setups import Setup

CHAT = "/v1/chat/completions"
RELAYED = "{team}/gpt-4o-mini"


@dataclass(frozen=True, slots=True)
class Row:
    """A kind of request, sent in one way.

    Attributes:
        family: what `--only` may also call it.
        model: asked for; `{team}` is replaced by each rule's name in turn.
        gateways: measured, in the order of the table.
        versus: the gateway that ours is compared with in the summary.
    """

    title: str
    family: str
    gateways: tuple[str, ...]
    model: str = RELAYED
    stream: bool = False
    connections: int = 16
    setup: Setup = Setup()

    @property
    def least_events(self) -> int:
        return EVENTS if self.stream else 0


EVERYBODY = ("ours", "bare", "nginx", "acompletion", "lm-proxy", "litellm-proxy", "ferro")

ROWS = {
    "plain": Row("relay, plain", "relay", ("provider", *EVERYBODY)),
    "stream": Row("relay, burst of 200 events", "relay", ("provider", *EVERYBODY), stream=True),
}
