"""Asks every provider once on the litellm lane and prints what left this process.

Run by `test_litellm_egress.py`: a program of its own, because an audit hook cannot be taken out
again and LiteLLM is to find the environment it is given. The first argument is the status that a
provider of ours answers with, or `default` to ask at the addresses that providers have by default,
which this process may look up and not reach; the second is `chat`, or `others` for the operations
besides. Each request has every name that LiteLLM reads, as if it were a parameter. Output: one JSON
object with what was `seen` of each `api_type`, and whether the requests left LiteLLM's `prices` as
they were.
"""

import asyncio
import json
import os
import sys
from collections.abc import Iterator
from hashlib import sha256
from importlib import import_module
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import tomli_w

from lmproxy import logs
from lmproxy.call import Call, Observed
from lmproxy.config import load_config
from lmproxy.errors import ProxyError
from lmproxy.scrub import Scrubber
from lmproxy.upstream import compile_upstreams
from lmproxy.upstream.arguments import reserved
from lmproxy.upstream.connection import Connection
from lmproxy.upstream.litellm.names import ADDRESSES, REGION_ADDRESSES, SETTINGS
from lmproxy.upstream.vendors import ALL, VENDORS
from tests.provider.behaviours import plain
from tests.provider.exchange import Behaviour, Exchange
from tests.provider.server import Provider

KEY = "sk-of-the-operator-0123456789"
TRAP = os.environ.get("TRAP", "")  # noqa: TID251 - a word of the test that runs it.
LONGEST_S = 60
VALUES = {
    "aws_region_name": "eu-central-1",
    "vertex_location": "europe-west4",
    "vertex_credentials": json.dumps(
        {"type": "authorized_user", "client_id": "c", "client_secret": "s", "refresh_token": "r"}
    ),
}
"""Settings that LiteLLM looks into."""
BODY: dict[str, Any] = {
    **dict.fromkeys(reserved(), -1),
    "messages": [{"role": "user", "content": "Say hello."}],
    "temperature": 0.5,
}
OTHERS: dict[str, dict[str, Any]] = {
    "embeddings": {"input": "hello"},
    "moderations": {"input": "hello"},
    "rerank": {
        **dict.fromkeys(("rank_fields", "instruction", "max_chunks_per_doc", "top_n")),
        **dict.fromkeys(("max_tokens_per_doc", "return_documents")),
        "query": "hello",
        "documents": ["hello", "there"],
    },
}
"""What the other operations need; LiteLLM looks at the types of rerank's fields."""

OTHER_MODELS = {"bedrock": "amazon.titan-embed-text-v2:0"}
MODELS = {
    "bedrock": "anthropic.claude-3-5-sonnet-20240620-v1:0",
    "google_vertex_ai": "gemini-2.5-flash",
    "replicate": "owner/some-model",
}
"""Where LiteLLM asks another way for names that it does not know."""


class Seen:
    """Addresses that this process connected to, and names that it looked up."""

    def __init__(self) -> None:
        self.addresses: list[str] = []
        sys.addaudithook(self._hear)

    def _hear(self, event: str, arguments: tuple[Any, ...]) -> None:
        if event == "socket.connect" and isinstance(arguments[1], tuple):
            self.addresses.append(f"{arguments[1][0]}:{arguments[1][1]}")
        elif event in ("socket.getaddrinfo", "socket.gethostbyname"):
            host = arguments[0]
            name = host.decode() if isinstance(host, bytes) else str(host)
            if name != "127.0.0.1":
                self.addresses.append(name)
                raise OSError("this test has no network")


def kinds() -> Iterator[str]:
    yield from sorted({known.api_type for known in VENDORS.values()} | ADDRESSES.keys())


def requests_of(which: str, asked: Connection) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """What a connection can be asked for: a word for it, the operation, and its body."""
    if which == "chat":
        if not asked.takes("chat"):
            return
        yield "", "chat", {**BODY, "stream": False}
        yield " stream", "chat", {**BODY, "stream": True}
        return
    for operation, own in OTHERS.items():
        if asked.takes(operation):
            yield f" {operation}", operation, {**BODY, **own}


def connection(kind: str, base: str | None) -> dict[str, Any]:
    """A connection of this kind with everything that it may need."""
    name = ALL[kind].litellm
    settings = {key: VALUES.get(key, "setting-value") for key in SETTINGS.get(name, ())}
    for key in [key for key in settings if key in ASIDE]:
        del settings[key]
    signs = name in ("bedrock", "sagemaker_chat", "vertex_ai")
    return {
        "api_type": kind,
        **({"api_base": base} if base else {}),
        "lane": "litellm",
        "http_headers": {"x-own": "own", "user-agent": "own-agent"},
        **({"litellm": settings} if settings and (signs or name == "watsonx") else {}),
        **({} if signs else {"api_key": KEY}),
    }


ASIDE = {
    "aws_profile_name", "aws_role_name", "aws_session_name", "aws_web_identity_token",
    "aws_sts_endpoint", "aws_external_id", "aws_bedrock_runtime_endpoint",
}  # fmt: skip
"""Settings that choose another way to a credential than a plain key."""


def answer(status: int) -> Behaviour:
    if 300 <= status < 400:

        async def behave(exchange: Exchange) -> None:
            await exchange.send_json(status, {}, [("Location", f"{TRAP}/elsewhere")])

        return behave
    if status == 200:
        return plain({})

    async def refuse(exchange: Exchange) -> None:
        await exchange.send_json(status, {"error": {"message": "no", "type": "t", "code": "c"}})

    return refuse


def has_default(kind: str) -> bool:
    known = ALL[kind]
    return known.api_base is not None or known.litellm in REGION_ADDRESSES


async def main(what: str, which: str) -> None:
    logs.configure("error", Scrubber().text)
    with Provider() as provider, TemporaryDirectory() as folder:
        base = None if what == "default" else provider.base_url
        asked = [kind for kind in kinds() if base or has_default(kind)]
        file = Path(folder) / "all.toml"
        file.write_text(tomli_w.dumps({"connections": {k: connection(k, base) for k in asked}}))
        upstreams, problems, _ = compile_upstreams(load_config(file), Scrubber())
        assert not problems, problems
        if base:
            provider.on_any(answer(int(what)))
        await upstreams["openai"].start()
        prices = digest_of_prices()
        seen = Seen()
        found: dict[str, Any] = {}
        for kind in asked:
            for word, operation, body in requests_of(which, upstreams[kind]):
                call = Call("openai", operation, kind, body, stream=word == " stream")
                found[kind + word] = await see(kind, upstreams[kind], provider, seen, call)
        await upstreams.close()
    said = {"seen": found, "prices": prices == digest_of_prices()}
    sys.stdout.write(json.dumps(said))


def digest_of_prices() -> str:
    prices = import_module("litellm").model_cost
    return sha256(json.dumps(prices, sort_keys=True, default=str).encode()).hexdigest()


async def see(
    kind: str, asked: Connection, provider: Provider, seen: Seen, call: Call
) -> dict[str, Any]:
    before, seen.addresses = len(provider.requests), []
    code = await ask(kind, asked, call)
    sent = provider.requests[before:]
    return {
        "code": code,
        "paths": [request.path for request in sent],
        "headers": [{n.lower(): value for n, value in request.headers} for request in sent],
        "elsewhere": sorted({a for a in seen.addresses if a != f"127.0.0.1:{provider.port}"}),
    }


async def ask(kind: str, asked: Connection, call: Call) -> str:
    models = MODELS if call.operation == "chat" else OTHER_MODELS
    model = models.get(kind, "some-model")
    try:
        async with asyncio.timeout(LONGEST_S):
            await asked.ask(call, model, Observed())
    except ProxyError as error:
        return str(error.code)
    return "answered"


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], sys.argv[2]))
