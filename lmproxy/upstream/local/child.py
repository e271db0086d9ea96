"""What runs the embedded model? This program, beside the proxy, so that its work never holds it up.

`python -m lmproxy.upstream.local.child` keeps the contract of `lmproxy.child.life`. stderr carries
llama.cpp's errors, and nothing in a good start.

Keep imports few: every start waits for them.
"""

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import xllamacpp

from lmproxy.child.life import live

_LARGEST_BATCH = 2048
_HEADER_BYTES = 1 << 20


@dataclass(frozen=True, slots=True)
class Orders:
    """What the parent asks for.

    Attributes:
        context_tokens: for each of the `parallel` requests that are served at the same time.
        answer_tokens: where an answer ends whose request names no limit. `None`: its context's end.
        threads: `None` leaves the number to llama.cpp, which takes the physical cores.
        parent_pid: who must be alive for this process to go on.
    """

    model_file: str
    alias: str
    context_tokens: int
    answer_tokens: int | None
    threads: int | None
    parallel: int
    api_key: str
    parent_pid: int


def main() -> None:
    """Serve until stdin ends."""
    live(start)


def start(orders: dict[str, Any]) -> tuple[int, object]:
    """Load the model; the port where it answers, and the server."""
    server = serve(Orders(**orders))
    return urlsplit(server.listening_address).port or 0, server


def serve(orders: Orders) -> Any:
    """Load the model and return the listening server. Holds the interpreter's lock meanwhile."""
    try:
        return xllamacpp.Server(server_params(orders))
    except RuntimeError as error:  # llama.cpp has said why on stderr.
        sys.exit(f"llama.cpp: {error}")


def server_params(orders: Orders) -> Any:
    """Return llama.cpp's settings: chat and embeddings, on the loopback address, with a key."""
    params = xllamacpp.CommonParams()
    params.hostnames = ["127.0.0.1"]
    params.port = 0
    params.api_keys = [orders.api_key]
    params.model.path = orders.model_file
    params.model_alias = {orders.alias}  # Unset, every answer carries the file's path.
    params.n_parallel = orders.parallel
    params.n_ctx = orders.context_tokens * orders.parallel  # llama.cpp divides it among them.
    if orders.answer_tokens is not None:
        params.n_predict = orders.answer_tokens
    if orders.threads is not None:
        params.cpuparams.n_threads = params.cpuparams_batch.n_threads = orders.threads
    allow_embeddings(params, orders)
    params.cache_ram_mib = 0  # By default up to 8 GiB of old prompts are kept.
    params.verbosity = 1  # Errors.
    params.offline = True
    params.ui = params.endpoint_slots = False
    return params


def allow_embeddings(params: Any, orders: Orders) -> None:
    """Switch embeddings on beside chat. An input longer than one batch is answered with a 500."""
    params.embedding = True
    params.n_batch = params.n_ubatch = min(orders.context_tokens, _LARGEST_BATCH)
    if not names_its_pooling(Path(orders.model_file)):
        params.pooling_type = xllamacpp.llama_pooling_type.LLAMA_POOLING_TYPE_MEAN


def names_its_pooling(model_file: Path) -> bool:
    """Say whether the header has a key `ARCHITECTURE.pooling_type`: the model is for embeddings.

    The architecture's keys stand before the vocabulary, well within the part that is read here.
    """
    with model_file.open("rb") as file:
        return b".pooling_type" in file.read(_HEADER_BYTES)


if __name__ == "__main__":
    main()
