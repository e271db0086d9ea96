"""How does each provider say no? The words are the same, the form is its own."""

import json
from collections.abc import Callable

WORDS = "The model is having a rest."
WAIT_S = "7"
KINDS = {
    400: "invalid_request_error",
    401: "authentication_error",
    429: "rate_limit_error",
    529: "overloaded_error",
}
Form = Callable[[int], object]


def _openai(status: int) -> object:
    return {"error": {"message": WORDS, "type": KINDS[status], "param": None, "code": None}}


def _anthropic(status: int) -> object:
    error = {"type": KINDS[status], "message": WORDS}
    return {"type": "error", "error": error, "request_id": "req_1"}


def _google(status: int) -> object:
    return {"error": {"code": status, "message": WORDS, "status": KINDS[status].upper()}}


def _message_only(_: int) -> object:
    return {"message": WORDS}


def _ollama(_: int) -> object:
    return {"error": WORDS}


FORMS: dict[str, Form] = {
    "anthropic": _anthropic,
    "gemini": _google,
    "bedrock": _message_only,
    "cohere_chat": _message_only,
    "ollama_chat": _ollama,
}
"""By the oracle's name; all others have OpenAI's."""


def refusal(provider: str, case: str) -> tuple[int, dict[str, str], bytes] | None:
    """Status, headers and body of a case that is one; `None` if it is none."""
    name, _, status = case.partition("_")
    if name != "refused":
        return None
    form = FORMS.get(provider, _openai)
    headers = {"content-type": "application/json", "retry-after": WAIT_S}
    return int(status), headers, json.dumps(form(int(status))).encode()
