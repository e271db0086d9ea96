"""What LiteLLM's public call costs: `litellm.acompletion` behind a server that does nothing else.

`python -m scripts.benchmark.acompletion PORT PROVIDER_URL`. No key, no route, no limit, no record.
"""

import sys
from collections.abc import AsyncIterator
from typing import Any

import litellm
import orjson
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

litellm.suppress_debug_info = True


def destination(model: str, provider: str) -> dict[str, str]:
    """The arguments that say where a model is."""
    if model.startswith("claude"):
        return {"model": f"anthropic/{model}", "api_base": provider}
    if model.startswith("gemini"):
        return {"model": f"gemini/{model}", "api_base": f"{provider}/v1beta/models/{model}"}
    return {"model": f"openai/{model}", "api_base": f"{provider}/v1"}


async def chat(request: Request) -> Response:
    asked = orjson.loads(await request.body())
    where = destination(asked.pop("model"), request.app.state.provider)
    answer: Any = await litellm.acompletion(**asked, **where, api_key="sk-provider")
    if asked.get("stream"):
        return StreamingResponse(events(answer), media_type="text/event-stream")
    return Response(answer.model_dump_json(), media_type="application/json")


async def events(chunks: AsyncIterator[Any]) -> AsyncIterator[str]:
    async for chunk in chunks:
        yield f"data: {chunk.model_dump_json(exclude_none=True)}\n\n"
    yield "data: [DONE]\n\n"


if __name__ == "__main__":
    app = Starlette(routes=[Route("/v1/chat/completions", chat, methods=["POST"])])
    app.state.provider = sys.argv[2]
    uvicorn.run(
        app,
        port=int(sys.argv[1]),
        loop="uvloop",
        http="httptools",
        access_log=False,
        log_level="warning",
    )
