"""Which lane does each endpoint take to each provider? The README's table, made from the code.

`python -m tests.docs.lanes` prints it.
"""

import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import tomli_w

from lmproxy.config import load_config
from lmproxy.scrub import Scrubber
from lmproxy.upstream import Upstreams, compile_upstreams
from lmproxy.upstream.connection import Connection
from lmproxy.upstream.litellm.names import ADDRESSES, REGION_ADDRESSES
from lmproxy.upstream.operations.table import OPERATIONS
from lmproxy.upstream.vendors import ALL, VENDORS

COLUMNS = (
    "chat", "messages", "count_tokens", "responses", "compact", "input_tokens", *OPERATIONS,
)  # fmt: skip
BASE = "http://127.0.0.1:9/v1"
REGIONS = {"aws_region_name": "eu-central-1", "vertex_location": "europe-west4"}


def _connection(kind: str) -> dict[str, Any]:
    known = ALL[kind]
    region = REGION_ADDRESSES.get(known.litellm, ("", ""))[0]
    own: dict[str, Any] = {"api_type": kind, "api_key": "key-of-nobody"}
    if region:
        return {**own, "litellm": {region: REGIONS[region]}}
    return own if known.api_base else {**own, "api_base": BASE}


def _upstreams(kinds: list[str]) -> Upstreams:
    connections = {kind: _connection(kind) for kind in kinds}
    connections["azure, if `api_base` ends in `/openai/v1`"] = {
        **_connection("azure"),
        "api_base": f"{BASE.removesuffix('/v1')}/openai/v1",
    }
    connections["function"] = {"api_type": "function", "inference_func": "json.dumps"}
    connections["cli"] = {"api_type": "cli", "cli": "cat"}
    torch = {"model": "m", "python": sys.executable}
    connections["transformers"] = {"api_type": "transformers", **torch}
    connections["local"] = {"api_type": "local"}
    with TemporaryDirectory() as folder:
        file = Path(folder) / "all.toml"
        file.write_text(tomli_w.dumps({"connections": connections}))
        upstreams, problems, _ = compile_upstreams(load_config(file), Scrubber())
    assert not problems, problems
    return upstreams


def table() -> str:
    """The table in Markdown: a row for the kinds that take the same lanes."""
    kinds = sorted({known.api_type for known in VENDORS.values()} | ADDRESSES.keys())
    upstreams = _upstreams(kinds)
    rows: dict[tuple[str, ...], list[str]] = {}
    for connection in upstreams:
        lanes = tuple(_way(upstreams, connection, operation) for operation in COLUMNS)
        rows.setdefault(lanes, []).append(_shown(connection.name))
    most_first = sorted(rows.items(), key=lambda row: (row[0].count(""), row[0], row[1]))
    lines = [_line(["`api_type`", *COLUMNS]), _line(["---"] * (len(COLUMNS) + 1))]
    lines += [_line([", ".join(names), *lanes]) for lanes, names in most_first]
    return "\n".join(lines)


def _way(upstreams: Upstreams, connection: Connection, operation: str) -> str:
    lane = upstreams.lane(connection, operation)
    if lane and (operation == "count_tokens" or connection.takes(operation)):
        return lane
    return "as chat" if lane else ""


def _shown(name: str) -> str:
    kind, comma, more = name.partition(",")
    return f"`{kind}`{comma}{more}"


def _line(cells: list[str]) -> str:
    return f"| {' | '.join(cells)} |"


if __name__ == "__main__":
    sys.stdout.write(table() + "\n")
