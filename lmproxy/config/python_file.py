"""A config in Python: a module that says `config = {…}`.

It is run once, as a module of its own. What the other formats write as a dotted path may be the
function or class itself.
"""

import runpy
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from lmproxy.config.binding import allow_imports_from, why_not_imported
from lmproxy.config.document import Document, table_of, unusable


def read(path: Path, content: bytes) -> Document:  # noqa: ARG001 - as every format's.
    """Run the file at `path`. It may import what lies beside it.

    Raises:
        ConfigError: it fails, or leaves no `config`.
    """
    allow_imports_from(path.parent)
    try:
        names = runpy.run_path(str(path), run_name=path.stem)
    except Exception as error:  # noqa: BLE001 - anybody's code may raise anything.
        raise unusable(path, f"the file cannot be run: {why_not_imported(error)}") from None
    found: Any = names.get("config")
    if isinstance(found, BaseModel):
        found = found.model_dump(exclude_unset=True)
    if found is None:
        raise unusable(path, "the file leaves no 'config'", hint="write: config = {…}")
    return Document(table_of(path, found))
