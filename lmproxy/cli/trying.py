"""`oai-proxy check --live`: does each connection answer, now, with the operator's own key?

A connection is asked for its models and for one token of one of them, as a request would ask it.
All are asked at the same time, each under a deadline of its own.
"""

import asyncio
import re
import time
from collections.abc import Iterator
from dataclasses import dataclass

import typer

from lmproxy.assembly import Assembly
from lmproxy.call import Call, Json, Observed
from lmproxy.config.binding import where_raised
from lmproxy.config.fallback import fallbacks, names_behind
from lmproxy.config.problems import nearest
from lmproxy.errors import ProxyError, UpstreamInvalidResponse, UpstreamRejected
from lmproxy.routing import is_model_name, targets_of
from lmproxy.snapshot import Snapshot
from lmproxy.upstream.catalogue import ASKED_FOR_S
from lmproxy.upstream.connection import Connection

EXIT_NOT_FINE = 1
PROMPT: Json = {"messages": [{"role": "user", "content": "ping"}]}
LIMITS: tuple[Json, ...] = ({"max_tokens": 1}, {"max_completion_tokens": 16})
"""The first one is for everybody; models that reason refuse it and say so in `param`."""
NO_CHAT = re.compile(
    "embed|whisper|tts|dall-e|image|audio|speech|realtime|transcribe|moderation|rerank|sora|video"
    "|babbage|davinci|instruct-",
    re.IGNORECASE,
)
"""Models on a provider's list that one does not chat with."""
MENDS = {
    "upstream_auth_error": "check its api_key",
    "upstream_unreachable": "check its api_base, the network and any proxy",
    "upstream_tls_error": "check its certificate, or set ca_file",
    "upstream_timeout": "see whether it is up; --timeout waits longer",
    "upstream_invalid_response": "check its api_base",
    "connection_busy": "raise its concurrency",
}
"""What to do, by code."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """How a connection fares, in a line."""

    is_fine: bool
    words: str


@dataclass(frozen=True, slots=True)
class Listed:
    """What a connection lists: names, or why there are none, in words."""

    names: tuple[str, ...] = ()
    words: str = "it lists no models"


def try_connections(assembly: Assembly, only: str | None, timeout_s: float) -> int:
    """Ask every enabled connection, or the one named `only`, and print a line for each.

    Returns:
        The exit code: 0 if all are fine; 2 if there is no connection `only`.
    """
    known = assembly.config.settings.connections
    if only is not None and only not in known:
        hint = nearest(only, known)
        typer.echo(f"there is no connection '{only}'{f'; {hint}' if hint else ''}", err=True)
        return 2
    wanted = [name for name in known if name == only] or [n for n in known if known[n].enabled]
    names = [name for name in known if name in _asked(assembly, wanted)]
    if not names:
        typer.echo("no connection is switched on", err=True)
        return EXIT_NOT_FINE
    return 0 if asyncio.run(_all_fine(assembly, names, timeout_s)) else EXIT_NOT_FINE


def _asked(assembly: Assembly, names: list[str]) -> set[str]:
    """Those of `names` that ask a provider themselves, and in place of a Fallback its members."""
    found, _ = fallbacks(assembly.config)
    known = assembly.config.settings.connections
    behind = {below for name in names for below in names_behind(found, name)}
    return {*names, *(name for name in behind if known[name].enabled)} - found.keys()


async def _all_fine(assembly: Assembly, names: list[str], timeout_s: float) -> bool:
    """Print the lines, in the order of the file; whether every one is good news."""
    snapshot = assembly.snapshot
    try:
        asking = (_judged(snapshot, snapshot.upstreams[name], timeout_s) for name in names)
        verdicts = await asyncio.gather(*asking)
        for name, verdict in zip(names, verdicts, strict=True):
            typer.echo(_one_line(assembly.scrubber.text(f"{name}: {verdict.words}")))
        return all(verdict.is_fine for verdict in verdicts)
    finally:
        await snapshot.upstreams.close()


def _one_line(text: str) -> str:
    """A provider's words may have line breaks, and what a terminal would obey."""
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())


async def _judged(snapshot: Snapshot, connection: Connection, timeout_s: float) -> Verdict:
    if not connection.enabled:
        return Verdict(False, "not asked: it is switched off (enabled = false)")
    try:
        async with asyncio.timeout(timeout_s):
            # A list that does not come must leave time for the answer.
            return await _judge(snapshot, connection, min(ASKED_FOR_S, timeout_s / 2))
    except TimeoutError:
        mend = MENDS["upstream_timeout"]
        return Verdict(False, f"failed: No answer within {timeout_s:g} s. What to do: {mend}.")
    except Exception as error:  # noqa: BLE001 - anybody's connection kind may raise anything.
        return Verdict(False, f"failed: its code raised {where_raised(error)}")


async def _judge(snapshot: Snapshot, connection: Connection, list_wait_s: float) -> Verdict:
    await connection.start()
    listed = await _listed(connection, list_wait_s)
    if not connection.takes("chat"):
        return Verdict(True, f"not asked: it has nothing to chat with; {listed.words}")
    known = next(_candidates(snapshot, connection, listed), None)
    model = known or connection.name  # Functions and the like take any name.
    began = time.monotonic()
    try:
        await _one_token(connection, model)
    except ProxyError as error:
        return Verdict(False, _failure(model, error, is_known=known is not None))
    took_s = time.monotonic() - began
    return Verdict(True, f"ok: {model} answered in {took_s:.2f} s; {listed.words}")


async def _listed(connection: Connection, wait_s: float) -> Listed:
    names = connection.names
    if names is not None:
        return Listed(words=f"models in its table: {len(names)}")
    try:
        async with asyncio.timeout(wait_s):
            found = await connection.models()
    except TimeoutError:
        return Listed(words=f"it did not list its models within {wait_s:g} s")
    except ProxyError as error:
        return Listed(words=f"its models cannot be listed: {_said(error)}")
    return Listed() if found is None else Listed(tuple(found), f"models listed: {len(found)}")


def _candidates(snapshot: Snapshot, connection: Connection, listed: Listed) -> Iterator[str]:
    """The provider's names of models to try, the likeliest first."""
    rules = snapshot.routes.rules
    asked = [rule.pattern.text for rule in rules if is_model_name(rule.pattern.text)]
    targets = [t for name in asked for t in targets_of(snapshot.routes, name)]
    targets += [t for rule in rules for t in rule.targets if is_model_name(t.model)]
    names = [
        *(connection.names or ()),
        *(t.model for t in targets if t.connection == connection.name),
    ]
    if snapshot.default_model:
        targets = list(targets_of(snapshot.routes, snapshot.default_model))
        names += [t.model for t in targets if t.connection == connection.name]
    names += [name for name in listed.names if not NO_CHAT.search(name)]
    for name in (*names, *listed.names):
        deployment = connection.deployment(name)
        if deployment is not None:
            yield deployment


async def _one_token(connection: Connection, model: str) -> None:
    """Ask for as little as the model gives.

    Raises:
        ProxyError: it did not answer.
    """
    for limit in LIMITS:
        body = {"model": model, **PROMPT, **limit}
        try:
            reply = await connection.ask(
                Call("openai", "chat", model, body, stream=False), model, Observed()
            )
        except UpstreamRejected as error:
            if error.param != "max_tokens" or limit is LIMITS[-1]:
                raise
            continue
        if not isinstance(reply.body, bytes):
            await reply.body.aclose()
        if reply.status != 200:
            raise UpstreamInvalidResponse(f"It answered with status {reply.status}.")
        return


def _failure(model: str, error: ProxyError, *, is_known: bool) -> str:
    said = f"failed: {_said(error)}"
    mend = MENDS.get(error.code or "")
    if error.status in (400, 404) and not is_known:
        mend = f"name a model of it in [routing]; none is known, so '{model}' was tried"
    elif error.status == 404:
        mend = f"name a model it has in [routing] or its models table; '{model}' was tried"
    return f"{said.rstrip('.')}. What to do: {mend}." if mend else said


def _said(error: ProxyError) -> str:
    return f"{error.status} {error.name}: {error.message}"
