"""Asks: one proxy in front of the replaying server, the function and the local model."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx

from tests.dialects.asked import BREAKS
from tests.dialects.dialect import Dialect
from tests.dialects.heard import Cell, Heard
from tests.dialects.providers import FAILS, FUNCTION, PLACES
from tests.dialects.refusals import refusal
from tests.dialects.relayed import relayed_answer
from tests.dialects.responses import RESPONSES
from tests.harness.proxy import Proxy
from tests.oracle.asking import KEY, connection_of
from tests.oracle.corpus import ANSWERS
from tests.oracle.providers import PROVIDERS
from tests.oracle.replay import Replay


class Asker:
    """Asks each cell once; for `with asker(folder, places)`."""

    def __init__(self, proxy: Proxy) -> None:
        self._api = proxy.api
        self._client = httpx.Client(headers={"authorization": f"Bearer {KEY}"}, timeout=110)
        self._known: dict[Cell, Heard] = {}

    def ask(self, dialect: Dialect, cell: Cell) -> Heard:
        """The answer to a cell's question, in this dialect."""
        if cell not in self._known:
            body = dialect.body(cell.case, _asked_model(cell), cell.is_streamed)
            response = self._client.post(
                f"{self._api}{dialect.path}", json=body, headers=dialect.headers
            )
            self._known[cell] = Heard(cell, body, response)
        return self._known[cell]

    def close(self) -> None:
        self._client.close()


@contextmanager
def asker(folder: Path, places: Iterable[str] | None = None) -> Iterator[Asker]:
    """The replaying server and a proxy that runs in `folder`, for some of the places."""
    wanted = list(PLACES if places is None else places)
    (folder / "replayed.py").write_text(
        FUNCTION.format(folder=str(ANSWERS / "compatible"), fails=[FAILS], breaks=BREAKS)
    )
    with Replay(_instead) as replay, Proxy(_config(replay, wanted), folder) as proxy:
        running = Asker(proxy)
        try:
            yield running
        finally:
            running.close()


def _instead(
    provider: str, case: str, path: str, is_streamed: bool
) -> tuple[int, dict[str, str], bytes] | None:
    """What the corpus does not have: refusals, and answers of OpenAI's responses."""
    if refused := refusal(provider, case):
        return refused
    if not path.endswith(RESPONSES.path):
        return None
    content_type, content = relayed_answer(provider, case, is_streamed=is_streamed)
    return 200, {"content-type": content_type}, content


def _config(replay: Replay, places: list[str]) -> dict[str, Any]:
    connections = {
        f"{lane}-{name}": _connection(replay, lane, name)
        for name in places
        for lane in PLACES[name].lanes
    }
    return {
        "host": "127.0.0.1",
        "port": 0,
        "connections": connections,
        "routing": {f"{name}/*": f"{name}.{{1}}" for name in connections},
        "groups": {"team": {"api_keys": [KEY]}},
    }


def _connection(replay: Replay, lane: str, name: str) -> dict[str, Any]:
    place = PLACES[name]
    if place.oracle is None:
        return place.settings
    return {**connection_of(replay, lane, place.oracle), **place.settings}


def _asked_model(cell: Cell) -> str:
    name = PLACES[cell.place].oracle
    model = PROVIDERS[name].model_for(cell.case) if name else cell.case
    return f"{cell.lane}-{cell.place}/{model}"
