"""What becomes of a client's parameters: passed on, left out and named, or refused."""

from typing import Any

import pytest

from tests.harness.errors import assert_refused
from tests.upstream.parameters import BOTH, DROPPED, Asking


@pytest.mark.parametrize("lane", BOTH)
def test_what_a_provider_does_not_take_is_left_out_and_named(lane: str, asking: Asking) -> None:
    answer = asking.ask(f"claude{lane}/m", seed=1, logprobs=True, temperature=0.25, unheard_of=1)

    (sent,) = asking.sent
    assert answer.status_code == 200
    assert sent["temperature"] == 0.25
    assert not sent.keys() & {"seed", "logprobs", "unheard_of"}
    assert set(answer.headers[DROPPED].split(", ")) == {"seed", "logprobs", "unheard_of"}
    assert set(asking.record(answer)["dropped_params"]) == {"seed", "logprobs", "unheard_of"}


def test_a_request_of_which_all_goes_on_names_nothing(asking: Asking) -> None:
    answer = asking.ask("claude/m", temperature=0.25, n=1, user=None, max_tokens=5)

    assert DROPPED not in answer.headers
    assert asking.record(answer)["dropped_params"] == []


def test_names_that_a_client_invents_do_not_fill_the_record(asking: Asking) -> None:
    invented = {f"{'n' * 200}{number}": 1 for number in range(2000)}

    answer = asking.ask("claude/m", **invented)

    kept = asking.record(answer)["dropped_params"]
    assert len(kept) == 100
    assert max(map(len, kept)) == 128
    assert len(answer.headers[DROPPED]) <= 1024


@pytest.mark.parametrize("model", ["rejecting/m", "openai-rejecting/gpt-4o"])
@pytest.mark.parametrize("stream", [False, True], ids=["plain", "streamed"])
def test_an_operator_may_have_such_requests_refused(
    model: str, asking: Asking, *, stream: bool
) -> None:
    answer = asking.ask(model, top_k=3, stream=stream)

    assert_refused(answer, 400, "unsupported_parameter", "top_k")
    assert asking.sent == []
    assert asking.record(answer)["outcome"] == "refused"


def test_a_connection_that_rejects_answers_what_it_can(asking: Asking) -> None:
    assert asking.ask("rejecting/m", temperature=0.25).status_code == 200


@pytest.mark.parametrize(
    ("name", "lane"),
    [
        ("openai-rejecting", "translate"),
        ("openai-dropping", "translate"),
        ("openai-passing", "relay"),
    ],
)
def test_looking_at_parameters_takes_a_connection_from_the_relay(
    name: str, lane: str, asking: Asking
) -> None:
    answer = asking.ask(f"{name}/gpt-4o", temperature=0.25)

    assert answer.status_code == 200
    assert asking.record(answer)["lane"] == lane


def test_the_relay_passes_what_nobody_knows(asking: Asking) -> None:
    answer = asking.ask("openai-passing/gpt-4o", unheard_of=1)

    (sent,) = asking.sent
    assert sent["unheard_of"] == 1
    assert DROPPED not in answer.headers


def test_a_value_that_only_this_model_refuses_is_left_out_and_named(asking: Asking) -> None:
    answer = asking.ask("openai-dropping/gpt-5", temperature=0.25, seed=1)

    (sent,) = asking.sent
    assert answer.status_code == 200
    assert sent["seed"] == 1
    assert "temperature" not in sent
    assert answer.headers[DROPPED] == "temperature"


@pytest.mark.parametrize("lane", BOTH)
@pytest.mark.parametrize(
    ("name", "parameter", "value", "path"),
    [
        ("claude", "top_k", 7, ("top_k",)),
        ("gemini", "top_k", 7, ("generationConfig", "top_k")),
        ("ollama", "num_ctx", 2048, ("options", "num_ctx")),
        ("vllm", "guided_json", {"type": "object"}, ("guided_json",)),
    ],
    ids=["claude", "gemini", "ollama", "vllm"],
)
def test_a_parameter_the_operator_lets_pass_arrives_where_the_provider_has_it(
    name: str, parameter: str, value: Any, path: tuple[str, ...], lane: str, asking: Asking
) -> None:
    answer = asking.ask(f"{name}{lane}/m", **{parameter: value})

    found: Any = asking.sent[0]
    for step in path:
        found = found[step]
    assert found == value
    assert DROPPED not in answer.headers


@pytest.mark.parametrize("lane", BOTH)
def test_anthropics_max_tokens_is_filled_in(lane: str, asking: Asking) -> None:
    known = asking.ask(f"claude{lane}/claude-sonnet-4-5")
    known_tokens = asking.sent[0]["max_tokens"]
    asking.ask(f"claude{lane}/m")

    assert known.status_code == 200
    assert (known_tokens, asking.sent[0]["max_tokens"]) == (64000, 4096)
