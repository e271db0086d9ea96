"""What a fallback says of a request stands where each dialect has it."""

from pathlib import Path

from tests.conftest import TEAM_KEY, bearer, chat
from tests.harness import patient
from tests.harness.proxy import Proxy
from tests.provider.ports import closed_port
from tests.provider.server import Provider
from tests.routing.fallbacks import FALLBACK, config


def test_a_text_that_ends_answers_is_a_list_where_messages_are_asked(
    provider: Provider, tmp_path: Path
) -> None:
    with closed_port() as dead:
        said = config(provider, dead)
        said["connections"]["says"] = {**said["connections"]["b"], "speaks": ["messages"]}
        members = {"dead": {}, "says": {"stop": "END"}}
        said["connections"]["tuned"] = {"class": FALLBACK, "connections": members}
        with Proxy(said, tmp_path) as proxy:
            body = {**chat("tuned"), "max_tokens": 9}
            patient.post(f"{proxy.api}/messages", headers=bearer(TEAM_KEY), json=body)

    sent = provider.requests_for("tuned")[-1].json
    assert sent is not None
    assert (sent["stop_sequences"], "stop" in sent) == (["END"], False)


def test_a_limit_replaces_the_one_that_the_client_gave_by_its_other_name(
    provider: Provider, tmp_path: Path
) -> None:
    with closed_port() as dead:
        said = config(provider, dead)
        members = {"dead": {}, "b": {"max_tokens": 5}}
        said["connections"]["tuned"] = {"class": FALLBACK, "connections": members}
        with Proxy(said, tmp_path) as proxy:
            body = chat("tuned", max_completion_tokens=900)
            patient.post(
                f"{proxy.api}/chat/completions", headers=bearer(TEAM_KEY), json=body, timeout=30
            )

    sent = provider.requests_for("tuned")[-1].json
    assert sent is not None
    assert (sent["max_tokens"], "max_completion_tokens" in sent) == (5, False)
