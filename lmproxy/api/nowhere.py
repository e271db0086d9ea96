"""Every path that is none of ours: an error that says so, and a record like any other."""

from collections.abc import Mapping

from lmproxy.api.endpoint import Endpoint
from lmproxy.api.exchange import Exchange
from lmproxy.errors import MethodNotAllowed, NotFound
from lmproxy.gateway import Passage


def nowhere(methods: Mapping[str, str]) -> Endpoint:
    """The endpoint of last resort. `methods` are the known paths with the method each takes."""

    async def answer(exchange: Exchange, passage: Passage) -> None:  # noqa: ARG001
        wanted = methods.get(exchange.path)
        if wanted is not None:
            raise MethodNotAllowed(f"{exchange.path} takes {wanted}, not {exchange.method[:16]}.")
        raise NotFound(
            "There is nothing at this path. The README lists the endpoints; the base URL of an "
            "OpenAI client ends in the API prefix, usually /v1.",
            code="unknown_url",
        )

    return Endpoint("*", "*", "unknown", answer, "")
