"""What runs a Transformers model? This program, in a process and perhaps a Python of its own.

Orders: `model`, `params` (`init_params` of the config), `api_key`, `parent_pid`; see `life`.
"""

from typing import Any

from lmproxy.child.chat_server import serve
from lmproxy.child.life import live
from lmproxy.child.transformers_model import Model


def main() -> None:
    """Serve until stdin ends."""
    live(start)


def start(orders: dict[str, Any]) -> tuple[int, object]:
    """Load the model; the port where it answers, and the server."""
    return serve(Model(orders["model"], orders["params"]), orders["api_key"])
