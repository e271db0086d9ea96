"""The gateways: ours, those that are written here to compare with, and somebody else's.

Each is one process (nginx: and its worker) on one core.
"""

import hashlib
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import tomli_w

from scripts.benchmark import certificate, compared
from scripts.benchmark.compared import MASTER_KEY, NO_NETWORK, written
from scripts.benchmark.processes import REPOSITORY, Program
from scripts.benchmark.setups import PROVIDER_KEY, Site, team, virtual_key

LIMITS = {"concurrency": 4096}
COUNTING_MODEL = "count-tasks"
COUNTING = """
import asyncio

async def count(prompt):
    return str(len(asyncio.all_tasks()))
"""


@dataclass(frozen=True, slots=True)
class Gateway:
    """A gateway that can be measured.

    Attributes:
        title: what tables call it.
        program: writes its config and says how it is started; raises `Unmeasured`.
        variable: whether its config depends on the setup; others run once.
        only_key: the one it knows, if it cannot have as many as it should.
        teams: whether it takes model names with a team; else what stands after the slash is asked.
        on_request: measured only when named.
        environment: what `scripts/benchmark/install` installs for it.
    """

    title: str
    program: Callable[[Site], Program]
    variable: bool = False
    only_key: str | None = None
    teams: bool = True
    on_request: bool = False
    environment: str | None = None


def ours(site: Site) -> Program:
    """Everything on: keys, routes, permissions, deadlines, caps, records, a second log output."""
    setup = site.setup
    connections, routing = ways(site)
    config: dict[str, object] = {
        "host": "127.0.0.1",
        "port": site.port,
        "connections": connections,
        "routing": routing,
        "groups": {
            "team": {
                "api_keys": [digest_of(virtual_key(n)) for n in range(setup.keys)],
                "allowed_connections": list(connections),
                "allowed_models": ["team-*", "claude*", "gemini*", "lite/*", COUNTING_MODEL],
            }
        },
        "server": LIMITS,
        "storage": {"dir": str(site.folder / "storage")},
    }
    if setup.tls:
        config["ssl_certfile"], config["ssl_keyfile"] = certificate.written(site.folder)
    path = written(site, "config.toml", tomli_w.dumps(config))
    command = [str(Path(sys.executable).parent / "oai-proxy"), "--config", path]
    return Program([*command, "--log-level", "warning"], site.folder, {})


def ways(site: Site) -> tuple[dict[str, object], dict[str, str]]:
    """Our connections, and the routing rules that lead to them."""
    setup, shared = site.setup, {"api_key": PROVIDER_KEY, **LIMITS}
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
    if setup.counting:
        connections["counting"] = {"api_type": "function", "inference_func": "counting.count"}
        routing[COUNTING_MODEL] = "counting.*"
        written(site, "counting.py", COUNTING)
    return connections, routing


def digest_of(key: str) -> str:
    """As a config names a key that it does not hold."""
    return f"sha256:{hashlib.sha256(key.encode()).hexdigest()}"


def own_server(module: str) -> Callable[[Site], Program]:
    """A server of this package, which needs no config."""

    def program(site: Site) -> Program:
        command = [sys.executable, "-m", module, str(site.port), site.provider]
        files = certificate.written(site.folder) if site.setup.tls else ()
        return Program(
            [*command, *files], site.folder, {"PYTHONPATH": str(REPOSITORY), **NO_NETWORK}
        )

    return program


GATEWAYS = {
    "ours": Gateway("oai-proxy", ours, variable=True),
    "nginx": Gateway("nginx proxy_pass", compared.nginx, environment="nginx"),
    "bare": Gateway("bare pass-through: Starlette, aiohttp", own_server("scripts.benchmark.bare")),
    "acompletion": Gateway(
        "litellm.acompletion behind a bare server", own_server("scripts.benchmark.acompletion")
    ),
    "lm-proxy": Gateway("lm-proxy", compared.lm_proxy, variable=True, environment="lm-proxy"),
    "litellm-proxy": Gateway(
        "LiteLLM's proxy",
        compared.litellm_proxy,
        only_key=MASTER_KEY,
        on_request=True,
        environment="litellm-proxy",
    ),
    "ferro": Gateway(
        "Ferro (Go)",
        compared.ferro,
        only_key=MASTER_KEY,
        teams=False,
        on_request=True,
        environment="ferro",
    ),
}
DIRECT = "provider"
"""Not a gateway: the fake provider asked directly."""
