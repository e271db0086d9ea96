"""What goes wrong at a provider that does not speak the Responses API, as its clients hear it."""

import pytest

from tests.harness.proxy import Proxy
from tests.provider import anthropic, faults, refusals
from tests.provider.exchange import Behaviour
from tests.provider.server import Provider
from tests.responses.conftest import ask, last_event, post
from tests.responses.test_bridge import events_of

REFUSALS: dict[str, tuple[Behaviour, int, str, str | None]] = {
    "bad": (refusals.bad_request("No."), 400, "No.", None),
    "unauthorized": (refusals.unauthorized, 502, "credential", None),
    "limited": (refusals.rate_limited(retry_after="11"), 429, "", "11"),
    "overloaded": (refusals.server_error(529, retry_after="11"), 503, "", "11"),
    "failed": (refusals.server_error(500), 502, "", None),
}


@pytest.mark.parametrize("stream", [False, True], ids=["plain", "stream"])
@pytest.mark.parametrize("case", REFUSALS)
@pytest.mark.parametrize("where", ["chat", "claude"])
def test_a_refusal_keeps_its_status_words_and_wait(
    elsewhere: Proxy, provider: Provider, where: str, case: str, stream: bool
) -> None:
    model, (behaviour, status, words, wait_s) = f"resp-{case}-{stream}", REFUSALS[case]
    provider.on(model, behaviour)

    answer = post(elsewhere, **ask(f"{where}/{model}", stream=stream))

    assert answer.status_code == status, answer.text
    assert words in answer.json()["error"]["message"]
    assert answer.headers.get("retry-after") == wait_s


@pytest.mark.parametrize(
    "behaviour",
    [faults.ends_unfinished(), faults.reset_mid_event(), faults.eof_mid_event()],
    ids=["ends", "reset", "eof"],
)
def test_half_a_stream_is_no_whole_response(
    elsewhere: Proxy, provider: Provider, behaviour: Behaviour
) -> None:
    model = f"resp-half-{behaviour.__name__.partition('(')[0]}"
    provider.on(model, behaviour)

    answer = post(elsewhere, **ask(f"chat/{model}", stream=True))

    events = events_of(answer)
    assert events[-1]["type"] == "error"
    assert last_event(answer).startswith("event: error")
    assert "response.completed" not in answer.text
    assert elsewhere.record(id=answer.headers["x-request-id"])["outcome"] == "broken"


def test_claude_fails_midway_and_says_so(elsewhere: Proxy, provider: Provider) -> None:
    provider.on("resp-midway", anthropic.fails_midway())

    answer = post(elsewhere, **ask("claude/resp-midway", stream=True))

    event = events_of(answer)[-1]
    assert (event["type"], event["message"]) == ("error", "Overloaded")
