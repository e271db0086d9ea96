"""What does an assembled config serve? An application, with what it needs opened.

The endpoints stand in front of FastAPI.
"""

import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

from fastapi import FastAPI
from fastapi.middleware.cors import CORSMiddleware
from fastapi.openapi.utils import get_openapi
from starlette.routing import Route

from lmproxy import __version__, logs, tasks
from lmproxy.api.anthropic_messages import COUNT_TOKENS, MESSAGES
from lmproxy.api.endpoint import Endpoint, Shell
from lmproxy.api.exchange import Message, Receive, Send
from lmproxy.api.health import HEALTH_PATHS, health_routes
from lmproxy.api.models import MODEL, MODELS
from lmproxy.api.nowhere import NOWHERE, only, refuse_socket
from lmproxy.api.openai_chat import CHAT
from lmproxy.api.openai_responses import COMPACT, CREATE, INPUT_TOKENS, NO_SOCKET
from lmproxy.api.operation_endpoints import OPERATION_ENDPOINTS
from lmproxy.api.stored_responses import STORED
from lmproxy.assembly import Assembly, assemble, unwritable
from lmproxy.call import Json
from lmproxy.config import Config, load_config
from lmproxy.config.components import use
from lmproxy.gateway import Gateway
from lmproxy.problems import ConfigError
from lmproxy.recording import Journal, Makers, Recorder
from lmproxy.scrub import OF_LOGS

ENDPOINTS: tuple[Endpoint, ...] = (
    CHAT, MESSAGES, COUNT_TOKENS, CREATE, COMPACT, INPUT_TOKENS, NO_SOCKET, *STORED,
    *OPERATION_ENDPOINTS, MODELS, MODEL,
)  # fmt: skip
"""Every endpoint of an API."""

OWN_HEADERS = ("x-oai-proxy-route", "x-oai-proxy-dropped-params", "x-oai-proxy-token-count")
"""Headers of ours that a script in a browser may read."""

Asgi = Callable[[Message, Receive, Send], Awaitable[None]]


def _open_journal(config: Config) -> Journal:
    journal = Journal(config.storage_dir)
    try:
        journal.open()
    except OSError as error:
        problem = unwritable(config, error.strerror or "it cannot be opened")
        raise ConfigError(str(config.path), [problem]) from None
    return journal


def create_app(config: Config | str | Path, *, debug: bool = False) -> Asgi:
    """The proxy as an ASGI application. It logs to the standard library's logging.

    Args:
        config: a loaded config, or the path of one.
        debug: show the OpenAPI page at `/docs`.

    Raises:
        ConfigError: the config cannot be used, or its storage cannot be written.
    """
    loaded = config if isinstance(config, Config) else load_config(config)
    assembly = assemble(loaded)
    logs.configure_embedded(OF_LOGS.text)
    return build(assembly, debug=debug)


def build(assembly: Assembly, *, debug: bool = False) -> Asgi:
    """The application of an assembly; opens the journal. See `create_app`."""
    config, policy = assembly.config, assembly.policy
    journal = _open_journal(config)
    recorder = Recorder(journal, assembly.loggers, config.digest, assembly.scrubber.text)
    makers = Makers(config.storage_dir)
    gateway = Gateway(assembly.snapshot, recorder, makers)
    prefix = config.settings.api_prefix
    shells = {
        (method, endpoint.place(prefix)): Shell(endpoint, gateway, policy)
        for endpoint in ENDPOINTS
        for method in endpoint.methods
    }
    rest = _fastapi(assembly, journal, makers, debug=debug)
    rest.include_router(health_routes(policy, lambda: _state(assembly, journal, recorder, makers)))
    rest.router.routes += [
        Route(path, shell, methods=[method])
        for (method, path), shell in shells.items()
        if "{" in path
    ]
    rest.router.routes += [
        Route(path, Shell(only(*methods), gateway, policy))
        for path, methods in _methods_by_path([*shells, *HEALTH_PATHS]).items()
    ]
    rest.router.default = Shell(NOWHERE, gateway, policy)
    if debug:
        rest.openapi = lambda: _openapi(rest, prefix)  # type: ignore[method-assign]
    hot = {place: shell for place, shell in shells.items() if "{" not in place[1]}
    return _with_cors(Front(hot, rest, assembly.components), config)


def _methods_by_path(places: Iterable[tuple[str, str]]) -> dict[str, list[str]]:
    methods: dict[str, list[str]] = {}
    for method, path in places:
        methods.setdefault(path, []).append(method)
    return methods


class Front:
    """The hot paths in a dict, FastAPI behind it.

    A plain handler inside FastAPI with 20 routes costs 40 µs of CPU, in front of it 4.
    """

    def __init__(
        self,
        hot: dict[tuple[str, str], Shell],
        rest: FastAPI,
        components: Mapping[str, Any],
    ) -> None:
        """`hot` by method and path; what runs behind it finds these `components`."""
        self._hot = hot
        self._rest = rest
        self._components = components

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Answer one request, run the lifespan, or refuse a websocket."""
        use(self._components)
        if scope["type"] == "http":
            handler = self._hot.get((scope["method"], scope["path"]))
            if handler is not None:
                await handler(scope, receive, send)
                return
        elif scope["type"] == "websocket":
            await refuse_socket(scope, send)
            return
        await self._rest(scope, receive, send)


def _fastapi(assembly: Assembly, journal: Journal, makers: Makers, *, debug: bool) -> FastAPI:
    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        async with AsyncExitStack() as closing:  # The last first, and each whatever others raise.
            closing.callback(journal.close)
            closing.callback(makers.close)
            closing.callback(assembly.loggers.close)
            closing.push_async_callback(assembly.snapshot.upstreams.close)
            assembly.loggers.start()
            closing.callback(tasks.spawn(assembly.snapshot.start(), "start").cancel)
            yield

    return FastAPI(
        title="oai-proxy",
        version=__version__,
        lifespan=lifespan,
        redirect_slashes=False,
        openapi_url="/openapi.json" if debug else None,
        docs_url="/docs" if debug else None,
        redoc_url=None,
    )


def _openapi(app: FastAPI, prefix: str) -> dict[str, Any]:
    """FastAPI's document with the endpoints that stand in front of it."""
    document = get_openapi(title=app.title, version=app.version, routes=app.routes)
    for endpoint in ENDPOINTS:
        path = endpoint.place(prefix).replace(":path}", "}")
        document["paths"].setdefault(path, {})[endpoint.method.lower()] = {
            "summary": endpoint.summary,
            "responses": {"200": {"description": "As in OpenAI's or Anthropic's API reference"}},
        }
    return document


def _state(assembly: Assembly, journal: Journal, recorder: Recorder, makers: Makers) -> Json:
    """What `/ready` answers."""
    upstreams = assembly.snapshot.upstreams
    return {
        "ready": assembly.snapshot.enabled,
        "version": __version__,
        "generation": recorder.generation,
        "config": assembly.config.digest,
        "litellm_loaded": "litellm" in sys.modules,
        "connections": {
            connection.name: {
                "enabled": connection.enabled,
                "chat": upstreams.lane(connection, "chat"),
            }
            for connection in upstreams
        },
        "records_lost": journal.lost,
        "stored_responses_lost": makers.lost,
        "logger_records_dropped": assembly.loggers.dropped,
    }


def _with_cors(app: Asgi, config: Config) -> Asgi:
    """CORS for the configured origins; none by default."""
    origins = config.settings.server.allowed_origins
    if not origins:
        return app
    return CORSMiddleware(
        app,
        allow_origins=origins,
        allow_methods=["GET", "POST", "DELETE"],
        allow_headers=["*"],
        expose_headers=["x-request-id", *OWN_HEADERS, "retry-after"],
    )
