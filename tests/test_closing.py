"""A part that cannot be closed keeps no other open, and loses no record."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import structlog

from lmproxy.app import build
from lmproxy.call import Call, Observed, Reply
from lmproxy.config import schema
from lmproxy.recording import Journal, Makers, Outputs
from lmproxy.scrub import Scrubber
from lmproxy.upstream import Upstreams
from lmproxy.upstream.connection import Common, Connection
from lmproxy.upstream.litellm.door import Door
from tests.harness import configs


class Closing(Connection):
    """A connection that ends as a test says."""

    def __init__(self, name: str, close: Callable[[], None]) -> None:
        super().__init__(Common(name, schema.Connection(), "auto", Scrubber(), Door()))
        self._close = close

    def lane(self, operation: str) -> str:
        return f"none for {operation}"

    async def ask(self, call: Call, model: str, observed: Observed) -> Reply:
        raise NotImplementedError

    def close(self) -> Any:  # Somebody's own need not be written for the loop.
        self._close()
        return asyncio.sleep(0)


def fail(*_: object) -> None:
    raise ValueError("it does not close")


async def fail_later(*_: object) -> None:
    fail()


@pytest.mark.parametrize("part", ["a connection", "catalogue", "fetch"])
def test_a_part_that_fails_to_close_is_logged_and_the_others_are_closed(
    part: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    closed: list[str] = []
    connections = {
        "first": Closing("first", fail if part == "a connection" else lambda: None),
        "second": Closing("second", lambda: closed.append("second")),
    }
    upstreams = Upstreams(connections, Door(), 1)
    if part != "a connection":
        monkeypatch.setattr(getattr(upstreams, part), "close", fail_later)

    with structlog.testing.capture_logs() as logged:
        asyncio.run(upstreams.close())

    assert closed == ["second"]
    assert [line["event"] for line in logged] == ["a connection did not close"]


def test_records_are_written_whatever_does_not_close(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    closed: list[str] = []

    class Loggers(Outputs):
        def close(self) -> None:
            closed.append("loggers")
            fail()

    assembly = replace(configs.assembled(tmp_path, configs.text()), loggers=Loggers([]))
    for kind in (Makers, Journal):
        monkeypatch.setattr(kind, "close", lambda self: closed.append(type(self).__name__))
    monkeypatch.setattr(assembly.snapshot.upstreams, "close", fail_later)

    said = asyncio.run(live(build(assembly)))

    assert closed[-3:] == ["loggers", "Makers", "Journal"]
    assert said == ["lifespan.startup.complete", "lifespan.shutdown.failed"]


async def live(app: Any) -> list[str]:
    """Start an application and stop it; what it says of both."""
    heard = iter(["lifespan.startup", "lifespan.shutdown"])
    said: list[str] = []

    async def receive() -> dict[str, str]:
        return {"type": next(heard)}

    async def send(message: dict[str, str]) -> None:
        said.append(message["type"])

    with pytest.raises(ValueError, match="does not close"):
        await app({"type": "lifespan", "state": {}}, receive, send)
    return said
