"""oai-proxy: one door between a team and every model it uses. This is the map.

A request walks through rooms once. Each room is a folder that answers one question; rooms never
import one another; `gateway` alone knows their order, `assembly` alone builds them.

    client ─▶ api/ ─▶ gateway ─┬─ keys/       Who is calling?      secret → Caller     401
                               ├─ routing/    Where does it go?    model  → Target     404
                               ├─ policy/     May they?            both   → grant      403
                               ├─ handlers/   What says the        Call   → Call       429
                               │              operator's own code?
                               ├─ upstream/   Ask the provider.    Call   → Reply      502 504
                               └─ recording/  Write it down.       a bracket round the walk

    __main__ > cli > ( app | server ) > assembly > api > gateway > ( attempts | handling )
             > snapshot > ( keys | routing | policy | handlers | upstream | recording ) > config
             > ( child | request_context | refusal )
             > ( call | errors | patterns | problems | scrub | logs | tasks | threads ) > form

Upper may import lower; names joined by `|` never each other. The build enforces it.

- `call`: the frozen vocabulary; `errors`: every error a client can meet; `problems`: what is wrong
  in a config; `form`: what is uploaded; `patterns`: what a wildcard matches
- `scrub`: what must never be seen; `logs`: the process log; `tasks`: who owns a task
- `request_context`: a request as somebody's own logger or handler sees it; `refusal`: how such a
  handler says no
- `child/`: what runs in a process beside the proxy; `threads`: plain functions of anybody's
- `config/`: one file in, one immutable config or every problem at once
- `attempts`: one provider asked and noted, and who is asked next when it fails
- `snapshot`: a config compiled, and what its rooms choose together; `handling`: what becomes of a
  request that handlers changed
- `assembly`: every room compiled from the config; `app`: the application made of it
- `server/`: the socket and uvicorn; `cli/`: the commands

The library face: `load_config`, `create_app`, `run`; for modules that a config names,
`OpenAIHTTPException` and `components`. It is imported at first use, so that `oai-proxy --help`
imports next to nothing.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from lmproxy.app import create_app
    from lmproxy.cli.serving import run
    from lmproxy.config import load_config
    from lmproxy.config.components import components
    from lmproxy.refusal import OpenAIHTTPException

__version__ = "0.1.0"
__all__ = ["OpenAIHTTPException", "__version__", "components", "create_app", "load_config", "run"]

_HOMES = {
    "OpenAIHTTPException": "lmproxy.refusal",
    "components": "lmproxy.config.components",
    "create_app": "lmproxy.app",
    "load_config": "lmproxy.config",
    "run": "lmproxy.cli.serving",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)
