"""Which virtual key is this? Digests in a dict: as fast with 100,000 keys as with one.

Only SHA-256 digests are kept and compared, so neither the time taken nor an error tells how much of
a guess was right. Slow hashes are for passwords; keys are long random texts, and a slow hash per
request would be a denial of service of our own making.
"""

import hashlib
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from lmproxy.call import Caller
from lmproxy.config import Config
from lmproxy.config.places import KeyPath
from lmproxy.config.schema import Group, Key
from lmproxy.errors import InvalidKey, InvalidRequest
from lmproxy.keys.files import read_key_files
from lmproxy.problems import Problem

PLACEHOLDERS = {"YOUR_API_KEY_HERE", "YOUR_KEY", "KEY1", "KEY2", "changeme"}
SHORT_KEY = 20
MOST_LISTED, MOST_NAMED = 5, 3
"""Of keys with the same weakness: said one by one; named where there are more."""
ANONYMOUS_GROUP = "default"


@dataclass(frozen=True, slots=True)
class Entry:
    """A known key. `expires_at` is Unix time, `None` for never."""

    caller: Caller
    expires_at: float | None
    enabled: bool


class KeyRing:
    """Every known key."""

    def __init__(self, entries: dict[bytes, Entry], anonymous: Caller | None = None) -> None:
        """`entries` by SHA-256 digest; `anonymous` is who comes without a key, `None`: nobody."""
        self._entries = entries
        self._anonymous = anonymous

    def identify(self, secrets: Sequence[bytes]) -> Caller:
        """The caller that the presented secrets belong to.

        Every secret is tried: some clients send a personal key beside ours.

        Raises:
            InvalidKey: none is a key that may be used now.
            InvalidRequest: two are, and are different keys.
        """
        caller = self.find(secrets)
        if caller is not None:
            return caller
        if self._anonymous and not (secrets and self._entries):
            return self._anonymous
        raise InvalidKey(self.why_not(secrets) or ("unknown key" if secrets else "no key"))

    def find(self, secrets: Sequence[bytes]) -> Caller | None:
        """The caller that they belong to; `None` if none is a key that may be used now.

        Raises:
            InvalidRequest: two are, and are different keys.
        """
        found: dict[bytes, Caller] = {}
        for secret in secrets:
            digest = hashlib.sha256(secret).digest()
            entry = self._entries.get(digest)
            if entry and _usable(entry):
                found[digest] = entry.caller
        if len(found) > 1:
            raise _ambiguous()
        return next(iter(found.values()), None)

    def why_not(self, secrets: Sequence[bytes]) -> str | None:
        """Why the first of them that is a key may not be used; `None` if none is one."""
        entries = (self._entries.get(hashlib.sha256(secret).digest()) for secret in secrets)
        known = next(filter(None, entries), None)
        if known is None:
            return None
        return "expired key" if known.enabled else "key switched off"

    def has(self, secret: bytes) -> bool:
        """Whether it is a key, usable or not."""
        return hashlib.sha256(secret).digest() in self._entries

    async def start(self) -> None:
        """Everything is here already."""

    def callers(self) -> list[Caller]:
        """Everybody who has a key, usable or not."""
        return [entry.caller for entry in self._entries.values()]


def _ambiguous() -> InvalidRequest:
    """Two credentials, and no way to know which one is meant."""
    return InvalidRequest(
        "The request carries two different API keys. Send one of them only.",
        code="ambiguous_credentials",
    )


def key_id(secret: bytes) -> str:
    """The name of a key in logs and records: the head of its digest, in hex."""
    return _digest_id(hashlib.sha256(secret).digest())


def salted_id(secret: bytes, salt: str) -> str:
    """lm-proxy's name of a key."""
    return hashlib.md5(secret + salt.encode()).hexdigest()  # noqa: S324 - a name, never compared.


def _digest_id(digest: bytes) -> str:
    return f"key_{digest.hex()[:12]}"


def _usable(entry: Entry) -> bool:
    return entry.enabled and (entry.expires_at is None or time.time() < entry.expires_at)


class KeyRingBuilder:
    """Collects the keys of a config and everything wrong with them."""

    def __init__(self, config: Config) -> None:
        """Nothing is read until `build`."""
        self._config = config
        self._entries: dict[bytes, Entry] = {}
        self._places: dict[bytes, KeyPath] = {}
        self._keeps_out = False
        self._weak: dict[str, list[tuple[KeyPath, str]]] = {}
        self.problems: list[Problem] = []
        self.warnings: list[Problem] = []

    def build(self) -> KeyRing:
        """The key ring, of a config that has a key. Look at `problems` before using it."""
        return KeyRing(self.entries(), self._anonymous())

    def entries(self) -> dict[bytes, Entry]:
        """The keys by digest, if there are any. Look at `problems` before using them."""
        groups = self._config.settings.groups
        for name, group in groups.items():
            for index, key in enumerate(group.api_keys):
                self._add(name, group, key, ("groups", name, "api_keys", index))
        for path, name, key in self._machine_written():
            self._add(name, groups[name], key, path)
        self.warnings += self._weaknesses()
        return self._entries

    @property
    def anybody(self) -> bool:
        """Whether no key keeps anybody out: none is needed, or everybody knows one."""
        return self._config.settings.allow_anonymous or not self._keeps_out

    def _machine_written(self) -> Iterator[tuple[KeyPath, str, Key]]:
        directory = self._config.settings.keys_dir
        for name, keys, problems in read_key_files(directory) if directory else ():
            self.problems += problems
            if not problems and name not in self._config.settings.groups:
                self._problem(("keys_dir",), f"{name}.toml belongs to no group of the config")
                continue
            for index, key in enumerate(keys):
                yield ("keys_dir", f"{name}.toml", "keys", index), name, key

    def _add(self, name: str, group: Group, key: Key, path: KeyPath) -> None:
        secret = key.key.get_secret_value() if key.key is not None else None
        if (secret is None) == (key.sha256 is None):
            self._problem(path, "give either the key or its sha256")
            return
        if secret is not None and path[0] == "keys_dir":
            self._problem(path, "a key file holds digests only", 'write sha256 = "…"')
            return
        digest = (
            hashlib.sha256(secret.encode()).digest()
            if secret is not None
            else bytes.fromhex(key.sha256 or "")
        )
        key_name = key.id or self._salted(secret) or _digest_id(digest)
        caller = Caller(key_name, name, key.owner)
        if secret is not None and not self._acceptable(secret, path, caller):
            return
        if digest in self._entries:
            self._repeated(digest, name, path)
            return
        self._keeps_out |= secret not in PLACEHOLDERS
        self._entries[digest] = Entry(caller, _expiry(key), key.enabled and group.enabled)
        self._places[digest] = path

    def _salted(self, secret: str | None) -> str | None:
        """lm-proxy's name for a key, if the config has its `encryption_key`."""
        salt = self._config.settings.encryption_key
        return salted_id(secret.encode(), salt.get_secret_value()) if salt and secret else None

    def _acceptable(self, secret: str, path: KeyPath, caller: Caller) -> bool:
        """Judge the text of a key. Never says what it is."""
        if not secret.strip():
            self._problem(path, "an empty key would let everybody in")
            return False
        if secret.startswith("sha256:"):
            self._problem(path, "is a digest, not a key", 'write sha256 = "…" without the prefix')
            return False
        if secret in PLACEHOLDERS:
            return self._placeholder(path)
        if len(secret) < SHORT_KEY:
            weakness = f"is shorter than {SHORT_KEY} characters and could be guessed"
            self._is_weak(path, weakness, caller)
        if path[0] == "groups" and not self._is_reference(path):
            weakness = "stands in the file as plain text; use env:, file: or sha256:"
            self._is_weak(path, weakness, caller)
        return True

    def _placeholder(self, path: KeyPath) -> bool:
        """A key that everybody knows: an error, or on loopback one warning and no more."""
        if self._config.is_loopback:
            message = "is a placeholder; fine only while nobody else can connect"
            self.warnings.append(self._config.problem(path, message))
            return True
        hint = 'make a key with: openssl rand -hex 24; or set host = "127.0.0.1"'
        self._problem(path, "is a placeholder", hint)
        return False

    def _is_reference(self, path: KeyPath) -> bool:
        return bool({path, (*path, "key")} & self._config.references)

    def _repeated(self, digest: bytes, name: str, path: KeyPath) -> None:
        first = self._places[digest]
        line = self._config.line(*first)
        where = f"line {line}" if line else ".".join(map(str, first))
        if self._entries[digest].caller.group == name:
            self.warnings.append(self._config.problem(path, f"is the same key as at {where}"))
        else:
            self._problem(path, f"is also a key of another group, at {where}; a key has one group")

    def _anonymous(self) -> Caller | None:
        settings = self._config.settings
        if settings.allow_anonymous and not self._config.is_loopback:
            self._problem(
                ("allow_anonymous",),
                "needs a loopback host, or everybody in the network may spend your money",
                'set host = "127.0.0.1" or give the groups api_keys',
            )
        if settings.allow_anonymous:
            if settings.groups and ANONYMOUS_GROUP not in settings.groups:
                self._problem(
                    ("allow_anonymous",),
                    f"needs a group named '{ANONYMOUS_GROUP}' to say what anonymous callers may do",
                )
            group = settings.groups.get(ANONYMOUS_GROUP, Group())
            return Caller(None, ANONYMOUS_GROUP) if group.enabled else None
        if not self._entries and not self.problems:
            self._problem(
                ("groups",),
                "no group has a key, so nobody could use the proxy",
                'add api_keys = ["env:TEAM_KEY"] to a group (make one: openssl rand -hex 24)',
            )
        return None

    def _problem(self, path: KeyPath, message: str, hint: str | None = None) -> None:
        self.problems.append(self._config.problem(path, message, hint))

    def _is_weak(self, path: KeyPath, weakness: str, caller: Caller) -> None:
        self._weak.setdefault(weakness, []).append((path, caller.key_id or ""))

    def _weaknesses(self) -> Iterator[Problem]:
        """A warning each; of many keys that are weak alike, one for all of them."""
        for weakness, found in self._weak.items():
            if len(found) > MOST_LISTED:
                names = ", ".join(name for _, name in found[:MOST_NAMED])
                all_of_them = f"{weakness} (one of {len(found):,} such keys: {names}, …)"
                yield self._config.problem(found[0][0], all_of_them)
            else:
                yield from (self._config.problem(path, weakness) for path, _ in found)


def _expiry(key: Key) -> float | None:
    if key.expires is None:
        return None
    expires: datetime = key.expires
    return (expires if expires.tzinfo else expires.replace(tzinfo=UTC)).timestamp()
