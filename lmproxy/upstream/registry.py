"""Which connections are there? Made from the config, by name; opened and closed together."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Mapping
from functools import partial
from urllib.parse import urlsplit

from lmproxy import logs
from lmproxy.call import Call, Json, Observed, Reply
from lmproxy.config import Config, schema
from lmproxy.config.binding import BindError, Spec, bind, resolve_class
from lmproxy.config.fallback import is_fallback
from lmproxy.config.lm_proxy_keys import KEYS, NO_EFFECT
from lmproxy.config.load import is_this_machine
from lmproxy.config.values import BEDROCK_ADDRESS, Lane
from lmproxy.problems import Problem
from lmproxy.scrub import Scrubber
from lmproxy.upstream.catalogue import Catalogue
from lmproxy.upstream.connection import BRIDGED, Common, Connection, not_offered
from lmproxy.upstream.fetch import Fetch
from lmproxy.upstream.litellm.door import Door, Litellm, freeze
from lmproxy.upstream.messages import bridge as messages_bridge
from lmproxy.upstream.operations.completions import ask_for_chat
from lmproxy.upstream.overrides import overridden
from lmproxy.upstream.own_class import make_own
from lmproxy.upstream.remote_media import check_media
from lmproxy.upstream.request_body import dump, too_deep
from lmproxy.upstream.responses import bridge as responses_bridge
from lmproxy.upstream.token_count import estimated
from lmproxy.upstream.vendors import ALL, advice

log = logs.get(__name__)

KINDS = {
    "cli": "lmproxy.upstream.command.connection.CommandLine",
    "function": "lmproxy.upstream.function.Function",
    "local": "lmproxy.upstream.local.connection.Local",
    "none": "lmproxy.upstream.nothing.Nothing",
    "transformers": "lmproxy.upstream.local.transformers.Transformers",
    **dict.fromkeys(ALL, "lmproxy.upstream.provider.Provider"),
}
"""The class of each `api_type`. Anything else with a dot is a path to anybody's class."""


class Upstreams:
    """Every connection of a config."""

    def __init__(
        self, connections: Mapping[str, Connection], door: Door, list_keep_s: float
    ) -> None:
        """`connections` by name; what their providers list is remembered for `list_keep_s`."""
        self._connections = connections
        self._door = door
        self._lanes: dict[tuple[str, str], str | None] = {}
        """What `lane` found: nothing of it changes."""
        self.fetch = Fetch()
        """For servers that are no providers."""
        self.catalogue = Catalogue(connections.values(), list_keep_s)

    def __getitem__(self, name: str) -> Connection:
        return self._connections[name]

    def get(self, name: str) -> Connection | None:
        """The connection of a name that a config before this one may have had."""
        return self._connections.get(name)

    def __iter__(self) -> Iterator[Connection]:
        return iter(self._connections.values())

    def lane(self, connection: Connection, operation: str) -> str | None:
        """How a request for `operation` would go; `None` if its provider does not offer it."""
        place = (connection.name, operation)
        if place not in self._lanes:
            is_bridged = operation in BRIDGED and connection.takes("chat")
            offered = is_bridged or connection.takes(operation)
            self._lanes[place] = connection.lane(operation) if offered else None
        return self._lanes[place]

    def lane_of(self, connection: Connection, call: Call) -> str:
        """How `call` would go.

        Raises:
            NotFound: its provider does not offer it.
        """
        lane = self.lane(connection, call.operation)
        if lane is None:
            raise not_offered(call)
        return lane

    async def ask(
        self,
        connection: Connection,
        call: Call,
        model: str,
        observed: Observed,
        overrides: Json | None = None,
    ) -> Reply:
        """`Connection.ask`, in the form that the connection takes. `call` has a lane."""
        is_taken = connection.takes(call.operation)
        if overrides:
            call = overridden(call, model, overrides, as_chat=not is_taken)
        _look_at(call, connection, self.lane(connection, call.operation))
        if is_taken:
            return await connection.asking(call, model, observed)
        if call.operation == "count_tokens":
            return await self._count(connection, call, model, observed)

        def ask(chat: Call) -> Awaitable[Reply]:
            return connection.asking(chat, model, observed)

        provider = connection.litellm
        if call.operation == "completions":
            return await ask_for_chat(call, observed, ask, strict=connection.is_strict)
        if call.operation == "responses":
            is_relayed = connection.lane("chat") == "relay"
            return await responses_bridge.ask_as_chat(
                call, model, provider, observed, ask, is_relayed=is_relayed
            )
        return await messages_bridge.ask_as_chat(
            call, model, provider, self._opening(connection), observed, ask
        )

    async def _count(
        self, connection: Connection, call: Call, model: str, observed: Observed
    ) -> Reply:
        """Tokens, where the provider does not count them as Anthropic does."""
        if not connection.counts:
            return estimated(call, observed)

        def count(chat: Call) -> Awaitable[int | None]:
            return connection.count(chat, model, observed)

        provider = connection.litellm
        return await messages_bridge.count_as_chat(
            call, model, provider, self._opening(connection), observed, count
        )

    def _opening(self, connection: Connection) -> Callable[[], Awaitable[Litellm]]:
        """Loads LiteLLM, waited for no longer than for the first byte of this connection."""
        return partial(self._door.open_within, connection.first_byte_s)

    async def start(self) -> None:
        """Get every connection ready, at the same time."""
        await asyncio.gather(*(connection.start() for connection in self if connection.enabled))
        freeze()
        log.info("connections are ready")

    async def close(self) -> None:
        """Let go of every connection. One that fails to does not keep the others."""
        await _close(self.catalogue, self.fetch)
        await _close(*self)  # Nobody asks them any more.


async def _close(*open_ones: Catalogue | Fetch | Connection) -> None:
    async def close(one: Catalogue | Fetch | Connection) -> None:
        await one.close()  # Here, for somebody's own may be a plain function that raises.

    closing = (close(one) for one in open_ones)
    for result in await asyncio.gather(*closing, return_exceptions=True):
        if isinstance(result, BaseException):
            log.error("a connection did not close", exc_info=result)


def _look_at(call: Call, connection: Connection, lane: str | None) -> None:
    """What holds on every lane.

    Raises:
        InvalidRequest: it is nested too deeply, or names media that nobody may fetch.
    """
    if lane != "relay" or not connection.takes(call.operation):
        dump(call.body)  # Relay writes it anyway; others would stumble later, the answer paid for.
    try:
        check_media(call.body, connection.remote_media)
    except RecursionError:
        raise too_deep() from None


def compile_upstreams(
    config: Config, scrubber: Scrubber
) -> tuple[Upstreams, list[Problem], list[Problem]]:
    """The connections of `config`, everything wrong with them, and what is only unwise."""
    connections: dict[str, Connection] = {}
    door = Door()
    problems: list[Problem] = []
    warnings: list[Problem] = []
    for name, settings in config.settings.connections.items():
        place = ("connections", name)
        if "." in name:
            problems.append(config.problem(place, "a connection's name cannot contain a dot"))
            continue
        if is_fallback(settings):
            continue  # It asks nobody itself: [routing] leads to its members.
        try:
            media = settings.remote_media or config.settings.remote_media
            common = Common(name, settings, _lane(config, settings), scrubber, door, media)
            made = connections[name] = _make(settings, common)
            warnings += [
                config.problem((*place, *key.split(".")), words) for key, words in made.unwise
            ]
        except BindError as error:
            problems += [config.problem(*found) for found in error.found]
        warnings += _advice(config, name, settings)
    keep_s = config.settings.server.model_list_keep_s
    return Upstreams(connections, door, keep_s), problems, warnings


def _lane(config: Config, settings: schema.Connection) -> Lane:
    return settings.lane if settings.lane != "auto" else config.settings.lane


def _make(settings: schema.Connection, common: Common) -> Connection:
    if "class" in settings.params:
        return make_own(settings, common)
    spec = Spec(settings.api_type, settings.params, ("connections", common.name))
    target = resolve_class(spec, KINDS, "api_type")
    known = {**schema.Connection.model_fields, **dict.fromkeys(KEYS - NO_EFFECT.keys())}
    made: Connection = bind(target, spec, also_known=known, common=common)
    return made


def _advice(config: Config, name: str, settings: schema.Connection) -> list[Problem]:
    found = []
    words = advice(settings.api_type)
    if words:
        found.append(config.problem(("connections", name, "api_type"), words))
    if settings.address and is_plain_http_elsewhere(settings.address):
        key = ("api_base",) if settings.api_base else ("litellm", BEDROCK_ADDRESS)
        path = ("connections", name, *key)
        found.append(config.problem(path, "is plain http: keys and prompts cross the network open"))
    return found


def is_plain_http_elsewhere(url: str) -> bool:
    """Whether `url` sends secrets unencrypted to another machine."""
    parts = urlsplit(url)
    return parts.scheme == "http" and not is_this_machine(parts.hostname or "")
