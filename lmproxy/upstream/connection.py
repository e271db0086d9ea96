"""What can every connection do? Name its lane, rename and list models, ask, start, close.

A connection kind is one file with one subclass. The constructor's parameters after `common` are its
TOML keys; those that every kind has stand in `config.schema.Connection`.
"""

from abc import ABC, abstractmethod
from dataclasses import dataclass

from lmproxy.call import Call, Lookup, Observed, Reply
from lmproxy.config import schema
from lmproxy.config.values import Lane, RemoteMedia
from lmproxy.errors import LaneNotAvailable, NotFound
from lmproxy.scrub import Scrubber
from lmproxy.upstream.default_args import Ask, with_defaults
from lmproxy.upstream.lease import Leases
from lmproxy.upstream.litellm.door import Door
from lmproxy.upstream.rewritten import changes_of, with_changes

BRIDGED = {"messages", "count_tokens", "responses", "completions"}
"""Operations that whoever can be asked for chat can be asked for."""


@dataclass(frozen=True, slots=True)
class Common:
    """What the config says of every connection.

    Attributes:
        lane: the connection's own, else the global one.
        remote_media: the connection's own, else the global one.
        scrubber: knows the secrets and hosts of the whole config.
        door: the way to LiteLLM, for those who need it.
    """

    name: str
    settings: schema.Connection
    lane: Lane
    scrubber: Scrubber
    door: Door
    remote_media: RemoteMedia = "forward"


class Connection(ABC):
    """A configured way to models. One object per config, shared by all requests."""

    def __init__(self, common: Common) -> None:
        """Opens nothing: a connection is also made by `check`."""
        self.name = common.name
        self.enabled = common.settings.enabled
        self.remote_media = common.remote_media
        self._models = common.settings.models
        self._leases = Leases(common.settings.concurrency)
        self.asking = adjusted(self.ask, common.settings)
        """`ask`, with what the config wants changed of requests and answers."""
        self.first_byte_s = common.settings.timeouts.first_byte_s
        """How long a request waits before something happens."""
        self.is_strict = common.settings.unsupported_params == "reject"
        """Whether requests with fields that cannot go on are refused."""
        self.unwise: tuple[tuple[str, str], ...] = ()
        """What of its table is accepted and does nothing: a key, or `table.key`, and why."""
        self.litellm: str | None = None
        """LiteLLM's name of the provider; `None` if it has none."""
        self.own_model: str | None = None
        """The model of requests that no route and no strategy gives one; `None`: there is none."""
        self.counts = False
        """Whether the provider counts the tokens of a chat request when asked by `count`."""

    def deployment(self, model: str) -> str | None:
        """The provider's name for `model`; `None` if this connection does not have it.

        An empty `model` is the connection's own, which a route that names none leads to.
        """
        model = model or self.own_model or ""
        if not model:
            return None
        return model if self._models is None else self._models.get(model)

    @property
    def names(self) -> tuple[str, ...] | None:
        """The names that its `models` table has a deployment for; `None` without that table."""
        return None if self._models is None else tuple(self._models)

    async def models(self) -> tuple[str, ...] | None:
        """The models that the provider itself lists, in its order; `None` if it lists none.

        Asks anew each time; `Catalogue` is who remembers.

        Raises:
            UpstreamFault: the list could not be had.
        """
        return None

    def takes(self, operation: str) -> bool:
        """Whether `ask` can be asked for it as it is. What is not may be asked for as chat."""
        return operation == "chat"

    @abstractmethod
    def lane(self, operation: str) -> str:
        """How a request for `operation` would go, in the word that records use."""

    @abstractmethod
    async def ask(self, call: Call, model: str, observed: Observed) -> Reply:
        """Send `call` as `model` and return the provider's answer.

        Raises:
            UpstreamFault: no answer came of it.
            Refused: nothing was sent.
        """

    async def count(self, call: Call, model: str, observed: Observed) -> int | None:
        """How many tokens the provider counts in `call`, for chat; `None`: it does not say.

        Asked only where `counts` is true; see `ask`.
        """
        del call, model, observed
        return None

    async def look_up(self, lookup: Lookup, observed: Observed) -> Reply:
        """Ask about a response that the provider keeps; see `ask`.

        Raises:
            NotFound: this kind of connection has none, or not any more.
        """
        del lookup, observed
        raise NotFound(
            "The provider that made this response is not asked for responses any more.",
            code="response_not_found",
        )

    async def start(self) -> None:  # noqa: B027 - most kinds have nothing to start.
        """Get ready before the first request."""

    @abstractmethod
    async def close(self) -> None:
        """Let go of everything. Nothing is under way any more, or it is cut."""


def adjusted(ask: Ask, settings: schema.Connection) -> Ask:
    """`ask` itself, unless the config wants something changed."""
    changes = changes_of(settings)
    if changes is not None:
        ask = with_changes(ask, changes)
    return with_defaults(ask, settings.default_args) if settings.default_args else ask


def lane_not_available(lane: str, operation: str) -> LaneNotAvailable:
    """The honest answer while a lane is not built."""
    return LaneNotAvailable(
        f"This model's provider needs the {lane} lane for '{operation}', which this version of the "
        "proxy does not have. Connections to OpenAI-compatible providers work."
    )


def not_offered(call: Call) -> NotFound:
    """The error of a request for what its model's provider does not do."""
    return NotFound(
        f"The model '{call.model}' has no '{call.operation}': its provider does not offer it. "
        "Name another model; GET /v1/models lists what your key may use.",
        code="operation_not_supported",
        param="model",
    )
