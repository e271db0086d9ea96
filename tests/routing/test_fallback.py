"""A connection that stands for others, asked in turn; every failure really happens."""

from collections.abc import Iterator
from typing import Any

import anthropic
import openai
import pytest

from tests.conftest import GUEST_KEY, TEAM_KEY, bearer, chat
from tests.harness import patient
from tests.harness.command import oai_proxy
from tests.harness.leaver import Leaver
from tests.harness.proxy import Proxy
from tests.provider import behaviours, faults, oddities, refusals, responses
from tests.provider.exchange import Behaviour
from tests.provider.ports import closed_port
from tests.provider.server import Provider
from tests.routing.fallbacks import BROKEN, MEMBER_KEY, attempts, config, text_of


@pytest.fixture(scope="module")
def provider() -> Iterator[Provider]:
    with Provider() as running:
        yield running


@pytest.fixture(scope="module")
def proxy(provider: Provider, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Proxy]:
    folder = tmp_path_factory.mktemp("fallback")
    with closed_port() as dead, Proxy(config(provider, dead), folder) as running:
        yield running


@pytest.fixture
def client(proxy: Proxy) -> Iterator[openai.OpenAI]:
    with openai.OpenAI(base_url=proxy.api, api_key=TEAM_KEY, max_retries=0) as made:
        yield made


@pytest.mark.parametrize("stream", [False, True], ids=["plain", "streamed"])
@pytest.mark.parametrize("fault", BROKEN)
def test_the_next_member_answers_when_one_fails(
    fault: str, stream: bool, client: openai.OpenAI, proxy: Proxy, provider: Provider
) -> None:
    behaviour, code = BROKEN[fault]
    model = f"pair/{fault}-{stream}"
    provider.on(model, behaviour)

    text, headers = text_of(client, chat(model), stream=stream)

    assert text == "Hello there"
    assert "connection=b;" in headers["x-oai-proxy-route"]
    record = proxy.record(id=headers["x-request-id"])
    assert attempts(record) == [("a", code), ("b", None)]
    assert (record["outcome"], record["connection"], record["model_used"]) == (
        "answered", "b", "second",
    )  # fmt: skip
    assert record["usage"]["source"] == "provider"


def test_nothing_of_a_failed_attempt_is_said_of_the_answer(
    client: openai.OpenAI, provider: Provider
) -> None:
    provider.on("pair/named", refusals.server_error(500))
    kept_back: Any = {"request_id": "a"}

    raw = client.responses.with_raw_response.create(
        model="pair/named", input="Say hello.", extra_body=kept_back
    )

    assert raw.headers["x-oai-proxy-dropped-params"] == "request_id"


@pytest.mark.parametrize("behaviour", [faults.silence_after_stream_head, oddities.empty_stream])
def test_a_stream_without_an_event_is_no_answer_yet(
    behaviour: Behaviour, client: openai.OpenAI, provider: Provider
) -> None:
    model = f"pair/{behaviour.__name__}"
    provider.on(model, behaviour)

    text, _ = text_of(client, chat(model), stream=True)

    assert text == "Hello there"


def test_a_refused_connection_moves_on(client: openai.OpenAI, proxy: Proxy) -> None:
    text, headers = text_of(client, chat("short/any"), stream=False)

    record = proxy.record(id=headers["x-request-id"])
    assert text == "Hello there"
    assert attempts(record) == [("dead", "upstream_unreachable"), ("b", None)]
    assert record["model_used"] == "org/some.model"


def test_after_the_first_event_a_failure_ends_the_stream(proxy: Proxy, provider: Provider) -> None:
    provider.on("pair/breaks", faults.reset_mid_event())
    before = len(provider.requests_for("second"))

    answer = patient.post(
        f"{proxy.api}/chat/completions",
        json=chat("pair/breaks", stream=True),
        headers=bearer(TEAM_KEY),
    )

    assert "word" in answer.text
    assert '"code":"upstream_stream_broken"' in answer.text
    assert "Hello" not in answer.text
    assert "[DONE]" not in answer.text
    assert len(provider.requests_for("second")) == before
    assert attempts(proxy.record(id=answer.headers["x-request-id"])) == [("a", None)]


def test_the_client_hears_the_last_failure(proxy: Proxy, provider: Provider) -> None:
    behaviour = behaviours.in_turn(refusals.server_error(500), refusals.rate_limited("7"))
    provider.on("again", behaviour)

    answer = patient.post(
        f"{proxy.api}/chat/completions", json=chat("twice"), headers=bearer(TEAM_KEY)
    )

    assert (answer.status_code, answer.headers["retry-after"]) == (429, "7")
    record = proxy.record(id=answer.headers["x-request-id"])
    assert attempts(record) == [("b", "upstream_error"), ("b", "rate_limit_exceeded")]


def test_a_connection_named_twice_is_asked_twice(
    client: openai.OpenAI, proxy: Proxy, provider: Provider
) -> None:
    behaviour = behaviours.in_turn(refusals.server_error(500), behaviours.good_answer)
    provider.on("again", behaviour)

    text, headers = text_of(client, chat("twice"), stream=True)

    assert text == "Hello there"
    record = proxy.record(id=headers["x-request-id"])
    assert attempts(record) == [("b", "upstream_error"), ("b", None)]


def test_who_leaves_is_the_end_of_it(proxy: Proxy, provider: Provider) -> None:
    provider.on("slow/leaves", faults.never_answers)
    before = len(provider.requests_for("second"))

    with Leaver(proxy, "slow/leaves") as leaver:
        leaver.ask()
        provider.wait_for_request("slow/leaves")
    provider.wait_for_disconnect("slow/leaves")

    record = proxy.record(client_request_id="slow-leaves")
    assert record["outcome"] == "client_gone"
    assert [made["connection"] for made in record["attempts"]] == ["patient"]
    assert len(provider.requests_for("second")) == before


def test_overrides_stand_over_what_was_asked(client: openai.OpenAI, provider: Provider) -> None:
    text_of(client, chat("tuned", reasoning_effort="high", seed=7), stream=False)

    sent = provider.requests_for("quick")[-1].json
    assert sent is not None
    assert (sent["model"], sent["reasoning_effort"], sent["seed"]) == ("quick", "low", 7)


def test_overrides_stand_where_responses_say_the_same(
    client: openai.OpenAI, provider: Provider
) -> None:
    asked: Any = {"effort": "high", "summary": "auto"}
    client.responses.create(model="tuned", input="Say hello.", reasoning=asked)

    sent = provider.requests_for("quick")[-1].json
    assert sent is not None
    assert sent["reasoning"] == {"effort": "low", "summary": "auto"}
    assert "reasoning_effort" not in sent


def test_what_goes_on_from_a_stored_response_asks_its_maker_alone(
    proxy: Proxy, provider: Provider
) -> None:
    answer = behaviours.plain(responses.response(response_id="resp_kept"))
    provider.on("keeps", answer)
    provider.on("", answer)
    with openai.OpenAI(base_url=proxy.api, api_key=GUEST_KEY, max_retries=0) as guest:
        first = guest.responses.create(model="stored", input="Say hello.")
        found = guest.responses.with_raw_response.retrieve(first.id)
        more: Any = {"previous_response_id": first.id}
        second = guest.responses.with_raw_response.create(model="stored", input="More.", **more)

    for raw in (found, second):
        record = proxy.record(id=raw.headers["x-request-id"])
        assert attempts(record) == [("b", None)]


def test_nobodys_response_is_gone_on_from_by_a_later_member(
    client: openai.OpenAI, proxy: Proxy
) -> None:
    more: Any = {"previous_response_id": "resp_of_somebody_else"}

    with pytest.raises(openai.BadRequestError) as refused:
        client.responses.create(model="mixed", input="More.", **more)

    assert refused.value.code == "previous_response_not_found"


def test_overrides_of_chat_change_nothing_but_the_model_of_embeddings(
    client: openai.OpenAI, provider: Provider
) -> None:
    client.embeddings.create(model="tuned", input="hello")

    sent = provider.requests_for("quick")[-1].json
    assert sent is not None
    assert sent.keys() == {"model", "input", "encoding_format"}


def test_anthropics_messages_fall_back_too(proxy: Proxy, provider: Provider) -> None:
    provider.on("pair/claude", refusals.server_error(500))
    ask: Any = chat("pair/claude", max_tokens=50)

    with (
        anthropic.Anthropic(base_url=proxy.url, api_key=TEAM_KEY, max_retries=0) as client,
        client.messages.stream(**ask) as stream,
    ):
        text = "".join(stream.text_stream)

    assert text == "Hello there"


def test_a_fallback_may_be_a_member(
    client: openai.OpenAI, proxy: Proxy, provider: Provider
) -> None:
    provider.on("inner-a", refusals.server_error(500))

    text, headers = text_of(client, chat("nested"), stream=False)

    record = proxy.record(id=headers["x-request-id"])
    assert text == "Hello there"
    assert attempts(record) == [
        ("dead", "upstream_unreachable"), ("a", "upstream_error"), ("b", None),
    ]  # fmt: skip
    (first,), (last,) = provider.requests_for("inner-a"), provider.requests_for("deep")
    assert first.json is not None
    assert last.json is not None
    assert (first.json["temperature"], first.json["seed"]) == (0.5, 1)
    assert (last.json["temperature"], last.json["seed"]) == (0.5, 2)


@pytest.mark.parametrize(
    ("key", "model", "status"),
    [
        (GUEST_KEY, "pair/ok", 200),
        (GUEST_KEY, "refused", 403),
        (MEMBER_KEY, "pair/ok", 403),
        (MEMBER_KEY, "a", 200),
        (TEAM_KEY, "out", 503),
    ],
    ids=["its name", "another", "its members alone", "a member", "switched off"],
)
def test_who_may_use_a_fallback_may_use_it_whole(
    key: str, model: str, status: int, proxy: Proxy
) -> None:
    answer = patient.post(f"{proxy.api}/chat/completions", json=chat(model), headers=bearer(key))

    assert answer.status_code == status


def test_models_are_the_fallbacks_own(proxy: Proxy) -> None:
    listed = patient.get(f"{proxy.api}/models", headers=bearer(GUEST_KEY)).json()["data"]
    one = patient.get(f"{proxy.api}/models/pair/any", headers=bearer(GUEST_KEY)).json()

    owners = {entry["id"]: entry["owned_by"] for entry in listed}
    assert owners == {"pair": "pair", "stored": "stored", "twice": "twice"}
    assert one["owned_by"] == "pair"


def test_explain_shows_members_overrides_and_order(proxy: Proxy) -> None:
    ended = oai_proxy(
        "explain", "tuned", "--config", str(proxy.config_file), folder=proxy.folder, environment={}
    )

    lines = ended.stdout.splitlines()
    assert lines[1].startswith("  1. dead.tuned of tuned: chat by relay")
    assert any(
        line.startswith("  2. b.quick of tuned, overriding reasoning_effort: ") for line in lines
    )
    assert "group team: goes to dead.tuned, then b.quick" in lines
    assert any(line.startswith("group members: 403") for line in lines)


def test_check_live_asks_the_members_in_place_of_a_fallback(
    proxy: Proxy, provider: Provider
) -> None:
    ended = oai_proxy(
        "check", "--live", "--connection", "refused", "--config", str(proxy.config_file),
        folder=proxy.folder, environment={},
    )  # fmt: skip

    named = {line.partition(":")[0] for line in ended.stdout.splitlines()}
    assert {"dead", "b"} <= named
    assert "refused" not in named
    assert ended.returncode == 1
