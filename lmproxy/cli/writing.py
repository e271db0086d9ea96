"""How does a config get written? For its owner alone, and whole or not at all."""

import os
from contextlib import suppress
from pathlib import Path

MODE = 0o600


def write_new(path: Path, text: str) -> None:
    """Write a new file; half of one is taken away again.

    Raises:
        OSError: there is one by now, or it cannot be written.
    """
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, MODE)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
    except OSError:
        with suppress(OSError):
            path.unlink()
        raise


def write_over(path: Path, text: str) -> None:
    """Write a file, in the place of one that may be there.

    Raises:
        OSError: it cannot be written; what was there is there still.
    """
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    write_new(beside, text)
    try:
        beside.replace(path)
    except OSError:
        beside.unlink()
        raise
