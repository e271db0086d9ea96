"""Handlers as an operator writes them, and a proxy that has them."""

import json
from pathlib import Path
from typing import Any

import httpx

from tests.conftest import TEAM_KEY, base_config, bearer, chat
from tests.harness import patient
from tests.harness.proxy import Proxy
from tests.harness.waiting import until
from tests.provider.server import Provider

OWN = """
import asyncio
import json
import threading

from lmproxy import OpenAIHTTPException

LOOP = threading.current_thread().name


def write(name, **what):
    with open(name, "a") as file:
        file.write(json.dumps(what) + "\\n")


def add_tag(ctx):
    ctx.extra["thread"] = threading.current_thread().name
    ctx.llm_params["metadata"] = {"tag": "by-handler"}


async def cap(ctx):
    await asyncio.sleep(0)
    ctx.extra["awaited"] = True
    ctx.llm_params["max_tokens"] = min(ctx.llm_params.get("max_tokens") or 7, 7)


def look(ctx):
    params = {k: v for k, v in ctx.llm_params.items() if not isinstance(v, bytes)}
    write("seen.jsonl", operation=ctx.operation, dialect=ctx.dialect, params=params,
          group=ctx.group, connection=ctx.connection, model=ctx.model, key=ctx.api_key_id,
          address=ctx.remote_addr, http=ctx.http_request)


def refuse(ctx):
    if "forbidden" in json.dumps(ctx.llm_params):
        raise OpenAIHTTPException("No such words here.", 451, "policy_error", "no_such_words",
                                  headers={"Retry-After": "7", "X-Policy": "words"})


def half(ctx):
    raise OpenAIHTTPException("half \\ud800 of it", 400, headers={"X-A": "1", "x-a": "2"})


def fail(ctx):
    raise RuntimeError("canary " + str(ctx.llm_params))


async def never(ctx):
    await asyncio.Event().wait()


def never_in_thread(ctx):
    threading.Event().wait()


def exit(ctx):
    raise SystemExit(3)


def status_200(ctx):
    raise OpenAIHTTPException("fine", 200)


def header_of_ours(ctx):
    raise OpenAIHTTPException("no", 400, headers={"Set-Cookie": "a=b"})


def two_lines(ctx):
    raise OpenAIHTTPException("no", 400, headers={"X-A": "canary\\r\\nX-B: c"})


class Model:
    def __init__(self, model: str):
        self.model = model

    def __call__(self, ctx):
        ctx.llm_params["model"] = self.model


class Put:
    def __init__(self, **fields):
        self.fields = fields

    async def __call__(self, ctx):
        ctx.llm_params.update(self.fields)


class Leave:
    def __init__(self, **fields):
        self.fields = fields

    def __call__(self, ctx):
        ctx.llm_params = self.fields


class Only:
    def __init__(self, only: str, handler: str, **fields):
        made = globals()[handler]
        self.only, self.handler = only, made(**fields) if fields else made

    def __call__(self, ctx):
        return self.handler(ctx) if ctx.model == self.only else None


def unwritable(ctx):
    ctx.llm_params["metadata"] = {"set": {1, 2}}


def inside(ctx):
    ctx.llm_params["messages"][0]["content"] += " And be brief."


def without_model(ctx):
    del ctx.llm_params["model"]


def ended(ctx):
    write("ended.jsonl", said=ctx.response, error=ctx.error, model=ctx.model, extra=ctx.extra,
          tokens=ctx.response.usage.total_tokens if ctx.response is not None else None,
          duration=ctx.duration, group=ctx.group, params=ctx.llm_params, operation=ctx.operation,
          asked=ctx.request)


async def ended_async(ctx):
    await asyncio.sleep(0)
    write("ended_async.jsonl", error=ctx.error)


def ended_badly(ctx):
    raise RuntimeError("canary")


def hang(ctx):
    threading.Event().wait()
"""


def start(provider: Provider, folder: Path, *before: Any, **more: Any) -> Proxy:
    """A proxy with these handlers."""
    (folder / "own.py").write_text(OWN)
    return Proxy({**base_config(provider), "before": list(before), **more}, folder)


def ask(proxy: Proxy, model: str, key: str = TEAM_KEY, **fields: Any) -> httpx.Response:
    """A chat request."""
    return patient.post(
        f"{proxy.api}/chat/completions", headers=bearer(key), json=chat(model, **fields), timeout=60
    )


def lines(proxy: Proxy, name: str, count: int = 1) -> list[Any]:
    """The lines of a file that handlers wrote, once there are so many."""
    file = proxy.folder / name

    def read() -> list[Any]:
        found = file.read_text().split("\n")[:-1] if file.exists() else []
        return [json.loads(line) for line in found] if len(found) >= count else []

    found: list[Any] = until(read, f"{count} lines in {name}")
    return found
