"""The gateways we compare with that are somebody else's: their configs and how they are started.

Each has the same keys and routes as ours, as far as it knows such things, and keeps a record of
each request where it can. All are installed by `scripts/benchmark/install`.
"""

import json
import shutil
import socket
from pathlib import Path

import tomli_w

from scripts.benchmark.processes import REPOSITORY, Program
from scripts.benchmark.setups import PROVIDER_KEY, Site, team, virtual_key

NGINX = """
worker_processes 1;
daemon off;
pid {folder}/nginx.pid;
error_log {folder}/error.log warn;
events {{ worker_connections 4096; }}
http {{
    access_log off;
    keepalive_requests 1000000;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    upstream provider {{ server {provider}; keepalive 512; keepalive_requests 1000000; }}
    server {{
        listen 127.0.0.1:{port} backlog=2048;
        location /v1/ {{
            proxy_pass http://provider;
            proxy_http_version 1.1;
            proxy_buffering off;
            proxy_set_header Connection "";
            proxy_set_header Authorization "Bearer {key}";
        }}
    }}
}}
"""
LM_PROXY_FIELDS = {
    "id": "id",
    "connection": "connection",
    "group": "group",
    "api_key_id": "api_key_id",
    "created_at": "created_at",
    "duration": "duration",
    "prompt_tokens": "response.usage.prompt_tokens",
    "completion_tokens": "response.usage.completion_tokens",
}
MASTER_KEY = "sk-master-000000000000000000000000"
"""LiteLLM's proxy without a database, and Ferro without its admin API, know this key only."""
NO_NETWORK = {"LITELLM_LOCAL_MODEL_COST_MAP": "True"}


class Unmeasured(Exception):
    """It cannot be measured here; the message says why."""


def installed(environment: str, path: str) -> str:
    """A program in the environment `.venv-bench-ENVIRONMENT`."""
    found = REPOSITORY / f".venv-bench-{environment}" / path
    if not found.exists():
        raise Unmeasured("not installed")
    return str(found)


def written(site: Site, name: str, text: str) -> str:
    """The path of a config file."""
    site.folder.mkdir(parents=True, exist_ok=True)
    (site.folder / name).write_text(text)
    return str(site.folder / name)


def nginx_program() -> str:
    """Ours, or the system's."""
    own = REPOSITORY / ".venv-bench-nginx/usr/sbin/nginx"
    found = str(own) if own.exists() else shutil.which("nginx", path="/usr/sbin:/usr/bin")
    if found is None:
        raise Unmeasured("not installed")
    return found


def nginx(site: Site) -> Program:
    command = nginx_program()
    text = NGINX.format(
        folder=site.folder,
        provider=site.provider.removeprefix("http://"),
        port=site.port,
        key=PROVIDER_KEY,
    )
    path = written(site, "nginx.conf", text)
    return Program([command, "-p", str(site.folder), "-c", path], site.folder, {})


def lm_proxy(site: Site) -> Program:
    command = installed("lm-proxy", "bin/lm-proxy")
    connections: dict[str, object] = {
        "openai": {"api_type": "openai", "api_base": f"{site.provider}/v1", "api_key": PROVIDER_KEY}
    }
    routing = {f"{team(n)}/*": "openai.*" for n in range(site.setup.rules)}
    if site.setup.translating:
        for name in ("anthropic", "google"):
            shared = {"api_base": site.provider, "api_key": PROVIDER_KEY}
            connections[name] = {"api_type": name, **shared}
        routing |= {"claude*": "anthropic.*", "gemini*": "google.*"}
    logger = {
        "class": "lm_proxy.loggers.BaseLogger",
        "log_writer": {
            "class": "lm_proxy.loggers.JsonLogWriter",
            "file_name": str(site.folder / "log.jsonl"),
        },
        "entry_transformer": {"class": "lm_proxy.loggers.LogEntryTransformer", **LM_PROXY_FIELDS},
    }
    keys = [virtual_key(number) for number in range(site.setup.keys)]
    config = {
        "host": "127.0.0.1",
        "port": site.port,
        "connections": connections,
        "routing": routing,
        "groups": {"team": {"api_keys": keys, "allowed_connections": ",".join(connections)}},
        "loggers": [logger],
    }
    path = written(site, "config.toml", tomli_w.dumps(config))
    return Program([command, "--config", path, "--env="], site.folder, {})


def litellm_proxy(site: Site) -> Program:
    command = installed("litellm-proxy", "bin/litellm")
    places = {
        "claude*": ("anthropic/claude*", site.provider),
        "gemini*": ("gemini/gemini*", f"{site.provider}/v1beta/models/gemini-2.5-flash"),
        "team-*": ("openai/team-*", f"{site.provider}/v1"),
    }
    models = [
        {
            "model_name": name,
            "litellm_params": {"model": model, "api_base": base, "api_key": PROVIDER_KEY},
        }
        for name, (model, base) in places.items()
    ]
    config = {"model_list": models, "general_settings": {"master_key": MASTER_KEY}}
    path = written(site, "config.yaml", json.dumps(config))
    options = ["--host", "127.0.0.1", "--port", str(site.port), "--num_workers", "1"]
    environment = {**NO_NETWORK, "LITELLM_LOG": "ERROR", "LITELLM_MODE": "PRODUCTION"}
    bin_folder = str(Path(command).parent)
    environment["PATH"] = f"{bin_folder}:/usr/bin:/bin"
    return Program([command, "--config", path, *options], site.folder, environment)


def ferro(site: Site) -> Program:
    """Started only where nobody else can reach it, since it listens on every address."""
    command = installed("ferro", "bin/ferrogw")
    if len(socket.if_nameindex()) > 1:
        raise Unmeasured("it listens on every address: run this in a network namespace of its own")
    config = {"strategy": {"mode": "single"}, "targets": [{"virtual_key": "openai"}]}
    environment = {
        "GATEWAY_CONFIG": written(site, "config.json", json.dumps(config)),
        "MASTER_KEY": MASTER_KEY,
        "OPENAI_API_KEY": PROVIDER_KEY,
        "OPENAI_BASE_URL": site.provider,
        "PORT": str(site.port),
        "RATE_LIMIT_RPS": "0",
        "LOG_LEVEL": "warn",
        "GOMAXPROCS": "1",
    }
    return Program([command, "serve"], site.folder, environment)
