"""The limit in Python, nearly: Starlette and aiohttp that pass bytes on and do nothing else.

`python -m scripts.benchmark.bare PORT PROVIDER_URL [CERTIFICATE KEY]`. No key, no route, no limit,
no deadline, no record. It stays this small: it is what every gateway's cost is divided by.
"""

import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import aiohttp
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

HEADERS = {"authorization": "Bearer sk-provider", "content-type": "application/json"}


async def chat(request: Request) -> Response:
    url = request.app.state.provider + request.url.path
    body = await request.body()
    answer = await request.app.state.session.post(url, data=body, headers=HEADERS)
    kind = answer.content_type
    if kind == "text/event-stream":
        return StreamingResponse(answer.content.iter_any(), answer.status, media_type=kind)
    return Response(await answer.read(), answer.status, media_type=kind)


@asynccontextmanager
async def lifespan(app: Starlette) -> AsyncIterator[None]:
    connector = aiohttp.TCPConnector(limit=0)
    async with aiohttp.ClientSession(connector=connector, auto_decompress=False) as session:
        app.state.session = session
        yield


def application(provider: str) -> Starlette:
    routes = [Route("/v1/chat/completions", chat, methods=["POST"])]
    app = Starlette(routes=routes, lifespan=lifespan)
    app.state.provider = provider
    return app


if __name__ == "__main__":
    port, provider, certificate, key, *_ = *sys.argv[1:], None, None
    uvicorn.run(
        application(str(provider)),
        port=int(str(port)),
        ssl_certfile=certificate,
        ssl_keyfile=key,
        loop="uvloop",
        http="httptools",
        access_log=False,
        log_level="warning",
    )
