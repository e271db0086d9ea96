"""What does a config ask for? Every room of it compiled, and everything wrong with it at once."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urlsplit

from lmproxy.api.policy import HttpPolicy, compile_http_policy
from lmproxy.config import Config
from lmproxy.config.binding import allow_imports_from
from lmproxy.config.components import make_components
from lmproxy.config.files import wrong_files
from lmproxy.handlers import compile_handlers
from lmproxy.keys import compile_keys
from lmproxy.policy import compile_permissions
from lmproxy.problems import ConfigError, Problem
from lmproxy.recording import Journal, Outputs, compile_outputs
from lmproxy.routing import compile_listing, compile_routes
from lmproxy.scrub import OF_LOGS, Scrubber, mask
from lmproxy.snapshot import Snapshot
from lmproxy.upstream import compile_upstreams


@dataclass(frozen=True, slots=True)
class Assembly:
    """Everything a config asks for, compiled and not yet opened."""

    config: Config
    components: Mapping[str, Any]
    snapshot: Snapshot
    policy: HttpPolicy
    loggers: Outputs
    scrubber: Scrubber
    warnings: tuple[Problem, ...]


def assemble(config: Config, known: Sequence[Problem] = ()) -> Assembly:
    """Compile every room.

    Args:
        config: with something `known` to be wrong, it is compiled only to find what else is.

    Raises:
        ConfigError: with the problems known and those of all rooms.
    """
    allow_imports_from(config.path.parent)
    settings = config.settings
    scrubber = make_scrubber(config)
    components, wrong_components = make_components(config)
    routes, wrong_routes = compile_routes(config)
    permissions, wrong_permissions = compile_permissions(config)
    upstreams, wrong_upstreams, unwise = compile_upstreams(config, scrubber)
    keys = compile_keys(config, upstreams.fetch)
    loggers, wrong_loggers, idle = compile_outputs(config)
    handlers, wrong_handlers = compile_handlers(config)
    policy, wrong_policy = compile_http_policy(config, handlers.forwarded, anybody=keys.anybody)
    problems = [
        *wrong_files(config), *wrong_components, *keys.problems, *wrong_routes, *wrong_permissions,
        *wrong_upstreams, *wrong_loggers, *wrong_handlers, *wrong_policy, *_storage(config),
    ]  # fmt: skip
    if problems or known:
        found = [*known, *_not_consequences(problems, known)]
        raise ConfigError(str(config.path), [_masked(problem, config) for problem in found])
    snapshot = Snapshot(
        enabled=settings.enabled,
        default_model=settings.default_model,
        most_under_way=settings.server.concurrency,
        callers=keys.callers,
        routes=routes,
        permissions=permissions,
        listing=compile_listing(config, routes),
        upstreams=upstreams,
        switched_off=frozenset(n for n, made in settings.connections.items() if not made.enabled),
        before=handlers.before,
    )
    warnings = (*config.warnings, *keys.warnings, *unwise, *idle)
    return Assembly(config, components, snapshot, policy, loggers, scrubber, warnings)


def _masked(problem: Problem, config: Config) -> Problem:
    """The problem, without what came from outside the file: that may be a secret anywhere."""
    secrets = config.referred.values()
    hint = mask(problem.hint, secrets) if problem.hint else None
    return replace(problem, message=mask(problem.message, secrets), hint=hint)


def _storage(config: Config) -> list[Problem]:
    reason = Journal(config.storage_dir).obstacle()
    return [unwritable(config, reason)] if reason else []


def unwritable(config: Config, reason: str) -> Problem:
    """That its storage cannot be written."""
    where = config.storage_dir.absolute()
    return config.problem(("storage", "dir"), f"{where} cannot be written: {reason}")


def make_scrubber(config: Config) -> Scrubber:
    """A scrubber that knows the config's upstream secrets and hosts; the log's learns them too."""
    secrets = config.secrets()
    OF_LOGS.learn(secrets)
    bases = [settings.address for settings in config.settings.connections.values()]
    return Scrubber(secrets, [urlsplit(base).netloc for base in bases if base])


def _not_consequences(problems: Iterable[Problem], known: Sequence[Problem]) -> list[Problem]:
    """Those of `problems` that are not said of a key, or of its table, that `known` names."""
    named = [f"{problem.where}." for problem in known]
    return [
        problem
        for problem in problems
        if not any(where.startswith(f"{problem.where}.") for where in named)
    ]
