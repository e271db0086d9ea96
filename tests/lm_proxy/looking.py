"""What is looked at where the two differ. Each function gives one that looks at a `Side`."""

import json
from collections.abc import Callable
from itertools import count
from typing import Any

import httpx

from tests.conftest import chat
from tests.harness import patient
from tests.lm_proxy.setups import TEAM_KEY
from tests.lm_proxy.side import ANSWER_S, Side

Ask = Callable[[Side], httpx.Response]
Look = Callable[[Side], Any]
_numbers = count()


def words(text: str) -> list[dict[str, str]]:
    """The messages of a request with this text."""
    return [{"role": "user", "content": text}]


def refusal(ask: Ask) -> Look:
    """Status, where the error stands, and its code; of an error in plain text, the text."""

    def look(side: Side) -> tuple[int, str | None, str | None]:
        answer = ask(side)
        if answer.is_success:
            return answer.status_code, None, None
        if not answer.headers["content-type"].startswith("application/json"):
            return answer.status_code, "text", answer.text
        document, place = answer.json(), []
        for name in ("detail", "error"):
            if isinstance(document, dict) and name in document:
                document = document[name]
                place.append(name)
        code = document.get("code") if isinstance(document, dict) else None
        return answer.status_code, ".".join(place), code

    return look


def _events(side: Side, body: dict[str, Any]) -> list[Any]:
    """The events of a stream, parsed but for `[DONE]`."""
    answer = side.post(TEAM_KEY, body)
    data = [line.removeprefix("data: ") for line in answer.text.splitlines() if line]
    return [event if event == "[DONE]" else json.loads(event) for event in data]


def _choices(side: Side, body: dict[str, Any]) -> list[Any]:
    events = [event for event in _events(side, body) if event != "[DONE]"]
    return [choice for event in events for choice in event.get("choices", [])]


def end_of_stream(body: dict[str, Any]) -> Look:
    """The last event, `[DONE]` or the code of an error, and the finish reasons before it."""

    def look(side: Side) -> tuple[str, list[str]]:
        *before, last = _events(side, body)
        choices = [choice for event in before for choice in event["choices"]]
        reasons = [choice["finish_reason"] for choice in choices if choice.get("finish_reason")]
        return last if last == "[DONE]" else last["error"]["code"], reasons

    return look


def tool_names(body: dict[str, Any]) -> Look:
    """The tools called in a stream, and its finish reasons."""

    def look(side: Side) -> tuple[list[str], list[str]]:
        choices = _choices(side, body)
        calls = [call for choice in choices for call in choice["delta"].get("tool_calls", [])]
        reasons = [choice["finish_reason"] for choice in choices if choice.get("finish_reason")]
        return [call["function"]["name"] for call in calls], reasons

    return look


def usage_of_stream(body: dict[str, Any]) -> Look:
    """The usage in a stream; `None` without."""

    def look(side: Side) -> Any:
        events = [event for event in _events(side, body) if event != "[DONE]"]
        return next((event["usage"] for event in events if event.get("usage")), None)

    return look


def sent(ask: Ask, field: str) -> Look:
    """The status, and what the provider got in a field of the body; `None` without either."""

    def look(side: Side) -> tuple[int, Any]:
        before = len(side.provider.requests)
        status = ask(side).status_code
        reached = len(side.provider.requests) > before
        return status, side.sent().get(field) if reached else None

    return look


def paths(bodies: list[dict[str, Any]]) -> Look:
    """Where the provider was asked."""

    def look(side: Side) -> list[str]:
        before = len(side.provider.requests)
        for body in bodies:
            side.post(TEAM_KEY, body)
        return [request.path for request in side.provider.requests[before:]]

    return look


def status(path: str) -> Look:
    return lambda side: side.get(path, TEAM_KEY).status_code


def owner(model: str) -> Look:
    """Whose a model is in the list."""

    def look(side: Side) -> Any:
        listed = side.get("/v1/models", TEAM_KEY).json()["data"]
        return {entry["id"]: entry["owned_by"] for entry in listed}[model]

    return look


def credential(header: str) -> Look:
    """The status for who sends a good key in this header alone."""

    def look(side: Side) -> int:
        url, headers = f"{side.api}/chat/completions", {header: TEAM_KEY}
        answer = patient.post(url, headers=headers, json=chat("open"), timeout=ANSWER_S)
        return answer.status_code

    return look


def _asked_now(side: Side, **headers: str) -> str:
    """Ask something nobody else asks, and say what."""
    text = f"Question number {next(_numbers)}, once."
    body = {"model": "open", "messages": words(text)}
    assert side.post(TEAM_KEY, body, **headers).status_code == 200
    return text


def address_in_line(address: str) -> Look:
    """`remote_addr` of a request that says it comes from there."""

    def look(side: Side) -> Any:
        return side.line(_asked_now(side, x_forwarded_for=address))["remote_addr"]

    return look


def errors(ask: Ask, text: str) -> Look:
    """`error` of each line about a question, once a later one has its line."""

    def look(side: Side) -> list[Any]:
        ask(side)
        side.line(_asked_now(side), "logs/paths")
        return [line["error"] for line in side.lines(text, "logs/paths")]

    return look


def refused_line(side: Side) -> int:
    """How many lines there are of a refused request, once a later one has its line."""
    before = side.lines('"group": null')
    side.post("nobody's", chat("open"))
    side.line(_asked_now(side))
    return len(side.lines('"group": null')) - len(before)


def of_fallback(log: str, field: str) -> Look:
    """A field of what a handler or a logger was given of a request that a Fallback takes."""

    def look(side: Side) -> Any:
        text = f"Question number {next(_numbers)}, once."
        body = {"model": "list-x", "messages": words(text)}
        assert side.post("anna", body).status_code == 200
        return side.line(text, log)[field]

    return look


def key_id(side: Side) -> int:
    """How long `api_key_id` is; MD5 has 32 digits."""
    return len(side.line(_asked_now(side), "logs/whole")["api_key_id"])


def fields_of_request(side: Side) -> int:
    """How many fields `request` has of a request with two."""
    return len(side.line(_asked_now(side), "logs/whole")["request"])
