"""What `check` and the start say of loggers that cannot work, or will say less than was meant."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest

from lmproxy.call import Usage
from lmproxy.recording.outputs import LogEntry
from lmproxy.recording.record import FIELDS
from lmproxy.recording.request_log import KNOWN, context_of
from lmproxy.request_context import RequestContext
from tests.conftest import TEAM_KEY, base_config, bearer, chat
from tests.harness import configs, patient
from tests.harness.command import oai_proxy
from tests.harness.proxy import Proxy
from tests.harness.waiting import until
from tests.lm_proxy.setups import README_MAPPING
from tests.provider.server import Provider
from tests.recording.log_setups import OWN, json_log, transformed

OF_THE_FILE = "[[loggers]]\nclass = 'file'\npath = '{}'"
OF_LM_PROXY = """[[loggers]]
class = "lm_proxy.loggers.BaseLogger"
[loggers.log_writer]
class = "lm_proxy.loggers.JsonLogWriter"
file_name = '{}'"""
MEND = "name a file that the user of the proxy may write"


@pytest.mark.parametrize(
    ("logger", "words"),
    [
        ("lm_proxy.loggers.DbLogger", "there is no 'lm_proxy.loggers.DbLogger'; did you mean"),
        ("lm_proxy.other", "what of lm-proxy's is here stands in docs/from-lm-proxy.md"),
        (json_log("own_loggers.Nothing"), "log_writer.class: there is no 'own_loggers.Nothing'"),
        (json_log(entry_transformer={"class": "own_loggers.Sink", "x": 1}), "unknown key"),
        ({"class": "lm_proxy.loggers.BaseLogger"}, "loggers.0.log_writer: is required"),
        ({**json_log(), "log_writter": 1}, "did you mean 'log_writer'?"),
        (7, "loggers.0: must be a table"),
    ],
)
def test_what_is_wrong_with_a_logger_is_said_at_start(
    logger: Any, words: str, provider: Provider, tmp_path: Path
) -> None:
    (tmp_path / "own_loggers.py").write_text(OWN)
    config = {**base_config(provider), "loggers": [logger]}
    (tmp_path / "proxy.json").write_text(json.dumps(config))

    ended = oai_proxy("check", "--config", "proxy.json", folder=tmp_path)

    assert ended.returncode == 78
    assert words in ended.stderr


@pytest.mark.parametrize("in_the_way", ["a file above it", "a directory"])
@pytest.mark.parametrize(
    ("logger", "key"),
    [
        (OF_THE_FILE, "loggers.0.path"),
        (OF_LM_PROXY, "loggers.0.log_writer.file_name"),
    ],
    ids=["file", "JsonLogWriter"],
)
def test_a_file_that_cannot_be_written_is_told_at_start(
    logger: str, key: str, in_the_way: str, tmp_path: Path
) -> None:
    occupied = tmp_path / "occupied"
    if in_the_way == "a directory":
        occupied.mkdir()
        path = occupied
    else:
        occupied.write_text("")
        path = occupied / "below" / "log.jsonl"
    content = configs.text(tail=logger.format(path))

    found = configs.problems(tmp_path, content)

    line = configs.line(content, f"'{path}'")
    assert found == [
        f"line {line}: {key}: {path} cannot be written: {occupied} is in the way; {MEND}"
    ]


def test_serve_says_so_as_well(tmp_path: Path) -> None:
    configs.write(tmp_path, configs.text(tail=OF_LM_PROXY.format(tmp_path)))

    ended = oai_proxy(
        "serve", "--config", "proxy.toml", "--env-file", "variables.env", folder=tmp_path
    )

    assert ended.returncode == 78
    assert f"file_name: {tmp_path} cannot be written" in ended.stderr


@pytest.mark.parametrize("logger", [OF_THE_FILE, OF_LM_PROXY])
@pytest.mark.parametrize("path", ["new/folder/log", "/dev/null", "there", "link"])
def test_looking_whether_a_file_can_be_written_leaves_nothing(
    logger: str, path: str, tmp_path: Path
) -> None:
    (tmp_path / "there").write_text("a line\n")
    (tmp_path / "link").symlink_to(tmp_path / "there")

    found = configs.problems(tmp_path, configs.text(tail=logger.format(tmp_path / path)))

    assert found == []
    assert not (tmp_path / "new").exists()
    assert (tmp_path / "there").read_text() == "a line\n"


def test_a_home_of_nobody_is_told(tmp_path: Path) -> None:
    path = "~nobody-of-that-name/log"

    (found,) = configs.problems(tmp_path, configs.text(tail=OF_THE_FILE.format(path)))

    assert f"loggers.0.path: {path} cannot be written: there is no such home directory" in found


def transformed_by(**paths: str) -> str:
    rows = "".join(f"{name} = '{path}'\n" for name, path in paths.items())
    transformer = '[loggers.entry_transformer]\nclass = "lm_proxy.loggers.LogEntryTransformer"'
    return configs.text(tail=f"{OF_LM_PROXY.format('log.jsonl')}\n{transformer}\n{rows}")


@pytest.mark.parametrize(
    ("path", "hint"),
    [
        ("responses", "did you mean 'response'?"),
        ("connections.name", "did you mean 'connection'?"),
        ("http_request.headers", "did you mean 'request'?"),
        ("", "there is id, request, response, error, group, connection, model, "),
        ("response.text", "there is usage, content, choices, id, model"),
        ("response.usage.prompt_token", "did you mean 'prompt_tokens'?"),
    ],
)
def test_a_path_that_leads_nowhere_in_any_request_is_a_warning(
    path: str, hint: str, tmp_path: Path
) -> None:
    content = transformed_by(who="group", said=path)

    (found,) = configs.warnings(tmp_path, content)

    line = configs.line(content, "said =")
    words = f"is null in every line: no request has '{path}'; {hint}"
    assert found.startswith(f"line {line}: loggers.0.entry_transformer.said: {words}")


def test_a_path_that_may_lead_somewhere_is_no_warning(tmp_path: Path) -> None:
    paths = [
        *(name for name in RequestContext.__dataclass_fields__ if name != "http_request"),
        "request.metadata.ticket",
        "request.messages.0.content",
        "request.messages.-1.content",
        "response.choices.0.message.tool_calls",
        "response.usage.cache_read_input_tokens",
        "extra.of.a.handler",
        "user_info.email",
    ]
    mapping = {f"n{number}": path for number, path in enumerate(paths)}

    assert configs.warnings(tmp_path, transformed_by(**mapping, **README_MAPPING)) == []


def test_every_field_of_usage_may_be_named() -> None:
    record = {
        **dict.fromkeys(FIELDS),
        "time": "2026-11-21T06:44:43.903+00:00",
        "usage": asdict(Usage()),
    }

    response = context_of(LogEntry(record, answer=b"{}")).response

    assert response is not None
    assert {*response.usage, *response.usage.more} == set(KNOWN["response", "usage"])


def test_the_log_warns_at_start_and_the_line_has_null(provider: Provider, tmp_path: Path) -> None:
    logger = json_log(**transformed({"who": "group", "said": "responses"}))
    with Proxy({**base_config(provider), "loggers": [logger]}, tmp_path) as proxy:
        patient.post(
            f"{proxy.api}/chat/completions", headers=bearer(TEAM_KEY), json=chat("null-log")
        )
        file = tmp_path / "logs" / "json.log"
        until(lambda: file.exists() and file.read_text().endswith("\n"), "a line")

    assert json.loads(file.read_text()) == {"who": "team", "said": None}
    assert any("no request has 'responses'; did you mean" in line for line in proxy.stderr)
