"""LiteLLM takes seconds to load: what does not need it is served meanwhile, what does waits."""

import threading
from pathlib import Path

from tests.conftest import TEAM_KEY, UPSTREAM_KEY, base_config, bearer
from tests.harness import patient
from tests.harness.answer import Answer, ask, client_of
from tests.harness.proxy import Proxy
from tests.harness.verdict import Verdict
from tests.lanes.conftest import lanes_config
from tests.lanes.way import WAYS
from tests.messages.conftest import ask as message
from tests.provider import formed
from tests.provider.server import Provider

HEADERS = {**bearer(TEAM_KEY), "anthropic-version": "2023-06-01"}


def test_while_litellm_loads_health_and_relay_are_answered_and_others_wait(
    provider: Provider, tmp_path: Path
) -> None:
    config = base_config(provider)
    base = f"http://127.0.0.1:{provider.port}"
    slow = {"api_type": "anthropic", "api_base": base, "api_key": UPSTREAM_KEY}
    config["connections"] |= {
        "relay": {**config["connections"]["up"], "lane": "relay"},
        "slow": slow,
        "impatient": {**slow, "timeouts": {"first_byte_s": 0.1}},
        "bridged": {**slow, "speaks": ["models"], "timeouts": {"first_byte_s": 0.1}},
    }
    config["routing"] = {f"{name}/*": f"{name}.{{1}}" for name in config["connections"]}
    waited: list[Answer] = []

    def wait() -> None:
        with client_of(proxy) as client:
            waited.append(ask(client, "slow/loading-slow", stream=True))

    with Proxy(config, tmp_path, warm=False) as proxy, client_of(proxy) as client:
        waiting = threading.Thread(target=wait)
        waiting.start()
        impatient = ask(client, "impatient/loading-impatient")
        bridged = patient.post(
            f"{proxy.api}/messages", json=message("bridged/loading-bridged"), headers=HEADERS
        )
        relayed = ask(client, "relay/loading-relay")
        health = patient.get(f"{proxy.url}/health", timeout=5)
        is_loaded = bool(proxy.log("LiteLLM is loaded"))
        waiting.join()

        assert not is_loaded
        assert health.status_code == 200
        Verdict(proxy, provider).answered(relayed)
        Verdict(proxy, provider).failed(impatient, 504, "upstream_timeout", sent=0)
        assert (bridged.status_code, bridged.json()["error"]["type"]) == (504, "timeout_error")
        assert provider.requests_for("loading-bridged") == []
        Verdict(proxy, provider).answered(waited[0])


def test_streams_that_a_stop_cuts_off_end_in_an_error_event(
    provider: Provider, tmp_path: Path
) -> None:
    config = {**lanes_config(provider, {}), "server": {"drain_s": 0.5}}
    bodies: dict[str, Answer] = {}

    def listen(model: str) -> None:
        with client_of(proxy) as client:
            bodies[model] = ask(client, model, stream=True)

    with Proxy(config, tmp_path) as proxy:
        asked = {f"{lane}-{kind}/stop-{lane}-{kind}": f"stop-{lane}-{kind}" for lane, kind in WAYS}
        listening = [threading.Thread(target=listen, args=[name]) for name in asked]
        for model in asked.values():
            provider.on(model, formed.after_words(formed.silence))
        for thread in listening:
            thread.start()
        for model in asked.values():
            provider.wait_for_request(model)
        proxy.stop()
        for thread in listening:
            thread.join()

    for name, model in asked.items():
        assert bodies[name].error["code"] == "server_shutting_down"
        assert b"[DONE]" not in bodies[name].events
        assert proxy.record(model_used=model)["outcome"] == "interrupted"
        provider.wait_for_disconnect(model)
    assert TEAM_KEY not in "".join(proxy.stderr)
    assert not [line for line in proxy.stderr if "Traceback" in line]


def test_a_stop_waits_for_translated_streams_under_way(provider: Provider, tmp_path: Path) -> None:
    bodies: list[Answer] = []

    def listen(model: str) -> None:
        with client_of(proxy) as client:
            bodies.append(ask(client, model, stream=True))

    with Proxy(lanes_config(provider, {}), tmp_path) as proxy:
        listening = []
        for lane, kind in WAYS:
            provider.on(f"drain-{lane}-{kind}", formed.slowly(1.0))
            name = f"{lane}-{kind}/drain-{lane}-{kind}"
            listening.append(threading.Thread(target=listen, args=[name]))
            listening[-1].start()
            provider.wait_for_request(f"drain-{lane}-{kind}")
        proxy.stop()
        for thread in listening:
            thread.join()

    assert [body.text for body in bodies] == ["word word "] * 4
    assert {record["outcome"] for record in proxy.records()} == {"answered"}
