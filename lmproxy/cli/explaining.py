"""`oai-proxy explain MODEL`: where would a request for this model go, and who may make it?

Says what routing and permission would do, from the same compiled config; asks nobody.
"""

from collections.abc import Iterator

import typer

from lmproxy.assembly import Assembly
from lmproxy.call import Caller, Target
from lmproxy.cli import Options
from lmproxy.cli.serving import load
from lmproxy.errors import NotAllowed, Refused
from lmproxy.routing import Match, check_model_name
from lmproxy.upstream import Connection
from lmproxy.upstream.operations.table import OPERATIONS as OTHER_OPERATIONS

EXIT_REFUSED = 1
OPERATIONS = ("chat", "messages", "responses")
"""The ways of asking a model, OpenAI's first and last: each may take another lane."""


def main(options: Options, model: str, group: str | None, key: str | None) -> int:
    """Print it. The exit code: 0 if such a request would be sent, 1 if it would be refused."""
    assembly = load(options)
    try:
        callers = list(_callers(assembly, group, key))
    except typer.BadParameter as error:
        typer.echo(error.message, err=True)
        return 2
    try:
        check_model_name(model)
        match = assembly.snapshot.routes.resolve(model)
    except Refused as refusal:
        typer.echo(f"{model}: {refusal.status} {refusal.code}: {refusal.message}")
        return EXIT_REFUSED
    for line in _about_rule(assembly, model, match):
        typer.echo(line)
    verdicts = [_about_caller(assembly, caller, model, match) for caller in callers]
    for line, _ in verdicts:
        typer.echo(line)
    return 0 if all(sent for _, sent in verdicts) else EXIT_REFUSED


def _callers(assembly: Assembly, group: str | None, key: str | None) -> Iterator[Caller]:
    """The callers asked about: of one key or group, or one of every group."""
    groups = list(assembly.config.settings.groups) or ["default"]
    if key is not None:
        known = {caller.key_id: caller for caller in assembly.snapshot.callers.callers()}
        if key not in known:
            message = "there is no key of that id; records name keys by it"
            if assembly.config.settings.api_key_check is not None:
                message += ". Of those whom api_key_check knows, give the --group"
            raise typer.BadParameter(message)
        yield known[key]
        return
    if group is not None and group not in groups:
        raise typer.BadParameter(f"there is no group '{group}'")
    for name in [group] if group else groups:
        yield Caller(None, name)


def _about_rule(assembly: Assembly, model: str, match: Match) -> Iterator[str]:
    line = f" (line {match.rule.line})" if match.rule.line else ""
    yield f'{model}: rule "{match.rule.pattern.text}"{line}'
    for number, target in enumerate(match.targets, 1):
        place = f"{target.connection}.{target.model}{_about_fallback(target)}"
        yield f"  {number}. {place}: {_about_target(assembly, target)}"
        yield from _about_operations(assembly, target)


def _about_fallback(target: Target) -> str:
    """Of which Fallback it is a member, and the names of what that overrides."""
    if target.via is None:
        return ""
    overrides = f", overriding {', '.join(target.overrides)}" if target.overrides else ""
    return f" of {target.via}{overrides}"


def _about_target(assembly: Assembly, target: Target) -> str:
    connection = assembly.snapshot.upstreams[target.connection]
    deployment = connection.deployment(target.model)
    if not assembly.snapshot.is_on(target):
        return "switched off"
    if deployment is None:
        return "skipped: its models do not have this name"
    renamed = f", as {deployment}" if deployment != target.model else ""
    ways = ", ".join(f"{operation} {way(connection, operation)}" for operation in OPERATIONS)
    media = ", no media by URL" if connection.remote_media == "refuse" else ""
    return f"{ways}{renamed}{media}"


def way(connection: Connection, operation: str) -> str:
    """How a connection is asked: `by relay`, or `as chat by relay` where it has chat alone."""
    if not (connection.takes(operation) or connection.takes("chat")):
        return "not offered"
    form = "" if connection.takes(operation) else "as chat "
    return f"{form}by {connection.lane(operation)}"


def _about_operations(assembly: Assembly, target: Target) -> Iterator[str]:
    """A line for each lane that other operations take, and one for those that cannot be asked."""
    upstreams = assembly.snapshot.upstreams
    connection = upstreams[target.connection]
    if not assembly.snapshot.is_on(target) or connection.deployment(target.model) is None:
        return
    by_lane: dict[str, list[str]] = {}
    for operation in OTHER_OPERATIONS:
        lane = upstreams.lane(connection, operation)
        by_lane.setdefault(f"by {lane}" if lane else "not offered", []).append(operation)
    for how, operations in sorted(by_lane.items()):
        yield f"     {', '.join(operations)} {how}"


def _about_caller(assembly: Assembly, caller: Caller, model: str, match: Match) -> tuple[str, bool]:
    who = f"key {caller.key_id} of group {caller.group}" if caller.key_id else None
    who = who or f"group {caller.group}"
    try:
        chain = assembly.snapshot.choose(caller, model, match.targets)
    except Refused as refusal:
        why = _why(assembly, caller, model, refusal)
        return f"{who}: {refusal.status} {refusal.code}: {why}", False
    places = ", then ".join(f"{target.connection}.{target.model}" for target in chain)
    return f"{who}: goes to {places}", True


def _why(assembly: Assembly, caller: Caller, model: str, refusal: Refused) -> str:
    """The reason in the config's words, which a client is not told."""
    if not isinstance(refusal, NotAllowed):
        return "no target that is switched on and open to the group has this model"
    if not assembly.snapshot.permissions.of(caller).allows_model(model):
        return f"allowed_models of '{caller.group}' does not have this name"
    return f"allowed_connections of '{caller.group}' has none of the targets"
