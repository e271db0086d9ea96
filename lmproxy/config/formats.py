"""In which form is a config file? By the end of its name: TOML, JSON, YAML or Python.

A package may add forms by an entry point of the group `config.loaders`, as for lm-proxy: the name
is the end of the file's name, the function gets the path and gives the config as a dict.
"""

import hashlib
from importlib import import_module
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from lmproxy.config.binding import why_not_imported
from lmproxy.config.document import Document, table_of, unusable
from lmproxy.config.problems import nearest

GROUP = "config.loaders"
FORMS = {
    "": "toml_file",
    "toml": "toml_file",
    "json": "json_file",
    "yaml": "yaml_file",
    "yml": "yaml_file",
    "py": "python_file",
}
"""The module of each, by the end of a file's name. Imported when it is needed: YAML takes time."""


def read_document(path: Path) -> tuple[Document, str]:
    """What stands in the file, and the SHA-256 of its bytes in hex.

    Raises:
        ConfigError: there is no such file, its form is not known, or it is not in that form.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        reason = error.strerror or "it cannot be read"
        raise unusable(path, f"the file cannot be read: {reason}") from None
    return _document(path, content), hashlib.sha256(content).hexdigest()


def _document(path: Path, content: bytes) -> Document:
    end = path.suffix.removeprefix(".").lower()
    if end in FORMS:
        form = import_module(f"lmproxy.config.{FORMS[end]}")
        document: Document = form.read(path, content)
        return document
    loaders = {loader.name: loader for loader in entry_points(group=GROUP)}
    if end in loaders:
        return Document(table_of(path, _loaded(path, loaders[end])))
    known = sorted({*FORMS, *loaders} - {""})
    raise unusable(
        path,
        f"no form of config file is known by '.{end}'",
        hint=nearest(end, known) or f"known are {', '.join(f'.{name}' for name in known)}",
    )


def _loaded(path: Path, loader: EntryPoint) -> Any:
    try:
        found = loader.load()(str(path))
    except Exception as error:  # noqa: BLE001 - anybody's code may raise anything.
        message = f"the loader '{loader.value}' failed: {why_not_imported(error)}"
        raise unusable(path, message) from None
    return found.model_dump(exclude_unset=True) if isinstance(found, BaseModel) else found
