"""What holds for every operation besides chat, on each lane it can take."""

import httpx
import pytest

from tests.conftest import GUEST_KEY, bearer
from tests.harness.deadlines import SOON_S
from tests.harness.errors import assert_refused
from tests.harness.leaver import Leaver
from tests.harness.proxy import Proxy
from tests.harness.verdict import Verdict
from tests.harness.waiting import until
from tests.operations.asking import ANSWERS, REQUESTS, ask
from tests.provider import faults, oddities, refusals
from tests.provider.behaviours import plain
from tests.provider.exchange import Behaviour
from tests.provider.server import Provider

THROUGH_LITELLM = [("embeddings", "litellm"), ("moderations", "litellm"), ("rerank", "ranking")]
WAYS = [*((operation, "relay") for operation in REQUESTS), *THROUGH_LITELLM]
EVERY_WAY = pytest.mark.parametrize(
    ("operation", "lane"), WAYS, ids=["-".join(way) for way in WAYS]
)
ENORMOUS_BYTES = 130 * 1024 * 1024
BROKEN: dict[str, tuple[Behaviour, int, str | None]] = {
    "a web page": (oddities.html_page, 502, "upstream_invalid_response"),
    "null": (plain(b"null"), 502, "upstream_invalid_response"),
    "another document": (plain({"object": "list"}), 502, "upstream_invalid_response"),
    "half an answer": (faults.content_length_too_long, 502, "upstream_error"),
    "no last chunk": (faults.chunked_without_terminator, 502, "upstream_error"),
    "a reset": (faults.reset_after_request, 502, "upstream_error"),
    "an error inside a 200": (
        plain({"error": {"message": "Slow down", "type": "rate_limit_error", "code": "slow"}}),
        429,
        "slow",
    ),
    "a refused credential": (refusals.unauthorized, 502, "upstream_auth_error"),
    "a redirect": (refusals.redirect("http://127.0.0.1:9/v1/"), 502, "upstream_invalid_response"),
    "a failure": (refusals.status_only(500), 502, "upstream_error"),
    "a bad request": (refusals.bad_request(), 400, "unknown_parameter"),
}


@EVERY_WAY
def test_a_good_answer_arrives_and_is_recorded(
    operations: Proxy, provider: Provider, client: httpx.Client, operation: str, lane: str
) -> None:
    name = f"good-{operation}-{lane}"
    provider.on(name, plain(ANSWERS[operation]))

    answer = ask(client, operation, f"{lane}/{name}")

    source = "estimated" if operation == "moderations" else "provider"
    record = Verdict(operations, provider).answered(answer, source)
    assert (record["operation"], record["lane"], record["model_asked"]) == (
        operation,
        "relay" if lane == "relay" else "litellm",
        f"{lane}/{name}",
    )
    assert record["usage"]["prompt_tokens"] == (2 if operation == "moderations" else 9)
    (sent,) = provider.requests_for(name)
    assert sent.path == f"/v1/{operation}"


@pytest.mark.parametrize("operation", REQUESTS)
def test_a_relayed_answer_is_passed_byte_for_byte_and_unknown_fields_go_on(
    provider: Provider, client: httpx.Client, operation: str
) -> None:
    name = f"bytes-{operation}"
    body = b' {"choices":[{"text":"a","index":0}], "data":[{"embedding":[0.10]}],"results":[1.50] }'
    provider.on(name, plain(body))

    answer = ask(client, operation, f"relay/{name}", frobnicate={"a": [1, None]})

    assert (answer.status, answer.body) == (200, body)
    (sent,) = provider.requests_for(name)
    assert sent.json == {"model": name, **REQUESTS[operation], "frobnicate": {"a": [1, None]}}


@pytest.mark.parametrize(("operation", "lane"), THROUGH_LITELLM)
def test_no_field_of_a_client_sets_an_argument_of_litellms(
    operations: Proxy, provider: Provider, client: httpx.Client, operation: str, lane: str
) -> None:
    name = f"injected-{operation}"
    provider.on(name, plain(ANSWERS[operation]))
    injected = {
        "api_base": "http://127.0.0.1:9/v1",
        "api_key": "sk-theirs",
        "mock_response": "free",
        "extra_headers": {"x-theirs": "1"},
        "custom_llm_provider": "openai",
        "max_retries": 5,
        "drop_params": False,
    }

    answer = ask(client, operation, f"{lane}/{name}", **injected)

    assert answer.status == 200, answer.body
    (sent,) = provider.requests_for(name)
    assert not injected.keys() & (sent.json or {}).keys()
    assert "theirs" not in str(sent.headers)
    record = operations.record(id=answer.id)
    assert set(record["dropped_params"]) == set(injected)


@pytest.mark.parametrize("fault", BROKEN)
@EVERY_WAY
def test_what_a_provider_does_wrong_ends_as_it_does_for_chat(
    operations: Proxy,
    provider: Provider,
    client: httpx.Client,
    operation: str,
    lane: str,
    fault: str,
) -> None:
    name = f"{fault.replace(' ', '-')}-{operation}-{lane}"
    behaviour, status, code = BROKEN[fault]
    provider.on(name, behaviour)

    answer = ask(client, operation, f"{lane}/{name}")

    Verdict(operations, provider).failed(answer, status, code)


@EVERY_WAY
def test_a_rate_limit_keeps_its_status_and_retry_after(
    operations: Proxy, provider: Provider, client: httpx.Client, operation: str, lane: str
) -> None:
    name = f"limited-{operation}-{lane}"
    provider.on(name, refusals.rate_limited(retry_after="17"))

    answer = ask(client, operation, f"{lane}/{name}")

    Verdict(operations, provider).failed(answer, 429, "rate_limit_exceeded")
    assert answer.headers["retry-after"] == "17"


@EVERY_WAY
def test_a_provider_that_never_answers_is_given_up(
    operations: Proxy, provider: Provider, client: httpx.Client, operation: str, lane: str
) -> None:
    name = f"never-{operation}-{lane}"
    provider.on(name, faults.never_answers)

    answer = ask(client, operation, f"hasty-{lane}/{name}")

    Verdict(operations, provider).failed(answer, 504, "upstream_timeout")
    provider.wait_for_disconnect(name)


@EVERY_WAY
def test_a_client_that_leaves_stops_the_provider(
    operations: Proxy, provider: Provider, operation: str, lane: str
) -> None:
    name = f"leaves-{operation}-{lane}"
    provider.on(name, faults.never_answers)
    model = f"{lane}/{name}"

    with Leaver(operations, model, path=f"/v1/{operation}", body=REQUESTS[operation]) as leaver:
        leaver.ask()
        provider.wait_for_request(name)
        left_at = leaver.leave()

    assert provider.wait_for_disconnect(name) - left_at < SOON_S
    record = operations.record(client_request_id=leaver.request_id)
    assert (record["outcome"], record["operation"]) == ("client_gone", operation)


@pytest.mark.parametrize(("operation", "lane"), THROUGH_LITELLM)
def test_an_answer_that_is_too_large_is_refused_by_the_lane_that_reads_it(
    operations: Proxy, provider: Provider, client: httpx.Client, operation: str, lane: str
) -> None:
    name = f"enormous-{operation}"
    provider.on(name, faults.enormous_body(ENORMOUS_BYTES))

    answer = ask(client, operation, f"{lane}/{name}")

    Verdict(operations, provider).failed(answer, 502, "upstream_invalid_response")


@pytest.mark.parametrize("operation", REQUESTS)
def test_keys_and_permissions_hold(operations: Proxy, http: httpx.Client, operation: str) -> None:
    url = f"{operations.api}/{operation}"
    body = {"model": "relay/any", **REQUESTS[operation]}

    assert_refused(http.post(url, json=body), 401, "invalid_api_key")
    guest = http.post(url, json=body, headers=bearer(GUEST_KEY))
    assert_refused(guest, 403, "model_not_allowed", "model")
    assert_refused(http.get(url, headers=bearer(GUEST_KEY)), 405, "method_not_allowed")
    lost = http.post(url, json={**body, "model": "nowhere"}, headers=bearer(GUEST_KEY))
    assert_refused(lost, 404, "model_not_found", "model")


@pytest.mark.parametrize("operation", ["embeddings", "moderations", "rerank"])
def test_a_provider_that_does_not_offer_it_is_a_clear_404(
    operations: Proxy, client: httpx.Client, operation: str
) -> None:
    answer = ask(client, operation, f"none/none-{operation}")

    assert (answer.status, answer.error["code"]) == (404, "operation_not_supported")
    assert answer.error["param"] == "model"
    record = operations.record(id=answer.id)
    assert (record["outcome"], record["lane"]) == ("refused", None)


@pytest.mark.parametrize("operation", REQUESTS)
@pytest.mark.parametrize("kind", ["a number", "a table"])
def test_a_field_of_the_wrong_type_is_named(
    client: httpx.Client, operation: str, kind: str
) -> None:
    param = next(iter(REQUESTS[operation]))
    wrong = {"a number": 7, "a table": {"a": 1}}[kind]
    if (operation, kind) == ("rerank", "a table"):
        param = "documents"  # A query may be a picture.

    answer = ask(client, operation, "relay/any", **{param: wrong})

    assert (answer.status, answer.error["code"], answer.error["param"]) == (
        400,
        "invalid_type",
        param,
    )
    missing = ask(client, operation, "relay/any", **{param: None})
    assert (missing.status, missing.error["code"], missing.error["param"]) == (
        400,
        "missing_required_parameter",
        param,
    )


def test_a_concurrency_cap_holds_and_is_given_back(
    operations: Proxy, provider: Provider, client: httpx.Client
) -> None:
    for number in range(3):
        name = f"narrow-{number}"
        provider.on(name, refusals.status_only(500))
        assert ask(client, "embeddings", f"narrow/{name}").status == 502

    assert until(lambda: provider.requests_for("narrow-2"), "the third request")
