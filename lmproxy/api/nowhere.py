"""Every path that is none of ours: an error that says so, and a record like any other."""

from lmproxy.api.dialects import DIALECTS
from lmproxy.api.endpoint import Endpoint
from lmproxy.api.exchange import Exchange
from lmproxy.errors import MethodNotAllowed, NotFound
from lmproxy.gateway import Passage


def nothing_here() -> NotFound:
    """The error for a path that is none of ours."""
    return NotFound(
        "There is nothing at this path. The README lists the endpoints; the base URL of an "
        "OpenAI client ends in the API prefix, usually /v1; an Anthropic client adds that itself.",
        code="unknown_url",
    )


async def answer_nowhere(exchange: Exchange, passage: Passage) -> None:  # noqa: ARG001
    """Say that there is nothing here."""
    raise nothing_here()


NOWHERE = Endpoint("*", "*", "unknown", answer_nowhere, "", DIALECTS)


def only(*methods: str) -> Endpoint:
    """The endpoint of a path that takes these methods and was asked with another."""

    async def answer(exchange: Exchange, passage: Passage) -> None:  # noqa: ARG001
        raise MethodNotAllowed(exchange.method[:16], methods)

    return Endpoint("*", "*", "unknown", answer, "", DIALECTS)
