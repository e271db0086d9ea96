"""Is the proxy well? `/health` for anybody, `/ready` for trusted peers, `HEAD /` for clients."""

from collections.abc import Callable

from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse

from lmproxy.api.exchange import REQUEST_ID
from lmproxy.api.nowhere import nothing_here
from lmproxy.api.openai_dialect import OPENAI
from lmproxy.api.policy import HttpPolicy
from lmproxy.call import Json
from lmproxy.gateway import new_request_id

LOOPBACK = ("127.0.0.1", "::1")
HEALTH_PATHS = (
    ("GET", "/health"),
    ("HEAD", "/health"),
    ("GET", "/ready"),
    ("HEAD", "/ready"),
    ("HEAD", "/"),
    ("HEAD", "/api/hello"),
)
"""Methods and paths of what is here."""


def health_routes(policy: HttpPolicy, state: Callable[[], Json]) -> APIRouter:
    """The routes. `state` says what `/ready` answers; `ready` in it decides the status."""
    router = APIRouter(redirect_slashes=False)

    @router.get("/health", summary="Is the process answering?")
    @router.head("/health", include_in_schema=False)
    async def health(request: Request) -> Response:
        return JSONResponse({"status": "ok"}, headers=_request_id(request))

    @router.get("/ready", summary="Can it serve? For loopback and trusted proxies only.")
    @router.head("/ready", include_in_schema=False)
    async def ready(request: Request) -> Response:
        if not _is_near(request, policy):
            headers = _request_id(request)
            body = OPENAI.error(nothing_here(), headers["x-request-id"])
            return Response(body, 404, headers, "application/json")
        answer = state()
        return JSONResponse(answer, 200 if answer["ready"] else 503, _request_id(request))

    @router.head("/", include_in_schema=False)
    @router.head("/api/hello", include_in_schema=False)  # Claude Code's.
    async def root(request: Request) -> Response:
        return Response(headers=_request_id(request))

    return router


def _is_near(request: Request, policy: HttpPolicy) -> bool:
    """Whether it comes from this machine or a trusted proxy itself, not merely through one.

    A wrong `Host` is how a web page gets a browser on this machine to ask (DNS rebinding).
    """
    peer = request.client.host if request.client else None
    through = "x-forwarded-for" in request.headers or "forwarded" in request.headers
    served = policy.serves(request.headers.get("host", ""))
    return served and not through and (peer in LOOPBACK or policy.is_trusted(peer))


def _request_id(request: Request) -> dict[str, str]:
    """`x-request-id` as every answer has it; there is no record of these requests to look up."""
    asked = request.headers.get("x-request-id", "")
    return {"x-request-id": asked if REQUEST_ID.fullmatch(asked) else new_request_id()}
