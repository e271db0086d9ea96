"""What is remembered of providers' lists: who asks, how often, and what a failure costs."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
import structlog

from lmproxy.call import Call, Observed, Reply
from lmproxy.config import schema
from lmproxy.errors import UpstreamFault
from lmproxy.scrub import Scrubber
from lmproxy.upstream.catalogue import LEFT_ALONE_S, Catalogue
from lmproxy.upstream.connection import Common, Connection
from lmproxy.upstream.litellm.door import Door

FOR_EVER = 3600.0
NOT_AT_ALL = 1e-9

Answer = Callable[[], Awaitable[tuple[str, ...] | None]]


class Listing(Connection):
    """A connection kind that lists what a test says, and counts."""

    def __init__(self, answer: Answer, **settings: Any) -> None:
        name = settings.pop("name", "lister")
        connection = schema.Connection(**settings)
        super().__init__(Common(name, connection, "auto", Scrubber(), Door()))
        self._answer = answer
        self.asked = 0

    def lane(self, operation: str) -> str:
        return f"none for {operation}"

    async def models(self) -> tuple[str, ...] | None:
        self.asked += 1
        return await self._answer()

    async def ask(self, call: Call, model: str, observed: Observed) -> Reply:
        raise NotImplementedError

    async def close(self) -> None:
        pass


def says(*answers: tuple[str, ...] | Exception | None) -> Answer:
    """Each answer in turn, and the last one from then on."""
    waiting = list(answers)

    async def answer() -> tuple[str, ...] | None:
        said = waiting.pop(0) if len(waiting) > 1 else waiting[0]
        if isinstance(said, Exception):
            raise said
        return said

    return answer


async def for_ever() -> tuple[str, ...]:
    await asyncio.Event().wait()
    return ()


async def lists(catalogue: Catalogue, times: int) -> list[tuple[str, ...]]:
    return [(await catalogue.lists(["lister"]))["lister"] for _ in range(times)]


def test_a_list_is_asked_once_while_it_is_good() -> None:
    connection = Listing(says(("a",), ("b",)))

    found = asyncio.run(lists(Catalogue([connection], FOR_EVER), 3))

    assert found == [("a",)] * 3
    assert connection.asked == 1


def test_a_list_that_is_no_longer_good_is_asked_again() -> None:
    connection = Listing(says(("a",), ("b",)))

    found = asyncio.run(lists(Catalogue([connection], NOT_AT_ALL), 2))

    assert found == [("a",), ("b",)]


def test_all_who_ask_at_once_share_one_question_even_if_the_first_leaves() -> None:
    async def work() -> tuple[list[Any], int]:
        gate = asyncio.Event()

        async def answer() -> tuple[str, ...]:
            await gate.wait()
            return ("a",)

        connection = Listing(answer)
        catalogue = Catalogue([connection], NOT_AT_ALL)
        asking = [asyncio.ensure_future(catalogue.lists(["lister"])) for _ in range(5)]
        await asyncio.sleep(0)
        asking[0].cancel()
        gate.set()
        return await asyncio.gather(*asking, return_exceptions=True), connection.asked

    found, asked = asyncio.run(work())

    assert isinstance(found[0], asyncio.CancelledError)
    assert found[1:] == [{"lister": ("a",)}] * 4
    assert asked == 1


def test_all_connections_are_asked_at_the_same_time() -> None:
    async def work() -> Any:
        meeting = asyncio.Barrier(3)

        async def answer() -> tuple[str, ...]:
            await meeting.wait()
            return ("a",)

        connections = [Listing(answer, name=name) for name in "xyz"]
        return await Catalogue(connections, FOR_EVER).lists(["x", "y", "z"])

    assert asyncio.run(work()) == dict.fromkeys("xyz", ("a",))


@pytest.mark.parametrize("failure", [UpstreamFault("no"), ValueError("mine")], ids=repr)
def test_a_failure_keeps_the_last_list_and_is_not_tried_again_at_once(failure: Exception) -> None:
    connection = Listing(says(("a",), failure))
    moments = iter((0.0, FOR_EVER, FOR_EVER + LEFT_ALONE_S - 1, FOR_EVER + LEFT_ALONE_S))
    now = 0.0

    async def work() -> list[int]:
        nonlocal now
        catalogue, asked = Catalogue([connection], FOR_EVER, clock=lambda: now), []
        for moment in moments:
            now = moment
            assert await lists(catalogue, 3) == [("a",)] * 3
            asked.append(connection.asked)
        return asked

    assert asyncio.run(work()) == [1, 2, 2, 3]


def test_a_provider_that_says_nothing_is_given_up_and_costs_only_its_own_list() -> None:
    slow, quick = Listing(for_ever, name="slow"), Listing(says(("a",)), name="quick")

    async def work() -> Any:
        catalogue = Catalogue([slow, quick], FOR_EVER, wait_s=0.05)
        return [await catalogue.lists(["slow", "quick"]) for _ in range(3)]

    found = asyncio.run(work())

    assert found == [{"slow": (), "quick": ("a",)}] * 3
    assert slow.asked == 1


def test_every_change_is_logged_once_without_what_foreign_code_says() -> None:
    foreign, fault = ValueError("canary"), UpstreamFault("The provider failed.")
    connection = Listing(says(fault, fault, foreign, foreign, ("a",), ("a",), fault))

    with structlog.testing.capture_logs() as logged:
        asyncio.run(lists(Catalogue([connection], NOT_AT_ALL), 8))

    said = [(line["log_level"], line.get("code"), line.get("reason")) for line in logged]
    assert [(level, code) for level, code, _ in said] == [
        ("warning", "upstream_error"), ("warning", "internal_error"), ("info", None),
        ("warning", "upstream_error"),
    ]  # fmt: skip
    assert said[0][2] == "The provider failed."
    assert "ValueError at " in str(said[1][2])
    assert "canary" not in str(said)


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ({"enabled": False}, ()),
        ({"models": {"a": "deployment"}}, ("a",)),
        ({"models": {"a": "deployment"}, "enabled": False}, ()),
    ],
    ids=["switched off", "a table of models", "both"],
)
def test_what_the_config_says_needs_no_question(
    settings: dict[str, Any], expected: tuple[str, ...]
) -> None:
    connection = Listing(says(("listed",)), **settings)

    assert asyncio.run(lists(Catalogue([connection], FOR_EVER), 1)) == [expected]
    assert connection.asked == 0


def test_a_connection_without_a_list_gives_none_and_is_asked_no_more() -> None:
    connection = Listing(says(None))

    assert asyncio.run(lists(Catalogue([connection], FOR_EVER), 2)) == [(), ()]
    assert connection.asked == 1


def test_closing_ends_a_question_that_is_under_way() -> None:
    async def work() -> tuple[Any, int]:
        catalogue = Catalogue([Listing(for_ever)], FOR_EVER)
        asking = asyncio.ensure_future(catalogue.lists(["lister"]))
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        await catalogue.close()
        return await asking, len(asyncio.all_tasks())

    assert asyncio.run(work()) == ({"lister": ()}, 1)
