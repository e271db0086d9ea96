"""What does a config of lm-proxy's become here? Its tables in, ours out, a word for each change.

References stay references: nothing of the environment is read. Whatever has no place here is left
out and named; what let everybody in is closed, with a fresh key.
"""

import hashlib
import json
import secrets
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime, time
from enum import Enum
from importlib import import_module
from pathlib import Path
from types import MappingProxyType
from typing import Any

from pydantic import SecretStr

from lmproxy.cli.modern_connection import connection_table
from lmproxy.config.lm_proxy_names import ALLOW_ALL, IN_CONFIG, OURS, is_theirs, modern
from lmproxy.config.load import is_this_machine
from lmproxy.config.places import KeyPath
from lmproxy.config.problems import nearest
from lmproxy.config.schema import Group, Settings
from lmproxy.keys.compiling import keys_are_good_beside
from lmproxy.keys.keyring import ANONYMOUS_GROUP, PLACEHOLDERS

NEEDLESS = MappingProxyType({"dev_autoreload": "a change of the code has no part in serving"})
NOTHING = object()
"""What has no place in the new config."""
IN_TOML = (str, bool, int, float, datetime, date, time)
LAST = ("connections", "routing", "groups", "api_key_check", "model_info", "before", "after")


@dataclass(slots=True)
class Migration:
    """A config of ours, once `migrate` is done.

    Attributes:
        home: the module that things defined in a Python config say they are of.
        values: the config.
        became: what stands there otherwise now.
        lost: what could not be carried, and why.
        keys: fresh virtual keys, by group; the config has their digests.
    """

    home: str
    values: dict[str, Any] = field(default_factory=dict)
    became: list[tuple[KeyPath, str]] = field(default_factory=list)
    lost: list[tuple[KeyPath, str]] = field(default_factory=list)
    keys: dict[str, str] = field(default_factory=dict)

    def migrate(self, old: dict[str, Any]) -> None:
        """Read the config `old`, references unresolved."""
        said = self._plain(old, ())
        for key, value in said.items():
            self._top_level(key, value)
        self._connections(_table(said.get("connections")))
        self._routing(_table(said.get("routing")))
        for name in ("api_key_check", "check_api_key"):
            self._key_check(name, said.get(name))
        self._groups(_table(said.get("groups")))
        self._close_the_door()
        self.values = {key: self.values[key] for key in sorted(self.values, key=_place)}

    def _top_level(self, key: str, value: Any) -> None:
        if key in ("connections", "routing", "groups", "api_key_check", "check_api_key"):
            return
        if key in NEEDLESS:
            self.became.append(((key,), f"left out: {NEEDLESS[key]}"))
        elif key not in Settings.model_fields:
            hint = nearest(key, Settings.model_fields)
            self.lost.append(((key,), f"has no place here{f'; {hint}' if hint else ''}"))
        elif key in ("ssl_keyfile", "ssl_certfile") and value == "":
            self.became.append(((key,), "left out: it is empty"))
        elif key == "api_prefix" and isinstance(value, str) and value.endswith("/"):
            self.values[key] = value.rstrip("/")
            self.became.append(((key,), f'is "{value.rstrip("/")}"'))
        else:
            self.values[key] = self._named(value, (key,))

    def _connections(self, said: dict[str, Any]) -> None:
        ours: dict[str, Any] = {}
        for name, value in said.items():
            path: KeyPath = ("connections", name)
            if "." in name:
                self.lost.append((path, "has a dot in its name, so no rule can lead there"))
            elif isinstance(value, str):
                ours[name] = value
            elif not isinstance(value, dict):
                self.lost.append((path, "is no table"))
            elif "class" in value:
                made_by_class = self._named(value, path)
                ours |= {} if made_by_class is NOTHING else {name: made_by_class}
            else:
                made = connection_table(name, value)
                ours[name] = made.table
                self.became += made.became
                self.lost += made.lost
        self.values["connections"] = ours

    def _routing(self, said: dict[str, Any]) -> None:
        ours: dict[str, Any] = {}
        for pattern, value in said.items():
            targets = [value] if isinstance(value, str) else value
            if _leads_somewhere(targets, self.values["connections"]):
                ours[pattern] = value
                continue
            why = "leads to no connection: what it took is taken by the rules below it now"
            self.lost.append((("routing", pattern), why))
        self.values["routing"] = ours

    def _key_check(self, name: str, said: Any) -> None:
        """Who says whose a key is; `name` is the key that says so."""
        path: KeyPath = (name,)
        kind = said.get("class") if isinstance(said, dict) else said
        if kind is None or kind in IN_CONFIG:
            if kind is not None:
                self.became.append((path, "left out: the groups' api_keys say it without a word"))
        elif kind not in ALLOW_ALL:
            check = self._named(said, path)
            if check is not NOTHING:
                self.values["api_key_check"] = check
                if name != "api_key_check":
                    self.became.append((path, "is api_key_check"))
        else:
            group = said.get("group") if isinstance(said, dict) else None
            self._allow_all(path, group or ANONYMOUS_GROUP)

    def _allow_all(self, path: KeyPath, group: str) -> None:
        """Everybody came in. On this machine alone they still do."""
        if is_this_machine(str(self.values.get("host", ""))):
            self.values["api_key_check"] = {"class": ALLOW_ALL[0], "group": group}
            self.values["allow_anonymous"] = True
            self.became.append((path, "lets everybody in, on this machine alone"))
            return
        self._fresh_key(group)
        why = f"let everybody in who can connect: a key of the group '{group}' is needed now"
        self.lost.append((path, why))

    def _groups(self, said: dict[str, Any]) -> None:
        ours: dict[str, Any] = {}
        owners: dict[str, str] = {}
        for name, group in said.items():
            ours[name] = {}
            for key, value in _table(group).items():
                path: KeyPath = ("groups", name, key)
                if key == "api_keys" and isinstance(value, list):
                    ours[name][key] = self._api_keys(name, value, owners)
                elif key == "allowed_connections":
                    ours[name][key] = self._allowed(path, value)
                elif key in Group.model_fields:
                    ours[name][key] = value
                else:
                    hint = nearest(key, Group.model_fields) or "delete it"
                    why = f"lm-proxy ignored it, so the group may do more than it seems; {hint}"
                    self.lost.append((path, why))
        self.values["groups"] = ours

    def _api_keys(self, group: str, keys: list[Any], owners: dict[str, str]) -> list[Any]:
        kept: list[Any] = []
        check = self.values.get("api_key_check")
        are_good = check is None or keys_are_good_beside(check)
        is_open = are_good and not is_this_machine(str(self.values.get("host", "")))
        for index, key in enumerate(keys):
            path: KeyPath = ("groups", group, "api_keys", index)
            text = str(key)
            if not text.strip():
                self.lost.append((path, "an empty key let everybody in"))
            elif text in owners:
                words = f"left out: it is a key of '{owners[text]}' already, which came first"
                self.became.append((path, words))
            elif text in PLACEHOLDERS and is_open:
                self._fresh_key(group)
                self.lost.append((path, "is a placeholder that everybody knows: a fresh key is it"))
            else:
                kept.append(key)
            owners.setdefault(text, group)
        return kept

    def _allowed(self, path: KeyPath, value: Any) -> Any:
        """lm-proxy's text with commas as a list, without names of nothing."""
        names = [name.strip() for name in value.split(",")] if isinstance(value, str) else value
        there = [name for name in names if name in ("*", *self.values["connections"])]
        if there != value:
            self.became.append((path, f"is {json.dumps(there, ensure_ascii=False)}"))
        return there

    def _close_the_door(self) -> None:
        """Give every fresh key to its group; there has to be a key if nobody else says whose."""
        groups = self.values["groups"]
        has_keys = any(group.get("api_keys") for group in groups.values()) or self.keys
        if not has_keys and not {"api_key_check", "keys_dir", "allow_anonymous"} & {*self.values}:
            group = next(iter(groups), ANONYMOUS_GROUP)
            self._fresh_key(group)
            self.became.append((("groups", group), "has a fresh key, for there was none at all"))
        for group, key in self.keys.items():
            digest = f"sha256:{hashlib.sha256(key.encode()).hexdigest()}"
            groups.setdefault(group, {}).setdefault("api_keys", []).append(digest)

    def _fresh_key(self, group: str) -> None:
        self.keys.setdefault(group, f"sk-{secrets.token_hex(24)}")

    def _named(self, value: Any, path: KeyPath) -> Any:
        """`value` with today's names of classes; `NOTHING` for one that is of lm-proxy's alone."""
        if isinstance(value, list):
            listed = [self._named(item, (*path, index)) for index, item in enumerate(value)]
            return [item for item in listed if item is not NOTHING]
        if isinstance(value, dict):
            found = {key: self._named(item, (*path, key)) for key, item in value.items()}
            return NOTHING if NOTHING in found.values() else found
        if not isinstance(value, str) or not is_theirs(value):
            return value
        if value not in OURS:
            self.lost.append((path, f"there is no '{value}' here"))
            return NOTHING
        if modern(value) != value:
            self.became.append((path, f'is "{modern(value)}"'))
        return modern(value)

    def _plain(self, value: Any, path: KeyPath) -> Any:
        """`value` of what TOML can hold; of a Python config functions by their paths."""
        if isinstance(value, dict):
            found = {str(key): self._plain(item, (*path, str(key))) for key, item in value.items()}
            return {key: item for key, item in found.items() if item is not NOTHING}
        if isinstance(value, list | tuple | set | frozenset):
            listed = (self._plain(item, (*path, index)) for index, item in enumerate(value))
            return [item for item in listed if item is not NOTHING]
        if isinstance(value, SecretStr):
            return value.get_secret_value()
        if isinstance(value, Enum | Path):
            return str(value.value if isinstance(value, Enum) else value)
        if value is None:
            return NOTHING
        if isinstance(value, IN_TOML):
            return value
        return self._by_name(value, path)

    def _by_name(self, thing: Any, path: KeyPath) -> Any:
        """The dotted path of a function or class, if it leads there."""
        module, name = getattr(thing, "__module__", ""), getattr(thing, "__qualname__", "")
        if callable(thing) and module != self.home and _leads_to(f"{module}.{name}", thing):
            self.became.append((path, f'is "{module}.{name}"'))
            return f"{module}.{name}"
        what = name or type(thing).__qualname__
        why = f"'{what}' has no path: define it in a module of its own, beside the config"
        self.lost.append((path, why))
        return NOTHING


def _place(key: str) -> int:
    """Where a top-level key is looked for: what is short first, then who, where and what else."""
    return LAST.index(key) + 1 if key in LAST else len(LAST) + 1 if key == "loggers" else 0


def _table(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _leads_somewhere(targets: Any, connections: Iterable[str]) -> bool:
    if not isinstance(targets, list) or not all(isinstance(target, str) for target in targets):
        return False
    names = [target.partition(".")[0] for target in targets]
    return bool(names) and all(name in connections for name in names)


def _leads_to(path: str, thing: Any) -> bool:
    module, _, name = path.rpartition(".")
    try:
        return getattr(import_module(module), name) is thing
    except (ImportError, AttributeError, ValueError):
        return False
