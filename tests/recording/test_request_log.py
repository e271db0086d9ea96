"""lm-proxy's loggers, as their users wrote them, on a real server."""

import hashlib
import json
import socket
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.conftest import TEAM_KEY, base_config, bearer, chat
from tests.harness import patient
from tests.harness.proxy import Proxy
from tests.harness.waiting import until
from tests.lm_proxy.setups import README_MAPPING
from tests.provider import answers, behaviours, refusals
from tests.provider.exchange import Behaviour, Exchange, Gate
from tests.provider.server import Provider
from tests.recording.log_setups import OWN, json_log, transformed

ALL_FIELDS = [
    "id", "request", "response", "error", "group", "connection", "model", "llm_params",
    "api_key_id", "remote_addr", "created_at", "duration", "user_info", "extra",
]  # fmt: skip


def start(provider: Provider, folder: Path, *loggers: Any, **more: Any) -> Proxy:
    (folder / "own_loggers.py").write_text(OWN)
    return Proxy({**base_config(provider), "loggers": list(loggers), **more}, folder)


def ask(proxy: Proxy, model: str, **fields: Any) -> httpx.Response:
    return patient.post(
        f"{proxy.api}/chat/completions",
        headers=bearer(TEAM_KEY),
        json=chat(model, **fields),
        timeout=60,
    )


def lines(proxy: Proxy, count: int, name: str = "logs/json.log") -> list[Any]:
    """The first lines of a log, once there are so many."""
    file = proxy.folder / name

    def read() -> list[Any]:
        found = file.read_text().split("\n")[:-1] if file.exists() else []
        return [json.loads(line) for line in found] if len(found) >= count else []

    found: list[Any] = until(read, f"{count} lines in {name}")
    return found


@pytest.mark.parametrize(
    "writer", ["lm_proxy.loggers.JsonLogWriter", "lm_proxy.loggers.log_writers.JsonLogWriter"]
)
def test_the_line_of_the_readme_is_the_same(
    provider: Provider, tmp_path: Path, writer: str
) -> None:
    with start(provider, tmp_path, json_log(writer, **transformed(README_MAPPING))) as proxy:
        ask(proxy, "readme-log")
        (line,) = lines(proxy, 1)
        text = (tmp_path / "logs" / "json.log").read_text()

    assert list(line) == list(README_MAPPING)
    assert line["prompt"] == chat("readme-log")["messages"]
    assert (line["response"], line["group"], line["connection"]) == ("Hello there", "team", "up")
    usage = answers.USAGE
    counted = (line["completion_tokens"], line["prompt_tokens"])
    assert counted == (usage["completion_tokens"], usage["prompt_tokens"])
    assert line["remote_addr"] == "127.0.0.1"
    assert isinstance(line["duration"], float)
    assert len(line["created_at"]) == len("2026-11-21T06:44:43.903911")
    assert text == json.dumps(line) + "\n"


def test_without_a_transformer_the_line_has_everything(provider: Provider, tmp_path: Path) -> None:
    with start(provider, tmp_path, json_log()) as proxy:
        ask(proxy, "whole-log", temperature=0.5)
        (line,) = lines(proxy, 1)
        record = proxy.record(model_asked="whole-log")

    assert list(line) == ALL_FIELDS
    assert line["request"] == chat("whole-log", temperature=0.5)
    assert line["llm_params"] == {"model": "whole-log", "temperature": 0.5}
    assert (line["id"], line["api_key_id"]) == (record["id"], record["key_id"])
    assert (line["error"], line["user_info"], line["extra"]) == (None, {}, {})


def test_encryption_key_names_keys_as_lm_proxy_did(provider: Provider, tmp_path: Path) -> None:
    with start(provider, tmp_path, json_log(), encryption_key="Eclipse") as proxy:
        ask(proxy, "salted-log")
        (line,) = lines(proxy, 1)
        record = proxy.record(model_asked="salted-log")

    named = hashlib.md5(f"{TEAM_KEY}Eclipse".encode()).hexdigest()
    assert line["api_key_id"] == record["key_id"] == named


def test_failures_and_refusals_are_logged_as_well(provider: Provider, tmp_path: Path) -> None:
    provider.on("failing-log", refusals.server_error(500))
    with start(provider, tmp_path, json_log()) as proxy:
        ask(proxy, "failing-log")
        patient.post(f"{proxy.api}/chat/completions", headers=bearer("wrong"), json=chat("any"))
        failed, refused = lines(proxy, 2)

    assert (failed["error"], failed["response"]) == ("upstream_error", None)
    assert failed["request"]["model"] == "failing-log"
    assert (refused["error"], refused["group"], refused["request"]) == (
        "invalid_api_key",
        None,
        None,
    )


def of_few_words(exchange: Exchange) -> Any:
    return exchange.send_json(422, {"error": "no"})


@pytest.mark.parametrize(
    ("refusal", "name"),
    [
        (refusals.refusal(400, kind="invalid_request_error"), "invalid_request_error"),
        (refusals.refusal(429), "upstream_error"),
        (of_few_words, "upstream_error"),
    ],
    ids=["type", "message", "text"],
)
def test_a_refusal_without_a_code_has_an_error_all_the_same(
    provider: Provider, tmp_path: Path, refusal: Behaviour, name: str
) -> None:
    provider.on("codeless-log", refusal)
    with start(provider, tmp_path, json_log()) as proxy:
        answer = ask(proxy, "codeless-log")
        (line,) = lines(proxy, 1)
        record = proxy.record(model_asked="codeless-log")

    assert answer.json()["error"]["code"] is None
    assert line["error"] == record["error_code"] == record["attempts"][0]["error_code"] == name


def test_functions_and_classes_of_ones_own_get_the_request(
    provider: Provider, tmp_path: Path
) -> None:
    names = ["plain", "waiting", "failing", "Sink", "Sink.static"]
    with start(provider, tmp_path, *(f"own_loggers.{name}" for name in names)) as proxy:
        ask(proxy, "own-log")
        found = lines(proxy, 4, "own.jsonl")
        ask(proxy, "own-log-2")
        again = lines(proxy, 8, "own.jsonl")
        lost = until(lambda: proxy.log("a logger dropped a record"), "the failing one")

    tokens = answers.USAGE["total_tokens"]
    asked = chat("own-log")["messages"][0]["content"]
    kinds = [line[0] for line in found]
    assert kinds == ["plain", "async", "class", "static"]
    assert all(line[1:] == [asked, "Hello there", tokens, None, "own-log"] for line in found)
    assert len(again) == 8
    assert "ValueError" in lost[0]["reason"]
    assert asked not in "".join(proxy.stderr)


def test_a_transformer_of_ones_own_is_used(provider: Provider, tmp_path: Path) -> None:
    own = {"class": "own_loggers.Upper", "who": "group", "at": "connection"}
    with start(provider, tmp_path, json_log(entry_transformer=own)) as proxy:
        ask(proxy, "upper-log")

        assert lines(proxy, 1) == [{"who": "TEAM", "at": "UP"}]


def with_tools(exchange: Exchange) -> Any:
    call = {"id": "c", "type": "function", "function": {"name": "f", "arguments": "{}"}}
    message = {"role": "assistant", "content": None, "tool_calls": [call]}
    choice = {"index": 0, "message": message, "finish_reason": "tool_calls"}
    return exchange.send_json(200, answers.chat_answer(choices=[choice]))


@pytest.mark.parametrize("stream", [False, True], ids=["plain", "stream"])
def test_what_the_model_said_is_there_streamed_and_not(
    provider: Provider, tmp_path: Path, stream: bool
) -> None:
    provider.on("tools-log", with_tools)
    with start(provider, tmp_path, json_log(**transformed({"said": "response"}))) as proxy:
        ask(proxy, "said-log", stream=stream)
        patient.post(
            f"{proxy.api}/messages",
            headers=bearer(TEAM_KEY),
            json={**chat("said-log", stream=stream), "max_tokens": 9},
            timeout=60,
        )
        ask(proxy, "tools-log")

        assert [line["said"] for line in lines(proxy, 3)] == ["Hello there", "Hello there", ""]


def test_an_answer_of_megabytes_is_cut_in_the_log_and_whole_for_the_client(
    provider: Provider, tmp_path: Path
) -> None:
    pieces = ["x" * 200_000] * 8
    provider.on("long-log", behaviours.chunks(answers.chat_chunks(pieces)))
    with start(provider, tmp_path, json_log(**transformed({"said": "response"}))) as proxy:
        answer = ask(proxy, "long-log", stream=True)
        (line,) = lines(proxy, 1)

    assert answer.text.count("x" * 200_000) == 8
    assert len(line["said"]) == 1_000_000  # The piece that MiB cuts in two is left out.
    assert set(line["said"]) == {"x"}


def test_a_client_that_leaves_is_logged(provider: Provider, tmp_path: Path) -> None:
    provider.on("left-log", behaviours.held(Gate()))
    body = json.dumps(chat("left-log")).encode()
    head = f"POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {TEAM_KEY}\r\n"
    head += "Content-Type: application/json\r\n"
    with start(provider, tmp_path, json_log()) as proxy:
        with socket.create_connection(("127.0.0.1", proxy.port)) as client:
            client.sendall(head.encode() + b"Content-Length: %d\r\n\r\n%s" % (len(body), body))
            provider.wait_for_request("left-log")
        (line,) = lines(proxy, 1)

    assert (line["error"], line["response"]) == ("client_gone", None)


def test_print_stream_prints_what_was_asked_and_said(provider: Provider, tmp_path: Path) -> None:
    provider.on("failed-print", refusals.server_error(500))
    printed = tmp_path / "stdout"
    config = {**base_config(provider), "print_stream": True}
    with printed.open("w") as stdout, Proxy(config, tmp_path, stdout=stdout) as proxy:
        ask(proxy, "printed-log", stream=True)
        patient.get(f"{proxy.api}/models", headers=bearer(TEAM_KEY))  # Nothing was asked.
        ask(proxy, "failed-print")
        until(lambda: "]\n" in printed.read_text(), "both to be printed")
        text = printed.read_text()

    asked = chat("printed-log")["messages"][0]["content"]
    assert f"printed-log\nuser: {asked}\nassistant: Hello there\n---" in text
    assert text.count("---") == 2
    assert text.endswith("assistant: [upstream_error]\n")
