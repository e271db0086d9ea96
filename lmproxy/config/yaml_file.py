"""A config in YAML: tables, lists and plain values; no tags of Python's."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from lmproxy.config.document import Document, table_of, text_of, unusable
from lmproxy.config.places import KeyPath


def read(path: Path, content: bytes) -> Document:
    """Parse `content`, the bytes of the file at `path`.

    Raises:
        ConfigError: it is no YAML, says something twice, or holds more than one document.
    """
    text = text_of(path, content)
    loader = yaml.SafeLoader(text)
    try:
        root = loader.get_single_node()
        places = dict(_places(root, (), set())) if root is not None else {}
        values: Any = loader.construct_document(root) if root is not None else {}
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        message = f"not valid YAML: {error.problem or error.context}"
        raise unusable(path, message, mark.line + 1 if mark else None) from None
    except (yaml.YAMLError, RecursionError, ValueError):
        raise unusable(path, "not valid YAML") from None
    finally:
        loader.dispose()
    return Document(table_of(path, values), places)


def _places(node: yaml.Node, path: KeyPath, seen: set[int]) -> Iterator[tuple[KeyPath, int]]:
    """The line of every key and element. What an alias repeats is told once."""
    if id(node) in seen:
        return
    seen.add(id(node))
    if isinstance(node, yaml.MappingNode):
        names: set[str] = set()
        for key, value in node.value:
            name = str(key.value)
            if name in names:
                raise yaml.MarkedYAMLError(
                    problem=f"'{name}' stands twice in one table", problem_mark=key.start_mark
                )
            names.add(name)
            yield (*path, name), key.start_mark.line + 1
            yield from _places(value, (*path, name), seen)
    elif isinstance(node, yaml.SequenceNode):
        for index, item in enumerate(node.value):
            yield (*path, index), item.start_mark.line + 1
            yield from _places(item, (*path, index), seen)
