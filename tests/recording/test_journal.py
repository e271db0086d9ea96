"""The journal keeps every line whole, through crashes, rotation and full disks."""

import json
import os
import resource
import stat
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import pytest

from lmproxy.recording import Journal, journal
from tests.conftest import TEAM_KEY, base_config, bearer, chat
from tests.harness import patient
from tests.harness.proxy import Proxy
from tests.harness.waiting import until
from tests.provider.server import Provider

LINE = {"n": 1, "text": "x" * 100}


@pytest.fixture
def opened(tmp_path: Path) -> Iterator[Journal]:
    """A journal that looks for rotation at every line."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(journal, "LOOK_AGAIN_S", 0.0)
        found = Journal(tmp_path)
        found.open()
        yield found
        found.close()


@pytest.fixture
def disk(tmp_path: Path, provider: Provider) -> Iterator[Proxy]:
    """A proxy of its own, for what must not happen to the shared one's files."""
    with Proxy(base_config(provider), tmp_path) as running:
        yield running


def lines(file: Path) -> list[Any]:
    return [json.loads(line) for line in file.read_text().split("\n") if line]


def whole_lines(file: Path) -> list[Any]:
    """The lines that are JSON: what a reader makes of a file with torn lines."""
    found = []
    for line in file.read_text().split("\n"):
        try:
            found.append(json.loads(line))
        except ValueError:
            continue
    return found


def ask(proxy: Proxy, model: str) -> httpx.Response:
    return patient.post(
        f"{proxy.api}/chat/completions", json=chat(model), headers=bearer(TEAM_KEY), timeout=60
    )


def test_what_cannot_be_written_as_json_is_counted_and_fails_nobody(opened: Journal) -> None:
    opened.write({"text": "half \ud83d of it"})
    opened.write(LINE)

    assert (opened.lost, lines(opened.path)) == (1, [LINE])


def limit_file_size(proxy: Proxy, size: int) -> None:
    """From now on no file of the proxy's may grow beyond `size`: to it, the disk is full."""
    resource.prlimit(proxy.pid, resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))


def test_every_record_is_one_line_of_json(opened: Journal) -> None:
    for number in range(3):
        opened.write({"n": number, "text": "two\nlines, é and \u2028"})

    assert [line["n"] for line in lines(opened.path)] == [0, 1, 2]
    assert opened.path.read_bytes().count(b"\n") == 3


def test_every_record_is_one_write(opened: Journal, monkeypatch: pytest.MonkeyPatch) -> None:
    written: list[bytes] = []

    def write(_file: int, data: bytes) -> int:
        written.append(data)
        return len(data)

    monkeypatch.setattr(os, "write", write)
    opened.write(LINE)
    opened.write(LINE)

    assert [json.loads(data) for data in written] == [LINE, LINE]


def test_several_writers_do_not_mix_their_lines(tmp_path: Path) -> None:
    def write(number: int) -> None:
        own = Journal(tmp_path)
        own.open()
        for _ in range(50):
            own.write({"writer": number, "text": "x" * 5000})
        own.close()

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(write, range(4)))

    assert len(lines(tmp_path / journal.FILE_NAME)) == 200


def test_the_directory_is_made_and_others_may_not_read(tmp_path: Path) -> None:
    made = Journal(tmp_path / "a" / "b")

    made.open()
    made.close()

    assert stat.S_IMODE(made.path.stat().st_mode) & 0o007 == 0
    assert stat.S_IMODE(made.path.parent.stat().st_mode) & 0o007 == 0


def test_what_stands_there_is_kept(tmp_path: Path) -> None:
    for number in range(2):
        again = Journal(tmp_path)
        again.open()
        again.write({"n": number})
        again.close()

    assert lines(again.path) == [{"n": 0}, {"n": 1}]


def test_a_line_that_a_crash_tore_does_not_spoil_the_next(tmp_path: Path) -> None:
    file = tmp_path / journal.FILE_NAME
    file.write_text('{"n": 0}\n{"n": 1, "x')

    after = Journal(tmp_path)
    after.open()
    after.write({"n": 2})
    after.write({"n": 3})
    after.close()

    assert file.read_text() == '{"n": 0}\n{"n": 1, "x\n{"n":2}\n{"n":3}\n'


@pytest.mark.parametrize("how", ["renamed", "deleted"])
def test_a_file_that_was_moved_away_is_begun_anew(how: str, opened: Journal) -> None:
    old = opened.path.with_suffix(".1")
    opened.write({"n": 1})
    opened.path.rename(old) if how == "renamed" else opened.path.unlink()

    opened.write({"n": 2})

    assert lines(opened.path) == [{"n": 2}]
    assert not old.exists() or lines(old) == [{"n": 1}]
    assert opened.lost == 0


def test_a_new_file_after_a_torn_line_begins_with_its_first_record(opened: Journal) -> None:
    opened.path.write_text('{"torn')
    opened.close()
    opened.open()
    opened.path.rename(opened.path.with_suffix(".1"))

    opened.write({"n": 2})

    assert opened.path.read_text() == '{"n":2}\n'


def test_a_line_after_half_a_line_and_a_failure_begins_on_a_line_of_its_own(
    opened: Journal, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = os.write

    def half(file: int, data: bytes) -> int:
        return real(file, data[: len(data) // 2])

    def full(_file: int, _data: bytes) -> int:
        raise OSError(28, "No space left on device")

    for disk in (half, full, real):
        monkeypatch.setattr(os, "write", disk)
        opened.write(LINE)

    assert whole_lines(opened.path) == [LINE]
    assert opened.lost == 2


def test_a_directory_that_vanished_loses_lines_and_raises_nothing(opened: Journal) -> None:
    opened.path.unlink()
    opened.path.parent.rmdir()

    opened.write(LINE)
    opened.path.parent.mkdir()
    opened.write(LINE)

    assert opened.lost == 1
    assert lines(opened.path) == [LINE]


def test_a_symbolic_link_in_its_place_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / journal.FILE_NAME).symlink_to(tmp_path / "elsewhere")

    with pytest.raises(OSError, match="symbolic link"):
        Journal(tmp_path).open()


def test_closing_twice_is_fine(opened: Journal) -> None:
    opened.close()
    opened.close()


@pytest.mark.parametrize("there", [True, False], ids=["a file is there", "nothing is there"])
def test_asking_for_obstacles_changes_nothing(there: bool, tmp_path: Path) -> None:
    directory = tmp_path / "new"
    if there:
        directory.mkdir()
        (directory / journal.FILE_NAME).write_text('{"torn')
    before = sorted((file, file.stat().st_mtime_ns) for file in tmp_path.rglob("*"))

    assert Journal(directory).obstacle() is None
    assert sorted((file, file.stat().st_mtime_ns) for file in tmp_path.rglob("*")) == before


def test_a_directory_in_the_journals_place_is_an_obstacle(tmp_path: Path) -> None:
    (tmp_path / journal.FILE_NAME).mkdir()

    assert Journal(tmp_path).obstacle() == f"{tmp_path / journal.FILE_NAME} is in the way"


def test_a_full_disk_fails_no_request_and_every_lost_record_is_counted_and_said(
    disk: Proxy,
) -> None:
    ask(disk, "before")
    size = disk.records_file.stat().st_size
    limit_file_size(disk, size + 100)

    answers = [ask(disk, f"lost-{number}").status_code for number in range(3)]
    counted = patient.get(f"{disk.url}/ready").json()["records_lost"]
    limit_file_size(disk, resource.RLIM_INFINITY)
    ask(disk, "after")

    assert answers == [200, 200, 200]
    assert counted == 3
    assert [r["model_asked"] for r in whole_lines(disk.records_file)] == ["before", "after"]
    (said,) = until(lambda: disk.log("a record was lost"), "word of the lost records")
    assert said["reason"] == "the disk took half a line"


def test_a_running_proxy_goes_on_in_a_new_file_after_rotation(disk: Proxy) -> None:
    ask(disk, "first")
    old = disk.records_file.with_suffix(".1")
    disk.records_file.rename(old)

    until(lambda: ask(disk, "later").is_success and disk.records_file.exists(), "the new file")

    assert lines(old)[0]["model_asked"] == "first"
    kept = [record["model_asked"] for record in [*lines(old), *lines(disk.records_file)]]
    assert kept == ["first"] + ["later"] * (len(kept) - 1)


def test_a_killed_proxy_has_written_the_record_of_every_answer(disk: Proxy) -> None:
    answers = [ask(disk, f"m{number}").status_code for number in range(5)]

    disk.process.kill()

    assert answers == [200] * 5
    assert [line["model_asked"] for line in lines(disk.records_file)] == [f"m{n}" for n in range(5)]
