"""Could this file be appended to? Told at start, without leaving anything behind."""

import os
from pathlib import Path


def obstacle(file: Path, *, is_ours: bool = False) -> str | None:
    """Why it could not be opened, as far as can be told; `None` where nothing is in the way.

    Args:
        file: it and the directories above it may be missing: they would be made.
        is_ours: nobody else's: it is read as well, and no link in its place is followed.
    """
    file = file.absolute()
    try:
        there = next(path for path in (file, *file.parents) if path.exists())
    except OSError as error:
        return error.strerror
    if there != file:
        fits, needed = there.is_dir(), os.W_OK | os.X_OK
    elif is_ours:
        fits, needed = there.is_file() and not there.is_symlink(), os.R_OK | os.W_OK
    else:  # A pipe or `/dev/stdout` does as well.
        fits, needed = not there.is_dir(), os.W_OK
    if not fits:
        return f"{there} is in the way"
    return None if os.access(there, needed) else f"{there} is not ours to write"
