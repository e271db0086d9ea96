"""What is not wrong and yet unwise? The warnings of `check`, also said at start.

Errors stop the server; these do not, because each may be meant.
"""

import re
import stat
from collections.abc import Iterator
from functools import lru_cache
from urllib.parse import urlsplit

from lmproxy.assembly import Assembly
from lmproxy.call import Caller
from lmproxy.config import Config
from lmproxy.config.fallback import fallbacks, names_behind
from lmproxy.config.load import is_this_machine
from lmproxy.config.places import KeyPath
from lmproxy.config.problems import nearest
from lmproxy.errors import NotAllowed, NotFound
from lmproxy.keys import PLACEHOLDERS
from lmproxy.patterns import Pattern
from lmproxy.problems import Problem
from lmproxy.routing import Rule, is_model_name

SET = re.compile(r"\[!?\]?[^\]]*\]")
"""`[abc]` in a pattern, as fnmatch reads it."""
SECRET_HEADER = re.compile("auth|cookie|key|secret|token", re.IGNORECASE)
"""Names of headers whose value is one."""


def advice(assembly: Assembly) -> list[Problem]:
    """Every warning, in file order."""
    found = [
        *assembly.warnings,
        *_hidden_rules(assembly),
        *_unused_fallbacks(assembly),
        *_unreachable_rules(assembly),
        *_literal_stars(assembly),
        *_unknown_model_info(assembly),
        *_unused_connections(assembly),
        *_powerless_groups(assembly),
        *_plain_provider_keys(assembly.config),
        *_readable_secrets(assembly.config),
    ]
    return sorted(found, key=lambda problem: problem.line or 0)


def _hidden_rules(assembly: Assembly) -> Iterator[Problem]:
    rules = assembly.snapshot.routes.rules
    for position, rule in enumerate(rules):
        for earlier in rules[:position]:
            if covers(earlier.pattern, rule.pattern):
                where = f" at line {earlier.line}" if earlier.line else ""
                yield _about(
                    assembly, rule, f"is never used: '{earlier.pattern.text}'{where} comes first"
                )
                break


def covers(wide: Pattern, narrow: Pattern) -> bool:
    """Whether every name that `narrow` matches is matched by `wide`.

    What `narrow` leaves open is then swallowed by a `*` of `wide`. May say no where the truth is
    yes, when `wide` has `?` or `[…]`; never the other way round.
    """
    if not wide.matches(_without_sets(narrow.text)):  # First: of 1,000 rules, 500,000 pairs.
        return False
    only_stars = not any(char in wide.text for char in "?[")
    plain = not any(char in narrow.text for char in "*?[")
    return only_stars or plain


@lru_cache(maxsize=1)
def _without_sets(text: str) -> str:
    return SET.sub("?", text)


def _unused_fallbacks(assembly: Assembly) -> Iterator[Problem]:
    for rule in assembly.snapshot.routes.rules:
        # The members of one Fallback are one target: there the next is asked.
        if len({target.via or target for target in rule.targets}) > 1:
            yield _about(
                assembly,
                rule,
                "lists several targets: this version uses the first one permitted and does not "
                "move on after a failure",
            )


def _unreachable_rules(assembly: Assembly) -> Iterator[Problem]:
    for rule in assembly.snapshot.routes.rules:
        plain = not any(char in rule.pattern.text for char in "*?[")
        if plain and not is_model_name(rule.pattern.text):
            yield _about(assembly, rule, "is not a model name, so no request can ask for it")


def _literal_stars(assembly: Assembly) -> Iterator[Problem]:
    for rule in assembly.snapshot.routes.rules:
        for target in rule.targets:
            if "*" in target.model and target.model != "*":
                yield _about(
                    assembly,
                    rule,
                    f"sends the star of '{target.model}' as it is: only a model that is '*' alone "
                    "stands for the name asked; write {1} for the first star's text",
                )


def _unknown_model_info(assembly: Assembly) -> Iterator[Problem]:
    rules = assembly.snapshot.routes.rules
    patterns = [rule.pattern.text for rule in rules]
    for name in assembly.config.settings.model_info:
        taken = is_model_name(name) and any(rule.pattern.matches(name) for rule in rules)
        if name not in patterns and not taken:
            path, hint = ("model_info", name), nearest(name, patterns)
            yield assembly.config.problem(path, "describes nothing: no rule has this name", hint)


def _unused_connections(assembly: Assembly) -> Iterator[Problem]:
    rules, (found, _) = assembly.snapshot.routes.rules, fallbacks(assembly.config)
    used = {target.routed_to for rule in rules for target in rule.targets}
    used |= {name for fallback in used for name in names_behind(found, fallback)}
    for name in assembly.config.settings.connections:
        if name not in used:
            path = ("connections", name)
            yield assembly.config.problem(path, "no rule of [routing] leads here")


def _powerless_groups(assembly: Assembly) -> Iterator[Problem]:
    for name in assembly.config.settings.groups:
        if not _can_reach_something(assembly, name):
            path = ("groups", name)
            yield assembly.config.problem(path, "can reach nothing: no rule leads to what it may")


def _can_reach_something(assembly: Assembly, group: str) -> bool:
    caller, snapshot = Caller(None, group), assembly.snapshot
    grant = snapshot.permissions.of(caller)
    for pattern in grant.models:
        if not is_model_name(pattern.text):
            rules = snapshot.routes.rules
            return any(
                grant.allows_connection(target.routed_to) for r in rules for target in r.targets
            )
        try:
            targets = snapshot.routes.resolve(pattern.text).targets
            snapshot.permissions.permitted(caller, pattern.text, targets)
        except (NotFound, NotAllowed):
            continue
        return True
    return False


def _plain_provider_keys(config: Config) -> Iterator[Problem]:
    for path in _plain_secrets(config):
        if path[0] == "connections":
            yield config.problem(path, "stands in the file as plain text; use env: or file:")


def _readable_secrets(config: Config) -> Iterator[Problem]:
    """The file holds secrets in plain text and everybody on the machine may read it."""
    found = [".".join(map(str, path)) for path in _plain_secrets(config)]
    if found and config.path.stat().st_mode & stat.S_IROTH:
        more = f" and {len(found) - 1} more" if len(found) > 1 else ""
        yield Problem(
            "", f"everybody may read this file, and it holds {found[0]}{more}", hint="chmod 640"
        )


def _plain_secrets(config: Config) -> Iterator[KeyPath]:
    """Where secrets stand as they are."""
    for name, connection in config.settings.connections.items():
        place = ("connections", name)
        names = [header for header in connection.http_headers if SECRET_HEADER.search(header)]
        # A server on this machine takes any text as its key, and the file has to name one.
        here = is_this_machine(urlsplit(connection.address or "").hostname or "")
        found: list[KeyPath] = [(*place, "api_key")] if connection.api_key and not here else []
        found += [(*place, "http_headers", header) for header in names]
        found += [(*place, "proxy")] if "@" in (connection.proxy or "") else []
        yield from (path for path in found if path not in config.references)
    for name, group in config.settings.groups.items():
        for index, key in enumerate(group.api_keys):
            path = ("groups", name, "api_keys", index)
            secret = key.key.get_secret_value() if key.key else None
            if secret in (None, *PLACEHOLDERS):
                continue
            if not {path, (*path, "key")} & config.references:
                yield path


def _about(assembly: Assembly, rule: Rule, message: str) -> Problem:
    return assembly.config.problem(("routing", rule.pattern.text), message)
