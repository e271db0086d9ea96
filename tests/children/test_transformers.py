"""A tiny model of Transformers in its real child process, with random weights, over real SDKs."""

import os
import signal
import subprocess
from collections.abc import Iterator
from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, wait
from pathlib import Path
from typing import Any

import anthropic
import openai
import pytest

from tests.children.test_command import ask, post
from tests.conftest import TEAM_KEY, bearer
from tests.harness import configs, patient
from tests.harness.process import is_running
from tests.harness.proxy import REPOSITORY, Proxy
from tests.harness.waiting import until

PYTHON = REPOSITORY / ".venv-transformers" / "bin" / "python"
SECRET = "operators-secret-5f1e0c9b7a"
LOAD_S = 90
KEPT = {"temperature": 1, "seed": 5, "max_tokens": 12}


@pytest.fixture(scope="module")
def proxy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Proxy]:
    assert PYTHON.exists(), "run scripts/install-transformers"
    folder: Path = tmp_path_factory.mktemp("transformers")
    maker = REPOSITORY / "tests" / "children" / "tiny_model.py"
    subprocess.run([PYTHON, maker, folder / "tiny"], check=True, capture_output=True)
    tiny = {"api_type": "transformers", "model": str(folder / "tiny"), "python": str(PYTHON)}
    config = {
        "host": "127.0.0.1",
        "port": 0,
        "connections": {
            "tiny": {
                **tiny,
                "init_params": {"device": "cpu", "dtype": "float32"},
                "concurrency": 2,
            },
            "broken": {**tiny, "model": "nobody/has-this", "env": {"HF_HUB_OFFLINE": "1"}},
        },
        "routing": {"tiny": "tiny.*", "broken": "broken.*"},
        "groups": {"team": {"api_keys": [TEAM_KEY]}},
    }
    with Proxy(config, folder, environment={"OPENAI_API_KEY": SECRET}) as running:
        until(lambda: running.log("local model is ready"), "the model", LOAD_S)
        yield running


@pytest.fixture
def client(proxy: Proxy) -> Iterator[openai.OpenAI]:
    with openai.OpenAI(base_url=proxy.api, api_key=TEAM_KEY, max_retries=0) as made:
        yield made


def text_of(client: openai.OpenAI, **more: Any) -> str:
    answer = client.chat.completions.create(**ask("tiny", **{**KEPT, **more}))
    return str(answer.choices[0].message.content)


def pid_of(proxy: Proxy) -> int:
    """The child that serves the tiny model now."""
    lists = Path(f"/proc/{proxy.pid}/task").glob("*/children")
    children = [Path("/proc") / pid for file in lists for pid in file.read_text().split()]
    (found,) = [
        child
        for child in children
        if b"transformers_program" in (child / "cmdline").read_bytes()
        and b"HF_HUB_OFFLINE" not in (child / "environ").read_bytes()
    ]
    return int(found.name)


def test_plain_and_streamed_say_the_same_and_count_their_tokens(
    client: openai.OpenAI, proxy: Proxy
) -> None:
    plain = client.chat.completions.with_raw_response.create(**ask("tiny", **KEPT))
    usage = {"include_usage": True}
    streamed = client.chat.completions.create(
        **ask("tiny", stream=True, stream_options=usage, **KEPT)
    )
    *chunks, last = list(streamed)

    answer = plain.parse()
    pieces = [chunk.choices[0].delta.content for chunk in chunks if chunk.choices[0].delta.content]
    assert "".join(pieces) == answer.choices[0].message.content != ""
    assert len(pieces) > 3
    assert answer.choices[0].finish_reason == chunks[-1].choices[0].finish_reason == "length"
    assert answer.usage == last.usage
    assert answer.usage is not None
    assert answer.usage.completion_tokens == 12
    record = proxy.record(id=plain.headers["x-request-id"])
    assert (record["lane"], record["usage"]["source"]) == ("relay", "provider")


@pytest.mark.parametrize("stream", [False, True], ids=["plain", "streamed"])
def test_messages_and_responses_are_answered(
    stream: bool, client: openai.OpenAI, proxy: Proxy
) -> None:
    message: Any = {**ask("tiny"), "max_tokens": 6}
    with anthropic.Anthropic(base_url=proxy.url, api_key=TEAM_KEY, max_retries=0) as claude:
        if stream:
            with claude.messages.stream(**message) as events:
                answered = events.get_final_message()
            request: Any = {"model": "tiny", "input": "hi", "max_output_tokens": 16}
            *_, last = client.responses.create(**request, stream=True)
            response: Any = last.response
        else:
            answered = claude.messages.create(**message)
            response = client.responses.create(model="tiny", input="hi", max_output_tokens=16)

    assert (answered.stop_reason, answered.usage.output_tokens) == ("max_tokens", 6)
    assert response.status == "incomplete"
    assert response.usage.output_tokens == 16


def test_a_seed_repeats_an_answer_and_no_temperature_needs_none(client: openai.OpenAI) -> None:
    assert text_of(client) == text_of(client)
    assert text_of(client) != text_of(client, seed=6)
    assert text_of(client, temperature=0) == text_of(client, temperature=0, seed=6)


def test_a_stop_sequence_ends_the_answer_before_it(client: openai.OpenAI) -> None:
    whole = text_of(client, max_tokens=40)
    stop = whole[5:7]

    answer = client.chat.completions.create(
        **ask("tiny", **{**KEPT, "max_tokens": 40, "stop": [stop]})
    )

    assert answer.choices[0].message.content == whole[: whole.index(stop)]
    assert answer.choices[0].finish_reason == "stop"


def test_several_choices_differ(client: openai.OpenAI) -> None:
    answer = client.chat.completions.create(**ask("tiny", n=2, **KEPT))

    first, second = (choice.message.content for choice in answer.choices)
    assert first != second
    assert answer.usage is not None
    assert answer.usage.completion_tokens == 24


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (ask("tiny", "x " * 5000), "context_length_exceeded"),
        (ask("tiny", temperature=3), "invalid_request"),
        (ask("tiny", stop=[1]), "invalid_request"),
        ({"model": "tiny", "messages": [{"role": "forbidden", "content": "x"}]}, "invalid_request"),
        (
            ask("tiny", [{"type": "image_url", "image_url": {"url": "data:x"}}]),
            "unsupported_content",
        ),
    ],
    ids=["too long", "temperature", "stop", "template", "picture"],
)
def test_what_the_model_cannot_take_is_a_400(body: Any, code: str, proxy: Proxy) -> None:
    answer = post(proxy, body)

    assert (answer.status_code, answer.json()["error"]["code"]) == (400, code)


def test_parameters_that_go_nowhere_are_named(proxy: Proxy) -> None:
    answer = post(proxy, ask("tiny", max_tokens=2, frequency_penalty=1, logprobs=True))

    assert answer.headers["x-oai-proxy-dropped-params"] == "frequency_penalty, logprobs"


def test_a_client_that_leaves_makes_room_for_the_next(client: openai.OpenAI, proxy: Proxy) -> None:
    url, body = f"{proxy.api}/chat/completions", ask("tiny", stream=True, max_tokens=4000)
    with patient.stream("POST", url, json=body, headers=bearer(TEAM_KEY)) as answer:
        lines = answer.iter_lines()
        next(lines)
        request_id = answer.headers["x-request-id"]

    assert text_of(client)
    record = proxy.record(id=request_id)
    assert record["outcome"] == "client_gone"
    assert record["usage"]["completion_tokens"] < 4000


def test_one_waits_for_another_and_more_than_may_wait_are_refused(proxy: Proxy) -> None:
    url, body = f"{proxy.api}/chat/completions", ask("tiny", stream=True, max_tokens=4000)
    with ThreadPoolExecutor() as pool:
        with patient.stream("POST", url, json=body, headers=bearer(TEAM_KEY)) as one:
            lines = one.iter_lines()
            next(lines)
            two = [pool.submit(post, proxy, ask("tiny", max_tokens=1)) for _ in range(2)]
            done, waiting = wait(two, return_when=FIRST_COMPLETED)
        (refused,), (answered,) = done, waiting

    assert refused.result().json()["error"]["code"] == "connection_busy"
    assert answered.result().status_code == 200


def test_the_child_sees_nothing_of_the_proxys_environment(proxy: Proxy) -> None:
    environment = Path(f"/proc/{pid_of(proxy)}/environ").read_bytes()

    assert SECRET.encode() not in environment
    assert b"HF_HUB_DISABLE_TELEMETRY=1" in environment


def test_a_child_that_dies_fails_who_waits_and_is_started_again(
    client: openai.OpenAI, proxy: Proxy
) -> None:
    pid = pid_of(proxy)
    url, body = f"{proxy.api}/chat/completions", ask("tiny", stream=True, max_tokens=4000)
    with patient.stream("POST", url, json=body, headers=bearer(TEAM_KEY)) as answer:
        lines = answer.iter_lines()
        next(lines)
        os.kill(pid, signal.SIGKILL)
        rest = "".join(lines)

    assert '"code":"upstream_stream_broken"' in rest
    assert not is_running(pid)
    with openai.OpenAI(base_url=proxy.api, api_key=TEAM_KEY, timeout=LOAD_S) as client:
        assert text_of(client)


def test_a_model_that_cannot_be_loaded_is_a_503_and_its_reason_is_in_the_log(proxy: Proxy) -> None:
    until(lambda: proxy.log("local model did not start"), "the failure", LOAD_S)
    url = f"{proxy.api}/chat/completions"

    answer = patient.post(url, json=ask("broken"), headers=bearer(TEAM_KEY), timeout=LOAD_S)

    assert answer.status_code == 503
    assert answer.json()["error"]["code"] == "local_model_unavailable"
    assert "nobody" not in answer.text
    reason = proxy.log("local model did not start")[0]["reason"]
    assert reason.startswith("The Transformers model did not start: its exit status is 1")
    assert "OSError" in reason


@pytest.mark.parametrize(
    ("keys", "words"),
    [
        ("", "model: is required"),
        ("model = '/no/such'", "model: there is no folder /no/such"),
        ("model = 'a/b'", "model: torch and transformers are not installed: pip install"),
        ("model = 'a/b'\npython = '/no/python'", "python: python /no/python is no program"),
        ("model = 'a/b'\ninit_params = {inference = 'x'}", "init_params.inference: is a thing of"),
        ("model = 'a/b'\ninit_params = {devise = 'x'}", "init_params.devise: unknown key"),
    ],
)
def test_what_cannot_be_loaded_is_told_by_check(keys: str, words: str, tmp_path: Path) -> None:
    config = configs.text(connection=f"api_type = 'transformers'\n{keys}")

    found = configs.problems(tmp_path, config)

    assert len(found) == 1
    assert words in found[0]


def test_parameters_without_effect_are_named_by_check(tmp_path: Path) -> None:
    keys = "model = 'a/b'\npython = '/bin/sh'\ninit_params = {use_pipeline = true, device = 'cpu'}"
    config = configs.text(connection=f"api_type = 'transformers'\n{keys}")

    found = [line for line in configs.warnings(tmp_path, config) if "init_params" in line]

    assert len(found) == 1
    assert "connections.up.init_params.use_pipeline: has no effect" in found[0]
