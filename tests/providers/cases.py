"""What do providers answer here? The fixtures of aimock, by what the user says.

The same fixtures serve every provider: each puts them into its own format.
"""

from collections.abc import Sequence
from typing import Any

from tests.harness.aimock import Fixture

TEXT = "Hello from the other side of the wire."
THOUGHT = "Two and two make four."
WEATHER_REPORT = "Take an umbrella to Rome."
LONG = "This sentence will not come to its end. " * 20
PROMPT_TOKENS, COMPLETION_TOKENS = 17, 9
RETRY_AFTER_S = 7
CALLS = {"call_paris_1": "Paris", "call_rome_2": "Rome"}
"""Ids of the tool calls, and the city that each asks for."""
REFUSALS = {
    "busy": (429, "rate_limit_error"),
    "invalid": (400, "invalid_request_error"),
    "locked out": (401, "authentication_error"),
    "down": (500, "api_error"),
    "overloaded": (503, "overloaded_error"),
}
"""What the user says, and the provider's status and type of error."""
REFUSED = "The emulator says no, and why."
BREAKS: dict[str, dict[str, Any]] = {
    "cut": {"truncateAfterChunks": 6, "latency": 80, "chunkSize": 10},
    "gone": {"disconnectAfterMs": 500, "latency": 50, "chunkSize": 10},
}
"""What the user says, and how the answer breaks off: late enough for its beginning to be read,
which the loss of a connection would take with it."""
GEMINI = "gemini-2.5-flash"
USAGE = {"prompt_tokens": PROMPT_TOKENS, "completion_tokens": COMPLETION_TOKENS}


def fixtures() -> list[Fixture]:
    """All of them."""
    return [
        _says("text", {"content": TEXT}),
        _says("think", {"content": TEXT, "reasoning": THOUGHT}),
        _says("too long", {"content": TEXT, "finishReason": "length"}),
        *_tool_loop("weather here", ["call_paris_1"]),
        *_tool_loop("weather everywhere", list(CALLS)),
        _geminis_second_turn(),
        *(_refuses(said, *refusal) for said, refusal in REFUSALS.items()),
        *(_says(said, {"content": LONG}, **how) for said, how in BREAKS.items()),
    ]


def _says(said: str, response: Any, **more: Any) -> Fixture:
    return {"match": {"userMessage": said}, "response": {**response, "usage": USAGE}, **more}


def _tool_loop(said: str, ids: Sequence[str]) -> list[Fixture]:
    calls = [{"id": id_, "name": "weather", "arguments": {"city": CALLS[id_]}} for id_ in ids]
    called = _says(said, {"toolCalls": calls})
    answered = _says(said, {"content": WEATHER_REPORT})
    called["match"]["hasToolResult"] = False
    answered["match"]["hasToolResult"] = True
    return [called, answered]


def _geminis_second_turn() -> Fixture:
    """Known by its place: Gemini takes `function_response` and `functionResponse`, aimock only
    the latter, and so it sees neither the result nor what the user said before it."""
    report = {"content": WEATHER_REPORT, "usage": USAGE}
    return {"match": {"model": GEMINI, "turnIndex": 1}, "response": report}


def _refuses(said: str, status: int, kind: str) -> Fixture:
    error = {"message": REFUSED, "type": kind}
    response = {"error": error, "status": status, "retryAfter": RETRY_AFTER_S}
    return {"match": {"userMessage": said}, "response": response}
