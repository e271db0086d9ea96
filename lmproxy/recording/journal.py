"""Where is the truth about usage? `requests.jsonl`: one line per request, one `os.write` per line.

The file is opened `O_APPEND`, so several writers do not mix their lines. The write is the one
blocking call allowed in the loop: it takes microseconds and must have happened before the client
has its last byte. A line that could not be written is counted and said, and never fails a request.
"""

import os
import time
from pathlib import Path

import orjson

from lmproxy import logs
from lmproxy.call import Json
from lmproxy.recording.obstacle import obstacle

log = logs.get(__name__)

FILE_NAME = "requests.jsonl"
LOOK_AGAIN_S = 1.0
"""How often the file is checked for having been moved away by log rotation."""
SAY_AGAIN_S = 10.0
"""How often a lasting failure to write is said."""


class Journal:
    """The record file of one storage directory. `lost` counts lines that could not be written."""

    def __init__(self, directory: Path) -> None:
        """Nothing is opened yet."""
        self.path = directory / FILE_NAME
        self.lost = 0
        self._file: int | None = None
        self._inode = 0
        self._torn = False
        self._look_at = 0.0
        self._say_at = 0.0

    def open(self) -> None:
        """Open for appending, making the directory; repair the line a crash left half written.

        Raises:
            OSError: the directory or the file cannot be written.
        """
        self.path.parent.mkdir(parents=True, exist_ok=True, mode=0o750)
        self._reopen()

    def obstacle(self) -> str | None:
        """Why `open` would fail, as far as can be told without leaving anything behind."""
        return obstacle(self.path, is_ours=True)

    def write(self, record: Json) -> None:
        """Append one line."""
        try:
            line = orjson.dumps(record, option=orjson.OPT_APPEND_NEWLINE, default=str)
            file = self._current()
            data = b"\n" + line if self._torn else line
            written = os.write(file, data)
            self._torn = written != len(data)
            if self._torn:
                self._say_lost("the disk took half a line")
        except OSError as error:
            self._say_lost(error.strerror or "unwritable")
        except orjson.JSONEncodeError:
            self._say_lost("it cannot be written as JSON")

    def close(self) -> None:
        """Close the file. May be called twice."""
        if self._file is not None:
            os.close(self._file)
            self._file = None

    def _current(self) -> int:
        """The open file; opened anew if the old one was moved or deleted."""
        now = time.monotonic()
        if self._file is None or (now >= self._look_at and self._was_moved()):
            self._reopen()
        if now >= self._look_at:
            self._look_at = now + LOOK_AGAIN_S
        assert self._file is not None
        return self._file

    def _was_moved(self) -> bool:
        try:
            return self.path.stat().st_ino != self._inode
        except OSError:
            return True

    def _reopen(self) -> None:
        self.close()
        flags = os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW
        self._file = os.open(self.path, flags, 0o640)
        status = os.fstat(self._file)
        self._inode = status.st_ino
        last = os.pread(self._file, 1, status.st_size - 1) if status.st_size else b"\n"
        self._torn = last != b"\n"
        if self._torn:
            log.warning("the last record was torn; it stays as it is", path=str(self.path))

    def _say_lost(self, reason: str) -> None:
        self.lost += 1
        now = time.monotonic()
        if now >= self._say_at:
            self._say_at = now + SAY_AGAIN_S
            log.error("a record was lost", reason=reason, lost=self.lost, path=str(self.path))
