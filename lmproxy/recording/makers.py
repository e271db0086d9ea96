"""Who made this stored response, and for whom? Kept where it outlives the process.

A provider keeps responses under ids of its own, for whoever has the operator's key. So that a
caller gets to those of the own group only, and at the connection that has them, each id is written
down with both when the provider first says it.

Not in the id, signed: an answer's bytes pass as they are. Not in the journal: it is rotated away,
and cannot be asked for one line. So in a small SQLite file beside it, `responses.db`, which other
processes on the same directory read as well. One thread writes, some milliseconds later and many at
once: no request waits for it, and until then, or while the file cannot be written, memory knows.
What is older than providers keep it, and more than `MOST_KEPT`, is forgotten.

Some servers let a client choose a response's id. So whoever has an id at a connection first has it
for good: a group that says it made the same one later is not believed, here or in the file.
"""

import asyncio
import os
import sqlite3
import time
from collections import OrderedDict
from collections.abc import Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

from lmproxy import logs
from lmproxy.errors import Unavailable

log = logs.get(__name__)

FILE_NAME = "responses.db"
WRITE_AFTER_S = 0.02
MOST_RECENT = 1024
"""Responses known without a look into the file: most that are continued are new."""
MOST_WAITING = 10_000
"""Responses not written yet, while the disk is slow; the oldest of more are forgotten."""
MOST_KEPT = 500_000
KEPT_S = 31 * 24 * 3600
"""OpenAI keeps a response for 30 days."""
TIDY_AFTER = 1000
"""Batches written between two looks for what is to be forgotten."""

PRAGMAS = ("PRAGMA journal_mode = WAL", "PRAGMA synchronous = NORMAL")
TABLE = """
CREATE TABLE IF NOT EXISTS made (
    number INTEGER PRIMARY KEY,
    owner TEXT NOT NULL,
    response TEXT NOT NULL,
    connection TEXT NOT NULL,
    asked TEXT NOT NULL,
    model TEXT NOT NULL,
    counted INTEGER NOT NULL,
    made_at INTEGER NOT NULL,
    UNIQUE (owner, response)
)
"""
INDEX = "CREATE INDEX IF NOT EXISTS made_there ON made (response, connection)"
INSERT = """
INSERT OR REPLACE INTO made (owner, response, connection, asked, model, counted, made_at)
SELECT ?1, ?2, ?3, ?4, ?5, ?6, ?7 WHERE NOT EXISTS (
    SELECT 1 FROM made WHERE response = ?2 AND connection = ?3 AND owner <> ?1
)
"""
OWNER = "SELECT owner FROM made WHERE response = ? AND connection = ?"
SELECT = "SELECT connection, asked, model, counted FROM made WHERE owner = ? AND response = ?"
FORGET = "DELETE FROM made WHERE made_at < ? OR number <= (SELECT max(number) FROM made) - ?"

Place: TypeAlias = tuple[str, str]
"""A group or a connection, and a response's id. Two providers may give one id."""


@dataclass(frozen=True, slots=True)
class Maker:
    """Where a response was made.

    Attributes:
        asked: the model's name as the client wrote it.
        model: the provider's.
        is_counted: whether a record has the response's tokens.
    """

    connection: str
    asked: str
    model: str
    is_counted: bool


class Makers:
    """The makers of all responses that providers keep."""

    def __init__(self, directory: Path) -> None:
        """Nothing is opened, and no thread runs, before the first response."""
        self._path = directory / FILE_NAME
        self._recent: OrderedDict[Place, Maker] = OrderedDict()
        self._waiting: dict[Place, Maker] = {}
        self._owners: OrderedDict[Place, str] = OrderedDict()
        """By connection and response, whose it is, as far as memory knows."""
        self._sure: set[Place] = set()
        """Those of the recent that the file has as well: no other group had them before."""
        self._timer: asyncio.TimerHandle | None = None
        self._writing: Future[None] | None = None
        self._thread = ThreadPoolExecutor(1, "responses")
        self._file: sqlite3.Connection | None = None
        """The thread's own."""
        self._batches = 0
        self._is_closed = False
        self.lost = 0

    def known(self, group: str, response: str) -> Maker | None:
        """Who made a response, if memory has it."""
        place = (group, response)
        return self._recent.get(place) or self._waiting.get(place)

    def remember(self, group: str, response: str, maker: Maker) -> None:
        """Write down who made a response, or what is new of it. Never waits.

        What another group has at the same connection stays its own.
        """
        place = (group, response)
        if self._recent.get(place) == maker or not self._is_owner(group, response, maker):
            return
        self._recent[place] = self._waiting[place] = maker
        self._recent.move_to_end(place)
        if len(self._recent) > MOST_RECENT:
            self._sure.discard(self._recent.popitem(last=False)[0])
        if len(self._waiting) > MOST_WAITING:
            del self._waiting[next(iter(self._waiting))]
            self.lost += 1
        if self._timer is None and not self._is_closed:
            self._timer = asyncio.get_running_loop().call_later(WRITE_AFTER_S, self._write)

    def _is_owner(self, group: str, response: str, maker: Maker) -> bool:
        """Whether nobody else is known to have it. Who asks first has it from then on."""
        source = (maker.connection, response)
        owner = self._owners.setdefault(source, group)
        if len(self._owners) > MOST_RECENT + MOST_WAITING:
            self._owners.popitem(last=False)
        if owner != group:
            log.warning("a response has an id that another group's has", connection=source[0])
        return owner == group

    async def find(self, group: str, response: str) -> Maker | None:
        """Who made a response for a group; `None` if nobody did, as far as is known here.

        Raises:
            Unavailable: the file cannot be read.
        """
        place, found = (group, response), self.known(group, response)
        if found is not None and place in self._sure:
            return found
        loop = asyncio.get_running_loop()
        try:
            if found is None:
                return await loop.run_in_executor(self._thread, self._read, place)
            owner = await loop.run_in_executor(self._thread, self._read_owner, response, found)
            return self._judged(place, found, owner)
        except (sqlite3.Error, OSError) as error:
            if found is not None:
                return found
            log.error("stored responses cannot be looked up", reason=str(error))
            raise Unavailable(
                "Stored responses cannot be looked up now. The operator's log says why.",
                code="storage_unavailable",
            ) from error

    def _judged(self, place: Place, found: Maker, owner: str | None) -> Maker | None:
        """What memory has, if `owner`, the file's, is no other group."""
        if owner == place[0]:
            if place in self._recent:
                self._sure.add(place)
        elif owner is not None:
            self._owners[found.connection, place[1]] = owner
            self._recent.pop(place, None)
            self._waiting.pop(place, None)
            return None
        return found

    def close(self) -> None:
        """Write what waits, and close. May be called twice."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._is_closed:
            return
        self._is_closed = True
        if self._waiting:
            batch, self._waiting = self._waiting, {}
            self._thread.submit(self._insert, batch)
        self._thread.submit(self._close_file)
        self._thread.shutdown()

    def _write(self) -> None:
        """Hand what waits to the thread, unless it has not done with the last batch."""
        self._timer = None
        if self._writing is not None and not self._writing.done():
            self._timer = asyncio.get_running_loop().call_later(WRITE_AFTER_S, self._write)
            return
        batch, self._waiting = self._waiting, {}
        self._writing = self._thread.submit(self._insert, batch)

    def _insert(self, batch: Mapping[Place, Maker]) -> None:
        """In the thread."""
        now = int(time.time())
        rows = [
            (*place, maker.connection, maker.asked, maker.model, maker.is_counted, now)
            for place, maker in batch.items()
        ]
        try:
            file = self._open()
            with file:
                file.executemany(INSERT, rows)
                if self._batches % TIDY_AFTER == 0:
                    file.execute(FORGET, (now - KEPT_S, MOST_KEPT))
            self._batches += 1
        except (sqlite3.Error, OSError) as error:
            self.lost += len(rows)
            log.error("makers of stored responses were lost", reason=str(error), lost=self.lost)

    def _read(self, place: Place) -> Maker | None:
        """In the thread."""
        if self._file is None and not self._path.exists():
            return None
        with closing(self._open().execute(SELECT, place)) as found:
            row = found.fetchone()
        return None if row is None else Maker(row[0], row[1], row[2], bool(row[3]))

    def _read_owner(self, response: str, maker: Maker) -> str | None:
        """In the thread."""
        if self._file is None and not self._path.exists():
            return None
        with closing(self._open().execute(OWNER, (response, maker.connection))) as found:
            row = found.fetchone()
        return None if row is None else str(row[0])

    def _open(self) -> sqlite3.Connection:
        if self._file is None:
            flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW
            os.close(os.open(self._path, flags, 0o640))
            file = sqlite3.connect(self._path)
            try:
                for statement in (*PRAGMAS, TABLE, INDEX):
                    file.execute(statement)
            except sqlite3.Error:
                file.close()
                raise
            self._file = file
        return self._file

    def _close_file(self) -> None:
        if self._file is not None:
            self._file.close()
            self._file = None
