"""What does an lm-proxy config ask for? The same document in our words, before it is judged."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from lmproxy.config import lm_proxy_connection as connection
from lmproxy.config.lm_proxy_keys import LOCAL, READ_BY_ITSELF, is_true
from lmproxy.config.lm_proxy_table import Moved, Wrong
from lmproxy.config.places import KeyPath


@dataclass(slots=True)
class InOurWords:
    """A document, and what became of the keys that are lm-proxy's.

    Attributes:
        moved: where a key of ours stands in the file, if not under its own name.
        wrong: what cannot be meant.
        unwise: what does nothing here.
    """

    values: dict[str, Any]
    moved: Moved = field(default_factory=dict)
    wrong: list[Wrong] = field(default_factory=list)
    unwise: list[Wrong] = field(default_factory=list)

    def referred(self, found: Mapping[KeyPath, str]) -> dict[KeyPath, str]:
        """The values that came from outside the file, by the keys of ours."""
        moved = {ours: found[theirs] for ours, theirs in self.moved.items() if theirs in found}
        theirs = set(self.moved.values())
        return {**{path: value for path, value in found.items() if path not in theirs}, **moved}


def in_our_words(
    values: dict[str, Any], raw: dict[str, Any], environment: Mapping[str, str]
) -> InOurWords:
    """`values` as our schema wants them; not changed.

    Args:
        values: the document.
        raw: the same before `env:` and the like were replaced.
        environment: what `env:` saw.
    """
    ours = InOurWords(dict(values))
    if is_true(values.get("dev_autoreload")):
        hint = "restart the proxy after a change"
        ours.unwise.append((("dev_autoreload",), "has no effect", hint))
    if "api_key_check" in values and ours.values.pop("check_api_key", None) is not None:
        same = "says the same as 'api_key_check'"
        ours.wrong.append((("check_api_key",), same, "keep one of them"))
    connections = values.get("connections")
    if not isinstance(connections, dict):
        return ours
    tables: dict[str, Any] = {}
    ours.values["connections"] = tables
    for name, said in connections.items():
        tables[name] = said
        if isinstance(said, dict):
            table = connection.in_our_words(name, said)
            tables[name] = table.said
            ours.moved |= table.moved
            ours.wrong += table.wrong
            ours.unwise += table.unwise
    ours.unwise += _unread(tables, set(_texts(raw)), environment)
    return ours


def _unread(
    tables: dict[str, Any], said: set[str], environment: Mapping[str, str]
) -> Iterator[Wrong]:
    """Variables that lm-proxy would take by itself for what a connection does not say."""
    providers = {
        name: table
        for name, table in tables.items()
        if isinstance(table, dict) and "class" not in table and table.get("api_type") not in LOCAL
    }
    for variable in READ_BY_ITSELF:
        key = variable.removeprefix("LLM_").lower()
        lacking = [name for name, table in providers.items() if key not in table]
        if environment.get(variable) and f"env:{variable}" not in said and lacking:
            message = f"does not read the variable {variable}, which is set"
            hint = f'to use it, write {key} = "env:{variable}"'
            yield ("connections", lacking[0]), message, hint


def _texts(value: Any) -> Iterator[str]:
    """Every text of a document, at any depth."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict | list):
        for item in value.values() if isinstance(value, dict) else value:
            yield from _texts(item)
