"""uvicorn, set up for this proxy.

Forwarded headers are read by `api/policy.py` alone; no access log, because every request has a
record; no websockets, so that an upgrade is answered like any request to a path that is none.
"""

import math
import socket
from collections.abc import Callable
from typing import Any

import uvicorn

from lmproxy.config.schema import Settings
from lmproxy.server.protocol import Protocol
from lmproxy.server.receiving import Config


class Server(uvicorn.Server):
    """Says when it is listening."""

    def __init__(self, config: uvicorn.Config, on_listening: Callable[[], None]) -> None:
        """`on_listening` is called once, when requests are answered."""
        super().__init__(config)
        self._on_listening = on_listening

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start answering."""
        await super().startup(sockets)
        if self.started:
            self._on_listening()


def run_server(
    app: Any, settings: Settings, listening: socket.socket, on_listening: Callable[[], None]
) -> None:
    """Serve until SIGTERM or SIGINT, then let answers under way finish for `drain_s`."""
    config = Config(
        app,
        http=Protocol,
        loop="uvloop",
        ws="none",
        lifespan="on",
        log_config=None,
        access_log=False,
        proxy_headers=False,
        server_header=False,
        timeout_keep_alive=settings.server.keep_alive_s,  # type: ignore[arg-type]  # Any number.
        timeout_graceful_shutdown=math.ceil(settings.server.drain_s),
        ssl_keyfile=settings.ssl_keyfile,
        ssl_certfile=settings.ssl_certfile,
    )
    config.bounds = settings.server
    Server(config, on_listening).run(sockets=[listening])
