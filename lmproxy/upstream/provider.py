"""A provider at a URL: OpenAI, a compatible vendor, or a server of the team's own.

Everything that can be known at load is made at load: URLs, headers, lane.
"""

import contextlib
from collections.abc import Iterator

from yarl import URL

from lmproxy import __version__
from lmproxy.call import Call, Lookup, Observed, Reply
from lmproxy.config import schema
from lmproxy.config.binding import Misfit
from lmproxy.config.values import BEDROCK_ADDRESS, HEADER_NAME, Lane, is_url
from lmproxy.errors import Unavailable
from lmproxy.upstream.account import account, for_chat
from lmproxy.upstream.arguments import PARAMETERS, may_pass
from lmproxy.upstream.connection import BRIDGED, Common, Connection
from lmproxy.upstream.egress import Egress, EgressPolicy
from lmproxy.upstream.litellm.names import TRANSLATED, region_address
from lmproxy.upstream.model_list import ModelList, listing_way
from lmproxy.upstream.operations.lane import FunctionLane
from lmproxy.upstream.relay import Relay
from lmproxy.upstream.token_count import COUNTERS
from lmproxy.upstream.translation_lanes import Translating, Wishes
from lmproxy.upstream.vendor import Vendor, chat_lane, relayed
from lmproxy.upstream.vendors import ALL
from lmproxy.upstream.way_out import Way
from lmproxy.upstream.wires import WIRES, word_of

FRAMING = {"host", "content-length", "transfer-encoding", "connection", "accept-encoding"}
"""Headers that say how a request is sent: they are the client library's."""
CUT_AS_CHAT = {"messages", "responses"}
USER_AGENT = f"oai-proxy/{__version__}"


class Provider(Connection):
    """A connection of any `api_type` in the vendor table."""

    def __init__(self, common: Common, model: str | None = None) -> None:
        """Check what the vendor table says is needed.

        Args:
            common: what every connection has.
            model: the model of a route that names none.

        Raises:
            Misfit: a key is missing or does not fit.
        """
        super().__init__(common)
        settings = common.settings
        known = _vendor(settings)
        base = _base(settings, known)
        own_headers = _own_headers(settings)
        self.own_model = model
        self._speaks = _speaks(settings, known, base)
        self._lane = _chat_lane(common, known, base)
        self._lane_from_elsewhere = _lane_from_elsewhere(self._lane, known)
        self._chats = known.chats
        self.counts = self._lane != "relay" and known.litellm in COUNTERS
        self._relays_others = common.lane in ("auto", "relay")
        self.litellm = known.litellm
        self._egress = Egress(
            EgressPolicy(
                base=base + known.path_prefix,
                headers={**dict(_headers(settings, known)), **own_headers},
                timeouts=settings.timeouts,
                proxy=settings.proxy,
                ca_file=settings.ca_file,
            )
        )
        self._model_list = ModelList(
            self._egress, listing_way(known, self._speaks), common.scrubber
        )
        stream_usage = settings.stream_usage or known.stream_usage
        self._relay = Relay.over(self._egress, stream_usage, common.scrubber)
        way = Way(self._egress, common.scrubber, self._leases, own_headers)
        own, wishes = account(settings, known, base), _wishes(settings)
        chat = for_chat(own, settings, known, base)
        self._translating = Translating(chat, way, wishes, common.door)
        self._functions = FunctionLane(own, base, way, wishes, common.door)

    def takes(self, operation: str) -> bool:
        """Chat on every lane, if there is any; what can be relayed; LiteLLM's functions."""
        if operation == "chat":
            return self._chats
        return self._relays(operation) or self._has_function(operation)

    def lane(self, operation: str) -> str:
        """The forced lane, else relay for what the provider speaks, else what the vendor needs."""
        if operation == "chat":
            return self._lane
        if self._relays(operation):
            return "relay"
        if operation == "count_tokens":
            return "translate" if self.counts else "estimate"
        if operation in ("completions", "responses"):
            return self._lane
        return self._lane_from_elsewhere if operation == "messages" else "litellm"

    def _relays(self, operation: str) -> bool:
        """Whether it is relayed; against a forced lane only where that has no way for it."""
        if operation not in WIRES or self._speaks.isdisjoint((operation, word_of(operation))):
            return False
        return self._relays_others or not (operation in BRIDGED or self._has_function(operation))

    def _has_function(self, operation: str) -> bool:
        """Whether LiteLLM's function for it is of use: what is compatible has not all of OpenAI."""
        if self.litellm == "openai" and word_of(operation) not in self._speaks:
            return False
        return self._functions.has(operation)

    async def start(self) -> None:
        """Have LiteLLM loaded and warm, if this connection needs it."""
        if self._lane != "relay":
            with contextlib.suppress(Unavailable):  # Logged, and told to whoever asks.
                await self._translating.warm(self._lane)

    async def ask(self, call: Call, model: str, observed: Observed) -> Reply:
        """Send `call` on its lane; see `Connection.ask`."""
        is_bridged = call.operation == "chat" and call.dialect != "openai"
        lane = self._lane_from_elsewhere if is_bridged else self.lane(call.operation)
        if lane == "relay":
            return await self._relay.ask(call, model, observed, self._leases)
        if call.operation != "chat":
            return await self._functions.ask(call, model, observed)
        return await self._translating.ask(call, model, observed, lane)

    async def count(self, call: Call, model: str, observed: Observed) -> int | None:
        """Ask Google, which counts what it would be sent; see `Connection.count`."""
        return await self._translating.count(call, model, observed)

    async def look_up(self, lookup: Lookup, observed: Observed) -> Reply:
        """Ask where the provider speaks the Responses API; see `Connection.look_up`."""
        if not self._relays("responses"):
            return await super().look_up(lookup, observed)
        return await self._relay.look_up(lookup, observed, self._leases)

    async def models(self) -> tuple[str, ...] | None:
        """The models the provider lists, asked in its own way; see `Connection.models`."""
        return await self._model_list.read()

    async def close(self) -> None:
        """Close the pooled client."""
        await self._egress.close()


def _vendor(settings: schema.Connection) -> Vendor:
    known = ALL[settings.api_type]
    if known.key_required and settings.api_key is None:
        example = f"{known.api_type.upper()}_API_KEY"
        raise Misfit("api_key", "is required for this api_type", f'api_key = "env:{example}"')
    return known


def _speaks(settings: schema.Connection, known: Vendor, base: str) -> frozenset[str]:
    """What is relayed: not what texts are to be cut out of that only chat's form is known for."""
    speaks = frozenset[str](settings.speaks or relayed(known, base))
    return speaks - CUT_AS_CHAT if settings.hidden_output_begin else speaks


def _base(settings: schema.Connection, known: Vendor) -> str:
    """The base URL without a trailing slash.

    Nor does it end in what LiteLLM's idea of it has behind ours, though many write that: what is
    no chat asks below it, and would have it twice.
    """
    key, given = _given_address(settings)
    text = given or known.api_base or region_address(known.litellm, settings.litellm)
    if text is None:
        raise Misfit(key, "is required for this api_type", None)
    url = URL(text)
    if url.scheme not in ("http", "https") or not url.host:
        raise Misfit(key, "must be an http:// or https:// URL", None)
    if url.user or url.query_string or url.fragment:
        raise Misfit(key, "must have no user, query or fragment", "use api_key for secrets")
    return text.rstrip("/").removesuffix(known.litellm_path)


def _given_address(settings: schema.Connection) -> tuple[str, str | None]:
    """The key that a base URL is given by, and what it says.

    Raises:
        Misfit: LiteLLM's key for it is no text, or says something else than ours.
    """
    key = f"litellm.{BEDROCK_ADDRESS}"
    named = settings.litellm.get(BEDROCK_ADDRESS)
    if named is None:
        return "api_base", settings.api_base
    if not isinstance(named, str) or not is_url(named):
        raise Misfit(key, "must be an http:// or https:// URL", None)
    if settings.api_base and settings.api_base.rstrip("/") != named.rstrip("/"):
        raise Misfit(key, "says another address than api_base", "leave one of them out")
    return key, named


def _chat_lane(common: Common, known: Vendor, base: str) -> Lane:
    """How chat goes.

    Raises:
        Misfit: the lane asked for cannot be taken.
    """
    settings = common.settings
    if settings.use_responses_api:
        return "litellm"
    natural: Lane = "relay" if "chat" in (settings.speaks or ()) else chat_lane(known, base)
    lane = natural if common.lane == "auto" else common.lane
    if lane == "relay" and settings.unsupported_params in ("drop", "reject"):
        lane = "translate"
    if lane == "relay" and settings.lane == "relay" and natural != "relay":
        raise Misfit("lane", "this provider does not speak OpenAI's format", "leave it out")
    if lane == "relay" and natural != "relay":
        return natural
    keyless = settings.api_key is None and known.api_type == "azure"
    if lane == "translate" and (known.litellm not in TRANSLATED or keyless):
        return "litellm"
    return lane


def _lane_from_elsewhere(chat: Lane, known: Vendor) -> Lane:
    """How chat goes that was asked for in another dialect: always by LiteLLM.

    It knows which fields of such a request a model takes; its client could not know.
    """
    if chat != "relay":
        return chat
    return "translate" if known.litellm in TRANSLATED else "litellm"


def _wishes(settings: schema.Connection) -> Wishes:
    for name in settings.pass_params:
        if not may_pass(name):
            raise Misfit("pass_params", f"'{name}' would change what LiteLLM does", None)
    own = {name for name in settings.default_args if name not in PARAMETERS and may_pass(name)}
    return Wishes(settings.unsupported_params or "drop", frozenset({*own, *settings.pass_params}))


def _headers(settings: schema.Connection, known: Vendor) -> Iterator[tuple[str, str]]:
    yield "user-agent", USER_AGENT
    yield "content-type", "application/json"
    if settings.api_key is None or known.auth == "none":
        return
    key = settings.api_key.get_secret_value()
    if not key.isascii() or not key.isprintable():
        raise Misfit("api_key", "has characters that no HTTP header can carry", None)
    yield ("authorization", f"Bearer {key}") if known.auth == "bearer" else (known.auth, key)


def _own_headers(settings: schema.Connection) -> dict[str, str]:
    own = {name.lower(): value.get_secret_value() for name, value in settings.http_headers.items()}
    for name, value in own.items():
        if name in FRAMING or not HEADER_NAME.fullmatch(name):
            raise Misfit("http_headers", f"'{name}' is not a header to set", None)
        if not value.isascii() or not value.isprintable():
            message = f"the value of '{name}' has characters that no HTTP header can carry"
            raise Misfit("http_headers", message, None)
    return own
