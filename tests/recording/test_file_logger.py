"""A JSONL file with fields of the operator's choice."""

import json
import stat
from pathlib import Path

import pytest

from lmproxy.call import Json
from lmproxy.recording.file_logger import FileLogger
from lmproxy.recording.log_line import look_up
from lmproxy.recording.record import FIELDS
from tests.harness import configs, patient
from tests.harness.proxy import Proxy

RECORD = {"id": "req_1", "usage": {"total_tokens": 12}, "group": "team", "user": None}
REQUEST = {"messages": [{"role": "user", "content": "hi"}], "user": "u"}


def written(file: Path, fields: dict[str, str] | None, request: Json | None = REQUEST) -> Json:
    FileLogger(file, fields).write(RECORD, request)
    found: Json = json.loads(file.read_text())
    return found


def test_fields_are_named_by_the_operator_and_keep_their_order(tmp_path: Path) -> None:
    fields = {"who": "group", "tokens": "usage.total_tokens", "asked": "request.messages.0.content"}

    found = written(tmp_path / "f", fields)

    assert list(found.items()) == [("who", "team"), ("tokens", 12), ("asked", "hi")]


def test_without_fields_the_line_is_the_record_and_has_no_prompt(tmp_path: Path) -> None:
    assert written(tmp_path / "f", None) == RECORD


@pytest.mark.parametrize(
    "path",
    [
        "request.nothing",
        "group.nothing",
        "user.name",
        "request.messages.1.content",
        "request.messages.-2",
        "request.messages.x",
        "request.messages.0.content.0",
    ],
)
def test_a_path_that_leads_nowhere_is_null(path: str, tmp_path: Path) -> None:
    assert written(tmp_path / "f", {"out": path}) == {"out": None}


def test_a_request_that_could_not_be_read_is_null(tmp_path: Path) -> None:
    found = written(tmp_path / "f", {"asked": "request.messages", "group": "group"}, None)

    assert found == {"asked": None, "group": "team"}


def test_a_path_may_end_at_a_table_or_list() -> None:
    assert look_up({"a": {"b": [1, {"c": 2}]}}, ["a", "b", "1"]) == {"c": 2}


def test_the_file_and_its_directory_are_made_and_others_may_not_read(tmp_path: Path) -> None:
    file = tmp_path / "a" / "b.jsonl"

    FileLogger(file).write(RECORD, None)

    assert [stat.S_IMODE(p.stat().st_mode) & 0o007 for p in (file, file.parent)] == [0, 0]


def test_a_file_moved_away_by_rotation_is_begun_anew(tmp_path: Path) -> None:
    output = FileLogger(tmp_path / "f")
    output.write(RECORD, None)
    (tmp_path / "f").rename(tmp_path / "f.1")

    output.write(RECORD, None)

    assert (tmp_path / "f").read_text() == (tmp_path / "f.1").read_text()


@pytest.mark.parametrize(
    ("where", "words"),
    [
        ("modle_used", "'modle_used' is not in a record; did you mean 'model_used'?"),
        ("", "'' is not in a record"),
        ("usage.totaltokens", "'usage.totaltokens' is not in a record"),
    ],
)
def test_a_path_that_no_record_has_is_told_at_start(where: str, words: str, tmp_path: Path) -> None:
    logger = f"[[loggers]]\npath = 'x.jsonl'\nfields = {{ a = '{where}' }}"

    (found,) = configs.problems(tmp_path, configs.text(tail=logger))

    assert words in found


def test_the_fields_that_may_be_named_are_those_of_a_record(proxy: Proxy) -> None:
    answer = patient.get(f"{proxy.url}/nowhere")

    assert set(proxy.record(id=answer.headers["x-request-id"])) == FIELDS
