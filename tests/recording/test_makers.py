"""Which connection made a stored response, and for whom, is remembered and bounded."""

import asyncio
import sqlite3
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

import pytest

from lmproxy.errors import Unavailable
from lmproxy.recording import makers
from lmproxy.recording.makers import Maker, Makers

T = TypeVar("T")
MAKER = Maker("one", "one/m", "m", is_counted=True)


def in_file(folder: Path) -> list[str]:
    """The ids in the file, oldest first."""
    with sqlite3.connect(folder / makers.FILE_NAME) as file:
        found = [row[0] for row in file.execute("SELECT response FROM made ORDER BY number")]
    file.close()
    return found


def with_makers(folder: Path, work: Callable[[Makers], Awaitable[T]]) -> T:
    """What `work` gives, done with the makers of a directory."""

    async def run() -> T:
        kept = Makers(folder)
        try:
            return await work(kept)
        finally:
            kept.close()

    return asyncio.run(run())


def fill(folder: Path, *responses: str) -> None:
    async def remember(kept: Makers) -> None:
        for response in responses:
            kept.remember("team", response, MAKER)

    with_makers(folder, remember)


def test_what_another_process_wrote_is_found(tmp_path: Path) -> None:
    async def find(kept: Makers) -> list[Maker | None]:
        before = await kept.find("team", "resp_1")
        await asyncio.to_thread(fill, tmp_path, "resp_1")
        return [before, await kept.find("team", "resp_1"), await kept.find("guests", "resp_1")]

    assert with_makers(tmp_path, find) == [None, MAKER, None]


def test_it_is_known_at_once_and_soon_in_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(makers, "MOST_RECENT", 2)
    names = [f"resp_{number}" for number in range(5)]

    async def find(kept: Makers) -> list[Maker | None]:
        for name in names:
            kept.remember("team", name, MAKER)
        known = [await kept.find("team", name) for name in names]
        other = Makers(tmp_path)
        async with asyncio.timeout(5):
            while await other.find("team", "resp_4") is None:  # noqa: ASYNC110 - another's file.
                await asyncio.sleep(0.01)
        other.close()
        return known

    assert with_makers(tmp_path, find) == [MAKER] * 5
    assert in_file(tmp_path) == names


def test_what_is_new_of_one_takes_the_place_of_what_was(tmp_path: Path) -> None:
    async def count(kept: Makers) -> None:
        kept.remember("team", "resp_1", replace(MAKER, is_counted=False))
        kept.remember("team", "resp_1", MAKER)

    async def find(kept: Makers) -> Maker | None:
        return await kept.find("team", "resp_1")

    with_makers(tmp_path, count)

    assert with_makers(tmp_path, find) == MAKER


def test_the_oldest_of_too_many_are_forgotten(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(makers, "MOST_KEPT", 3)
    fill(tmp_path, *(f"resp_{number}" for number in range(5)))
    fill(tmp_path, "resp_5")

    assert in_file(tmp_path) == ["resp_3", "resp_4", "resp_5"]


def test_what_providers_have_forgotten_is_forgotten(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(tmp_path, "resp_0")
    monkeypatch.setattr(makers, "KEPT_S", -1)
    fill(tmp_path, "resp_1")

    assert in_file(tmp_path) == []


def test_while_the_disk_is_slow_only_so_many_wait(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(makers, "MOST_WAITING", 2)

    async def remember(kept: Makers) -> int:
        for number in range(4):
            kept.remember("team", f"resp_{number}", MAKER)
        return kept.lost

    assert with_makers(tmp_path, remember) == 2
    assert in_file(tmp_path) == ["resp_2", "resp_3"]


def test_when_the_file_is_broken_memory_goes_on_and_the_rest_is_a_503(tmp_path: Path) -> None:
    (tmp_path / makers.FILE_NAME).write_bytes(b"no database " * 1000)

    async def find(kept: Makers) -> Maker | None:
        kept.remember("team", "resp_1", MAKER)
        with pytest.raises(Unavailable) as refused:
            await kept.find("team", "resp_2")
        assert refused.value.code == "storage_unavailable"
        return await kept.find("team", "resp_1")

    assert with_makers(tmp_path, find) == MAKER


def test_closing_twice_is_closing_once(tmp_path: Path) -> None:
    async def close(kept: Makers) -> None:
        kept.close()
        kept.remember("team", "resp_1", MAKER)

    with_makers(tmp_path, close)

    assert not (tmp_path / makers.FILE_NAME).exists()


def test_a_link_is_not_followed(tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    (tmp_path / makers.FILE_NAME).symlink_to(elsewhere)

    fill(tmp_path, "resp_1")

    assert not elsewhere.exists()


def test_what_one_group_has_no_other_can_claim(tmp_path: Path) -> None:
    async def claim(kept: Makers) -> list[Maker | None]:
        kept.remember("team", "resp_1", MAKER)
        kept.remember("guests", "resp_1", replace(MAKER, connection="two"))
        kept.remember("guests", "resp_1", MAKER)
        return [await kept.find(group, "resp_1") for group in ("team", "guests")]

    theirs = replace(MAKER, connection="two")
    assert with_makers(tmp_path, claim) == [MAKER, theirs]
    assert in_file(tmp_path) == ["resp_1", "resp_1"]


def test_what_only_the_file_has_as_another_groups_cannot_be_claimed(tmp_path: Path) -> None:
    fill(tmp_path, "resp_1")

    async def claim(kept: Makers) -> list[Maker | None]:
        kept.remember("guests", "resp_1", MAKER)
        return [await kept.find(group, "resp_1") for group in ("guests", "team")]

    async def find(kept: Makers) -> list[Maker | None]:
        return [await kept.find(group, "resp_1") for group in ("guests", "team")]

    async def only_claim(kept: Makers) -> None:
        kept.remember("guests", "resp_1", MAKER)

    assert with_makers(tmp_path, claim) == [None, MAKER]
    with_makers(tmp_path, only_claim)  # Written without being looked at first.
    assert with_makers(tmp_path, find) == [None, MAKER]


def test_what_the_file_has_as_ones_own_is_not_looked_up_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(tmp_path, "resp_1")

    async def find(kept: Makers) -> Maker | None:
        kept.remember("team", "resp_1", MAKER)
        await kept.find("team", "resp_1")
        monkeypatch.delattr(Makers, "_read_owner")
        return await kept.find("team", "resp_1")

    assert with_makers(tmp_path, find) == MAKER
