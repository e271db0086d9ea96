"""May they go on from this response, or look at it? Only if it was made for their own group.

Whoever has the operator's key can read whatever a provider keeps, so what cannot be told to be the
caller's own is refused, in the same words whether it is another's or nobody's.
"""

from lmproxy.call import Json
from lmproxy.errors import InvalidRequest, NotFound

KEPT = (
    "The provider keeps a response for those who asked for it here, unless 'store' was false, "
    "usually for 30 days"
)


def previous_of(body: Json) -> str | None:
    """The response that a request goes on from.

    Raises:
        InvalidRequest: it is no text, or the request goes on from a conversation: those are not
            served here, so that nothing tells whose one is.
    """
    if body.get("conversation"):
        raise InvalidRequest(
            "Conversations kept by a provider are not served here. Use 'previous_response_id', or "
            "send the whole conversation in 'input'.",
            code="unsupported_parameter",
            param="conversation",
        )
    previous = body.get("previous_response_id")
    if previous is None or isinstance(previous, str):
        return previous or None
    raise InvalidRequest(
        "'previous_response_id' must be a string.",
        code="invalid_type",
        param="previous_response_id",
    )


def response_not_found(response: str) -> NotFound:
    """The error for a response that is not there for the caller, with OpenAI's status."""
    return NotFound(
        f"There is no response '{response}' of yours. {KEPT}.", code="response_not_found"
    )


def previous_not_found(response: str) -> InvalidRequest:
    """The error for a request that goes on from such a one, with OpenAI's status and code."""
    return InvalidRequest(
        f"There is no response '{response}' of yours to go on from. {KEPT}; without one, send the "
        "whole conversation in 'input'.",
        code="previous_response_not_found",
        param="previous_response_id",
    )


def made_elsewhere(model: str) -> InvalidRequest:
    """The error for going on with a model that is not where the response is."""
    return InvalidRequest(
        f"The response to go on from is kept by a provider that does not have the model '{model}'. "
        "Ask the model that made it, or send the whole conversation in 'input'.",
        code="previous_response_not_found",
        param="previous_response_id",
    )
