"""What is measured: a row each, with the gateways it makes sense for."""

from dataclasses import dataclass, field

from scripts.benchmark import setups
from scripts.benchmark.answers import EVENTS, PACED_EVENTS
from scripts.benchmark.setups import Question, Setup

CHAT = "/v1/chat/completions"
RELAYED = "{team}/gpt-4o-mini"
PLAIN, STREAM = Question(RELAYED), Question(RELAYED, stream=True)
PACED = Question(RELAYED, stream=True, word=setups.PACED)
PACED_STREAM_S = 2.0
EVERYBODY = (
    "provider",
    "nginx",
    "bare",
    "ours",
    "ferro",
    "acompletion",
    "lm-proxy",
    "litellm-proxy",
)
PYTHON = ("provider", "bare", "ours")
TRANSLATORS = ("ours", "acompletion", "lm-proxy", "litellm-proxy")


@dataclass(frozen=True, slots=True)
class Row:
    """A kind of request, sent in one way.

    Attributes:
        family: what `--only` may also call it.
        gateways: measured, in the order of the table.
        connections: all busy all the time.
        most_rounds: fewer are measured when the whole takes long and lies little apart.
    """

    title: str
    family: str
    gateways: tuple[str, ...]
    question: Question
    connections: int = 16
    setup: Setup = field(default_factory=Setup)
    most_rounds: int = 5

    @property
    def least_events(self) -> int:
        if not self.question.stream:
            return 0
        return PACED_EVENTS if self.question.paced else EVENTS

    @property
    def spread_s(self) -> float:
        return PACED_STREAM_S if self.question.paced else 0.0


def translated(name: str, model: str, *, stream: bool) -> Row:
    """OpenAI's format asked of another provider."""
    how = f"burst of {EVENTS} events" if stream else "plain"
    title, setup = f"OpenAI client, {name}, {how}", Setup(translating=True)
    return Row(title, "translate", TRANSLATORS, Question(model, stream), setup=setup)


def forced(*, stream: bool) -> Row:
    """OpenAI's format through LiteLLM though nothing is to be translated."""
    how = f"burst of {EVENTS} events" if stream else "plain"
    question = Question("lite/gpt-4o-mini", stream)
    gateways, setup = ("ours", "acompletion"), Setup(translating=True)
    return Row(f"litellm lane, {how}", "litellm", gateways, question, setup=setup)


def sized(title: str, setup: Setup, family: str = "size") -> Row:
    return Row(title, family, ("bare", "ours"), PLAIN, setup=setup)


ROWS = {
    "plain": Row("Relay, plain", "relay", EVERYBODY, PLAIN),
    "stream": Row(f"Relay, burst of {EVENTS} events", "relay", EVERYBODY, STREAM),
    "paced": Row(
        "Relay, 100 streams of 50 events/s", "paced", EVERYBODY, PACED, 100, most_rounds=2
    ),
    "plain-1": Row("Relay, plain, 1 connection", "connections", EVERYBODY, PLAIN, 1),
    "plain-64": Row("Relay, plain, 64 connections", "connections", PYTHON, PLAIN, 64),
    "plain-512": Row("Relay, plain, 512 connections", "connections", PYTHON, PLAIN, 512),
    "anthropic": translated("Anthropic provider", "claude-4-5", stream=False),
    "anthropic-stream": translated("Anthropic provider", "claude-4-5", stream=True),
    "gemini": translated("Gemini provider", "gemini-2.5-flash", stream=False),
    "gemini-stream": translated("Gemini provider", "gemini-2.5-flash", stream=True),
    "litellm": forced(stream=False),
    "litellm-stream": forced(stream=True),
    "keys-1000": sized("Relay, plain, 1,000 keys", Setup(keys=1000)),
    "keys-100000": sized("Relay, plain, 100,000 keys", Setup(keys=100_000)),
    "plain-tls": sized("Relay, plain, TLS between client and gateway", Setup(tls=True), "tls"),
    "rules-1000": sized("Relay, plain, 1,000 routing rules", Setup(rules=1000)),
}
FAMILIES = {row.family for row in ROWS.values()}
