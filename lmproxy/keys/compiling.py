"""How are callers known? By the keys of the config, or as `api_key_check` says, or by both.

A check in place of the keys is what lm-proxy has, and what everybody's own check gets here. Tokens
are for people, who have no need of keys, and programs beside them do: there both are good.
"""

from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from lmproxy.call import Caller
from lmproxy.config import Config
from lmproxy.config.binding import BindError, Spec, bind, make
from lmproxy.config.lm_proxy_names import ALLOW_ALL, IN_CONFIG
from lmproxy.config.places import KeyPath
from lmproxy.config.schema import Group
from lmproxy.keys.check import KeyCheck
from lmproxy.keys.keyring import ANONYMOUS_GROUP, KeyRing, KeyRingBuilder, key_id, salted_id
from lmproxy.keys.keys_and_tokens import KeysAndTokens
from lmproxy.keys.remote import Fetch, RemoteCheck
from lmproxy.keys.verdicts import Verdicts
from lmproxy.problems import Problem

PLACE: KeyPath = ("api_key_check",)
KINDS = {
    "jwt": "lmproxy.keys.jwt_check.JwtCheck",
    "request": "lmproxy.keys.web_check.WebCheck",
}
"""The class of each short `class` name. Anything with a dot is a path to anybody's class."""
BESIDE_KEYS = ("jwt", KINDS["jwt"])
"""The checks beside which the groups' keys are good."""
LONGEST_CHECK_S = 5.0
"""Of a function of the operator's."""


class Callers(Protocol):
    """Who is calling? A `KeyRing`, a `KeyCheck`, or both as `KeysAndTokens`."""

    def identify(self, secrets: Sequence[bytes]) -> Caller | Awaitable[Caller]:
        """The caller that the presented secrets belong to."""

    async def start(self) -> None:
        """Get what the first request would wait for."""

    def callers(self) -> list[Caller]:
        """Everybody who is known to have a key, usable or not."""


@dataclass(slots=True)
class Compiled:
    """Who may call, everything wrong with it, and what is only unwise."""

    callers: Callers
    problems: list[Problem] = field(default_factory=list)
    warnings: list[Problem] = field(default_factory=list)
    anybody: bool = False
    """Whether no key keeps anybody out."""


def compile_keys(config: Config, fetch: Fetch) -> Compiled:
    """What the config says of its callers. `fetch` is for checks that ask a server."""
    said = config.settings.api_key_check
    kind = _kind(said)
    if said is None or kind in ("config", *IN_CONFIG):
        builder = KeyRingBuilder(config)
        keys = builder.build()
        return Compiled(keys, builder.problems, builder.warnings, builder.anybody)
    if keys_are_good_beside(said):
        return _keys_and_tokens(config, said, fetch)
    compiled = _allow_all(config, said) if kind in ALLOW_ALL else _checked(config, said, fetch)
    compiled.warnings += _unread_keys(config)
    return compiled


def keys_are_good_beside(said: Any) -> bool:
    """Whether the groups' keys are good with this `api_key_check`, which is none of theirs."""
    return _kind(said) in BESIDE_KEYS


def _kind(said: Any) -> Any:
    return said.get("class") if isinstance(said, dict) else said


def _keys_and_tokens(config: Config, said: Any, fetch: Fetch) -> Compiled:
    """The check, and the keys of the groups if they have any."""
    builder = KeyRingBuilder(config)
    entries = builder.entries()
    compiled = _checked(config, said, fetch)
    if entries and isinstance(compiled.callers, KeyCheck):
        compiled.callers = KeysAndTokens(KeyRing(entries), compiled.callers)
    compiled.problems += builder.problems
    compiled.warnings += builder.warnings
    return compiled


def _allow_all(config: Config, said: Any) -> Compiled:
    """Everybody, as on loopback only and only if the operator says so twice."""
    settings = config.settings
    params = (
        {name: said[name] for name in said if name != "class"} if isinstance(said, dict) else {}
    )
    try:
        allowed = bind(AllowAll, Spec(ALLOW_ALL[0], params, PLACE))
    except BindError as error:
        return Compiled(KeyRing({}), [config.problem(*found) for found in error.found])
    compiled = Compiled(KeyRing({}, Caller(None, allowed.group)), anybody=True)
    if not (settings.allow_anonymous and config.is_loopback):
        hint = 'set allow_anonymous = true and host = "127.0.0.1", or give the groups api_keys'
        message = "lets everybody in who can connect"
        compiled.problems.append(config.problem(PLACE, message, hint))
    if allowed.group not in (settings.groups or {ANONYMOUS_GROUP: Group()}):
        message = f"needs a group named '{allowed.group}'"
        compiled.problems.append(config.problem(PLACE, message))
    if params.get("capture_api_key"):
        message = "has no effect: keys get into no log"
        compiled.warnings.append(config.problem((*PLACE, "capture_api_key"), message))
    return compiled


class AllowAll:
    """lm-proxy's check that every key passes, and none at all."""

    def __init__(self, group: str = ANONYMOUS_GROUP, capture_api_key: bool = True) -> None:  # noqa: ARG002 - lm-proxy's.
        """Everybody is of `group`."""
        self.group = group


def _checked(config: Config, said: Any, fetch: Fetch) -> Compiled:
    """Everybody whom a check knows."""
    groups = config.settings.groups or {ANONYMOUS_GROUP: Group()}
    is_on = {name: group.enabled for name, group in groups.items()}
    usable = {name for name in groups if is_on[name]}
    try:
        check = make(said, PLACE, KINDS, given={RemoteCheck: {"fetch": fetch, "groups": is_on}})
    except BindError as error:
        return Compiled(KeyRing({}), [config.problem(*found) for found in error.found])
    compiled = Compiled(_key_check(check, usable, _namer(config)))
    if isinstance(check, RemoteCheck):
        for key, message in check.unwise():
            compiled.warnings.append(config.problem((*PLACE, key), message))
    return compiled


def _unread_keys(config: Config) -> Iterator[Problem]:
    message = "has no effect: api_key_check alone says whose a key is"
    for name, group in config.settings.groups.items():
        if group.api_keys:
            yield config.problem(("groups", name, "api_keys"), message)
    if config.settings.keys_dir is not None:
        yield config.problem(("keys_dir",), message)


def _key_check(check: Any, usable: set[str], namer: Callable[[bytes], str]) -> KeyCheck:
    if isinstance(check, RemoteCheck):
        verdicts = Verdicts(check.most_remembered, check.keep_s)
        return KeyCheck(check, usable, namer, check.longest_s, verdicts)
    return KeyCheck(check, usable, namer, LONGEST_CHECK_S, Verdicts(0, lambda _: 0))


def _namer(config: Config) -> Callable[[bytes], str]:
    salt = config.settings.encryption_key
    if salt is None:
        return key_id
    text = salt.get_secret_value()
    return lambda secret: salted_id(secret, text)
