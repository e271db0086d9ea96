"""The gateways: how each is configured and started.

Each is one process (nginx: and its worker), with its access log off and its own log at warnings.
"""

import hashlib
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import tomli_w

from scripts.benchmark.processes import REPOSITORY, Program
from scripts.benchmark.setups import Setup, team, virtual_key

PROVIDER_KEY = "sk-provider-0000000000000000"


@dataclass(frozen=True, slots=True)
class Site:
    """Where a gateway is to run. `provider` is the provider's address, without a path."""

    port: int
    provider: str
    folder: Path
    setup: Setup


@dataclass(frozen=True, slots=True)
class Gateway:
    """A gateway that can be measured.

    Attributes:
        title: what tables call it.
        program: writes its config and says how it is started.
        variable: whether its config depends on the setup; others run once.
    """

    title: str
    program: Callable[[Site], Program]
    variable: bool = False


def ours(site: Site) -> Program:
    """Everything on: keys, routes, permissions, deadlines, caps, records, a second log output."""
    setup, limits = site.setup, {"concurrency": 4096}
    shared = {"api_key": PROVIDER_KEY, **limits}
    base = f"{site.provider}/v1"
    connections: dict[str, object] = {"openai": {"api_base": base, **shared}}
    routing = {f"{team(n)}/*": "openai.*" for n in range(setup.rules)}
    if setup.translating:
        connections |= {
            "anthropic": {"api_type": "anthropic", "api_base": site.provider, **shared},
            "google": {"api_type": "google", "api_base": site.provider, **shared},
            "lite": {"api_base": base, "lane": "litellm", **shared},
        }
        routing |= {"claude*": "anthropic.*", "gemini*": "google.*", "lite/*": "lite.{1}"}
    config = {
        "host": "127.0.0.1",
        "port": site.port,
        "connections": connections,
        "routing": routing,
        "groups": {
            "team": {
                "api_keys": [digest_of(virtual_key(n)) for n in range(setup.keys)],
                "allowed_connections": list(connections),
                "allowed_models": ["team-*", "claude*", "gemini*", "lite/*"],
            }
        },
        "server": limits,
        "storage": {"dir": str(site.folder / "storage")},
    }
    path = written(site, "config.toml", tomli_w.dumps(config))
    command = [str(Path(sys.executable).parent / "oai-proxy"), "--config", path]
    return Program([*command, "--log-level", "warning"], site.folder, {})


def digest_of(key: str) -> str:
    """As a config names a key that it does not hold."""
    return f"sha256:{hashlib.sha256(key.encode()).hexdigest()}"


def written(site: Site, name: str, text: str) -> str:
    """The path of a config file."""
    site.folder.mkdir(parents=True, exist_ok=True)
    (site.folder / name).write_text(text)
    return str(site.folder / name)


def own_server(module: str) -> Callable[[Site], Program]:
    """A server of this package, which needs no config."""

    def program(site: Site) -> Program:
        command = [sys.executable, "-m", module, str(site.port), site.provider]
        return Program(command, site.folder, {"PYTHONPATH": str(REPOSITORY)})

    return program


GATEWAYS = {
    "ours": Gateway("oai-proxy", ours, variable=True),
    "bare": Gateway("bare pass-through: Starlette, aiohttp", own_server("scripts.benchmark.bare")),
}
DIRECT = "provider"
"""Not a gateway: the fake provider asked directly."""
