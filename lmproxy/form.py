"""What did a client upload? The parts of a form (RFC 7578), their data kept where it is in no way.

A spool has up to 1 MiB in memory and more in a temporary file without a name, in `$TMPDIR` or
`/tmp`: it is gone when it is closed, or when the process ends however it ends. Files are written
and read 1 MiB at a time by threads of their own, so that a slow disk does not stop the loop.
"""

import asyncio
import os
import tempfile
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from io import FileIO
from typing import TypeVar, cast

T = TypeVar("T")

IN_MEMORY_BYTES = 1024 * 1024
_DISK = ThreadPoolExecutor(4, "spool")
"""Not the loop's own threads: those may all be busy with somebody's function."""


class Spool:
    """Bytes that are written once and read in pieces. `close` it, always."""

    def __init__(self) -> None:
        """Nothing is opened before the memory is full."""
        self._fresh = bytearray()
        self._written = 0
        self._file: FileIO | None = None
        self._working: Future[None] | Future[bytes] | None = None

    @property
    def size(self) -> int:
        """How many bytes were added."""
        return self._written + len(self._fresh)

    def add(self, data: bytes) -> None:
        """Append `data`. To be followed by `settle` before much more is added."""
        self._fresh += data

    async def settle(self, *, whole: bool = False) -> None:
        """Bring to the file what is too much for the memory; with `whole`, nothing more is added.

        Raises:
            OSError: there is no room for it.
        """
        if len(self._fresh) > IN_MEMORY_BYTES or (whole and self._file is not None):
            fresh, self._fresh = self._fresh, bytearray()
            await self._in_thread(lambda: self._write(fresh))

    async def read(self, start: int, most_bytes: int) -> bytes:
        """What lies from `start`, at most so much. Only after the last `settle`.

        Raises:
            OSError: it cannot be read.
        """
        if self._file is None:
            return bytes(self._fresh[start : start + most_bytes])
        return await self._in_thread(lambda: self._read(start, most_bytes))

    def close(self) -> None:
        """Free memory and file, as soon as no thread is at it. May be called twice."""
        self._fresh = bytearray()
        if self._working is None:
            self._close_file()
        else:
            self._working.add_done_callback(lambda _: self._close_file())

    async def _in_thread(self, work: Callable[[], T]) -> T:
        working = _DISK.submit(work)
        self._working = cast("Future[bytes]", working)
        return await asyncio.wrap_future(working)

    def _write(self, data: bytearray) -> None:
        if self._file is None:
            self._file = tempfile.TemporaryFile(buffering=0)  # noqa: SIM115
        rest = memoryview(data)
        while rest:
            rest = rest[self._file.write(rest) :]
        self._written += len(data)

    def _read(self, start: int, most_bytes: int) -> bytes:
        if self._file is None:
            raise OSError("the spool is closed")
        return os.pread(self._file.fileno(), most_bytes, start)

    def _close_file(self) -> None:
        file, self._file = self._file, None
        if file is not None:
            file.close()


@dataclass(frozen=True, slots=True)
class Part:
    """One part of a form.

    Attributes:
        head: its header lines, each with its line end, as they may go on.
        filename: `None` for a plain field.
        content_type: as the client wrote it, `None` if it did not.
        start: where its data begins in the spool.
    """

    name: str
    head: bytes
    filename: str | None
    content_type: str | None
    start: int
    size: int


@dataclass(frozen=True, slots=True)
class Form:
    """A form, whole. Who made it closes its spool."""

    parts: tuple[Part, ...]
    spool: Spool
