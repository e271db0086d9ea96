"""What does a connection of lm-proxy's become here? One table in, one out, and what was said of it.

The words are those that the config is read in: `lm_proxy_connection` puts each key into ours.
"""

import inspect
from dataclasses import dataclass, field
from typing import Any

from lmproxy.config.binding import BindError, Spec, resolve_class
from lmproxy.config.lm_proxy_connection import in_our_words
from lmproxy.config.places import KeyPath
from lmproxy.config.schema import Connection
from lmproxy.upstream.registry import KINDS
from lmproxy.upstream.vendors import VENDORS


@dataclass(slots=True)
class Connected:
    """A table of ours.

    Attributes:
        became: where a key stood, and what it is now.
        lost: where a key stood, and why it has no place here.
    """

    table: dict[str, Any] = field(default_factory=dict)
    became: list[tuple[KeyPath, str]] = field(default_factory=list)
    lost: list[tuple[KeyPath, str]] = field(default_factory=list)


def connection_table(name: str, said: dict[str, Any]) -> Connected:
    """The table `[connections.NAME]` as it is written here."""
    read = in_our_words(name, said)
    result = Connected()
    result.became += [
        (theirs, f"is {'.'.join(map(str, ours[2:]))}")
        for ours, theirs in read.moved.items()
        if ours != theirs
    ]
    result.lost += [
        (place, f"{message}; {hint}" if hint else message)
        for place, message, hint in (*read.wrong, *read.unwise)
    ]
    kind = _name_the_kind(read.said, read.written("api_type"), result)
    known = _known(kind)
    for key, value in read.said.items():
        place = read.written(key)
        if value == "":
            result.became.append((place, "left out: it is empty"))
        elif key in known:
            result.table[key] = value
        else:
            result.lost.append((place, "has no place here"))
    return result


def _name_the_kind(said: dict[str, Any], place: KeyPath, result: Connected) -> str:
    """`api_type`, by its own name; it stands first."""
    kind = str(said.pop("api_type", "openai"))
    vendor = VENDORS.get(kind.lower())
    name = vendor.api_type if vendor else kind
    if name != kind:
        result.became.append((place, f"'{kind}' is '{name}'"))
    result.table["api_type"] = name
    return name


def _known(api_type: str) -> set[str]:
    """The keys that a connection of this kind takes."""
    try:
        kind = resolve_class(Spec(api_type, {}, ()), KINDS, "api_type")
    except BindError:
        return set(Connection.model_fields)
    own = inspect.signature(kind).parameters
    return {*Connection.model_fields, *own} - {"common"}
