"""Is the proxy well? `/health` for anybody, `/ready` for trusted peers, `HEAD /` for some clients."""

from collections.abc import Callable

from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse

from lmproxy.api.openai_errors import error_body
from lmproxy.api.policy import HttpPolicy
from lmproxy.call import Json
from lmproxy.errors import NotFound

LOOPBACK = ("127.0.0.1", "::1")


def health_routes(policy: HttpPolicy, state: Callable[[], Json]) -> APIRouter:
    """The routes. `state` says what `/ready` answers; `ready` in it decides the status."""
    router = APIRouter(redirect_slashes=False)

    @router.get("/health", summary="Is the process answering?")
    async def health() -> dict[str, str]:
        return {"status": "ok"}

    @router.get("/ready", summary="Can it serve? For loopback and trusted proxies only.")
    async def ready(request: Request) -> Response:
        peer = request.client.host if request.client else None
        if peer not in LOOPBACK and not policy.is_trusted(peer):
            body = error_body(NotFound("There is nothing at this path.", code="unknown_url"))
            return Response(body, 404, media_type="application/json")
        answer = state()
        return JSONResponse(answer, 200 if answer["ready"] else 503)

    @router.head("/", include_in_schema=False)
    async def root() -> Response:
        return Response()

    return router
